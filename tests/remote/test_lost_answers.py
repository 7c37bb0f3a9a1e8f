"""A call that was carried out, and whose answer was lost, changes nothing when it comes again (R4, G-21)."""

import msgspec
import pytest

from headwater.model.errors import VersionConflict
from headwater.model.events import Cancel
from headwater.model.launch import PublishedEvent
from headwater.model.ports import Commit
from headwater.model.records import Record
from headwater.model.rows import RunQuery
from tests.ledger.ledger_stories import finished, run_started, started, succeeded


def begin(ledger):
    return ledger.start_run(Commit(events=[run_started(user="root")]))


def start(ledger):
    _, first = begin(ledger)
    return first.label


def take(ledger):
    lease, _ = begin(ledger)
    lease.release()
    taken, epoch = ledger.take(lease.run, 5.0)
    return epoch, ledger.append(taken, Commit(events=[started("start", 1)]))


def append(ledger):
    lease, _ = begin(ledger)
    return ledger.append(lease, Commit(events=[started("start", 1)]))


def append_twice(ledger):
    lease, _ = begin(ledger)
    ledger.append(lease, Commit(events=[started("start", 1)]))
    return ledger.append(lease, Commit(events=[succeeded("start")]))


def finish(ledger):
    lease, _ = begin(ledger)
    return ledger.append(lease, Commit(events=[started("start", 1), succeeded("start"), finished()]))


def release(ledger):
    lease, _ = begin(ledger)
    lease.release()
    return ledger.run(lease.run).status


def request(ledger):
    lease, _ = begin(ledger)
    ledger.request(lease.run, Cancel(4.0, "root"))
    return len(ledger.requests(lease.run))


def tag(ledger):
    lease, _ = begin(ledger)
    return ledger.tag_run(lease.run, ["good"], [])


def annotate(ledger):
    lease, _ = begin(ledger)
    ledger.annotate(lease.run, "why")
    return ledger.run(lease.run).note


def publish(ledger):
    ledger.publish(PublishedEvent("one", "data.ready", 1.0, source="root"))
    return len(ledger.published())


def write_records(ledger):
    ledger.write_records([Record("flow_page", "Churn", 1, 1.0, msgspec.Raw(b"{}"))])
    return len(ledger.record_history("flow_page", "Churn"))


WRITES = {
    start: 1,
    take: (2, 2),
    append: 2,
    append_twice: 3,
    finish: 4,
    release: "interrupted",
    request: 1,
    tag: ("good",),
    annotate: "why",
    publish: 1,
    write_records: 1,
}


@pytest.mark.parametrize("lost", range(4))
@pytest.mark.parametrize("write", WRITES, ids=lambda each: each.__name__)
def test_an_answer_that_was_lost_changes_nothing(proxied, far, write, lost):
    _, proxy = proxied
    calls = 0
    ask = far._server.exchange

    def exchange(request, read):
        nonlocal calls
        if request.path.endswith("/renew"):
            return ask(request, read)
        if calls == lost:
            proxy.drop_replies = 1
        calls += 1
        return ask(request, read)

    far._server.exchange = exchange

    assert write(far) == WRITES[write]
    assert proxy.faults == (1 if calls > lost else 0)
    assert len(far.runs(RunQuery()).rows) == (0 if write in (publish, write_records) else 1)


def test_a_record_that_somebody_else_wrote_is_a_conflict_still(far):
    far.write_records([Record("flow_page", "Churn", 1, 1.0, msgspec.Raw(b'{"a":1}'))])

    with pytest.raises(VersionConflict) as refused:
        far.write_records([Record("flow_page", "Churn", 1, 1.0, msgspec.Raw(b'{"a":2}'))])

    assert refused.value.version == 1
    assert len(far.record_history("flow_page", "Churn")) == 1
