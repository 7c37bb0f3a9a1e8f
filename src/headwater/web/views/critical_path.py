"""The tasks that a run's duration hung on: the chain that ends with its last task, each link what it waited for."""

from collections.abc import Iterable, Sequence

import msgspec

from headwater.client.records import RunRecord
from headwater.model.ids import TaskKey
from headwater.model.overviews import Seconds, TaskSpan

#: Tasks that are looked at; the path of a larger run is that of its last ones.
MOST_TASKS = 100_000
_PAGE = 10_000


class Link(msgspec.Struct, frozen=True):
    """One task of the path."""

    span: TaskSpan
    #: When the task before it on the path had ended; the run's start for the first one.
    freed_at: float
    #: When its first attempt started.
    started_at: float
    #: Now, for one that runs.
    ended_at: float
    #: All attempts together: what was measured in them, and how long they took from their order to their end.
    seconds: Seconds
    ran: float
    attempts: int


def read_spans(record: RunRecord) -> list[TaskSpan]:
    """Read the attempts of all tasks of a run, by label."""
    ledger, run = record.view.ledger, record.run
    spans: list[TaskSpan] = []
    after = 0
    while len(spans) < MOST_TASKS:
        page = ledger.task_spans(run, after_label=after, limit=_PAGE)
        if not page:
            break
        spans += page
        after = page[-1].label
    return spans


def find_path(record: RunRecord, spans: Sequence[TaskSpan], now: float) -> list[Link]:
    """Give the chain of tasks from the first one to that which ended last, or still runs.

    Of the tasks that one follows, the one that ended last is what it waited for.
    """
    if not spans:
        return []
    last = {span.key: span for span in spans}
    at: TaskSpan | None = max(last.values(), key=lambda span: (_end(span, now), span.label))
    chain: list[TaskSpan] = []
    while at is not None:
        chain.append(at)
        at = _waited_for(record, at, last, now)
    chain.reverse()
    attempts: dict[TaskKey, list[TaskSpan]] = {span.key: [] for span in chain}
    for span in spans:
        if span.key in attempts:
            attempts[span.key].append(span)
    freed = record.row.started_at
    links = []
    for span in chain:
        links.append(_link(span, attempts[span.key], freed, now))
        freed = links[-1].ended_at
    return links


def _waited_for(record: RunRecord, span: TaskSpan, last: dict[TaskKey, TaskSpan], now: float) -> TaskSpan | None:
    keys = [span.parent] if span.parent is not None else record.view.ledger.parents_of(record.run, span.key)
    before = [last[key] for key in keys if key in last and last[key].label < span.label]
    return max(before, key=lambda each: (_end(each, now), each.label), default=None)


def _link(span: TaskSpan, attempts: Sequence[TaskSpan], freed_at: float, now: float) -> Link:
    seconds = sum_of(each.seconds for each in attempts)
    ran = sum(max(0.0, _end(each, now) - each.started_at) for each in attempts)
    return Link(span, freed_at, attempts[0].started_at, _end(span, now), seconds, ran, len(attempts))


def sum_of(many: Iterable[Seconds]) -> Seconds:
    """Add up where the time of attempts went."""
    columns = zip(*map(msgspec.structs.astuple, many), strict=True)
    return Seconds(*map(sum, columns))


def _end(span: TaskSpan, now: float) -> float:
    if span.finished_at is not None:
        return span.finished_at
    return now if span.status == "running" else span.started_at
