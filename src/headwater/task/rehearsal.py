"""An attempt of nothing much, run in a process that will fork many: what it touches, its children need not.

The first run of any Python code writes to memory: method caches, shared keys of dictionaries, counters of the
interpreter's specialiser. In a forked child each such page is a page fault and a copy of 4 KiB.
"""

import msgspec

from headwater.flow.spec import FlowSpec
from headwater.flow.step import step
from headwater.model.graph import Graph, Step
from headwater.model.ids import Digest
from headwater.model.order import CodeSource, ForeachFrame, TaskInput, TaskOrder
from headwater.model.outcome import Outcome
from headwater.store.artifacts import ArtifactStore
from headwater.store.place_memory import MemoryPlace
from headwater.task.attempt import run_attempt
from headwater.task.modules import LoadedModules
from headwater.task.threads import ThreadPools
from headwater.task.workspace import Workspace

#: The interpreter specialises code after eight calls; a few more let its caches settle.
_TIMES = 12

_orders = msgspec.json.Decoder(TaskOrder)
_encoder = msgspec.json.Encoder()


class _Nothing(FlowSpec):
    """Reads an item of a foreach and an inherited artifact, sets one."""

    @step
    def work(self) -> None:
        self.result = (self.input, self.inherited)
        self.next(self.done)

    @step
    def done(self) -> None:
        pass


def rehearse() -> Outcome:
    """Run the attempt a dozen times in this process; about 10 ms. Gives the last outcome.

    Writes to no disk. The global random generators are seeded, as every attempt does anew.
    """
    # What children of a wide foreach would import one by one: 2.8 ms and 250 page faults each.
    import zstandard  # noqa: F401

    artifacts = ArtifactStore(MemoryPlace())
    text = _encoder.encode(_order(artifacts))
    workspace = Workspace(
        artifacts=artifacts,
        graph=_graph(),
        modules=LoadedModules("/nowhere"),
        pools=ThreadPools(),
        is_forked=True,
    )
    for _ in range(_TIMES):
        outcome = run_attempt(_orders.decode(text), _Nothing, workspace)
        _encoder.encode(outcome)
    return outcome


def _graph() -> Graph:
    work = Step("work", "linear", "", 0, targets=("done",), level=("start",))
    done = Step("done", "end", "", 0, level=("start",))
    return Graph("Nothing", "", "", "work", "done", {"work": work, "done": done})


def _order(artifacts: ArtifactStore) -> TaskOrder:
    items = artifacts.save_items("items", [1, 2])
    inherited = artifacts.save("inherited", 1)
    small: dict[Digest, bytes] = {saved.ref.digest: saved.small for saved in (items, inherited) if saved.small}
    return TaskOrder(
        kind="task_order",
        v=1,
        run="",
        run_path="Nothing/1",
        key="work/start.1",
        step="work",
        label=3,
        attempt=0,
        code=CodeSource("/nowhere", "", "", ""),
        home="",
        seed=1,
        user="",
        inputs=(TaskInput("start", "start", 1, artifacts={"inherited": inherited.ref}),),
        frames=(ForeachFrame("start", 1, 2, "items", items.ref),),
        small=small,
        threads=None,
    )
