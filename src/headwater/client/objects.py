"""The ways between Metaflow, Flow, Run, Step, Task and DataArtifact: down, up and across.

These six refer to each other in both directions, so they share a file; what is known of a single one is in
`run_facts.py`, `step_facts.py`, `task_facts.py` and `artifact_facts.py`.
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import TypeVar

from headwater.client.artifact_facts import ArtifactFacts
from headwater.client.compare import Comparison, compare_runs
from headwater.client.display import Sheet
from headwater.client.filters import Time, Wanted, make_query, matching_rows
from headwater.client.lineage import Lineage, lineage_of, read_artifact, readers, really_ran
from headwater.client.metaflow_data import MetaflowData
from headwater.client.metric_points import MetricPoints
from headwater.client.named import Named, local_time
from headwater.client.pathspec import split_path
from headwater.client.records import PARAMETERS_STEP, RunRecord, find_record, no_flow
from headwater.client.run_facts import RunFacts
from headwater.client.session import View, current_view
from headwater.client.sheets import flow_sheet
from headwater.client.siblings import Siblings, is_shown
from headwater.client.step_facts import StepFacts
from headwater.client.table import runs_table
from headwater.client.task_facts import TaskFacts
from headwater.client.trigger import Trigger
from headwater.model.errors import InvalidPathspec, NotFound, NotFoundByKey
from headwater.model.events import PARENTS_IN_EVENT
from headwater.model.ids import Digest, TaskKey
from headwater.model.nearest import did_you_mean
from headwater.model.ports import LogLine
from headwater.model.rows import ArtifactRow, RunRow, RunStatus, TaskQuery, TaskRow


class Metaflow:
    """All flows of the store that have runs in the current namespace."""

    def __init__(self) -> None:
        self._view = current_view()

    @property
    def flows(self) -> list["Flow"]:
        """The flows, by name."""
        return list(self)

    def __iter__(self) -> Iterator["Flow"]:
        for name in self._view.ledger.flows():
            flow = Flow._of(self._view, name)
            if flow.is_in_namespace():
                yield flow

    def __getitem__(self, name: str) -> "Flow":
        return _or_key_error(lambda: Flow(name, _view=self._view))

    def __contains__(self, name: object) -> bool:
        return any(flow.id == name for flow in self)

    def __repr__(self) -> str:
        return "Metaflow()"


class Flow(Named):
    """A flow: its runs.

    Raises:
        NotFound: it has no runs in this store.
        NamespaceMismatch: it has, but none in the current namespace.
    """

    def __init__(self, pathspec: str, *, _namespace_check: bool = True, _view: View | None = None) -> None:
        (name,) = split_path(pathspec, "flow")
        self._bind(_view or current_view(), name)
        if name not in self._view.ledger.flows():
            raise no_flow(self._view.ledger, name)
        if _namespace_check:
            self._check_namespace()

    @classmethod
    def _of(cls, view: View, name: str) -> "Flow":
        made = cls.__new__(cls)
        made._bind(view, name)
        return made

    def _bind(self, view: View, name: str) -> None:
        self._view = view
        self.pathspec = name

    @property
    def parent(self) -> None:
        """Nothing is above a flow."""
        return None

    @property
    def created_at(self) -> datetime:
        """When its first run that is still in the store started, in local time; reads all runs."""
        rows = list(matching_rows(View(self._view.home, None), self.id, Wanted(), page_size=1000))
        return local_time(rows[-1].started_at)

    @property
    def latest_run(self) -> "Run | None":
        """The newest run in the namespace; None when there is none."""
        return self._newest(Wanted())

    @property
    def latest_successful_run(self) -> "Run | None":
        """The newest run in the namespace that succeeded; None when none did."""
        return self._newest(Wanted(status="succeeded"))

    def runs(
        self,
        *tags: str,
        status: RunStatus | None = None,
        since: Time | None = None,
        until: Time | None = None,
        user: str | None = None,
        parameters: Mapping[str, object] | None = None,
        target: str | None = None,
    ) -> Iterator["Run"]:
        """Yield the runs in the namespace for which all of this holds, newest first; fetches them page by page.

        Args:
            tags: tags that a run must have, user's or system's.
            status: queued, running, waiting, interrupted, succeeded, failed or cancelled.
            since: started then or later; a datetime, ISO 8601 text or Unix seconds.
            until: started before.
            user: who started it.
            parameters: values that its parameters must have.
            target: the alias whose deployments they are runs of, `Churn@production`.
        """
        wanted = Wanted(
            tags=tags,
            status=status,
            since=since,
            until=until,
            user=user,
            parameters=parameters or {},
            target=target,
        )
        return (Run._of(RunRecord(self._view, row.flow, row.label, row)) for row in self._rows(wanted))

    def table(self, *tags: str, limit: int = 1000, as_frame: bool | None = None) -> object:
        """Give the newest runs with parameters and metrics, a row each: for comparing many at once.

        Columns: `run status user started_at duration_seconds note`, then `parameters.NAME` and `metrics.NAME`.

        Args:
            tags: tags that a run must have.
            limit: most rows.
            as_frame: a pandas frame (True) or a list of dicts (False); None = a frame when pandas is installed.
        """
        return runs_table(self._view, self._rows(Wanted(tags=tags)), limit, as_frame)

    def is_in_namespace(self) -> bool:
        """Tell whether one of its runs is in the namespace."""
        return self._view.namespace is None or self._newest(Wanted()) is not None

    def __iter__(self) -> Iterator["Run"]:
        return self.runs()

    def __getitem__(self, run: str) -> "Run":
        return _or_key_error(lambda: Run(f"{self.id}/{run}", _view=self._view))

    def __contains__(self, run: object) -> bool:
        return _exists(lambda: Run(f"{self.id}/{run}", _view=self._view, _namespace_check=False))

    def __reduce__(self) -> tuple[Callable[..., "Flow"], tuple[View, str]]:
        return Flow._of, (self._view, self.id)

    def _rows(self, wanted: Wanted) -> Iterator[RunRow]:
        return matching_rows(self._view, self.id, wanted)

    def _newest(self, wanted: Wanted) -> "Run | None":
        rows = self._view.ledger.runs(make_query(self._view, self.id, wanted, 1)).rows
        return Run._of(RunRecord(self._view, rows[0].flow, rows[0].label, rows[0])) if rows else None

    def _sheet(self) -> Sheet:
        return flow_sheet(self.id, islice(self._rows(Wanted()), 10))

    def _tagged(self) -> list[RunRow]:
        return []


class Run(RunFacts):
    """One execution of a flow, `Run("Churn/17")`: its steps.

    Raises:
        NotFound: there is no such run; its `choices` are near ones.
        NamespaceMismatch: it is outside of the current namespace.
        InvalidPathspec: not of the form Flow/Run.
    """

    def __init__(self, pathspec: str, *, _namespace_check: bool = True, _view: View | None = None) -> None:
        flow, run = split_path(pathspec, "run")
        self._bind(find_record(_view or current_view(), flow, run))
        if _namespace_check:
            self._check_namespace()

    @classmethod
    def _of(cls, record: RunRecord) -> "Run":
        made = cls.__new__(cls)
        made._bind(record)
        return made

    @property
    def parent(self) -> Flow:
        """Its flow."""
        return Flow._of(self._view, self._record.flow)

    def steps(self, *tags: str) -> Iterator["Step"]:
        """Yield the steps that have tasks, the one that began last first; none when the run lacks one of the tags."""
        if set(tags) <= self.tags if tags else True:
            yield from (Step._of(self._record, name) for name in self._record.step_names())

    @property
    def end_task(self) -> "Task | None":
        """The task of the flow's last step; None while there is none."""
        rows = self._view.ledger.tasks(TaskQuery(self._record.run, step=self._record.row.end_step, limit=1)).rows
        return Task._of(self._record, rows[0]) if rows else None

    @property
    def data(self) -> MetaflowData | None:
        """The values of the last step's artifacts; None while there is no such task."""
        end = self.end_task
        return None if end is None else end.data

    @property
    def origin(self) -> "Run | None":
        """The run that it resumes; None when it resumes none."""
        path = self.origin_pathspec
        return None if path is None else Run(path, _view=self._view, _namespace_check=False)

    @property
    def trigger(self) -> "Trigger[Run] | None":
        """The events or finished runs that it was started by; None when it was started by none."""
        launch = self.launch
        if launch is None or not launch.trigger.events:
            return None
        view = self._view
        return Trigger(launch.trigger.events, lambda path: Run(path, _view=view, _namespace_check=False))

    @property
    def lineage(self) -> Lineage:
        """Runs that it came from and that came from it."""
        return lineage_of(self._record)

    def tasks(self) -> Iterator["Task"]:
        """Yield the tasks of all steps in the order in which they started."""
        return _tasks(self._record, self._record.tasks(TaskQuery(self._record.run)))

    def logs(self, stream: str | None = None) -> Iterator[tuple["Task", LogLine]]:
        """Yield the lines of all tasks, task after task in the order in which they started.

        Args:
            stream: stdout or stderr; None = both.
        """
        for task in self.tasks():
            for line in task.lines():
                if stream in (None, line.stream):
                    yield task, line

    def points(self, name: str | None = None) -> MetricPoints:
        """Give what its tasks logged with `current.metrics.log`, each task's latest attempt; None = all metrics."""
        return MetricPoints([file for task in self.tasks() for file in task.points(name).files], name)

    def compare(self, *others: "Run | str") -> Comparison:
        """Say how other runs differ from this one: parameters, metrics, artifacts, code, environment, timing."""
        runs = [Run(other, _view=self._view) if isinstance(other, str) else other for other in others]
        return compare_runs([self._record, *(run._record for run in runs)])

    def __iter__(self) -> Iterator["Step"]:
        return self.steps()

    def __getitem__(self, step: str) -> "Step":
        return _or_key_error(lambda: Step._find(self._record, step))

    def __contains__(self, step: object) -> bool:
        return step == PARAMETERS_STEP or (isinstance(step, str) and self._record.has_step(step))

    def __reduce__(self) -> tuple[Callable[..., "Run"], tuple[RunRecord]]:
        return Run._of, (self._record,)


