"""The `inputs` of a join: views of the tasks that it follows, each of which loads what is read and no more."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from types import FunctionType, MemberDescriptorType, MethodType
from typing import overload

import msgspec

from headwater.model.artifact import Ref
from headwater.model.ids import parse_task_key
from headwater.model.order import ForeachFrame, TaskInput, TaskOrder
from headwater.store.artifacts import ArtifactStore
from headwater.task.loading import Loader


def unpack_inputs(order: TaskOrder, artifacts: ArtifactStore) -> Sequence[TaskInput]:
    """Give the tasks that a join follows; those of a wide join come from an object of their own."""
    if order.packed_inputs is None:
        return order.inputs
    packed = artifacts.objects.map_raw(order.packed_inputs)
    return msgspec.json.decode(packed, type=tuple[TaskInput, ...])


class Inputs:
    """The tasks that a join follows, in the order of the branches as written or of the items as split.

    `inputs.train` is the task of step `train` (the last one, when there are several), `inputs[3]` the fourth;
    iterating gives all.
    """

    def __init__(
        self,
        tasks: Callable[[], Sequence[TaskInput]],
        parameters: Mapping[str, Ref],
        flow_class: type,
        loader: Loader,
        items: "InputItems | None" = None,
    ) -> None:
        self._tasks = tasks
        self._parameters = parameters
        self._flow_class = flow_class
        self._loader = loader
        self._items = items or InputItems((), (), loader)
        self._made: list[StepInput] | None = None

    def __len__(self) -> int:
        return len(self._views())

    def __iter__(self) -> Iterator["StepInput"]:
        return iter(self._views())

    @overload
    def __getitem__(self, index: int) -> "StepInput": ...
    @overload
    def __getitem__(self, index: slice) -> list["StepInput"]: ...
    def __getitem__(self, index: int | slice) -> "StepInput | list[StepInput]":
        if isinstance(index, str):
            raise TypeError(f"inputs are reached by position, or by step as `inputs.{index}`")
        return self._views()[index]

    def __getattr__(self, name: str) -> "StepInput":
        for view in reversed(self._views()) if not name.startswith("__") else ():
            if view._task.step == name:
                return view
        steps = ", ".join(dict.fromkeys(view._task.step for view in self._views()))
        raise AttributeError(f"no input comes from a step `{name}`; inputs come from: {steps}")

    def __repr__(self) -> str:
        return f"<{len(self)} inputs>"

    def __reduce__(self) -> str:
        raise TypeError("the inputs of a join cannot be stored; keep what you need of them")

    def _views(self) -> list["StepInput"]:
        if self._made is None:
            tasks = self._tasks()
            access = _Access(tasks, self._parameters, self._flow_class, self._loader, self._items)
            self._made = [StepInput(task, position, access) for position, task in enumerate(tasks)]
        return self._made


class StepInput:
    """One task that a join follows: its artifacts as attributes, loaded on first use, read-only.

    Methods and properties of the flow work on it as well.
    """

    __slots__ = ("__weakref__", "_access", "_loaded", "_position", "_task")
    _task: TaskInput
    _position: int
    _access: "_Access"
    _loaded: dict[str, object]

    def __init__(self, task: TaskInput, position: int, access: "_Access") -> None:
        object.__setattr__(self, "_task", task)
        object.__setattr__(self, "_position", position)
        object.__setattr__(self, "_access", access)
        object.__setattr__(self, "_loaded", {})

    @property
    def index(self) -> int | None:
        """Index of its innermost foreach item; None when it is inside of none."""
        frames = self._access.items.frames(self._task)
        return frames[-1][0].index if self._task.index is None and frames else self._task.index

    @property
    def input(self) -> object:
        """Its innermost foreach item; None when it is inside of none."""
        frames = self._access.items.frames(self._task)
        return self._access.items.load(*frames[-1]) if frames else None

    def foreach_stack(self) -> list[tuple[int, int | None, object]]:
        """Give (index, number of siblings, item) of each foreach that it was inside of, outermost first."""
        items = self._access.items
        return [
            (index, frame.count if frame.items is not None else None, items.load(frame, index))
            for frame, index in items.frames(self._task)
        ]

    def __getattr__(self, name: str) -> object:
        if name in self._loaded:
            return self._loaded[name]
        value, is_artifact = self._access.find(self, name)
        if is_artifact:
            self._loaded[name] = value
        return value

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"inputs are read-only; write `self.{name} = ...` in the join")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("inputs are read-only")

    def __dir__(self) -> Collection[str]:
        return sorted({*self._task.artifacts, *self._access.parameters, "foreach_stack", "index", "input"})

    def __repr__(self) -> str:
        return f"<input {self._task.step}/{self._task.label}>"

    def __reduce__(self) -> str:
        raise TypeError("an input of a join cannot be stored; keep what you need of it")

    def _artifact_refs(self) -> Mapping[str, Ref]:
        return self._task.artifacts


class InputItems:
    """The foreach items that a join's inputs were inside of: of the join's own foreaches, and of the one it closes."""

    def __init__(self, around: Sequence[ForeachFrame], closed: Sequence[ForeachFrame], loader: Loader) -> None:
        self._around = [(frame, frame.index) for frame in around]
        self._closed = closed
        self._loader = loader

    def frames(self, task: TaskInput) -> list[tuple[ForeachFrame, int]]:
        """Give each foreach around an input, outermost first, with the input's index in it."""
        if task.index is None or not self._closed:
            return self._around
        closed = self._closed[0]
        if len(self._closed) > 1:
            opener = parse_task_key(task.key).frames[-1].opener
            closed = next(frame for frame in self._closed if frame.opener == opener)
        return [*self._around, (closed, task.index)]

    def load(self, frame: ForeachFrame, index: int) -> object:
        """Load an item; a gang's is its index."""
        if frame.items is None:
            return index
        return self._loader.load_item(f"{frame.attribute or frame.opener}[{index}]", frame.items, index)


