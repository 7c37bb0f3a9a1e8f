"""Writes the history of runs straight into a home, event by event, without an engine."""

from collections.abc import Iterable, Mapping, Sequence

from headwater.client.session import View
from headwater.home import Home
from headwater.model.artifact import Header, Ref
from headwater.model.events import (
    Event,
    RunEnd,
    RunFinished,
    RunStarted,
    TaskFailed,
    TaskReused,
    TaskStarted,
    TaskSucceeded,
)
from headwater.model.graph import Graph, Step, StepKind
from headwater.model.ids import Digest, TaskKey, new_ulid, parse_task_key
from headwater.model.launch import Launch
from headwater.model.order import CodeSource
from headwater.model.outcome import ExitCause, TaskError, Transition, Usage
from headwater.model.ports import Commit
from headwater.model.production import Project

#: Step -> how it goes on, and where.
Shape = Mapping[str, tuple[StepKind, Sequence[str]]]

LINEAR: Shape = {"start": ("linear", ["train"]), "train": ("linear", ["end"]), "end": ("end", [])}
FOREACH: Shape = {
    "start": ("foreach", ["score"]),
    "score": ("linear", ["join"]),
    "join": ("linear", ["end"]),
    "end": ("end", []),
}
GANG: Shape = {**FOREACH, "start": ("parallel", ["score"])}

#: Unix time at which all histories begin: 2025-01-01T00:00:00Z.
BEGIN = 1735689600.0