class Step(StepFacts):
    """A step of a run, `Step("Churn/17/train")`: its tasks. `_parameters` is one whose only task has the parameters.

    Raises:
        NotFound: the run has no task of such a step.
        NamespaceMismatch: the run is outside of the current namespace.
        InvalidPathspec: not of the form Flow/Run/Step.
    """

    def __init__(self, pathspec: str, *, _namespace_check: bool = True, _view: View | None = None) -> None:
        flow, run, step = split_path(pathspec, "step")
        found = Step._find(find_record(_view or current_view(), flow, run), step)
        self._bind(found._record, step)
        if _namespace_check:
            self._check_namespace()

    @classmethod
    def _of(cls, record: RunRecord, step: str) -> "Step":
        made = cls.__new__(cls)
        made._bind(record, step)
        return made

    @classmethod
    def _find(cls, record: RunRecord, step: str) -> "Step":
        if step != PARAMETERS_STEP and not record.has_step(step):
            raise record.no_step(step)
        return cls._of(record, step)

    @property
    def parent(self) -> Run:
        """Its run."""
        return Run._of(self._record)

    @property
    def task(self) -> "Task | None":
        """One of its tasks: the first."""
        return next(_tasks(self._record, self._pages(limit=1)), None)

    def tasks(self, *tags: str) -> Iterator["Task"]:
        """Yield its tasks in the order in which they started; none when the run lacks one of the tags."""
        if set(tags) <= self.tags if tags else True:
            yield from _tasks(self._record, self._pages())

    @property
    def control_task(self) -> "Task | None":
        """Member 0 of its gang (`num_parallel`); None when it is no gang."""
        return next(self.control_tasks(), None)

    def control_tasks(self, *tags: str) -> Iterator["Task"]:
        """Yield member 0 of each of its gangs; none when the step is entered without `num_parallel`."""
        if self._is_gang():
            yield from (task for task in self.tasks(*tags) if task.index == 0)

    @property
    def parent_steps(self) -> Iterator["Step"]:
        """Steps of the run from which its tasks may have come."""
        steps = self._record.started.graph.steps.values()
        return self._begun([step.name for step in steps if self._step in step.targets])

    @property
    def child_steps(self) -> Iterator["Step"]:
        """Steps of the run to which its tasks may have gone."""
        step = self._graph_step()
        return self._begun([] if step is None else step.targets)

    def _begun(self, names: Sequence[str]) -> Iterator["Step"]:
        return (Step._of(self._record, name) for name in names if self._record.has_step(name))

    def __iter__(self) -> Iterator["Task"]:
        return self.tasks()

    def __getitem__(self, task: str | int) -> "Task":
        return _or_key_error(lambda: Task(f"{self.pathspec}/{task}", _view=self._view, _namespace_check=False))

    def __contains__(self, task: object) -> bool:
        return _exists(lambda: Task(f"{self.pathspec}/{task}", _view=self._view, _namespace_check=False))

    def __reduce__(self) -> tuple[Callable[..., "Step"], tuple[RunRecord, str]]:
        return Step._of, (self._record, self._step)


