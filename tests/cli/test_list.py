import json

import pytest

from tests.cli.stories import BEGIN


def listed(spoken):
    return [run["run"] for run in json.loads(spoken.out)]


def test_runs_are_listed_newest_first_with_what_a_person_wants_to_see(story, call):
    story.run(tags=("weekly",), note="more trees").whole()
    story.run().broken()

    lines = call("list").out.splitlines()

    assert lines[0].split() == ["run", "status", "started", "took", "user", "tags", "metrics", "note"]
    assert lines[1].split()[:2] == ["Churn/2", "failed"]
    assert lines[2].split()[-5:] == ["weekly", "f1", "0.71", "more", "trees"]


def test_the_json_of_a_run_has_these_keys(story, call):
    story.run(note="why").whole()

    (run,) = json.loads(call("list", "--json").out)

    assert {
        "run": "Churn/1",
        "flow": "Churn",
        "status": "succeeded",
        "user": "ann",
        "host": "here",
        "started_at": BEGIN + 1,
        "note": "why",
        "metrics": {"f1": 0.71},
        "task_counts": {"succeeded": 5},
        "system_tags": ["user:ann"],
        "origin": None,
    }.items() <= run.items()
    assert run["duration_seconds"] == run["finished_at"] - run["started_at"]
    assert len(run["id"]) == 26


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["Churn/2", "Score/1", "Churn/1"]),
        (["Churn"], ["Churn/2", "Churn/1"]),
        (["--flow", "Score"], ["Score/1"]),
        (["--status", "failed"], ["Churn/2"]),
        (["--user", "bob"], ["Score/1"]),
        (["--tag", "nightly"], ["Churn/1"]),
        (["--tag", "user:bob"], ["Score/1"]),
        (["--tag", "nightly", "--tag", "other"], []),
        (["--since", "2025-01-01T00:00:13+00:00"], ["Churn/2", "Score/1"]),
        (["--until", "2025-01-01T00:00:13+00:00"], ["Churn/1"]),
        (["--since", "1h"], []),
        (["--limit", "1"], ["Churn/2"]),
    ],
)
def test_filters_narrow_the_list(story, call, words, found):
    story.run(tags=("nightly",)).whole()
    story.now = BEGIN + 20
    story.run("Score", user="bob").whole()
    story.run().broken()

    assert found == listed(call("list", "--json", *words))


def test_a_cut_list_says_how_to_see_more(story, call):
    for _ in range(2):
        story.run().whole()

    spoken = call("list", "--limit", "1")

    assert "--limit 10" in spoken.err
    assert len(spoken.out.splitlines()) == 2


def test_an_unknown_flow_gets_the_nearest_one(story, call):
    story.run().whole()

    spoken = call("list", "Chrun")

    assert spoken.code == 2
    assert "did you mean `Churn`" in spoken.err


def test_a_time_that_is_none_is_refused_with_examples(story, call):
    spoken = call("list", "--since", "yesterday")

    assert spoken.code == 2
    assert "2025-03-01" in spoken.err


def test_without_a_store_the_hint_says_who_makes_it(call, tmp_path):
    spoken = call("list", "--home", str(tmp_path / "nowhere"))

    assert spoken.code == 2
    assert "no store" in spoken.err
    assert "headwater init" in spoken.err
    assert not (tmp_path / "nowhere").exists()
