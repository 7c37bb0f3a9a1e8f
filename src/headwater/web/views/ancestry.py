"""What a value was made of and what was made of it: a graph of tasks, values, data files and services, both ways."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from headwater.client.lineage import read_artifact
from headwater.client.records import PARAMETERS_STEP, RunRecord
from headwater.client.siblings import is_shown
from headwater.model.artifact import Ref
from headwater.model.ids import Digest, RunId, TaskKey
from headwater.model.rows import ArtifactRow, TaskRow

NodeKind = Literal["artifact", "parameter", "task", "file", "service"]
#: Tasks before a join that are looked through for what it read.
_MOST_PARENTS = 100


class Node(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing of the graph."""

    #: Tells it from the others of the graph.
    id: str
    kind: NodeKind
    #: What it is called: `model`, `train/4`, `sales.csv`, `Sentiment/3`.
    name: str
    #: `Churn/17/train/4/model`, `Churn/17/train/4`, the file's path.
    path: str
    #: How far from where it was begun; negative = what it was made of.
    distance: int
    digest: Digest = ""
    #: Class of a value.
    type: str = ""
    #: Status of a task.
    status: str = ""


class Tie(msgspec.Struct, frozen=True):
    """One thing went into, or came out of, another."""

    source: str
    target: str


class Ancestry(msgspec.Struct, frozen=True):
    """A graph around one value."""

    #: The value itself.
    root: str
    nodes: tuple[Node, ...]
    ties: tuple[Tie, ...]
    #: There is more than is told.
    is_cut: bool


class Origin(msgspec.Struct, frozen=True):
    """A value where a task, or the start of a run, set it."""

    record: RunRecord
    #: None for a parameter.
    row: TaskRow | None
    name: str
    ref: Ref

    @property
    def path(self) -> str:
        """`Churn/17/train/4/model`."""
        if self.row is None:
            return f"{self.record.path}/{PARAMETERS_STEP}/{self.name}"
        return f"{self.record.path}/{self.row.step}/{self.row.label}/{self.name}"


class Tracing:
    """Builds the graph around a value, breadth first, up to a number of nodes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._nodes: dict[str, Node] = {}
        self._ties: dict[tuple[str, str], None] = {}
        self._is_cut = False

    def around(self, origin: Origin, up: int, down: int, services: Iterable[tuple[str, str]] = ()) -> Ancestry:
        """Give the graph; up and down are how many tasks away things may be.

        Args:
            origin: the value that it is about.
            up: tasks towards what it was made of.
            down: tasks towards what was made of it.
            services: (name, artifact's name) of versions of services that answer from it.
        """
        root = self._value(origin, 0)
        self._go_up([origin], up)
        self._go_down([origin], down)
        for name, _ in services:
            if self._add(Node(f"service:{name}", "service", name, name, 1)):
                self._tie(root, f"service:{name}")
        return Ancestry(root, tuple(self._nodes.values()), tuple(Tie(*pair) for pair in self._ties), self._is_cut)

    def _go_up(self, origins: Sequence[Origin], depth: int) -> None:
        for distance in range(1, depth + 1):
            before: list[Origin] = []
            for origin in origins:
                if origin.row is None or not self._task(origin.record, origin.row, -distance * 2 + 1):
                    continue
                task = _task_id(origin.record, origin.row)
                self._tie(task, origin.path)
                self._files(origin.row, task, -distance * 2)
                for each in what_was_read(origin.record, origin.row):
                    is_new = each.path not in self._nodes
                    if self._value(each, -distance * 2):
                        self._tie(each.path, task)
                        before += [each] * is_new
            origins = before

    def _go_down(self, origins: Sequence[Origin], depth: int) -> None:
        for distance in range(1, depth + 1):
            after: list[Origin] = []
            for origin in origins:
                for record, row in readers_of(origin):
                    is_new = _task_id(record, row) not in self._nodes
                    if not self._task(record, row, distance * 2 - 1):
                        continue
                    self._tie(origin.path, _task_id(record, row))
                    for each in self._set_by(record, row) if is_new else ():
                        if self._value(each, distance * 2):
                            self._tie(_task_id(record, row), each.path)
                            after.append(each)
            origins = after

    def _set_by(self, record: RunRecord, row: TaskRow) -> list[Origin]:
        rows = record.view.ledger.artifacts(record.run, [row.key])
        return [Origin(record, row, each.name, each.ref) for each in rows if is_shown(each.name)]

    def _value(self, origin: Origin, distance: int) -> str:
        kind: NodeKind = "parameter" if origin.row is None else "artifact"
        node = Node(origin.path, kind, origin.name, origin.path, distance, origin.ref.digest, origin.ref.type)
        return origin.path if self._add(node) else ""

    def _task(self, record: RunRecord, row: TaskRow, distance: int) -> bool:
        path = _task_id(record, row)
        return self._add(Node(path, "task", f"{row.step}/{row.label}", path, distance, status=row.status))

    def _files(self, row: TaskRow, task: str, distance: int) -> None:
        for path, file in row.usage.files.items():
            node = Node(
                f"file:{path}:{file.digest}", "file", path.rpartition("/")[2], path, distance, file.digest or ""
            )
            if self._add(node):
                self._tie(node.id, task)

    def _add(self, node: Node) -> bool:
        """Add a node; False when there is no room for it."""
        if node.id not in self._nodes:
            if len(self._nodes) >= self._most:
                self._is_cut = True
                return False
            self._nodes[node.id] = node
        return True

    def _tie(self, source: str, target: str) -> None:
        self._ties[source, target] = None


def what_was_read(record: RunRecord, row: TaskRow) -> Iterator[Origin]:
    """Find the values that a task read, each where it was set."""
    if not row.reads:
        return
    ledger = record.view.ledger
    parents = ledger.parents_of(record.run, row.key)[:_MOST_PARENTS]
    above = [ledger.visible(record.run, parent) for parent in parents]
    found: dict[tuple[TaskKey, str], ArtifactRow] = {}
    for used_as, digest in row.reads.items():
        name = read_artifact(used_as)[0]
        each = next((seen[name] for seen in above if name in seen and seen[name].ref.digest == digest), None)
        ref = record.row.parameters.get(name)
        if each is not None:
            found[each.key, name] = each
        elif ref is not None and ref.digest == digest:
            yield Origin(record, None, name, ref)
    rows = record.tasks_by_key(list(dict.fromkeys(key for key, _ in found)))
    yield from (Origin(record, rows[each.key], each.name, each.ref) for each in found.values() if each.key in rows)


def readers_of(origin: Origin) -> Iterator[tuple[RunRecord, TaskRow]]:
    """Find the tasks that read a value.

    A small one (a number, a word) is the same in many runs by chance: of those only the readers in its own run count.
    """
    record = origin.record
    view = record.view
    keys_by_run: dict[RunId, dict[TaskKey, None]] = {}
    for run, key, used_as, was_set in view.ledger.users_of(origin.ref.digest, 500):
        is_own = run == record.run
        if not was_set and (is_own or not origin.ref.is_small) and read_artifact(used_as)[0] == origin.name:
            keys_by_run.setdefault(run, {})[key] = None
    for run, keys in keys_by_run.items():
        other = record if run == record.run else _record(record, run)
        rows = other.tasks_by_key(list(keys))
        yield from ((other, rows[key]) for key in keys if key in rows)


def _record(record: RunRecord, run: RunId) -> RunRecord:
    row = record.view.ledger.run(run)
    return RunRecord(record.view, row.flow, row.label, row)


def _task_id(record: RunRecord, row: TaskRow) -> str:
    return f"{record.path}/{row.step}/{row.label}"