class Task(TaskFacts):
    """One execution of a step, `Task("Churn/17/train/4")`: its artifacts, private ones by name only.

    Args:
        pathspec: its path.
        attempt: the attempt of which state, times and logs are asked; None = the latest.

    Raises:
        NotFound: the step has no such task, or the task no such attempt.
        NamespaceMismatch: the run is outside of the current namespace.
        InvalidPathspec: not of the form Flow/Run/Step/Task.
    """

    def __init__(
        self,
        pathspec: str,
        attempt: int | None = None,
        *,
        _namespace_check: bool = True,
        _view: View | None = None,
    ) -> None:
        flow, run, step, task = split_path(pathspec, "task")
        record = find_record(_view or current_view(), flow, run)
        if not (task.isascii() and task.isdigit() and len(task) < 19):
            raise NotFound(f"{record.path}/{step} has no task `{task}`", hint="tasks are numbers")
        self._bind(record, step, int(task), record.find_task(step, int(task)), attempt=attempt)
        if attempt is not None:
            self._seen()
        if _namespace_check:
            self._check_namespace()

    @classmethod
    def _of(cls, record: RunRecord, row: TaskRow, siblings: Siblings | None = None) -> "Task":
        made = cls.__new__(cls)
        made._bind(record, row.step, row.label, row, siblings)
        return made

    @classmethod
    def _named(cls, record: RunRecord, step: str, label: int, attempt: int | None = None) -> "Task":
        made = cls.__new__(cls)
        made._bind(record, step, label, attempt=attempt)
        return made

    @property
    def parent(self) -> Step:
        """Its step."""
        return Step._of(self._record, self._step)

    @property
    def data(self) -> MetaflowData:
        """The values of its artifacts as attributes: `task.data.model`."""
        return MetaflowData(self._shared(), self.key, self.pathspec)

    @property
    def artifacts(self) -> tuple["DataArtifact", ...]:
        """Its artifacts, inherited ones included, as a named tuple sorted by name: `task.artifacts.model.size`."""
        found = list(self)
        made: tuple[DataArtifact, ...] = _tuple_of(tuple(artifact.id for artifact in found))(*found)
        return made

    @property
    def reads(self) -> Mapping[str, Digest]:
        """Names of inherited artifacts and parameters that it read, with the digests of their values."""
        return self._now().reads

    @property
    def parent_tasks(self) -> Iterator["Task"]:
        """Tasks that it follows; for a join in the order of its inputs."""
        return self._by_key(self._parent_keys())

    @property
    def child_tasks(self) -> Iterator["Task"]:
        """Tasks that follow it."""
        return _tasks(self._record, self._record.tasks(TaskQuery(self._record.run, follows=self.key)))

    @property
    def parent_task_pathspecs(self) -> Iterator[str]:
        """Paths of the tasks that it follows."""
        return (task.pathspec for task in self.parent_tasks)

    @property
    def child_task_pathspecs(self) -> Iterator[str]:
        """Paths of the tasks that follow it."""
        return (task.pathspec for task in self.child_tasks)

    def __iter__(self) -> Iterator["DataArtifact"]:
        siblings = self._shared()
        for name, row in sorted(siblings.visible(self.key).items()):
            if is_shown(name):
                yield DataArtifact._of(self, siblings, row)

    def __getitem__(self, name: str) -> "DataArtifact":
        return _or_key_error(lambda: DataArtifact._find(self, name))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(name) and self._shared().find(self.key, name) is not None

    def __reduce__(self) -> tuple[Callable[..., "Task"], tuple[RunRecord, str, int, int | None]]:
        return Task._named, (self._record, self._step, self._label, self._attempt)

    def _by_key(self, keys: Sequence[TaskKey]) -> Iterator["Task"]:
        rows = self._record.tasks_by_key(keys)
        return _tasks(self._record, [tuple(rows[key] for key in keys if key in rows)])

    def _parent_keys(self) -> Sequence[TaskKey]:
        """A row names the first parents only; a wide join's must be asked for."""
        known = self._known().parents
        return known if len(known) < PARENTS_IN_EVENT else self._view.ledger.parents_of(self._record.run, self.key)


