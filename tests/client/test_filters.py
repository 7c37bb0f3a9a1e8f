from datetime import UTC, datetime

import pytest

from headwater.client import session
from headwater.client.objects import Flow
from headwater.model.errors import NotInstalled, UserMistake
from tests.client.history import BEGIN


def ids(runs):
    return [run.id for run in runs]


@pytest.fixture
def runs(history):
    """Four runs of Churn, ten seconds apart from 0: succeeded, failed, running, succeeded."""
    ends = ["succeeded", "failed", None, "succeeded"]
    for number, end in enumerate(ends):
        history.now = BEGIN + 10 * number - 1
        user = "ann" if number < 3 else "bob"
        run = history.run(
            parameters={"alpha": number / 2, "mode": "fast"}, user=user, tags=["even"] * (number % 2 == 0)
        )
        run.task("start", summary={"f1": 0.1 * number})
        if end is not None:
            run.finish(end)


def test_runs_come_newest_first(runs):
    assert ids(Flow("Churn")) == ["4", "3", "2", "1"]


def test_runs_are_found_by_status(runs):
    flow = Flow("Churn")

    assert ids(flow.runs(status="succeeded")) == ["4", "1"]
    assert ids(flow.runs(status="failed")) == ["2"]
    assert ids(flow.runs(status="running")) == ["3"]


def test_a_run_whose_driver_is_gone_is_found_as_interrupted(history):
    history.run().lease.release()
    flow = Flow("Churn")

    assert ids(flow.runs(status="interrupted")) == ["1"]
    assert (flow["1"].status, flow["1"].finished, flow["1"].finished_at) == ("interrupted", False, None)


def test_runs_are_found_by_tags_which_must_all_be_there(runs):
    flow = Flow("Churn")

    assert ids(flow.runs("even")) == ["3", "1"]
    assert ids(flow.runs("even", "user:ann")) == ["3", "1"]
    assert ids(flow.runs("even", "odd")) == []


def test_runs_are_found_by_user(runs):
    assert ids(Flow("Churn").runs(user="bob")) == ["4"]


@pytest.mark.parametrize(
    "since",
    [
        BEGIN + 15,
        datetime.fromtimestamp(BEGIN + 15),
        "2025-01-01T00:00:15+00:00",
        datetime(2025, 1, 1, 0, 0, 15, tzinfo=UTC),
    ],
)
def test_runs_are_found_by_time_however_it_is_written(runs, since):
    assert ids(Flow("Churn").runs(since=since)) == ["4", "3"]
    assert ids(Flow("Churn").runs(until=since)) == ["2", "1"]


def test_runs_are_found_by_values_of_parameters(runs):
    flow = Flow("Churn")

    assert ids(flow.runs(parameters={"alpha": 0.5})) == ["2"]
    assert ids(flow.runs(parameters={"mode": "fast", "alpha": 1.0})) == ["3"]
    assert ids(flow.runs(parameters={"mode": "slow"})) == []


def test_filters_and_the_namespace_hold_together(runs):
    session.namespace("user:ann")

    assert ids(Flow("Churn").runs(status="succeeded")) == ["1"]
    assert Flow("Churn").latest_successful_run.id == "1"


def test_the_latest_runs(runs):
    flow = Flow("Churn")

    assert (flow.latest_run.id, flow.latest_successful_run.id) == ("4", "4")
    assert flow.created_at == datetime.fromtimestamp(BEGIN)


def test_a_flow_without_a_successful_run_has_no_latest_one(history):
    history.run().finish("failed")

    assert Flow("Churn").latest_successful_run is None


def test_runs_are_fetched_a_page_at_a_time(home, history, monkeypatch):
    for _ in range(250):
        history.run().lease.release()
    flow = Flow("Churn")
    asked = []
    ask = home.ledger.runs
    monkeypatch.setattr(type(home.ledger), "runs", lambda self, query: asked.append(query) or ask(query))

    first = next(flow.runs())
    pages_for_one = len(asked)
    everything = ids(flow.runs())

    assert (first.id, pages_for_one) == ("250", 1)
    assert everything == [str(label) for label in range(250, 0, -1)]
    assert len(asked) == 1 + 3


@pytest.mark.parametrize("wrong", [{"status": "done"}, {"since": "yesterday"}])
def test_what_no_filter_takes_is_refused_at_once(runs, wrong):
    with pytest.raises(UserMistake):
        list(Flow("Churn").runs(**wrong))


def test_a_table_has_a_row_a_run_with_parameters_and_metrics(runs):
    table = Flow("Churn").table(as_frame=False)

    assert [row["run"] for row in table] == ["Churn/4", "Churn/3", "Churn/2", "Churn/1"]
    assert table[2] == {
        "run": "Churn/2",
        "status": "failed",
        "user": "ann",
        "started_at": BEGIN + 10,
        "duration_seconds": 3.0,
        "note": "",
        "parameters.alpha": 0.5,
        "parameters.mode": "fast",
        "metrics.f1": 0.1,
    }
    assert table[1]["duration_seconds"] is None


def test_a_table_is_a_frame_when_pandas_is_installed(runs):
    frame = Flow("Churn").table("even")

    assert list(frame["parameters.alpha"]) == [1.0, 0.0]


def test_a_frame_without_pandas_names_the_extra(runs, monkeypatch):
    monkeypatch.setattr("headwater.client.table.find_spec", lambda name: None)

    assert len(Flow("Churn").table()) == 4
    with pytest.raises(NotInstalled, match=r"headwater\[ml\]"):
        Flow("Churn").table(as_frame=True)


def test_a_table_is_as_long_as_asked(runs):
    assert len(Flow("Churn").table(limit=2, as_frame=False)) == 2
