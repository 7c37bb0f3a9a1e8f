"""What every engine promises."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.model.ports import Ended, Engine, Started
from tests.engines import engine_stories as stories


@pytest.fixture(params=["inline", "local", "spawning", "routed", "routed_beside_another"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = getattr(stories, request.param)()
    yield made
    made.close()


def test_an_order_gives_its_outcome(engine: Engine) -> None:
    found = stories.outcome(engine, stories.order("nothing"))

    assert (found.cause, found.key, found.attempt) == ("ok", "nothing/start.1", 0)


def test_start_is_reported_before_the_end_with_the_process_that_runs_it(engine: Engine) -> None:
    engine.submit(stories.order("nothing"))
    reports = [report for report in stories.collect_ends(engine, 1) if isinstance(report, Started | Ended)]

    assert [Started, Ended] == [type(report) for report in reports]
    assert reports[0].pid == reports[1].outcome.summary["pid"]  # type: ignore[union-attr]


def test_many_orders_each_give_one_outcome(engine: Engine) -> None:
    orders = [stories.order("nothing", label) for label in range(12)]
    found = stories.outcomes(engine, *orders)

    assert [one.key for one in orders] == [one.key for one in found]


def test_lines_are_kept_in_the_log_file_in_order(engine: Engine, tmp_path: Path) -> None:
    log = tmp_path / "runs" / "1.0.log"
    stories.outcome(engine, stories.order("prints", 7, log=log))
    kept = stories.records(log)

    assert [one for one in kept if one[0] in "oO"] == [("o", "first of 7"), ("o", "second of 7"), ("O", "no newline")]
    assert ("e", "a warning") in kept


def test_a_silent_attempt_has_no_log_file(engine: Engine, tmp_path: Path) -> None:
    stories.outcome(engine, stories.order("nothing", log=tmp_path / "log"))

    assert not (tmp_path / "log").exists()


def test_queue_and_start_are_in_the_usage(engine: Engine) -> None:
    usage = stories.outcome(engine, stories.order("nothing")).usage

    assert usage.queue >= 0
    assert usage.started_by in ("fork", "spawn", "inline")


def test_poll_with_nothing_to_do_gives_nothing(engine: Engine) -> None:
    assert engine.poll(0) == []


def test_cancelling_what_has_ended_is_silent(engine: Engine) -> None:
    stories.outcome(engine, stories.order("nothing"))
    engine.cancel("nothing/start.1", 0, 0.0)

    assert engine.poll(0) == []


def test_an_order_larger_than_a_pipe_arrives_whole(engine: Engine) -> None:
    large = {f"{number:064x}": os.urandom(4000) for number in range(100)}
    found = stories.outcome(engine, stories.order("nothing", small=large))

    assert found.cause == "ok"


def test_closing_twice_is_harmless(engine: Engine) -> None:
    engine.close()
    engine.close()


def test_a_module_that_does_not_import_ends_every_attempt_so(request: pytest.FixtureRequest) -> None:
    for kind in ("inline", "local", "spawning"):
        engine = getattr(stories, kind)("broken_import")
        found = stories.outcomes(engine, stories.order("nothing", 1), stories.order("nothing", 2))
        engine.close()

        assert [one.cause for one in found] == ["import_error", "import_error"]
        assert found[0].error is not None
        assert found[0].error.message == "this module is broken"
        assert not found[0].is_retryable
