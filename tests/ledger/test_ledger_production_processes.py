"""Launches, records and roles with several processes, and with processes that are killed."""

import os
import signal

import pytest

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.rows import FiringQuery, RunQuery
from tests.ledger.ledger_stories import planned


def severe(ledger):
    return [finding for finding in ledger.check() if finding.severity != "info"]


def go(processes):
    """Let them begin at one instant."""
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()


def test_of_eight_processes_that_launch_the_same_keys_each_key_is_launched_once(home, writer):
    SqliteLedger(home).close()
    processes = [writer("launch", "200") for _ in range(8)]
    go(processes)
    assert {process.communicate()[0].split()[-1] for process in processes} == {"200"}

    ledger = SqliteLedger(home)
    firings = ledger.firings(FiringQuery(limit=500)).rows
    runs = ledger.runs(RunQuery(limit=500)).rows
    assert sorted(firing.key for firing in firings) == sorted(f"k{number}" for number in range(200))
    assert sorted(row.label for row in runs) == list(range(1, 201))
    assert {firing.key: firing.run for firing in firings} == {row.launch.idempotency_key: row.run for row in runs}
    assert ledger.cursor("triggers") == len(ledger.published()) == 10
    assert severe(ledger) == []
    ledger.close()


# The writer publishes an event, launches 20 runs, and does so again: its fourth commit is the second launch.
POINTS = ["before_begin:4", "after_launched_run:33", "after_firing:33", "before_commit:4", "after_commit:4"]


@pytest.mark.parametrize("kill", POINTS)
def test_a_launch_that_is_killed_has_started_all_or_nothing_and_is_made_good_by_the_next(kill, home, writer):
    process = writer("launch", "40", HEADWATER_FAILPOINT=f"ledger.{kill}")
    go([process])
    assert process.wait() == -signal.SIGKILL

    ledger = SqliteLedger(home)
    done = 40 if kill == "after_commit:4" else 20
    assert len(ledger.firings(FiringQuery(limit=99)).rows) == len(ledger.runs(RunQuery(limit=99)).rows) == done
    assert ledger.cursor("triggers") == done // 20
    assert severe(ledger) == []
    process = writer("launch", "40")
    go([process])
    process.communicate()
    assert [row.label for row in ledger.runs(RunQuery(limit=99)).rows] == list(range(40, 0, -1))
    ledger.close()


@pytest.mark.parametrize(
    "kill", ["before_begin:3", "after_record:5", "after_record:6", "before_commit:3", "after_commit:3"]
)
def test_records_of_a_killed_writer_are_there_all_or_not_at_all(kill, home, writer):
    process = writer("records", "9", HEADWATER_FAILPOINT=f"ledger.{kill}")
    said = process.communicate()[0].split()
    assert (process.returncode, said[-2:]) == (-signal.SIGKILL, ["acked", "2"])

    ledger = SqliteLedger(home)
    version = 3 if kill == "after_commit:3" else 2
    assert [one.version for one in ledger.records("alias")] == [version, version]
    assert len(list(ledger.small_sizes())) == version
    assert severe(ledger) == []
    ledger.close()


@pytest.mark.parametrize("kill", ["after_published:3", "before_commit:3", "after_commit:3"])
def test_an_event_that_was_acknowledged_is_there_after_a_kill(kill, home, writer):
    process = writer("publish", "9", HEADWATER_FAILPOINT=f"ledger.{kill}")
    said = process.communicate()[0].split()
    assert (process.returncode, said[-2:]) == (-signal.SIGKILL, ["acked", "2"])

    ledger = SqliteLedger(home)
    assert [told.number for told in ledger.published()] == [1, 2, 3][: 3 if kill == "after_commit:3" else 2]
    ledger.close()


# Each run has two commits, its start and its end: the fourth ends the second run.
@pytest.mark.parametrize("kill", ["after_insert:4", "before_commit:4", "after_commit:4", "before_begin:5"])
def test_a_run_that_ended_is_published_and_one_that_did_not_is_not_whenever_its_driver_is_killed(kill, home, writer):
    process = writer("end", "9", HEADWATER_FAILPOINT=f"ledger.{kill}")
    process.communicate()
    assert process.returncode == -signal.SIGKILL

    ledger = SqliteLedger(home)
    ended = [row.run for row in ledger.runs(RunQuery(status="succeeded")).rows]
    assert len(ended) == (1 if kill in ("after_insert:4", "before_commit:4") else 2)
    assert [told.id for told in ledger.published()] == [f"run:{run}" for run in reversed(ended)]
    assert severe(ledger) == []
    ledger.close()


def test_of_three_processes_that_take_a_queued_run_one_becomes_its_first_driver(file_ledger, writer):
    (firing,) = file_ledger.launch([planned("a")])
    processes = [writer("take", firing.run) for _ in range(3)]
    go(processes)
    said = [process.stdout.readline().split() for process in processes]
    winners = [pid for word, pid in said if word == "took"]

    assert len(winners) == 1
    assert [pid for word, pid in said if word == "RunIsDriven"] == winners * 2
    assert file_ledger.run(firing.run).status == "running"


def test_no_change_of_a_record_is_lost_between_processes(home, writer):
    SqliteLedger(home).close()
    processes = [writer("count_up", "25") for _ in range(3)]
    go(processes)
    for process in processes:
        process.communicate()

    ledger = SqliteLedger(home)
    assert [int(bytes(one.body)) for one in ledger.record_history("alias", "a")] == list(range(1, 76))
    ledger.close()


def test_a_role_goes_to_the_next_process_when_its_holder_is_killed(file_ledger, home, writer):
    first = writer("lead")
    assert first.stdout.readline() == "leads\n"
    second = writer("lead")
    assert second.stdout.readline() == "does not lead\n"
    assert (file_ledger.lead("scheduler"), file_ledger.leader("scheduler")) == (False, first.pid)
    first.kill()
    first.wait()

    assert file_ledger.leader("scheduler") is None
    assert file_ledger.lead("scheduler")


def test_a_stopped_leader_still_leads(file_ledger, writer):
    leader = writer("lead")
    assert leader.stdout.readline() == "leads\n"
    os.kill(leader.pid, signal.SIGSTOP)

    assert not file_ledger.lead("scheduler")


def test_asking_who_leads_by_another_ledger_of_the_process_does_not_end_the_role(file_ledger, home, writer):
    file_ledger.lead("scheduler")
    second = SqliteLedger(home)
    second.leader("scheduler")
    second.lead("scheduler")
    second.close()

    assert writer("lead").stdout.readline() == "does not lead\n"


def test_a_forked_child_has_not_the_role_of_its_parent(file_ledger, home):
    file_ledger.lead("scheduler")
    child = os.fork()
    if not child:
        code = 1
        try:
            file_ledger.close()
            own = SqliteLedger(home)
            code = 0 if not own.lead("scheduler") and own.leader("scheduler") == os.getppid() else 1
        finally:
            os._exit(code)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert file_ledger.leader("scheduler") == os.getpid()
