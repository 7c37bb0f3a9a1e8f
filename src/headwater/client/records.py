"""Rows of the ledger as client objects hold them: read late, once, and again while they may still change."""

from collections.abc import Iterator, Sequence

import msgspec

from headwater.client.session import View
from headwater.model.errors import InternalError, NotFound
from headwater.model.events import RunStarted
from headwater.model.ids import RunId, TaskKey
from headwater.model.nearest import did_you_mean, nearest
from headwater.model.ports import Ledger
from headwater.model.rows import RunRow, TaskQuery, TaskRow

#: Step by which parameters and constants are reached as if a task had set them.
PARAMETERS_STEP = "_parameters"

_OVER = frozenset({"succeeded", "failed", "cancelled"})
_TASK_OVER = frozenset({"succeeded", "caught", "failed", "cancelled"})
#: Step by which parameters and constants are reached as if a task had set them.
PARAMETERS_STEP = "_parameters"
#: Keys asked for at once, well below the number of variables that SQLite takes.
_KEYS = 500


class RunRecord:
    """One run; pickles as its name and what it is seen through."""

    __slots__ = ("_row", "_started", "flow", "label", "view")

    def __init__(self, view: View, flow: str, label: int, row: RunRow | None = None) -> None:
        self.view = view
        self.flow = flow
        self.label = label
        self._row = row
        self._started: RunStarted | None = None

    @property
    def path(self) -> str:
        return f"{self.flow}/{self.label}"

    @property
    def run(self) -> RunId:
        """The run's ULID."""
        return (self._row or self.fresh()).run

    @property
    def row(self) -> RunRow:
        """The run as it is now; what is over is not read again."""
        if self._row is not None and self._row.status in _OVER:
            return self._row
        return self.fresh()

    def fresh(self) -> RunRow:
        """Read the run again: tags and notes change even after its end.

        Raises:
            NotFound: no such run.
        """
        self._row = self.view.ledger.find_run(self.flow, self.label)
        return self._row

    @property
    def started(self) -> RunStarted:
        """The run's first event: graph, code, environment and command."""
        if self._started is None:
            first = next(iter(self.view.ledger.events(self.run)), None)
            if first is None or not isinstance(first[1], RunStarted):
                raise InternalError(f"the events of {self.path} do not begin with its start: {first!r}")
            self._started = first[1]
        return self._started

    def tasks(self, query: TaskQuery) -> Iterator[tuple[TaskRow, ...]]:
        """Yield pages of the run's tasks."""
        while True:
            page = self.view.ledger.tasks(query)
            if page.rows:
                yield page.rows
            if page.cursor is None:
                return
            query = msgspec.structs.replace(query, cursor=page.cursor)

    def tasks_by_key(self, keys: Sequence[TaskKey]) -> dict[TaskKey, TaskRow]:
        """Read tasks by their keys; those that do not exist are left out."""
        found: dict[TaskKey, TaskRow] = {}
        for start in range(0, len(keys), _KEYS):
            some = tuple(keys[start : start + _KEYS])
            for rows in self.tasks(TaskQuery(self.run, keys=some, limit=_KEYS)):
                found.update({row.key: row for row in rows})
        return found

    def find_task(self, step: str, label: int) -> TaskRow:
        """Find `train/4`.

        Raises:
            NotFound: no such task; `choices` holds some that exist.
        """
        if step == PARAMETERS_STEP and not label:
            return _parameters_row(self.row)
        rows = self.view.ledger.tasks(TaskQuery(self.run, step=step, label=label, limit=1)).rows
        if rows:
            return rows[0]
        others = self.view.ledger.tasks(TaskQuery(self.run, step=step, limit=20)).rows
        if not others:
            raise self.no_step(step)
        labels = [str(row.label) for row in others]
        raise NotFound(
            f"step `{step}` of {self.path} has no task {label}",
            choices=[f"{self.path}/{step}/{found}" for found in labels],
            hint=did_you_mean(str(label), labels, what="Its tasks"),
        )

    def step_names(self) -> list[str]:
        """Steps that have tasks, the one that began last first."""
        ledger, run = self.view.ledger, self.run
        firsts = [ledger.tasks(TaskQuery(run, step=step, limit=1)).rows for step in self.started.graph.steps]
        begun = sorted((rows[0] for rows in firsts if rows), key=lambda row: -row.label)
        return [row.step for row in begun]

    def has_step(self, step: str) -> bool:
        """Tell whether a step has a task."""
        return bool(self.view.ledger.tasks(TaskQuery(self.run, step=step, limit=1)).rows)

    def no_step(self, step: str) -> NotFound:
        """Say that a step has no task in this run."""
        if step in self.started.graph.steps:
            return NotFound(f"step `{step}` of {self.path} has not been reached", choices=self.step_names())
        steps = list(self.started.graph.steps)
        near = nearest(step, steps)
        return NotFound(
            f"{self.path} has no step `{step}`",
            choices=[*near, *(name for name in steps if name not in near)],
            hint=did_you_mean(step, steps, what="Its steps"),
        )

    def __reduce__(self) -> tuple[type["RunRecord"], tuple[View, str, int]]:
        return RunRecord, (self.view, self.flow, self.label)


def is_task_over(row: TaskRow) -> bool:
    """Tell whether a task's state can no longer change."""
    return row.status in _TASK_OVER


def is_run_over(row: RunRow) -> bool:
    """Tell whether a run has ended; an interrupted one has not, `resume` continues it."""
    return row.status in _OVER


def find_record(view: View, flow: str, run: str) -> RunRecord:
    """Find a run by flow and label, or by its ULID.

    Raises:
        NotFound: no such flow or run; `choices` holds near ones.
    """
    ledger = view.ledger
    if len(run) == 26 and not run.isdigit():
        row = ledger.run(run)
        if row.flow == flow:
            return RunRecord(view, flow, row.label, row)
    if run.isascii() and run.isdigit() and len(run) < 19:
        known = ledger.flows()
        if flow in known:
            return RunRecord(view, flow, int(run), ledger.find_run(flow, int(run)))
        raise no_flow(ledger, flow)
    raise NotFound(f"{flow} has no run `{run}`", hint=f"runs are numbers; `headwater list {flow}` shows them")


def no_flow(ledger: Ledger, flow: str) -> NotFound:
    """Say that a flow has no run here, with the flows that have."""
    flows = ledger.flows()
    near = nearest(flow, flows)
    return NotFound(
        f"no run of a flow `{flow}` is in this store",
        choices=[*near, *(name for name in flows if name not in near)],
        hint=did_you_mean(flow, flows, what="Its flows") or "this store has no runs yet",
    )


def _parameters_row(run: RunRow) -> TaskRow:
    """The pseudo task under which parameters are reached; it was over when the run began."""
    return TaskRow(
        run.run,
        PARAMETERS_STEP,
        PARAMETERS_STEP,
        0,
        0,
        "succeeded",
        run.started_at,
        finished_at=run.started_at,
        cause="ok",
    )
