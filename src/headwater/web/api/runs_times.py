"""Where the time of a run went: the path that its duration hung on, and the blame of each kind of work."""

from collections.abc import Iterable, Sequence

import msgspec

from headwater.client.records import RunRecord
from headwater.model.ids import TaskKey
from headwater.model.overviews import Seconds, TaskSpan
from headwater.model.rows import TaskStatus
from headwater.web.asked import Asked
from headwater.web.routes import Route
from headwater.web.run_paths import RunPath, find_run, project_of_run
from headwater.web.views.critical_path import MOST_TASKS, Link, find_path, read_spans, sum_of

_FAILED = frozenset(("failed", "retrying", "caught", "lost"))
_DONE = frozenset(("succeeded", "caught"))
#: Links of the path that are listed: the longest; loops can have thousands.
_MOST_LINKS = 500


class PathLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """One task of the critical path; times in seconds."""

    #: `Churn/17/train/4`.
    path: str
    step: str
    label: int
    key: TaskKey
    status: TaskStatus
    #: Seconds since the run's start.
    start: float
    end: float
    #: From the end of the task before it to its start: queueing, gates, pauses before retries.
    waiting: float
    running: float
    attempts: int = 1
    seconds: Seconds = Seconds()


class CriticalPath(msgspec.Struct, frozen=True):
    """The tasks that the run's duration hung on, first to last."""

    links: tuple[PathLink, ...]
    #: Seconds from the run's start to the end of the path.
    total: float
    waiting: float
    running: float
    #: Share of `total` by step.
    share_by_step: dict[str, float]
    #: Shorter links were left out, or the run has more tasks than are looked at.
    is_cut: bool


class StepBlame(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the time of a step went; sums over its tasks."""

    step: str
    tasks: int
    #: Tasks that took more than one attempt, and attempts that were in vain.
    retried: int
    failed_attempts: int
    seconds: Seconds
    #: Seconds that its tasks took from start to end.
    total: float
    #: Of one task: shortest, middle, nine in ten, longest; None while none has ended.
    shortest: float | None = None
    median: float | None = None
    most: float | None = None
    longest: float | None = None
    #: Label of the one that took longest.
    longest_label: int | None = None


class Blame(msgspec.Struct, frozen=True):
    """What a run's time is to be blamed on."""

    #: From its start to its end, or now.
    duration: float
    #: Of the critical path: where the duration went. `starting` is what its attempts took beyond what was measured in
    #: them: a process that starts, and imports the flow, where none was warm. `other` is what is left: waiting for
    #: slots and gates, pauses before retries.
    path: Seconds
    starting: float
    other: float
    #: Sums over all tasks.
    tasks: Seconds
    steps: tuple[StepBlame, ...]
    is_cut: bool


def show_critical_path(asked: Asked, at: RunPath) -> CriticalPath:
    """Show the tasks that a run's duration hung on."""
    record = find_run(asked, at)
    return asked.kept.of(record.row, CriticalPath, lambda: _critical_path(record, asked.now))


def show_blame(asked: Asked, at: RunPath) -> Blame:
    """Show what a run's time is to be blamed on: queue, environment, import, input load, compute, save."""
    record = find_run(asked, at)
    return asked.kept.of(record.row, Blame, lambda: _blame(record, asked.now))


def _critical_path(record: RunRecord, now: float) -> CriticalPath:
    spans = read_spans(record)
    links = find_path(record, spans, now)
    zero = record.row.started_at
    told = [_path_link(record.path, link, zero) for link in links]
    total = max(0.0, links[-1].ended_at - zero) if links else 0.0
    shares: dict[str, float] = {}
    for each in told:
        shares[each.step] = shares.get(each.step, 0.0) + (each.waiting + each.running) / (total or 1.0)
    kept = told
    if len(told) > _MOST_LINKS:
        longest = sorted(told, key=lambda each: each.waiting + each.running, reverse=True)[:_MOST_LINKS]
        kept = sorted(longest, key=lambda each: each.label)
    return CriticalPath(
        tuple(kept),
        total,
        sum(each.waiting for each in told),
        sum(each.running for each in told),
        shares,
        is_cut=len(kept) < len(told) or len(spans) >= MOST_TASKS,
    )


def _blame(record: RunRecord, now: float) -> Blame:
    row = record.row
    spans = read_spans(record)
    duration = max(0.0, (row.finished_at or now) - row.started_at)
    links = find_path(record, spans, now)
    path = sum_of(link.seconds for link in links)
    starting = sum(max(0.0, link.ran - _measured(link.seconds)) for link in links)
    in_order: dict[str, list[TaskSpan]] = {name: [] for name in record.started.graph.steps}
    steps = in_order | _by_step(spans)
    told = tuple(_step_blame(name, many) for name, many in steps.items() if many)
    return Blame(
        duration,
        path,
        starting,
        max(0.0, duration - starting - sum(msgspec.structs.astuple(path))),
        sum_of(step.seconds for step in told),
        told,
        is_cut=len(spans) >= MOST_TASKS,
    )


def _measured(seconds: Seconds) -> float:
    """Add up what was measured inside of attempts: they queue before they are ordered."""
    return float(sum(msgspec.structs.astuple(seconds))) - seconds.queue


def _path_link(run_path: str, link: Link, zero: float) -> PathLink:
    span = link.span
    return PathLink(
        f"{run_path}/{span.step}/{span.label}",
        span.step,
        span.label,
        span.key,
        span.status,
        link.started_at - zero,
        link.ended_at - zero,
        max(0.0, link.started_at - link.freed_at),
        max(0.0, link.ended_at - max(link.started_at, link.freed_at)),
        link.attempts,
        link.seconds,
    )


def _by_step(spans: Iterable[TaskSpan]) -> dict[str, list[TaskSpan]]:
    steps: dict[str, list[TaskSpan]] = {}
    for span in spans:
        steps.setdefault(span.step, []).append(span)
    return steps


def _step_blame(name: str, spans: Sequence[TaskSpan]) -> StepBlame:
    took: list[tuple[float, int]] = []
    total = 0.0
    failed = 0
    for span in spans:
        status = span.status
        failed += status in _FAILED
        if span.finished_at is not None:
            seconds = max(0.0, span.finished_at - span.started_at)
            total += seconds
            if status in _DONE and not span.is_reused:
                took.append((seconds, span.label))
    took.sort()
    retried = {span.label for span in spans if span.attempt > 0}
    labels = {span.label for span in spans}
    about = StepBlame(name, len(labels), len(retried), failed, sum_of(span.seconds for span in spans), total)
    if not took:
        return about
    return msgspec.structs.replace(
        about,
        shortest=took[0][0],
        median=took[len(took) // 2][0],
        most=took[min(len(took) - 1, len(took) * 9 // 10)][0],
        longest=took[-1][0],
        longest_label=took[-1][1],
    )


_RUN = "/runs/{flow}/{label}"
ROUTES = (
    Route("GET", f"{_RUN}/critical-path", show_critical_path, needs="viewer", of=project_of_run),
    Route("GET", f"{_RUN}/blame", show_blame, needs="viewer", of=project_of_run),
)
