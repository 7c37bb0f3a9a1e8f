"""What an alert says of the difference to the last good run."""

import os

import msgspec
import pandas
import pytest

from headwater.model.artifact import Header
from headwater.model.outcome import FileRead
from headwater.production.alerts.changes import describe_difference
from headwater.production.alerts.facts import last_lines
from headwater.store.trees import save_tree
from tests.production.alert_story import DAY, Story


@pytest.fixture
def story(tmp_path):
    story = Story(tmp_path / "home")
    yield story
    story.home.close()


def told(story):
    """Lines of the failure's text."""
    alerter = story.alerter()
    alerter.turn()
    alerter.close()
    return [line.strip() for line in story.only("failure").text.split("\n")]


def frame(**columns):
    return pandas.DataFrame(columns)


def test_a_renamed_column_of_an_input_comes_first(story):
    story.deploy()
    reads = {"rows": "0" * 64, "config": "1" * 64}
    story.good(values={"rows": frame(id=[1], amount=[2.0]), "config": {"a": 1}}, reads=reads)
    story.tick(DAY)
    story.bad(values={"rows": frame(id=[1, 2], amount_eur=[2.0, 3.0]), "config": {"a": 2}})
    lines = told(story)

    place = lines.index("changed since Churn/1, the last good run")
    assert lines[place + 1].startswith(
        "inputs: start.rows, which train reads: column `amount` is gone, column `amount_eur` is new ("
    )
    assert lines[place + 2].startswith("start.config, which train reads: {'a': 1} -> {'a': 2} (")


def test_a_type_that_changed_is_told(story):
    story.deploy()
    story.good(values={"rows": frame(amount=[2.0])})
    story.bad(values={"rows": frame(amount=[2])})

    assert any("start.rows: type of `amount` float64 -> int64" in line for line in told(story))


def test_a_table_that_came_empty_is_told_before_others(story):
    story.deploy()
    story.good(values={"extra": [1, 2], "rows": frame(amount=[2.0, 3.0])})
    story.bad(values={"extra": [1, 3], "rows": frame(amount=[2.0])[:0]})
    lines = told(story)

    assert "inputs: start.rows: 2 × 1 -> 0 × 1" in " ".join(lines)


def test_a_data_file_whose_columns_changed_is_told(story):
    story.deploy()
    before, now = FileRead(100, 1.0, "a" * 64, "id,amount"), FileRead(120, 2.0, "b" * 64, "id,amount_eur")
    story.good(files={"/data/orders-2025-02-28.csv": before})
    run = story.run()
    run.task("start", values={"rows": [1]})
    run.begin("train")
    run.fail("train", files={"/data/orders-2025-03-01.csv": now})
    run.finish("failed", failed_key="train", cause="exception", message="KeyError: 'amount'")

    expected = "data files: /data/orders-2025-03-01.csv: column `amount` is gone, column `amount_eur` is new"
    assert expected in told(story)


def test_a_data_file_with_other_content_is_told_with_its_size(story):
    story.deploy()
    story.good(files={"/data/orders.csv": FileRead(100, 1.0, "a" * 64, "id,amount")})
    run = story.run()
    run.task("start", files={"/data/orders.csv": FileRead(0, 2.0, "b" * 64)})
    run.begin("train")
    run.fail("train")
    run.finish("failed", failed_key="train", cause="exception")

    assert "data files: /data/orders.csv: 100 -> 0 bytes" in told(story)


