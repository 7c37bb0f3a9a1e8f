"""Several processes write, one follows the changes."""

import signal

from headwater.ledger.sqlite import SqliteLedger
from headwater.model.rows import RunQuery


class Follower:
    """Reads on from the last change that it got, a few at a time, and keeps what it was told."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.number = 0
        self.events = {}
        self.once = []

    def read(self):
        while part := self.ledger.changes(self.number, limit=3):
            for one in part:
                assert one.number > self.number
                self.number = one.number
                if one.kind == "run":
                    assert one.event >= self.events.get(one.run, 0)
                    self.events[one.run] = one.event
                else:
                    self.once.append((one.kind, one.published, one.record_key, one.record_version))


def test_a_follower_misses_nothing_that_four_processes_write(file_ledger, writer):
    kinds = [("append_many", "40"), ("append_many", "40"), ("end", "20"), ("publish", "40"), ("records", "20")]
    processes = [writer(*kind) for kind in kinds]
    follower = Follower(file_ledger)
    while any(process.poll() is None for process in processes):
        file_ledger.wait(0.01)
        follower.read()
    follower.read()

    assert {row.run: last_event(file_ledger, row.run) for row in file_ledger.runs(RunQuery()).rows} == follower.events
    assert len(follower.once) == len(set(follower.once)) == 60 + 40
    assert sorted(one[1] for one in follower.once if one[0] == "published") == list(range(1, 61))


def test_what_a_killed_process_had_committed_is_followed_and_nothing_else(home, writer):
    process = writer("append_many", "12", HEADWATER_FAILPOINT="ledger.before_commit:7")
    assert process.wait() == -signal.SIGKILL
    ledger = SqliteLedger(home)
    follower = Follower(ledger)
    follower.read()
    (row,) = ledger.runs(RunQuery()).rows

    assert {row.run: last_event(ledger, row.run)} == follower.events
    assert ledger.last_change() == follower.number
    ledger.close()


def last_event(ledger, run):
    return max(number for number, _ in ledger.events(run))
