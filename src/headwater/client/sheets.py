"""What a run, step, task or artifact shows of itself at a glance; loads no value."""

from collections.abc import Iterable

from headwater.client.display import Sheet, duration, listed, pairs, size
from headwater.client.records import RunRecord
from headwater.model.artifact import Header, Ref
from headwater.model.rows import ArtifactRow, RunRow, TaskQuery, TaskRow

_MOST_ROWS = 20


def flow_sheet(name: str, rows: Iterable[RunRow]) -> Sheet:
    """Show a flow by its newest runs."""
    table = tuple(
        (run.path, run.status, run.user, duration(_seconds(run)), listed(sorted(run.tags)), _metrics(run))
        for run in rows
    )
    return Sheet(f"Flow {name}", (), ("run", "status", "user", "duration", "tags", "metrics"), table)


def run_sheet(record: RunRecord) -> Sheet:
    """Show a run by its state, metrics and steps."""
    run = record.fresh()
    facts = pairs(
        [
            ("status", run.status),
            ("duration", duration(_seconds(run))),
            ("user", run.user),
            ("resumes", run.origin),
            ("deployment", None if run.launch is None else run.launch.target),
            ("waits for", listed(run.gates)),
            ("note", run.note),
            ("tags", listed(sorted(run.tags))),
            ("metrics", _metrics(run)),
            ("failed at", run.failed_key),
            ("cause", run.message),
        ]
    )
    steps = tuple(_step_line(record, name) for name in reversed(record.step_names()))
    return Sheet(f"Run {record.path}", facts, ("step", "tasks", "status", "duration"), steps)


def task_sheet(pathspec: str, row: TaskRow, artifacts: Iterable[ArtifactRow]) -> Sheet:
    """Show a task by its state, failure and artifacts."""
    seconds = None if row.finished_at is None else row.finished_at - row.started_at
    facts = pairs(
        [
            ("status", row.status),
            ("duration", duration(seconds)),
            ("attempt", row.attempt or None),
            ("reused from", row.origin),
            ("cause", row.cause if row.cause != "ok" else None),
            ("error", None if row.error is None else f"{row.error.type}: {row.error.message}"),
            ("peak memory", size(row.usage.peak_memory_bytes) if row.usage.peak_memory_bytes else None),
        ]
    )
    table = tuple((found.name, found.ref.type, size(found.ref.size), excerpt(found.header)) for found in artifacts)
    return Sheet(f"Task {pathspec}", facts, ("artifact", "type", "size", "preview"), table[:_MOST_ROWS])


def step_sheet(pathspec: str, record: RunRecord, step: str) -> Sheet:
    """Show a step by its first tasks."""
    rows = record.view.ledger.tasks(TaskQuery(record.run, step=step, limit=_MOST_ROWS)).rows
    table = tuple(
        (
            str(row.label),
            row.key,
            row.status,
            duration(None if row.finished_at is None else row.finished_at - row.started_at),
        )
        for row in rows
    )
    return Sheet(f"Step {pathspec}", (), ("task", "key", "status", "duration"), table)


def artifact_sheet(pathspec: str, ref: Ref, header: Header) -> Sheet:
    """Show an artifact by what was noted of it when it was saved."""
    facts = pairs(
        [
            ("type", ref.type),
            ("size", size(ref.size)),
            ("shape", " × ".join(map(str, header.shape)) if header.shape is not None else None),
            ("dtype", header.dtype),
            ("columns", listed([f"{name} {kind}" for name, kind in header.schema])),
            ("preview", excerpt(header)),
            ("sha", ref.digest),
        ]
    )
    return Sheet(f"Artifact {pathspec}", facts)


def excerpt(header: Header | None) -> str:
    """Give a preview as a line of text; empty when there is none or it is a picture."""
    if header is None or header.preview is None or header.kind == "image":
        return ""
    return header.preview if isinstance(header.preview, str) else repr(header.preview)


def _step_line(record: RunRecord, step: str) -> tuple[str, str, str, str]:
    page = record.view.ledger.tasks(TaskQuery(record.run, step=step))
    more = "+" if page.cursor is not None else ""
    counts: dict[str, int] = {}
    for row in page.rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    ends = [row.finished_at for row in page.rows]
    first = min(row.started_at for row in page.rows)
    took = max(end for end in ends if end is not None) - first if None not in ends else None
    status = next(iter(counts)) if len(counts) == 1 else listed([f"{count} {name}" for name, count in counts.items()])
    return step, f"{len(page.rows)}{more}", status, duration(took)


def _seconds(run: RunRow) -> float | None:
    return None if run.finished_at is None else run.finished_at - run.started_at


def _metrics(run: RunRow) -> str:
    return listed([f"{name} {value}" for name, value in run.metrics.items()])
