"""The engine that forks: supervision, causes, limits."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headwater.engines.local import LocalEngine
from headwater.engines.processes import children_of, is_alive
from headwater.model.options import Resources, StepOptions, Timeout
from headwater.model.order import Gang
from headwater.model.ports import Ended, Notice, Started, Wrote
from tests.engines import engine_stories as stories


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    made = stories.local()
    yield made
    made.close()


def test_attempts_fork_from_one_process_that_imported_once(engine: LocalEngine) -> None:
    found = stories.outcomes(engine, stories.order("says_where_it_is", 1), stories.order("says_where_it_is", 2))

    assert found[0].summary["parent"] == found[1].summary["parent"]
    assert found[0].summary["pid"] != found[1].summary["pid"]
    assert [one.usage.started_by for one in found] == ["fork", "fork"]


def test_an_attempt_has_a_session_of_its_own_and_an_empty_stdin(engine: LocalEngine) -> None:
    told = stories.outcome(engine, stories.order("says_where_it_is")).summary

    assert told["pid"] == told["session"] == told["group"]
    assert told["stdin"] == ""


def test_the_working_folder_can_be_chosen(tmp_path: Path) -> None:
    engine = stories.local(folder=str(tmp_path))
    told = stories.outcome(engine, stories.order("says_where_it_is")).summary
    engine.close()

    assert str(tmp_path) == told["folder"]


def test_no_more_run_at_once_than_allowed() -> None:
    engine = stories.local(max_running=2)
    for label in range(3):
        engine.submit(stories.order("waits", label))
    reports = stories.collect(engine, lambda so_far: stories.texts(so_far).count("waiting") == 2)
    started = [report.key for report in reports if isinstance(report, Started)]
    engine.cancel("waits/start.0", 0, 0.0)
    after = stories.collect(engine, lambda so_far: any(isinstance(report, Started) for report in so_far))
    engine.close()

    assert started == ["waits/start.0", "waits/start.1"]
    assert "waits/start.2" in [report.key for report in after if isinstance(report, Started)]


def test_members_of_a_gang_run_together_whatever_the_bound(tmp_path: Path) -> None:
    engine = stories.local(max_running=1)
    members = [
        stories.order("meets", index, home=str(tmp_path), gang=Gang(num_nodes=3, node_index=index, control_label=0))
        for index in range(3)
    ]
    engine.submit_gang(members)
    found = stories.sorted_outcomes(stories.collect_ends(engine, 3), *members)
    engine.close()

    assert [one.cause for one in found] == ["ok"] * 3


# How an attempt may end


def test_exit_code_without_outcome_is_named(engine: LocalEngine) -> None:
    found = stories.outcome(engine, stories.order("exits"))

    assert found.cause == "sys_exit"
    assert found.error is not None
    assert found.error.details == {"exit_code": "3"}


def test_leaving_with_code_0_and_no_outcome_is_a_failure_too(engine: LocalEngine) -> None:
    assert stories.outcome(engine, stories.order("exits_well")).cause == "sys_exit"


def test_a_kill_from_outside_is_a_signal_and_not_out_of_memory(engine: LocalEngine) -> None:
    engine.submit(stories.order("waits"))
    os.kill(stories.wait_for_start(engine), signal.SIGKILL)
    found = stories.sorted_outcomes(stories.collect_ends(engine, 1), stories.order("waits"))[0]

    assert found.cause == "signal"
    assert found.error is not None
    assert found.error.details["signal"] == "SIGKILL"
    assert found.is_retryable


def test_a_crash_is_named_and_the_log_says_where_python_was(engine: LocalEngine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    found = stories.outcome(engine, stories.order("crashes", log=log))

    assert found.error is not None
    assert found.error.details["signal"] == "SIGSEGV"
    assert "small_attempts.py" in log.read_text()


def test_a_dead_attempt_has_usage_from_the_kernel(engine: LocalEngine) -> None:
    usage = stories.outcome(engine, stories.order("is_killed")).usage

    assert usage.pid > 0
    assert usage.ended_at >= usage.started_at > 1e9


def test_lines_up_to_a_kill_are_kept(engine: LocalEngine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    found = stories.outcome(engine, stories.order("prints_and_is_killed", log=log))

    assert found.cause == "signal"
    assert stories.records(log) == [("o", "last words")]


def test_what_breaks_around_the_step_is_reported_and_not_lost(engine: LocalEngine) -> None:
    found = stories.outcome(engine, stories.order("breaks"))

    assert found.cause == "exception"
    assert found.error is not None
    assert "not caught by the task" in found.error.message


def test_a_cancelled_attempt_ends_by_sigterm(engine: LocalEngine) -> None:
    engine.submit(stories.order("waits"))
    stories.wait_for_text(engine, "waiting")
    engine.cancel("waits/start.1", 0, 1000.0)
    found = stories.sorted_outcomes(stories.collect_ends(engine, 1), stories.order("waits"))[0]

    assert found.cause == "cancelled"


def test_one_that_ignores_sigterm_is_killed_after_the_grace(engine: LocalEngine) -> None:
    engine.submit(stories.order("ignores_terminations"))
    stories.wait_for_text(engine, "waiting")
    engine.cancel("ignores_terminations/start.1", 0, 0.05)
    found = stories.sorted_outcomes(stories.collect_ends(engine, 1), stories.order("ignores_terminations"))[0]

    assert found.cause == "cancelled"


def test_a_second_cancel_shortens_the_grace(engine: LocalEngine) -> None:
    engine.submit(stories.order("ignores_terminations"))
    stories.wait_for_text(engine, "waiting")
    engine.cancel("ignores_terminations/start.1", 0, 1000.0)
    engine.cancel("ignores_terminations/start.1", 0, 0.0)

    assert stories.collect_ends(engine, 1)


def test_an_order_that_waits_for_a_place_can_be_cancelled() -> None:
    engine = stories.local(max_running=1)
    engine.submit(stories.order("waits", 1))
    engine.submit(stories.order("waits", 2))
    stories.wait_for_text(engine, "waiting")
    engine.cancel("waits/start.2", 0, 1000.0)
    ended = [report for report in stories.collect_ends(engine, 1) if isinstance(report, Ended)]
    engine.close()

    assert [(one.outcome.key, one.outcome.cause) for one in ended] == [("waits/start.2", "cancelled")]


def test_an_order_can_be_cancelled_while_the_import_hangs(tmp_path: Path) -> None:
    engine = stories.local("endless_import", environ={"IMPORT_STARTED": str(tmp_path / "started")})
    engine.submit(stories.order("nothing"))
    engine.cancel("nothing/start.1", 0, 1000.0)
    ended = [report for report in stories.collect_ends(engine, 1) if isinstance(report, Ended)]
    engine.close()

    assert [one.outcome.cause for one in ended] == ["cancelled"]


def test_a_step_that_outlives_its_timeout_is_killed() -> None:
    engine = stories.local(timeout_margin=0.05)
    found = stories.outcome(
        engine, stories.order("ignores_terminations", options=StepOptions(timeout=Timeout(seconds=0.05)))
    )
    engine.close()

    assert found.cause == "timeout"
    assert found.error is not None
    assert found.error.details == {"timeout_seconds": "0.05"}


def test_a_task_beyond_its_enforced_memory_is_killed_and_told_so(engine: LocalEngine) -> None:
    options = StepOptions(resources=Resources(memory=100, enforce=True))
    found = stories.outcome(engine, stories.order("eats_memory", options=options))

    assert found.cause == "out_of_memory"
    assert found.error is not None
    assert found.error.details["limit_bytes"] == "100000000"
    assert int(found.error.details["resident_bytes"]) > 100_000_000


def test_a_task_within_its_enforced_memory_is_left_alone(engine: LocalEngine) -> None:
    options = StepOptions(resources=Resources(memory=300, enforce=True))

    assert stories.outcome(engine, stories.order("eats_some_memory", options=options)).cause == "ok"


def test_the_death_of_the_supervisor_loses_its_attempts_and_a_new_one_takes_over(engine: LocalEngine) -> None:
    engine.submit(stories.order("leaves_daemon_and_waits"))
    daemon = int(stories.wait_for_text(engine, "daemon "))
    os.kill(engine.supervisor_pid, signal.SIGKILL)
    found = stories.sorted_outcomes(stories.collect_ends(engine, 1), stories.order("leaves_daemon_and_waits"))[0]

    assert found.cause == "lost_worker"
    assert found.is_retryable
    assert not is_alive(daemon)
    assert stories.outcome(engine, stories.order("nothing")).cause == "ok"


def test_a_module_that_crashes_the_interpreter_is_an_import_error() -> None:
    engine = stories.local("crashing_import")
    found = stories.outcome(engine, stories.order("nothing"))
    engine.close()

    assert found.cause == "import_error"
    assert found.error is not None
    assert "SIGSEGV" in found.error.message


def test_what_a_broken_module_printed_is_in_the_error() -> None:
    engine = stories.local("broken_import")
    found = stories.outcome(engine, stories.order("nothing"))
    engine.close()

    assert found.error is not None
    assert found.error.details["printed"] == "just before\n"


def test_what_a_module_says_while_it_is_imported_is_in_no_log_and_not_shown_twice(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = stories.local("talkative")
    stories.outcome(engine, stories.order("prints", log=tmp_path / "log"))
    engine.close()

    assert "said while importing" not in (tmp_path / "log").read_text()
    assert capfd.readouterr().out == ""


# What an attempt leaves behind


@pytest.mark.parametrize("step", ["leaves_daemon", "starts_program_without_environment"])
def test_what_an_attempt_started_is_gone_when_its_end_is_reported(engine: LocalEngine, step: str) -> None:
    engine.submit(stories.order(step))
    reports = stories.collect_ends(engine, 1)
    daemon = int(stories.texts(reports)[0].removeprefix("daemon "))

    assert not is_alive(daemon)
    assert stories.sorted_outcomes(reports, stories.order(step))[0].cause == "ok"


def test_others_at_work_survive_the_end_of_one_with_a_daemon(engine: LocalEngine) -> None:
    engine.submit(stories.order("waits"))
    worker = stories.wait_for_start(engine)
    stories.outcome(engine, stories.order("leaves_daemon"))

    assert is_alive(worker)


def test_a_program_that_the_module_itself_started_lives_on_between_attempts() -> None:
    engine = stories.local("child_starter")
    stories.outcome(engine, stories.order("leaves_daemon"))
    children = children_of(engine.supervisor_pid)
    names = [Path(f"/proc/{child}/comm").read_text().strip() for child in children]
    helper = children[names.index("sleep")]
    engine.close()

    assert stories.wait_until_dead(helper)


def test_a_step_that_forks_and_returns_in_both_speaks_once(engine: LocalEngine) -> None:
    found = stories.outcome(engine, stories.order("forks_and_returns_twice"))

    assert found.summary["is_copy"] is False


def test_a_thread_that_is_not_a_daemon_finishes_its_work(engine: LocalEngine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stories.outcome(engine, stories.order("leaves_thread_behind", log=log))

    assert stories.records(log) == [("o", "from the thread")]


def test_an_order_that_nobody_took_out_of_its_slot_is_not_run_later(engine: LocalEngine) -> None:
    stories.outcome(engine, stories.order("nothing"))
    spare = children_of(engine.supervisor_pid)[0]
    os.kill(spare, signal.SIGSTOP)
    engine.submit(stories.order("nothing", 2))
    stopped = stories.wait_for_start(engine)
    engine.cancel("nothing/start.2", 0, 0.0)
    stories.collect_ends(engine, 1)
    later = [stories.order("nothing", label) for label in (3, 4, 5)]

    assert spare == stopped
    assert [one.cause for one in stories.outcomes(engine, *later)] == ["ok", "ok", "ok"]


def test_the_death_of_a_process_that_waits_for_an_order_harms_nobody(engine: LocalEngine) -> None:
    stories.outcome(engine, stories.order("nothing"))
    for spare in children_of(engine.supervisor_pid):
        os.kill(spare, signal.SIGKILL)
        stories.wait_until_dead(spare)
    orders = [stories.order("nothing", label) for label in (2, 3)]
    found = stories.outcomes(engine, *orders)

    assert [one.is_retryable for one in found] == [True, True]
    assert found[1].cause == "ok"


def test_closing_kills_what_runs_with_all_that_it_started(engine: LocalEngine) -> None:
    engine.submit(stories.order("leaves_daemon_and_waits"))
    worker = stories.wait_for_start(engine)
    daemon = int(stories.wait_for_text(engine, "daemon "))
    engine.close()

    assert not is_alive(worker)
    assert not is_alive(daemon)


# What it prints


def test_lines_come_to_the_driver_with_their_stream_and_time(engine: LocalEngine) -> None:
    engine.submit(stories.order("prints"))
    reports = stories.collect_ends(engine, 1)
    lines = [line for report in reports if isinstance(report, Wrote) for line in report.lines]

    assert {("stdout", "first of 1"), ("stderr", "a warning")} <= {(line.stream, line.text) for line in lines}
    assert all(abs(line.at - time.time()) < 3600 for line in lines)


def test_a_flood_is_kept_whole_but_not_shown_whole(engine: LocalEngine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    engine.submit(stories.order("floods", log=log))
    shown = stories.texts(stories.collect_ends(engine, 1))

    assert len(log.read_bytes().splitlines()) == 100_000
    left_out = [int(text[1:].split()[0]) for text in shown if "came too fast" in text]
    assert sum(left_out) + len(shown) - len(left_out) == 100_000
    assert sum(left_out) > 50_000


def test_a_log_stops_at_its_largest_size_and_says_so(tmp_path: Path) -> None:
    engine = stories.local(max_log_bytes=1_000_000)
    log = tmp_path / "log"
    engine.submit(stories.order("floods", log=log))
    reports = stories.collect_ends(engine, 1)
    engine.close()

    assert log.stat().st_size < 1_001_000
    assert "largest size" in log.read_text().splitlines()[-1]
    assert ["largest size" in report.text for report in reports if isinstance(report, Notice)] == [True]


def test_a_long_line_is_cut_into_marked_records(engine: LocalEngine, tmp_path: Path) -> None:
    log = tmp_path / "log"
    stories.outcome(engine, stories.order("long_line", log=log))
    kept = stories.records(log)

    assert [letter for letter, _ in kept] == ["O", "O", "o"]
    assert "".join(text for _, text in kept) == "y" * 150_000


def test_a_log_that_cannot_be_written_is_told_and_costs_no_task(engine: LocalEngine, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    engine.submit(stories.order("prints", log=tmp_path / "file" / "log"))
    reports = stories.collect_ends(engine, 1)

    assert any(isinstance(report, Notice) and "ends early" in report.text for report in reports)
    assert stories.sorted_outcomes(reports, stories.order("prints"))[0].cause == "ok"
