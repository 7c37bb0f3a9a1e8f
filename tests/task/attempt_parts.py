from collections.abc import Mapping, Sequence

import msgspec

from headwater.model.artifact import Ref
from headwater.model.ids import Digest
from headwater.model.order import CodeSource, TaskOrder
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_memory import MemoryPlace
from headwater.task.loading import Loader
from headwater.task.payloads import SmallPayloads
from headwater.task.usage import Meter


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