class DataArtifact(ArtifactFacts):
    """A value that a task has under a name, `DataArtifact("Churn/17/train/4/model")`.

    Raises:
        NotFound: the task has no such artifact.
        NamespaceMismatch: the run is outside of the current namespace.
        InvalidPathspec: not of the form Flow/Run/Step/Task/Artifact.
    """

    def __init__(
        self,
        pathspec: str,
        attempt: int | None = None,
        *,
        _namespace_check: bool = True,
        _view: View | None = None,
    ) -> None:
        path, name = "/".join(split_path(pathspec, "artifact")[:-1]), pathspec.rpartition("/")[2]
        found = DataArtifact._find(Task(path, attempt, _namespace_check=_namespace_check, _view=_view), name)
        self._bind(found._task, found._siblings, found._row)

    @classmethod
    def _of(cls, task: Task, siblings: Siblings, row: ArtifactRow) -> "DataArtifact":
        made = cls.__new__(cls)
        made._bind(task, siblings, row)
        return made

    @classmethod
    def _find(cls, task: Task, name: str) -> "DataArtifact":
        siblings = task._shared()
        row = siblings.find(task.key, name)
        if row is None:
            names = sorted(filter(is_shown, siblings.visible(task.key)))
            hint = did_you_mean(name, names, what="Its artifacts") or "it set none"
            raise NotFound(f"{task.pathspec} has no artifact `{name}`", choices=names, hint=hint)
        return cls._of(task, siblings, row)

    def _bind(self, task: Task, siblings: Siblings, row: ArtifactRow) -> None:
        self._task = task
        self._siblings = siblings
        self._row = row
        self._record = task._record
        self._view = task._view
        self.pathspec = f"{task.pathspec}/{row.name}"

    @property
    def parent(self) -> Task:
        """The task that has it, by setting or by inheriting it."""
        return self._task

    @property
    def origin_pathspec(self) -> str | None:
        """The artifact of another run that this one is, when its task was reused; else None."""
        made_by = self.made_by
        return None if made_by is None or made_by._record.path == self._record.path else f"{made_by.pathspec}/{self.id}"

    @property
    def made_by(self) -> Task | None:
        """The task that computed it, also when it ran in another run; None for a parameter, or when that is gone."""
        row = self._record.tasks_by_key([self._row.key]).get(self._row.key)
        ran = None if row is None else really_ran(self._record, row)
        return None if ran is None else Task._of(*ran)

    def made_from(self) -> list["DataArtifact"]:
        """Give the artifacts and parameters that its task read, as they came to that task."""
        task = self.made_by
        if task is None:
            return []
        parameters = Task._named(task._record, PARAMETERS_STEP, 0)
        parents = list(task.parent_tasks)
        found = []
        for read, digest in task.reads.items():
            name, position = read_artifact(read)
            sources = [parameters, *parents] if position is None else parents[position : position + 1]
            candidates = (DataArtifact._find(source, name) for source in sources if name in source)
            found += [artifact for artifact in candidates if artifact.sha == digest][:1]
        return found

    def used_by(self, *, any_name: bool = False, limit: int = 100) -> Iterator[Task]:
        """Yield the tasks, of all runs, that read this value.

        Args:
            any_name: also where it went by another name (equal values count as the same one).
            limit: most uses to look at.
        """
        uses = readers(self._view, self.sha, None if any_name else self.id, limit)
        return (Task._of(record, row) for record, row in uses)

    def __reduce__(self) -> tuple[Callable[..., "DataArtifact"], tuple[Task, str]]:
        return DataArtifact._find, (self._task, self.id)


def _tasks(record: RunRecord, pages: Iterator[tuple[TaskRow, ...]] | list[tuple[TaskRow, ...]]) -> Iterator[Task]:
    """Make tasks of rows; those of one page share what is fetched of their artifacts."""
    for rows in pages:
        siblings = Siblings(record, rows)
        for row in rows:
            yield Task._of(record, row, siblings)


@lru_cache(maxsize=64)
def _tuple_of(names: tuple[str, ...]) -> Callable[..., tuple[DataArtifact, ...]]:
    return namedtuple("MetaflowArtifacts", names, rename=True)


_Found = TypeVar("_Found")


def _or_key_error(find: Callable[[], _Found]) -> _Found:
    """Let `[]` raise what `[]` raises."""
    try:
        return find()
    except (NotFound, InvalidPathspec) as error:
        choices = error.choices if isinstance(error, NotFound) else ()
        raise NotFoundByKey(error.message, choices=choices, hint=error.hint) from None


def _exists(find: Callable[[], object]) -> bool:
    try:
        find()
    except (NotFound, InvalidPathspec):
        return False
    return True
