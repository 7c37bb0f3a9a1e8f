"""When the attempts of a run's tasks waited and ran, for ten thousand of them in a few answers."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from headwater.model.ids import TaskKey
from headwater.model.overviews import Seconds, TaskSpan
from headwater.model.rows import TaskStatus
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import Label, RunPath, find_run, project_of_run


class TimelineQuery(msgspec.Struct, frozen=True):
    """Which part of a timeline."""

    #: How many tasks; each has a span an attempt.
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 2500
    #: Label of the last task of the part before.
    cursor: Label | None = None


class Spans(msgspec.Struct, frozen=True):
    """Columns of equal length, one row an attempt; times in seconds since the run's start."""

    label: tuple[int, ...]
    #: Place in `steps`.
    step: tuple[int, ...]
    #: Place in `statuses`.
    status: tuple[int, ...]
    attempt: tuple[int, ...]
    #: When it became ready: it waited from then to its start. None when that is not known.
    ready: tuple[float | None, ...]
    start: tuple[float, ...]
    #: None while it runs.
    end: tuple[float | None, ...]
    #: Where its time went, in this order: queue, environment, importing, input_load, compute, save.
    seconds: tuple[tuple[float, ...], ...]
    #: The indices of the foreachs that it is inside of are in the key.
    key: tuple[TaskKey, ...]
    is_reused: tuple[bool, ...]


class Timeline(msgspec.Struct, frozen=True):
    """A part of a run's timeline."""

    started_at: float
    finished_at: float | None
    #: Names of the steps in the order written.
    steps: tuple[str, ...]
    statuses: tuple[TaskStatus, ...]
    spans: Spans
    #: Label behind which the next part begins; None at the end.
    cursor: int | None = None


def show_timeline(asked: Asked, at: RunPath, query: TimelineQuery) -> Timeline:
    """Show when the attempts of tasks waited and ran, in columns."""
    record = find_run(asked, at)
    row = record.row
    steps = tuple(record.started.graph.steps)
    found = asked.ledger.task_spans(row.run, after_label=query.cursor or 0, limit=query.limit)
    statuses = tuple(dict.fromkeys(span.status for span in found))
    spans = _columns(found, {name: place for place, name in enumerate(steps)}, statuses, row.started_at)
    is_full = bool(found) and len({span.label for span in found}) == query.limit
    return Timeline(row.started_at, row.finished_at, steps, statuses, spans, found[-1].label if is_full else None)


def _columns(
    spans: Sequence[TaskSpan], place_by_step: dict[str, int], statuses: Sequence[TaskStatus], zero: float
) -> Spans:
    place_by_status = {status: place for place, status in enumerate(statuses)}
    return Spans(
        tuple(span.label for span in spans),
        tuple(place_by_step.get(span.step, -1) for span in spans),
        tuple(place_by_status[span.status] for span in spans),
        tuple(span.attempt for span in spans),
        tuple(round(span.ready_at - zero, 3) if span.ready_at else None for span in spans),
        tuple(round(span.started_at - zero, 3) for span in spans),
        tuple(None if span.finished_at is None else round(span.finished_at - zero, 3) for span in spans),
        tuple(_rounded(span.seconds) for span in spans),
        tuple(span.key for span in spans),
        tuple(span.is_reused for span in spans),
    )


def _rounded(seconds: Seconds) -> tuple[float, ...]:
    return tuple(round(part, 3) for part in msgspec.structs.astuple(seconds))


ROUTES = (Route("GET", "/runs/{flow}/{label}/timeline", show_timeline, needs="viewer", of=project_of_run),)
