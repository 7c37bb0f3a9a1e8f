"""What one attempt gives to the flow object: inherited artifacts, parameters, the foreach items it is inside of."""

from collections.abc import Collection

from headwater.model.artifact import Ref
from headwater.model.order import ForeachFrame, TaskOrder
from headwater.task.loading import Loader


class AttemptScope:
    """Implements `flow.scope.Scope`: everything is loaded when it is first asked for."""

    def __init__(self, order: TaskOrder, is_join: bool, loader: Loader) -> None:
        #: What the step inherits; empty for a join and for the first step.
        self.inherited: dict[str, Ref] = {}
        #: What `merge_artifacts` took over.
        self.adopted: dict[str, Ref] = {}
        if not is_join and len(order.inputs) == 1:
            self.inherited = order.inputs[0].artifacts
        self._parameters = order.parameters
        self._frames = order.frames
        self._loader = loader
        self._items: dict[int, object] = {}

    @property
    def index(self) -> int | None:
        return self._frames[-1].index if self._frames else None

    @property
    def input(self) -> object:
        return self._item(len(self._frames) - 1) if self._frames else None

    def foreach_stack(self) -> list[tuple[int, int | None, object]]:
        return [
            (frame.index, frame.count if frame.items is not None else None, self._item(depth))
            for depth, frame in enumerate(self._frames)
        ]

    def load(self, name: str) -> object:
        ref = self.ref(name)
        if ref is None:
            raise KeyError(name)
        return self._loader.load(name, ref, self._neighbours(name))

    def names(self) -> Collection[str]:
        return {**self.inherited, **self.adopted, **self._parameters}.keys()

    def ref(self, name: str) -> Ref | None:
        for refs in (self._parameters, self.adopted, self.inherited):
            if name in refs:
                return refs[name]
        return None

    def is_read_only(self, name: str) -> bool:
        return name in self._parameters

    def adopt(self, name: str, ref: Ref) -> None:
        self.adopted[name] = ref

    def forget(self, name: str) -> None:
        self.adopted.pop(name, None)

    def _neighbours(self, name: str) -> Collection[Ref]:
        """What will probably be read as well, so that small payloads come in one query."""
        return self._parameters.values() if name in self._parameters else self.inherited.values()

    def _item(self, depth: int) -> object:
        frame: ForeachFrame = self._frames[depth]
        if frame.items is None:
            return frame.index
        if depth not in self._items:
            name = f"{frame.attribute or frame.opener}[{frame.index}]"
            self._items[depth] = self._loader.load_item(name, frame.items, frame.index)
        return self._items[depth]
