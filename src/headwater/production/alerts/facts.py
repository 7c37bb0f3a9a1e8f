"""Reads what an alert tells of a failed run."""

import os

from headwater.client.display import printable
from headwater.client.logs import attempt_file
from headwater.client.records import RunRecord
from headwater.client.session import View
from headwater.deployments.stored import find_deployment
from headwater.model.errors import NotFound
from headwater.model.launch import Launch
from headwater.model.outcome import FrameRecord, TaskError
from headwater.model.rows import RunRow, TaskRow
from headwater.production.alerts.causes import failure_cause, short_type
from headwater.production.alerts.changes import Changes, changes_since
from headwater.production.alerts.rules import retries_before
from headwater.production.alerts.text import Change, FailureFacts, moment
from headwater.store.lines import join_records, read_records

#: Lines of the log that are shown, and how far from its end they are looked for.
_LOG_LINES = 12
_LOG_BYTES = 64 * 1024


def read_failure(view: View, row: RunRow, launch: Launch, good: RunRow | None) -> FailureFacts:
    """Read what is told of a run of a deployment that failed."""
    record = RunRecord(view, row.flow, row.label, row)
    task = _failed_task(record)
    error = None if task is None else task.error
    frame = None if error is None else next((one for one in reversed(error.frames) if one.is_user), None)
    before = None if good is None else RunRecord(view, good.flow, good.label, good)
    changes = Changes() if before is None else changes_since(before, record, task)
    return FailureFacts(
        target=launch.target,
        run=row.path,
        number=launch.number,
        at=row.finished_at or row.started_at,
        seconds=max(0.0, (row.finished_at or row.started_at) - row.started_at),
        logical_date=launch.logical_date,
        error=_error_line(row, task),
        step="" if task is None else task.step,
        task="" if task is None else f"{row.path}/{task.step}/{task.label}",
        attempt=0 if task is None else task.attempt,
        place=_place(record, task, frame),
        function="" if frame is None else frame.function,
        line="" if frame is None else frame.text,
        hint="" if error is None else error.hint,
        others=max(0, row.task_counts.get("failed", 0) - 1),
        log=() if task is None else last_lines(_log_file(record, task), _LOG_LINES, error),
        good=None if good is None else good.path,
        good_number=good.launch.number if good is not None and good.launch is not None else 0,
        changes=(*_other_deployment(view, launch, good), *changes.found),
        unknown=changes.unknown,
        retries=retries_before(launch.idempotency_key),
    )


def cause_of_failure(view: View, row: RunRow, target: str, good: RunRow | None) -> str:
    """Name the cause of a failure: step, class of the error, line."""
    record = RunRecord(view, row.flow, row.label, row)
    task = _failed_task(record)
    error = None if task is None else task.error
    frame = None if error is None else next((one for one in reversed(error.frames) if one.is_user), None)
    what = short_type(error) or row.cause or ""
    return failure_cause(target, good, "" if task is None else task.step, what, _place(record, task, frame))


def last_lines(path: str, count: int, error: TaskError | None = None) -> tuple[str, ...]:
    """Give the last lines that an attempt wrote before its error's traceback; reads only the end of a long file."""
    try:
        size = os.stat(path).st_size
    except FileNotFoundError:
        return ()
    begin = max(0, size - _LOG_BYTES)
    lines = [line.text for line in join_records(read_records(path, begin)) if line.text.strip()]
    if begin:
        del lines[0]  # the reading began in the middle of it
    traceback = [] if error is None else [line for line in error.traceback.splitlines() if line.strip()]
    while traceback and lines and lines[-1].rstrip() == traceback[-1].rstrip():
        lines.pop()
        traceback.pop()
    return tuple(lines[-count:])


def _other_deployment(view: View, launch: Launch, good: RunRow | None) -> list[Change]:
    """Tell who deployed what failed, when the last good run was of another deployment."""
    if good is None or good.launch is None or good.launch.deployment == launch.deployment:
        return []
    try:
        deployed = find_deployment(view.ledger, launch.target.partition("@")[0], launch.number)
        note = f": {deployed.note}" if deployed.note else ""
        said = f", made {moment(deployed.at)} by {deployed.user}{note}"
    except NotFound:
        said = ", which was deleted"
    return [Change("deployment", printable(f"{good.launch.number} -> {launch.number}{said}"))]


def _failed_task(record: RunRecord) -> TaskRow | None:
    key = record.row.failed_key
    return None if key is None else record.tasks_by_key([key]).get(key)


def _log_file(record: RunRecord, task: TaskRow) -> str:
    return attempt_file(record.view.home_path, record.run, task.label, task.attempt, "log")


def _error_line(row: RunRow, task: TaskRow | None) -> str:
    """One line: the error's class and what it says, or how else it ended."""
    error = None if task is None else task.error
    if error is None:
        first = row.message.strip().partition("\n")[0]
        return first or (row.cause or "it failed").replace("_", " ")
    message = error.message.strip().partition("\n")[0]
    name = short_type(error)
    return f"{name}: {message}" if name and message else name or message or (row.cause or "").replace("_", " ")


def _place(record: RunRecord, task: TaskRow | None, frame: FrameRecord | None) -> str:
    """`churn.py:41`: the user's line, else that of the step; empty when no step is to blame."""
    if frame is not None:
        return f"{_project_path(record, frame.file)}:{frame.line}"
    step = None if task is None else record.started.graph.steps.get(task.step)
    return "" if step is None else f"{step.file}:{step.line}"


def _project_path(record: RunRecord, file: str) -> str:
    """Give a file's path below the project: a deployment's package lies elsewhere than the project did."""
    source = record.started.code
    within = os.path.relpath(file, source.root) if file.startswith(source.root + os.sep) else ""
    marker = f"{os.sep}packages{os.sep}{source.tree}{os.sep}"
    if not within and marker in file:
        within = file.partition(marker)[2]
    return within or os.path.basename(file)
