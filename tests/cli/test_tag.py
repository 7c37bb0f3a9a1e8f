import json


def test_tags_are_added_removed_and_replaced(story, call):
    story.run().whole()

    assert call("tag", "Churn/1", "add", "b", "a").out == "a\nb\n"
    assert call("tag", "Churn/1", "remove", "a").out == "b\n"
    assert call("tag", "Churn/1", "replace", "b", "c").out == "c\n"
    assert call("tag", "Churn/1").out == "c\nuser:ann\n"
    assert json.loads(call("tag", "Churn/1", "list", "--json").out) == {
        "run": "Churn/1",
        "tags": ["c"],
        "system_tags": ["user:ann"],
    }


def test_a_system_tag_stays(story, call):
    story.run().whole()

    spoken = call("tag", "Churn/1", "remove", "user:ann")

    assert spoken.code == 2
    assert "system tag" in spoken.err


def test_wrong_numbers_of_tags_are_refused(story, call):
    story.run().whole()

    for words in (("add",), ("remove",), ("replace", "a"), ("list", "a")):
        assert call("tag", "Churn/1", *words).code == 2
