"""The log files that a path names, and their records merged by time or followed while they grow."""

import heapq
from collections.abc import Iterator, Sequence

import msgspec

from headwater.client.lineage import really_ran
from headwater.client.logs import attempt_file, fresh
from headwater.client.records import PARAMETERS_STEP, RunRecord
from headwater.model.errors import NotFound
from headwater.model.events import Event, TaskFailed, TaskReused, TaskStarted, TaskSucceeded
from headwater.model.ids import TaskKey
from headwater.model.rows import TaskQuery, TaskRow
from headwater.store.lines import LogRecord, read_records

#: Sleep between two looks at files that grow.
_LOOK_SECONDS = 0.1
#: Bytes taken of one file before the others get their turn.
_TURN_BYTES = 1 << 20


class Wanted(msgspec.Struct, frozen=True):
    """Which logs."""

    record: RunRecord
    #: None = all steps.
    step: str | None = None
    #: None = all tasks of the step.
    label: int | None = None
    #: None = the latest.
    attempt: int | None = None


class LogFile(msgspec.Struct, frozen=True):
    """The log of one attempt; there is no file until it has written a line."""

    #: `train/4`, as in the run that was asked for.
    task: str
    attempt: int
    file: str
    #: No record is older.
    begins_at: float


def find_logs(wanted: Wanted) -> list[LogFile]:
    """Give the logs of what is wanted, the one that begins first first; a reused task's from where it ran.

    Raises:
        NotFound: no such step, task or attempt.
    """
    record = wanted.record
    if wanted.label is not None and wanted.step is not None:
        row = record.find_task(wanted.step, wanted.label)
        found = _log_of(record, row, wanted.attempt)
        if found is None:
            raise NotFound(
                f"{record.path}/{row.step}/{row.label} has no attempt {wanted.attempt}",
                hint=f"its latest is {row.attempt}, the first is 0",
            )
        return [found]
    if wanted.step is not None and wanted.step != PARAMETERS_STEP and not record.has_step(wanted.step):
        raise record.no_step(wanted.step)
    pages = record.tasks(TaskQuery(record.run, step=wanted.step))
    logs = [_log_of(record, row, wanted.attempt) for rows in pages for row in rows]
    return sorted((log for log in logs if log is not None), key=lambda log: log.begins_at)


def merge(logs: Sequence[LogFile]) -> Iterator[tuple[LogFile, LogRecord]]:
    """Yield the records of logs by time; a file is open only while its records are due, one record of each is held."""
    coming = iter(logs)
    upcoming = next(coming, None)
    due: list[tuple[float, int, LogRecord, LogFile, Iterator[LogRecord]]] = []
    number = 0
    while due or upcoming is not None:
        while upcoming is not None and (not due or upcoming.begins_at <= due[0][0]):
            records = read_records(fresh(upcoming.file))
            first = next(records, None)
            if first is not None:
                number += 1
                heapq.heappush(due, (first.at, number, first, upcoming, records))
            upcoming = next(coming, None)
        if not due:
            continue
        at, place, record, log, records = due[0]
        yield log, record
        following = next(records, None)
        if following is None:
            heapq.heappop(due)
        else:  # a clock that went back must not change the order within a file
            heapq.heapreplace(due, (max(at, following.at), place, following, log, records))


def follow(wanted: Wanted) -> Iterator[tuple[LogFile, LogRecord] | None]:
    """Yield records as they are written, until nobody drives the run any more; None when all there is was given."""
    record = wanted.record
    ledger = record.view.ledger
    growing: dict[tuple[TaskKey, int], _Growing] = {}
    seen = 0
    while True:
        # Asked before the files are read: what comes after the answer is read in the next turn.
        is_driven = record.fresh().status == "running"
        for number, event in ledger.events(record.run, seen):
            seen = number
            _note(wanted, growing, event)
        found = [(log.file, entry) for log in growing.values() for entry in log.take()]
        yield from sorted(found, key=lambda pair: pair[1].at)
        for key in [key for key, log in growing.items() if log.is_ended and not log.gave]:
            del growing[key]
        if not found:
            yield None
            if not is_driven:
                return
            ledger.wait(_LOOK_SECONDS)


class _Growing:
    """A log that may still grow."""

    def __init__(self, file: LogFile) -> None:
        self.file = file
        self.is_ended = False
        #: Whether the last turn gave something.
        self.gave = False
        self._offset = 0

    def take(self) -> list[LogRecord]:
        """Give what has been written since the last turn, or a part of it when it is much."""
        taken: list[LogRecord] = []
        size = 0
        for record in read_records(fresh(self.file.file), self._offset):
            taken.append(record)
            size += len(record.content)
            self._offset = record.next_offset
            if size > _TURN_BYTES:
                break
        self.gave = bool(taken)
        return taken


def _note(wanted: Wanted, growing: dict[tuple[TaskKey, int], _Growing], event: Event) -> None:
    """Watch the logs of attempts that began, and note which of them ended."""
    record = wanted.record
    match event:
        case TaskStarted() | TaskReused():
            attempt = event.attempt if isinstance(event, TaskStarted) else 0
            is_wanted = wanted.step in (None, event.step) and wanted.label in (None, event.label)
            if not is_wanted or (isinstance(event, TaskStarted) and wanted.attempt not in (None, attempt)):
                return
            row = TaskRow(record.run, event.key, event.step, event.label, attempt, "running", event.at)
            if isinstance(event, TaskReused):
                row = msgspec.structs.replace(row, origin=event.origin)
            log = _log_of(record, row, wanted.attempt)
            if log is not None:
                growing[event.key, attempt] = _Growing(log)
                growing[event.key, attempt].is_ended = isinstance(event, TaskReused)
        case TaskSucceeded() | TaskFailed():
            if (event.key, event.attempt) in growing:
                growing[event.key, event.attempt].is_ended = True
        case _:
            pass


def _log_of(record: RunRecord, row: TaskRow, attempt: int | None) -> LogFile | None:
    """Give the log of a task's attempt; None when it has no such attempt, or ran in a run that is gone."""
    if row.step == PARAMETERS_STEP:
        return None
    ran = really_ran(record, row)
    if ran is None or (attempt is not None and attempt > ran[1].attempt):
        return None
    where, executed = ran
    number = executed.attempt if attempt is None else attempt
    file = attempt_file(record.view.home_path, where.run, executed.label, number, "log")
    # An earlier attempt may have begun before the row's last start.
    begins_at = executed.started_at if attempt is None else 0.0
    return LogFile(f"{row.step}/{row.label}", number, file, begins_at)