class History:
    """All that happened in a home; every event comes a second after the one before it."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.now = BEGIN
        self._runs = 0

    def tick(self) -> float:
        self.now += 1
        return self.now

    def save(self, values: Mapping[str, object]) -> tuple[dict[str, Ref], dict[Digest, bytes], dict[Digest, Header]]:
        saved = self.home.artifacts.save_many(values)
        refs = {name: one.ref for name, one in saved.items()}
        small = {one.ref.digest: one.small for one in saved.values() if one.small is not None}
        headers = {one.ref.digest: one.header for one in saved.values() if one.header is not None}
        return refs, small, headers

    def run(
        self,
        flow: str = "Churn",
        shape: Shape = LINEAR,
        *,
        user: str = "ann",
        parameters: Mapping[str, object] | None = None,
        tags: Iterable[str] = (),
        origin: str | None = None,
        note: str = "",
        environment: Mapping[str, str] | None = None,
        tree: Digest | None = None,
        launch: Launch | None = None,
        project: Project | None = None,
    ) -> "RunHistory":
        self._runs += 1
        refs, small, headers = self.save(parameters or {})
        at = self.tick()
        started = RunStarted(
            at,
            new_ulid(at, self._runs.to_bytes(10, "big")),
            flow,
            0,
            user,
            "desk",
            1,
            make_graph(flow, shape),
            CodeSource("/code", "churn.py", "churn", flow, tree),
            seed=7,
            parameters=refs,
            tags=tuple(tags),
            system_tags=(f"user:{user}",),
            note=note,
            origin=origin,
            environment=dict(environment or {"python": "3.11.7"}),
            launch=launch,
            project=project,
        )
        lease, stored = self.home.ledger.start_run(Commit([started], small, headers))
        return RunHistory(self, lease, stored)


class RunHistory:
    """One run's history, with what appends to it."""

    def __init__(self, history: History, lease, started: RunStarted) -> None:
        self.history = history
        self.lease = lease
        self.started = started
        self.path = f"{started.flow}/{started.label}"
        self.labels = 0
        self.label_by_key: dict[TaskKey, int] = {}

    def append(self, *events: Event, small=None, headers=None) -> None:
        self.history.home.ledger.append(self.lease, Commit(events, small or {}, headers or {}))

    def begin(self, key: TaskKey, after: Sequence[TaskKey] = (), attempt: int = 0) -> None:
        if key not in self.label_by_key:
            self.labels += 1
            self.label_by_key[key] = self.labels
        self.append(self._task_started(key, after, attempt))

    def succeed(
        self,
        key: TaskKey,
        values: Mapping[str, object] | None = None,
        *,
        targets: Sequence[str] | None = None,
        reads: Mapping[str, Digest] | None = None,
        summary: Mapping[str, float] | None = None,
        attempt: int = 0,
        error: TaskError | None = None,
    ) -> None:
        refs, small, headers = self.history.save(values or {})
        self.append(
            self._task_succeeded(key, refs, targets, reads, summary, attempt, error), small=small, headers=headers
        )

    def fail(
        self,
        key: TaskKey,
        error: TaskError,
        cause: ExitCause = "exception",
        attempt: int = 0,
        retry_at: float | None = None,
    ) -> None:
        self.append(TaskFailed(self.history.tick(), key, attempt, cause, error, retry_at=retry_at))

    def task(
        self, key: TaskKey, values: Mapping[str, object] | None = None, *, after: Sequence[TaskKey] = (), **more
    ) -> str:
        """A task that starts and succeeds; gives its path."""
        self.begin(key, after)
        self.succeed(key, values, **more)
        return self.task_path(key)

    def tasks(self, keys: Sequence[TaskKey], values: Mapping[TaskKey, Mapping[str, object]], after: TaskKey) -> None:
        """Many tasks that follow one, in two commits."""
        for key in keys:
            self.labels += 1
            self.label_by_key[key] = self.labels
        self.append(*(self._task_started(key, [after], 0) for key in keys))
        small: dict[Digest, bytes] = {}
        headers: dict[Digest, Header] = {}
        events = []
        for key in keys:
            refs, some_small, some_headers = self.history.save(values.get(key, {}))
            small |= some_small
            headers |= some_headers
            events.append(self._task_succeeded(key, refs, None, None, None, 0, None))
        self.append(*events, small=small, headers=headers)

    def reuse(self, key: TaskKey, other: "RunHistory", *, after: Sequence[TaskKey] = ()) -> str:
        """The task of that key of another run stands in."""
        ledger = self.history.home.ledger
        rows = ledger.artifacts(other.started.run, [key])
        self.labels += 1
        self.label_by_key[key] = self.labels
        step = parse_task_key(key).step
        self.append(
            TaskReused(
                self.history.tick(),
                key,
                step,
                self.labels,
                other.task_path(key),
                {row.name: row.ref for row in rows},
                self._transition(step, None),
                parents=tuple(after),
                parent_count=len(after),
                inherits=len(after) == 1,
            )
        )
        return self.task_path(key)

    def finish(self, end: RunEnd = "succeeded", message: str = "", failed_key: TaskKey | None = None) -> str:
        self.append(RunFinished(self.history.tick(), end, message=message, failed_key=failed_key))
        self.lease.release()
        return self.path

    def task_path(self, key: TaskKey) -> str:
        return f"{self.path}/{parse_task_key(key).step}/{self.label_by_key[key]}"

    def _task_started(self, key: TaskKey, after: Sequence[TaskKey], attempt: int) -> TaskStarted:
        return TaskStarted(
            self.history.tick(),
            key,
            parse_task_key(key).step,
            self.label_by_key[key],
            attempt,
            parents=tuple(after[:64]),
            parent_count=len(after),
            inherits=len(after) == 1 and not self._is_join(key),
        )

    def _task_succeeded(self, key, refs, targets, reads, summary, attempt, error) -> TaskSucceeded:
        return TaskSucceeded(
            self.history.tick(),
            key,
            attempt,
            refs,
            self._transition(parse_task_key(key).step, targets),
            usage=Usage(host="desk", peak_memory_bytes=5_000_000),
            reads=dict(reads or {}),
            is_caught=error is not None,
            error=error,
            cause="ok" if error is None else "exception",
            summary=dict(summary or {}),
        )

    def _is_join(self, key: TaskKey) -> bool:
        return parse_task_key(key).step.startswith("join")

    def _transition(self, step: str, targets: Sequence[str] | None) -> Transition:
        return Transition(tuple(self.started.graph.steps[step].targets if targets is None else targets))


def make_graph(flow: str, shape: Shape) -> Graph:
    steps = {
        name: Step(name, kind, "churn.py", line, tuple(targets), is_join=name.startswith("join"))
        for line, (name, (kind, targets)) in enumerate(shape.items(), 1)
    }
    return Graph(flow, "churn.py", "churn", next(iter(shape)), list(shape)[-1], steps)


def view_of(home: Home, namespace: str | None = None) -> View:
    return View(home, namespace)


def write_log(home: Home, run: RunHistory, key: TaskKey, lines: Iterable[str], attempt: int = 0) -> None:
    """Write an attempt's log file: lines such as `o hello`."""
    folder = home.run_folder(run.started.run)
    import os

    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{run.label_by_key[key]}.{attempt}.log"), "w") as file:
        for second, line in enumerate(lines):
            file.write(f"{BEGIN + second:.6f} {line}\n")
