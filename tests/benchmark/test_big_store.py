"""The generated store: whole, the same for a seed, with everything in it that pages show."""

import os

import pytest

from bench.big_store import add_big_log, make_store
from headwater.home import open_home
from headwater.model.overviews import ArtifactQuery
from headwater.model.rows import RunQuery, TaskQuery
from headwater.store.lines import read_lines
from headwater.store.points import read_points

UNTIL = 1_764_000_000.0


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("store") / "home")
    made = make_store(folder, runs=120, tasks=2_000, until=UNTIL)
    home = open_home(folder, user="ann")
    yield home, made
    home.close()


def all_runs(home):
    return home.ledger.runs(RunQuery(limit=1000)).rows


def test_it_has_the_runs_and_about_the_tasks_that_were_asked_for(store):
    home, made = store
    runs = all_runs(home)

    assert len(runs) == 120
    assert made == sum(sum(row.task_counts.values()) for row in runs)
    assert 1_500 < made < 4_500
    widest = max(runs, key=lambda row: sum(row.task_counts.values()))
    assert (widest.status, widest.task_counts) == ("succeeded", {"succeeded": 2_000 // 10 + 3})


def test_it_is_whole(store):
    home, _ = store

    assert [finding for finding in home.ledger.check() if finding.severity != "info"] == []


def test_it_is_the_same_for_a_seed_and_another_for_another(store, tmp_path):
    def told(home):
        return [
            (row.path, row.run, row.status, row.user, row.tags, row.metrics, row.task_counts) for row in all_runs(home)
        ]

    for seed, is_same in ((7, True), (8, False)):
        folder = str(tmp_path / str(seed))
        make_store(folder, runs=120, tasks=2_000, seed=seed, until=UNTIL)
        other = open_home(folder, user="ann")
        assert (told(store[0]) == told(other)) == is_same
        other.close()


def test_everything_that_pages_show_is_in_it(store):
    home, _ = store
    runs = all_runs(home)
    tasks = [task for row in runs for task in home.ledger.tasks(TaskQuery(row.run)).rows]
    artifacts = home.ledger.artifacts_named(ArtifactQuery(limit=10_000)).rows

    assert {"succeeded", "failed", "cancelled"} <= {row.status for row in runs}
    assert {"", "fraud", "fraud_research", "retail"} == {row.project for row in runs}
    assert any(row.origin for row in runs) and any(row.note for row in runs) and any(row.tags for row in runs)
    assert any(task.attempt for task in tasks)
    assert any(task.error and task.error.traceback for task in tasks)
    assert {"table", "histogram", "image", "json", "text", "html", "model"} <= {one.header.kind for one in artifacts}
    assert all(home.objects.is_there(one.ref.digest) or one.ref.is_small for one in artifacts)


def test_its_runs_are_found_by_what_they_were_given(store):
    home, _ = store

    def flows(**parameters):
        return {row.flow for row in home.ledger.runs(RunQuery(parameter_text=parameters)).rows}

    assert flows(alpha="0.5") == {"Churn"}
    assert flows(alpha="0.5", region="north") == {"Churn"}
    assert flows(is_strict="True") == {"Fraud"}
    assert flows(alpha="0.50") == set()


def test_its_logs_and_points_are_read_as_those_of_real_tasks(store):
    home, _ = store
    files = [
        os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(home.path, "runs")) for name in names
    ]
    logs = [path for path in files if path.endswith(".log")]
    points = [path for path in files if path.endswith(".points")]

    assert {line.stream for path in logs for line in read_lines(path)} == {"stdout", "stderr"}
    assert all(block.names == ("loss", "accuracy") for path in points for block, _ in read_points(path))
    assert points


def test_one_task_gets_a_log_as_large_as_asked(store):
    home, _ = store
    path = add_big_log(home.path, 2_000_000)

    assert 2_000_000 <= os.path.getsize(path) < 3_000_000
    assert next(read_lines(path)).text.startswith("start: epoch 0")