class _Access:
    """What all inputs of one join share: how to find and load an attribute of one of them."""

    def __init__(
        self,
        tasks: Sequence[TaskInput],
        parameters: Mapping[str, Ref],
        flow_class: type,
        loader: Loader,
        items: InputItems,
    ) -> None:
        self.parameters = parameters
        self.items = items
        self._tasks = tasks
        self._flow_class = flow_class
        self._loader = loader

    def find(self, view: StepInput, name: str) -> tuple[object, bool]:
        """Give an attribute of an input, and whether it was loaded from an artifact."""
        task: TaskInput = view._task
        if name in task.artifacts:
            where = f"inputs.{task.step}" if task.index is None else f"inputs[{view._position}]"
            neighbours = self._same_name(name, view._position)
            return self._loader.load(f"{where}.{name}", task.artifacts[name], neighbours), True
        if name in self.parameters:
            return self._loader.load(name, self.parameters[name]), True
        if not name.startswith("__") and self._is_of_class(name):
            return self._of_class(view, name), False
        known = ", ".join(sorted(task.artifacts)) or "none"
        raise AttributeError(f"task {task.step}/{task.label} has no artifact `{name}`; it has: {known}")

    def _same_name(self, name: str, position: int) -> Iterator[Ref]:
        """The artifacts that a loop over the inputs is going to read next."""
        for number in range(position + 1, len(self._tasks)):
            ref = self._tasks[number].artifacts.get(name)
            if ref is not None:
                yield ref

    def _is_of_class(self, name: str) -> bool:
        return not isinstance(getattr(self._flow_class, name, None), MemberDescriptorType | None)

    def _of_class(self, view: StepInput, name: str) -> object:
        found: object = getattr(self._flow_class, name)
        if isinstance(found, FunctionType):
            return MethodType(found, view)
        if isinstance(found, property) and found.fget is not None:
            return found.fget(view)
        return found
