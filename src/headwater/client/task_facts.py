"""What is known of one task: state, times, failure, cost, logs."""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from headwater.client.display import Sheet
from headwater.client.lineage import really_ran
from headwater.client.logs import attempt_file, fresh, read_text
from headwater.client.metric_points import MetricPoints
from headwater.client.named import Named, local_time
from headwater.client.packages import packages_of_step
from headwater.client.records import PARAMETERS_STEP, RunRecord, is_task_over
from headwater.client.sheets import task_sheet
from headwater.client.siblings import Siblings, is_shown
from headwater.model.caught import CaughtException
from headwater.model.errors import NotFound
from headwater.model.ids import TaskKey, parse_task_key
from headwater.model.outcome import ExitCause, TaskError, Usage
from headwater.model.ports import LogLine
from headwater.model.rows import AttemptRow, RunRow, TaskRow, TaskStatus
from headwater.store.lines import count_bytes, read_lines


class Metadatum(msgspec.Struct, frozen=True):
    """One fact that was recorded of an attempt."""

    name: str
    value: str
    type: str
    created_at: datetime
    #: Path of the task.
    task: str


class TaskFacts(Named):
    """A task, without the way to its artifacts and neighbours."""

    _record: RunRecord
    _step: str
    _label: int
    _attempt: int | None
    _row: TaskRow | None
    _siblings: Siblings | None

    def _bind(
        self,
        record: RunRecord,
        step: str,
        label: int,
        row: TaskRow | None = None,
        siblings: Siblings | None = None,
        attempt: int | None = None,
    ) -> None:
        self._record = record
        self._view = record.view
        self._step = step
        self._label = label
        self._attempt = attempt
        self._row = row
        self._siblings = siblings
        self.pathspec = f"{record.flow}/{record.label}/{step}/{label}"

    @property
    def status(self) -> TaskStatus:
        """running, retrying, succeeded, caught, failed, cancelled or lost, as it is now."""
        return self._seen().status

    @property
    def successful(self) -> bool:
        """It succeeded; what `@catch` let pass did not."""
        return self.status == "succeeded"

    @property
    def finished(self) -> bool:
        """It is over, whichever way; also when `@catch` let its failure pass."""
        return self._attempt_over() if self._attempt is not None else is_task_over(self._now())

    @property
    def exception(self) -> CaughtException | None:
        """The failure of its latest attempt, also when `@catch` let it pass; None when it did not fail."""
        error = self.error
        return None if error is None else CaughtException(error.message, error.type, error.traceback)

    @property
    def error(self) -> TaskError | None:
        """The failure with its frames, their local variables and a hint; None when it did not fail."""
        return self._seen().error

    @property
    def cause(self) -> ExitCause | None:
        """How the latest attempt ended: ok, exception, signal, timeout, ...; None while it has not."""
        return self._seen().cause

    @property
    def usage(self) -> Usage:
        """Processor time, peak memory, and where the seconds of its latest attempt went; if reused, when it ran."""
        ran = None if self.origin_pathspec is None else really_ran(self._record, self._known())
        return self._seen().usage if ran is None else ran[1].usage

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, in local time; None while it has not."""
        at = self._seen().finished_at
        return None if at is None else local_time(at)

    @property
    def created_at(self) -> datetime:
        """When it started, in local time."""
        return local_time(self._seen().started_at)

    @property
    def duration_seconds(self) -> float | None:
        """From start to end; None while it has not ended."""
        row = self._seen()
        return None if row.finished_at is None else row.finished_at - row.started_at

    @property
    def current_attempt(self) -> int:
        """Its latest attempt, from 0, or the one that it was made for."""
        return self._now().attempt if self._attempt is None else self._attempt

    @property
    def attempts(self) -> list[AttemptRow]:
        """All attempts, first to last; none of the pseudo task of the parameters."""
        return self._attempts(self._record, self.key)

    @property
    def key(self) -> TaskKey:
        """Where in the run it stands: `score/start.17` is item 17 of the foreach that `start` opened."""
        return self._known().key

    @property
    def index(self) -> int | None:
        """Its item's index in the innermost foreach; None outside of any."""
        frames = parse_task_key(self.key).frames
        return frames[-1].index if frames else None

    @property
    def origin_pathspec(self) -> str | None:
        """The task of another run that stands in for it; None when it ran itself."""
        return self._known().origin

    @property
    def runtime_name(self) -> str:
        """The engine that ran it."""
        names = [tag.removeprefix("runtime:") for tag in self.system_tags if tag.startswith("runtime:")]
        return names[0] if names else "local"

    @property
    def environment_info(self) -> dict[str, str]:
        """Packages that it ran with, name -> version, and `python`: those of its environment, when it has one."""
        return packages_of_step(self._record, self._step)

    @property
    def metadata(self) -> list[Metadatum]:
        """What was recorded of all attempts, first to last, and where a resumed run took it from."""
        facts = [*self._recorded(), *self._origins()]
        return [Metadatum(name, value, name, local_time(at), self.pathspec) for name, value, at in facts]

    @property
    def metadata_dict(self) -> dict[str, str]:
        """The latest value of each name in `metadata`."""
        return {datum.name: datum.value for datum in self.metadata}

    @property
    def stdout(self) -> str:
        """What its latest attempt wrote to standard output."""
        return read_text(self._log(None), "stdout")

    @property
    def stderr(self) -> str:
        """What its latest attempt wrote to standard error."""
        return read_text(self._log(None), "stderr")

    @property
    def stdout_size(self) -> int:
        """Bytes of `stdout`."""
        return count_bytes(self._log(None), "stdout")

    @property
    def stderr_size(self) -> int:
        """Bytes of `stderr`."""
        return count_bytes(self._log(None), "stderr")

    def loglines(
        self, stream: str, as_unicode: bool = True, attempt: int | None = None
    ) -> Iterator[tuple[datetime, str | bytes]]:
        """Yield (local time, line without its end) of `stdout` or `stderr`, by default of the latest attempt."""
        for line in read_lines(self._log(attempt), stream=stream):
            yield local_time(line.at), line.text if as_unicode else line.text.encode()

    def lines(self, attempt: int | None = None) -> Iterator[LogLine]:
        """Yield the lines of both streams in the order in which they came; a reused task's from where it ran."""
        return read_lines(self._log(attempt))

    def points(self, name: str | None = None, attempt: int | None = None) -> MetricPoints:
        """Give what it logged with `current.metrics.log`, by default in the latest attempt; None = all metrics."""
        return MetricPoints([(f"{self._step}/{self.id}", self._file(attempt, "points"))], name)

    def _log(self, attempt: int | None) -> str:
        return self._file(attempt, "log")

    def _file(self, attempt: int | None, suffix: str) -> str:
        ran = really_ran(self._record, self._known())
        if ran is None:
            return ""
        record, row = ran
        number = attempt if attempt is not None else self._attempt
        number = row.attempt if number is None else number
        return fresh(attempt_file(self._view.home_path, record.run, row.label, number, suffix))

    def _attempts(self, record: RunRecord, key: TaskKey) -> list[AttemptRow]:
        return [] if key == PARAMETERS_STEP else self._view.ledger.attempts(record.run, key)

    def _recorded(self) -> Iterator[tuple[str, str, float]]:
        """Yield name, value and time of what is known of each attempt, where it really ran."""
        record, row = really_ran(self._record, self._known()) or (self._record, self._known())
        for attempt in self._attempts(record, row.key):
            yield "attempt", str(attempt.attempt), attempt.started_at
            if attempt.usage.host:
                yield "host", attempt.usage.host, attempt.started_at
            if attempt.finished_at is not None:
                yield "attempt-done", str(attempt.attempt), attempt.finished_at
                yield "attempt_ok", str(attempt.status == "succeeded"), attempt.finished_at
            if attempt.cause is not None:
                yield "exit-cause", attempt.cause, attempt.finished_at or attempt.started_at

    def _origins(self) -> Iterator[tuple[str, str, float]]:
        """Yield the run that its run resumes, and the task of it that stands in for this one."""
        run_origin = self._record.row.origin
        if self.origin_pathspec is not None:
            _, run, _, task = self.origin_pathspec.split("/")
            yield "origin-run-id", run, self._known().started_at
            yield "origin-task-id", task, self._known().started_at
        elif run_origin is not None:
            yield "origin-run-id", run_origin.rpartition("/")[2], self._known().started_at

    def _known(self) -> TaskRow:
        """The task as it was read last; for what never changes."""
        if self._row is None:
            self._row = self._record.find_task(self._step, self._label)
        return self._row

    def _now(self) -> TaskRow:
        """The task as it is now; what is over is not read again."""
        if self._row is None or not is_task_over(self._row):
            self._row = self._record.find_task(self._step, self._label)
        return self._row

    def _seen(self) -> TaskRow | AttemptRow:
        """The attempt that the object was made for, or the task as its latest attempt left it."""
        if self._attempt is None:
            return self._now()
        rows = self.attempts
        if self._attempt >= len(rows):
            raise NotFound(f"{self.pathspec} has no attempt {self._attempt}", hint=f"it has {len(rows)}, from 0")
        return rows[self._attempt]

    def _attempt_over(self) -> bool:
        return self._seen().finished_at is not None

    def _shared(self) -> Siblings:
        if self._siblings is None:
            self._siblings = Siblings(self._record, (self._known(),))
        return self._siblings

    def _sheet(self) -> Sheet:
        visible = self._shared().visible(self.key)
        return task_sheet(self.pathspec, self._now(), [visible[name] for name in sorted(visible) if is_shown(name)])

    def _tagged(self) -> list[RunRow]:
        return [self._record.fresh()]
