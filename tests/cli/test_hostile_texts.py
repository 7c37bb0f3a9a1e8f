"""Names, notes, tags, messages and lines that try to take the terminal over."""

import json

import pytest

EVIL = "\x1b[2J\x1b]0;owned\x07\r\n\u202ehidden\x9b31m"


@pytest.fixture
def hostile(story):
    run = story.run(tags=(f"tag{EVIL}",), note=f"note{EVIL}", user=f"eve{EVIL}", parameters={"alpha": EVIL})
    run.task("start", "train", width=2, values={"items": EVIL})
    run.begin("train/start.0", "start")
    run.log("train/start.0", (1, "o", b"\x1b[2Jgone"))
    run.fail("train/start.0", message=f"message{EVIL}")
    run.finish("failed", failed_key="train/start.0", message=f"message{EVIL}", cause="exception")
    return run


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--json"),
        ("status", "Churn/1"),
        ("status", "Churn/1", "--json"),
        ("tag", "Churn/1"),
        ("tag", "Churn/1", "--json"),
        ("artifacts", "Churn/1"),
        ("artifacts", "Churn/1/start", "items", "--preview"),
        ("artifacts", "Churn/1", "--json"),
        ("logs", "Churn/1"),
        ("logs", "Churn/1", "--json"),
        ("compare", "Churn/1", "Churn/2"),
    ],
)
def test_no_output_holds_what_people_put_into_texts_as_it_is(story, hostile, call, words):
    story.run(parameters={"alpha": 1}).whole()

    spoken = call(*words)

    assert spoken.code == 0
    for text in (spoken.out, spoken.err):
        assert not [letter for letter in text if letter in "\x1b\x07\r\x9b\x7f"], text
    if "--json" not in words:
        assert "\u202e" not in spoken.out


def test_a_line_end_in_a_note_makes_no_second_line_of_the_table(hostile, call):
    assert len(call("list").out.splitlines()) == 2


def test_json_gives_the_text_back_as_it_was(hostile, call):
    (run,) = json.loads(call("list", "--json").out)

    assert f"note{EVIL}" == run["note"]


def test_the_log_of_one_task_stays_as_it_was_written(hostile, call):
    assert call("logs", "Churn/1/train/2").out == "\x1b[2Jgone\n"
