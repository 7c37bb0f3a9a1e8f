import json
import pickle

import pytest

from tests.cli.stories import BEST


class Explosive:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return print, ("unpickled",)


@pytest.fixture
def run(story):
    return story.run(parameters={"alpha": 0.5}).whole()


def names(spoken):
    return [row["artifact"] for row in json.loads(spoken.out)]


def test_a_task_lists_what_it_has_inherited_ones_and_parameters_included(run, call):
    assert names(call("artifacts", "Churn/1/train/2", "--json")) == [
        "Churn/1/train/2/alpha",
        "Churn/1/train/2/items",
        "Churn/1/train/2/score",
    ]


def test_a_step_with_several_tasks_lists_what_each_set_itself(run, call):
    assert names(call("artifacts", "Churn/1/train", "--json")) == ["Churn/1/train/2/score", "Churn/1/train/3/score"]


def test_a_run_lists_its_parameters_and_what_its_tasks_set(run, call):
    assert names(call("artifacts", "Churn/1", "--json")) == [
        "Churn/1/_parameters/0/alpha",
        "Churn/1/start/1/items",
        "Churn/1/train/2/score",
        "Churn/1/train/3/score",
        "Churn/1/join/4/best",
    ]


def test_the_table_shows_type_size_and_preview(run, call):
    lines = call("artifacts", "Churn/1/train/2").out.splitlines()

    assert lines[0].split() == ["artifact", "type", "size", "shape", "preview"]
    assert lines[2].split()[:2] == ["items", "list"]
    assert "[1, 2]" in lines[2]


def test_the_value_of_one_is_printed(run, call):
    assert call("artifacts", "Churn/1/train/2", "items").out == "[1, 2]\n"
    assert call("artifacts", "Churn/1/train/2/items").out == "[1, 2]\n"
    assert call("artifacts", "Churn/1/end", "best").out == BEST + "\n"


def test_listing_and_previews_open_nothing(story, call):
    run = story.run()
    run.task("start", values={"bomb": Explosive()})

    for words in ((), ("--json",), ("bomb", "--preview"), ("bomb", "--json")):
        assert "unpickled" not in call("artifacts", "Churn/1/start", *words).out
    assert "unpickled" in call("artifacts", "Churn/1/start", "bomb").out


def test_several_tasks_have_no_one_value(run, call):
    spoken = call("artifacts", "Churn/1/train", "score")

    assert spoken.code == 2
    assert "Churn/1/train/2, Churn/1/train/3" in spoken.err
    assert call("artifacts", "Churn/1/train", "score", "--preview").out.count("digest") == 2


def test_a_value_is_written_to_a_file(run, call, tmp_path):
    call("artifacts", "Churn/1/start", "items", "--to", str(tmp_path / "items.pkl"))
    call("artifacts", "Churn/1/start", "items", "--to", str(tmp_path / "items.txt"))

    assert pickle.loads((tmp_path / "items.pkl").read_bytes()) == [1, 2]
    assert (tmp_path / "items.txt").read_text() == "[1, 2]"
    refused = call("artifacts", "Churn/1/start", "items", "--to", str(tmp_path / "no" / "items.txt"))
    assert refused.code == 2
    assert call("artifacts", "Churn/1/start", "--to", "x").code == 2


def test_an_unknown_name_gets_the_nearest_one(run, call):
    for path in ("Churn/1/train/2", "Churn/1"):
        spoken = call("artifacts", path, "scoer")
        assert spoken.code == 2
        assert "did you mean `score`" in spoken.err


def test_a_long_list_is_cut_and_says_so(run, call):
    spoken = call("artifacts", "Churn/1", "--limit", "2")

    assert len(spoken.out.splitlines()) == 3
    assert "--limit 20" in spoken.err


def test_private_artifacts_are_found_by_name_only(story, call):
    story.run().task("start", values={"_hidden": 7})

    assert names(call("artifacts", "Churn/1/start", "--json")) == []
    assert call("artifacts", "Churn/1/start", "_hidden").out == "7\n"
