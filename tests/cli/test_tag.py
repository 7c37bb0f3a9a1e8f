import json


def test_tags_are_added_removed_and_replaced(story, call):
    story.run().whole()

    assert "a\nb\n" == call("tag", "Churn/1", "add", "b", "a").out
    assert "b\n" == call("tag", "Churn/1", "remove", "a").out
    assert "c\n" == call("tag", "Churn/1", "replace", "b", "c").out
    assert "c\nuser:ann\n" == call("tag", "Churn/1").out
    assert {"run": "Churn/1", "tags": ["c"], "system_tags": ["user:ann"]} == json.loads(
        call("tag", "Churn/1", "list", "--json").out
    )


def test_a_system_tag_stays(story, call):
    story.run().whole()

    spoken = call("tag", "Churn/1", "remove", "user:ann")

    assert 2 == spoken.code
    assert "system tag" in spoken.err


def test_wrong_numbers_of_tags_are_refused(story, call):
    story.run().whole()

    for words in (("add",), ("remove",), ("replace", "a"), ("list", "a")):
        assert 2 == call("tag", "Churn/1", *words).code