def test_code_packages_and_parameters_that_changed_are_told_and_the_way_back(story, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    trees = []
    for text in ("alpha = 1", "alpha = 2"):
        (project / "churn.py").write_text(text)
        trees.append(save_tree(story.home.objects, str(project)).digest)
    story.deploy(tree=trees[0])
    story.good()
    story.deploy(tree=trees[1])
    story.bad()
    lines = told(story)

    assert any(line.startswith("deployment: 1 -> 2, made 2025-03-01 06:00:") for line in lines)
    assert "code: churn.py changed" in lines
    assert "packages: pandas: 2.1 -> 2.2" in lines
    assert "headwater deployment rollback Churn@production --to 1" in lines


def test_when_nothing_changed_it_says_so(story):
    story.deploy()
    story.good()
    story.bad()

    assert "nothing that is recorded changed since Churn/1, the last good run" in told(story)


def test_without_a_good_run_it_says_so(story):
    story.deploy()
    story.bad()

    assert "no run of it has succeeded before" in told(story)


def test_a_failure_comes_through_when_what_it_is_compared_with_does_not_read(story, tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "churn.py").write_text("alpha = 1")
    tree = save_tree(story.home.objects, str(project)).digest
    story.deploy(tree=tree)
    story.good()
    story.bad()
    path = os.path.join(story.home.path, "objects", tree[:2], tree)
    os.chmod(path, 0o600)
    os.truncate(path, 3)
    lines = told(story)

    assert any(line.startswith("(not all could be compared: object ") for line in lines)
    assert "headwater resume Churn/2" in lines


def test_the_last_lines_of_the_log_are_told_and_cannot_disturb_a_terminal(story):
    story.deploy()
    run = story.run()
    run.task("start")
    run.begin("train")
    run.log("train", *(f"epoch {number}" for number in range(40)), "\x1b[2J<!channel>")
    run.fail("train")
    run.finish("failed", failed_key="train", cause="exception")
    lines = told(story)

    place = lines.index("last lines of its log")
    assert lines[place + 1] == "epoch 29"
    assert lines[place + 12] == r"\x1b[2J<!channel>"


def test_only_the_end_of_a_long_log_is_read(tmp_path):
    path = tmp_path / "1.0.log"
    path.write_bytes(b"".join(b"1740808800.000000 o line %d\n" % number for number in range(100_000)))

    assert last_lines(str(path), 2) == ("line 99998", "line 99999")


def test_a_failure_of_no_step_is_told_by_its_message(story):
    story.deploy()
    story.run().finish("failed", cause="environment", message="the package is damaged: churn.py\nmore")
    alerter = story.alerter()
    alerter.turn()
    alerter.close()

    alert = story.only("failure")
    assert alert.title == "Churn@production failed: the package is damaged: churn.py"
    assert alert.cause == "Churn@production/failure/0/environment"


@pytest.mark.parametrize(
    ("before", "now", "expected", "is_structural"),
    [
        (Header(), Header(), "", False),
        (None, Header(), "", False),
        (Header(shape=(3,)), Header(shape=(4,)), "3 -> 4", False),
        (Header(shape=(3,), dtype="f8"), Header(shape=(3,), dtype="i8"), "type f8 -> i8", True),
        (Header(preview="1"), Header(preview="2"), "1 -> 2", False),
        (
            Header(schema=(("a", "x"), ("b", "x"))),
            Header(schema=(("c", "x"), ("d", "x"))),
            "columns `a`, `b` are gone, columns `c`, `d` are new",
            True,
        ),
    ],
)
def test_how_two_values_differ(before, now, expected, is_structural):
    found = describe_difference(before, now)

    assert (found.told, found.is_structural) == (expected, is_structural)


def test_titles_are_one_line_of_bounded_length(story):
    story.deploy()
    story.bad(error="ValueError", message="line one\nline two " + "x" * 500)
    alerter = story.alerter()
    alerter.turn()
    alerter.close()

    title = story.only("failure").title
    assert title == "Churn@production failed at train (churn.py:41): ValueError: line one"
    assert msgspec.json.decode(story.ledger.record("alert", story.only("failure").cause).body)["kind"] == "failure"


def test_what_many_tasks_of_a_step_set_is_told_once(story):
    story.deploy()
    for number in range(2):
        run = story.run()
        run.task("start")
        for item in range(3):
            run.last = "start"
            run.task(f"train/start.{item}", values={"score": item + number})
        run.begin("end")
        if number:
            run.fail("end")
        run.finish(*(["failed"] if number else []), failed_key="end" if number else None)
    inputs = [line for line in told(story) if "score" in line]

    assert len(inputs) == 1
    assert inputs[0].startswith("inputs: train/start.0.score: 0 -> 1 (")
    assert inputs[0].endswith("), and in 2 other tasks")
