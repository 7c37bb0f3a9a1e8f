from collections.abc import Mapping, Sequence

import msgspec

from headwater.flow.spec import FlowSpec
from headwater.model.artifact import Ref
from headwater.model.ids import Digest
from headwater.model.options import StepOptions
from headwater.model.order import CodeSource, TaskInput, TaskOrder
from headwater.model.outcome import Outcome
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_memory import MemoryPlace
from headwater.task.attempt import run_attempt
from headwater.task.loading import Loader
from headwater.task.payloads import SmallPayloads
from headwater.task.usage import Meter
from headwater.task.workspace import open_workspace


class Stored:
    """An artifact store in memory, with the small payloads that a ledger would keep, and notes of what was read."""

    def __init__(self) -> None:
        self.artifacts = _NotingStore(MemoryPlace())
        self.small: dict[Digest, bytes] = {}
        #: What was asked of the ledger, call by call.
        self.asked: list[list[Digest]] = []

    def save(self, value: object) -> Ref:
        saved = self.artifacts.save("x", value)
        if saved.small is not None:
            self.small[saved.ref.digest] = saved.small
        return saved.ref

    def save_items(self, items: Sequence[object]) -> Ref:
        saved = self.artifacts.save_items("items", items)
        if saved.small is not None:
            self.small[saved.ref.digest] = saved.small
        return saved.ref

    def save_all(self, **values: object) -> dict[str, Ref]:
        return {name: self.save(value) for name, value in values.items()}

    def read_small(self, digests: Sequence[Digest]) -> Mapping[Digest, bytes]:
        self.asked.append(list(digests))
        return {digest: self.small[digest] for digest in digests if digest in self.small}

    def loader(self) -> Loader:
        timer = iter(range(10**9)).__next__
        return Loader(self.artifacts, SmallPayloads({}, self.read_small), Meter(timer, timer, is_forked=True))


class _NotingStore(ArtifactStore):
    """The real store; it also notes what was loaded."""

    def __init__(self, place: MemoryPlace) -> None:
        super().__init__(place)
        self.loaded: list[Digest] = []

    def load(self, ref: Ref, small: bytes | None = None) -> object:
        self.loaded.append(ref.digest)
        return super().load(ref, small)


def make_order(step: str = "start", **fields: object) -> TaskOrder:
    order = TaskOrder(
        kind="task_order",
        v=1,
        run="01J0000000000000000000000A",
        run_path="Flow/7",
        key=step,
        step=step,
        label=4,
        attempt=0,
        code=CodeSource(root="/project", file="flow.py", module="flow", flow="Flow"),
        home="/home",
        seed=11,
        user="ann",
    )
    return msgspec.structs.replace(order, **fields)


class Runner:
    """Runs steps of a flow one after the other, each order made from the outcome before."""

    def __init__(self, flow_class: type[FlowSpec], root: str, stored: Stored | None = None) -> None:
        self.stored = stored or Stored()
        self.flow_class = flow_class
        self.workspace = open_workspace(flow_class, root, self.stored.artifacts, self.stored.read_small)

    def order(self, step: str, *after: Outcome, **fields: object) -> TaskOrder:
        """Make the order of a step that follows these outcomes (each with all that it inherited)."""
        inputs = tuple(
            TaskInput(outcome.key, outcome.key.partition("/")[0], number + 1, _index(outcome), outcome.artifacts)
            for number, outcome in enumerate(after)
        )
        options = self.workspace.graph.steps[step].options if step in self.workspace.graph.steps else StepOptions()
        code = CodeSource(root=self.workspace.modules.root, file="flow.py", module="flow", flow="Flow")
        return make_order(step, **{"inputs": inputs, "options": options, "code": code, **fields})

    def run(self, step: str, *after: Outcome, **fields: object) -> Outcome:
        """Run a step; what it gives is as it would come back from another process."""
        outcome = run_attempt(self.order(step, *after, **fields), self.flow_class, self.workspace)
        self.stored.small.update(outcome.small)
        return msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome)

    def value(self, outcome: Outcome, name: str) -> object:
        """Load an artifact that a step set."""
        ref = outcome.artifacts[name]
        return self.stored.artifacts.load(ref, self.stored.small.get(ref.digest))


def _index(outcome: Outcome) -> int | None:
    _, _, frame = outcome.key.rpartition("/")
    return int(frame.rpartition(".")[2]) if "." in frame else None
