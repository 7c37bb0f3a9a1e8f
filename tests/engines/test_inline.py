"""The engine that a debugger likes."""

import os
import sys
from pathlib import Path

import pytest

from headwater.engines.inline import InlineEngine
from headwater.model.masking import TellSecrets
from headwater.model.order import TaskOrder
from headwater.model.outcome import Outcome
from headwater.model.ports import Ended
from tests.engines import engine_stories as stories


def test_a_step_runs_in_the_calling_process() -> None:
    found = stories.outcome(stories.inline(), stories.order("nothing"))

    assert found.summary["pid"] == os.getpid()
    assert found.usage.started_by == "inline"


def test_what_a_step_prints_passes_through_to_where_this_process_prints(capsys: pytest.CaptureFixture[str]) -> None:
    stories.outcome(stories.inline(), stories.order("prints", 3))
    shown = capsys.readouterr()

    assert shown.out == "first of 3\nsecond of 3\nno newline"
    assert shown.err == "a warning\n"


def test_inside_a_step_stdout_is_still_the_terminal_or_file_that_it_was() -> None:
    seen = []
    kept = sys.stdout

    def look(order: TaskOrder, tell_secrets: TellSecrets) -> Outcome:
        seen.append((sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.fileno()))
        return Outcome("outcome", 1, order.run, order.key, 0, "ok")

    stories.outcome(InlineEngine(stories.code(), lambda code: look), stories.order("nothing"))

    assert seen == [(kept.encoding, kept.isatty(), kept.fileno())]
    assert sys.stdout is kept


def test_the_streams_come_back_when_a_step_is_interrupted() -> None:
    kept = sys.stdout, sys.stderr

    def interrupted(order: TaskOrder, tell_secrets: TellSecrets) -> Outcome:
        raise KeyboardInterrupt

    engine = InlineEngine(stories.code(), lambda code: interrupted)
    engine.submit(stories.order("nothing"))
    with pytest.raises(KeyboardInterrupt):
        engine.poll(0)

    assert (sys.stdout, sys.stderr) == kept


def test_the_module_is_imported_with_the_first_order_and_once() -> None:
    imports = []

    def prepare(code: object) -> object:
        imports.append(code)
        return lambda order, tell_secrets: Outcome("outcome", 1, order.run, order.key, 0, "ok")

    engine = InlineEngine(stories.code(), prepare)  # type: ignore[arg-type]
    before = len(imports)
    stories.outcomes(engine, stories.order("nothing", 1), stories.order("nothing", 2))

    assert (before, len(imports)) == (0, 1)


def test_an_order_in_line_can_be_cancelled() -> None:
    engine = stories.inline()
    engine.submit(stories.order("nothing", 1))
    engine.submit(stories.order("nothing", 2))
    engine.cancel("nothing/start.2", 0, 0.0)
    ended = [report for report in stories.collect_ends(engine, 2) if isinstance(report, Ended)]

    assert {one.outcome.key: one.outcome.cause for one in ended} == {
        "nothing/start.1": "ok",
        "nothing/start.2": "cancelled",
    }


def test_a_step_that_dies_half_way_through_a_line_leaves_it_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    stories.outcome(stories.inline(), stories.order("prints", log=log))

    assert stories.records(log)[-1] == ("O", "no newline")
