"""`FlowSpec`, the class that a user's flow extends: attributes that are artifacts, and `self.next`."""

import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from headwater.flow.compile import compile_flow
from headwater.flow.merge import merge
from headwater.flow.parameter import Constant, Parameter
from headwater.flow.scope import InputView, Scope
from headwater.flow.transition import NextCall, read_next
from headwater.model.errors import InvalidNext, UserMistake
from headwater.model.graph import Graph, Step
from headwater.model.nearest import did_you_mean

#: Room with the command line; named here because nothing below may import it.
COMMAND_LINE = "headwater.cli.main"

_OWN_SLOTS = ("_scope", "_loaded", "_next")


class _FlowName:
    """`self.name`: the flow's name, unless a step sets an artifact of that name."""

    def __get__(self, flow: Any, owner: type) -> Any:
        if flow is not None and flow._scope is not None:
            try:
                return flow._scope.load("name")
            except KeyError:
                pass
        return owner.__name__


class FlowSpec:
    """A flow: its steps are methods with `@step`, its artifacts the attributes that they set.

    Inside a step, `self.x = value` keeps an artifact and `self.x` reads one that an earlier step kept; parameters and
    class constants are read-only.
    """

    __slots__ = ("__dict__", "__weakref__", "_loaded", "_next", "_scope")

    #: What the attempt gives; None outside of one.
    _scope: Scope | None
    #: Values that were read, by name; a step that puts another object in place of one has set the artifact.
    _loaded: dict[str, object]
    #: What the step said with `self.next`.
    _next: NextCall | None

    #: The flow's name.
    name = _FlowName()

    def __new__(cls, *_arguments: object, **_keywords: object) -> "FlowSpec":
        flow = super().__new__(cls)
        flow._bind(None)
        return flow

    def __init__(self, use_cli: bool = True) -> None:
        """Run the command line when the flow's file is the program that runs and `use_cli` is set."""
        if use_cli and _is_program(type(self)):
            path = sys.modules["__main__"].__file__
            try:
                importlib.import_module(COMMAND_LINE).run_flow_file(path, sys.argv[1:], type(self).__name__)
            except KeyboardInterrupt:
                # It came before the command could take it.
                sys.exit(130)

    def __init_subclass__(cls, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        for attribute, value in list(vars(cls).items()):
            if _is_constant(attribute, value):
                constant = Constant(value)
                constant.__set_name__(cls, attribute)
                setattr(cls, attribute, constant)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in _OWN_SLOTS:
            raise AttributeError(f"Flow {type(self).__name__} has no attribute '{name}'", name=name, obj=self)
        scope = self._scope
        if scope is not None:
            try:
                value = scope.load(name)
            except KeyError:
                pass
            else:
                self.__dict__[name] = value
                self._loaded[name] = value
                return value
        for cls in type(self).__mro__:
            if hasattr(vars(cls).get(name), "__get__"):
                # Python comes here when a property raised AttributeError: let its own message be seen.
                return vars(cls)[name].__get__(self, type(self))
        raise AttributeError(_missing(self, name))

    def __delattr__(self, name: str) -> None:
        """Forget what this attempt set or read; what an earlier step kept under the name shows again."""
        scope = self._scope
        is_known = name in self.__dict__ or (scope is not None and name in scope.names())
        if not is_known or hasattr(type(self), name):
            super().__delattr__(name)
            return
        self.__dict__.pop(name, None)
        self._loaded.pop(name, None)
        if scope is not None:
            scope.forget(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._readable()})

    def __iter__(self) -> Iterator[Step]:
        """Give the flow's steps, in the order written."""
        return iter(self._graph.steps.values())

    def __reduce_ex__(self, protocol: object) -> str:
        raise UserMistake(
            f"Flows can't be serialized: {type(self).__name__} is part of a value that is to be stored",
            hint="keep the attributes that you need, not `self`",
        )

    @property
    def index(self) -> int | None:
        """Index of the innermost foreach item; None when the step is directly inside of none."""
        return None if self._scope is None else self._scope.index

    @property
    def input(self) -> Any:
        """Item of the innermost foreach; None when the step is directly inside of none."""
        return None if self._scope is None else self._scope.input

    @property
    def script_name(self) -> str:
        """Name of the flow's file."""
        return os.path.basename(getattr(sys.modules.get(type(self).__module__), "__file__", None) or "")

    def foreach_stack(self) -> list[tuple[int, int | None, Any]]:
        """Give (index, number of siblings, item) of each foreach that the step is inside of, outermost first."""
        return [] if self._scope is None else self._scope.foreach_stack()

    def next(
        self,
        *targets: object,
        foreach: str | None = None,
        num_parallel: int | None = None,
        condition: str | None = None,
        **unknown: object,
    ) -> None:
        """Say where to go next; the last statement of every step but the last one.

        Args:
            *targets: Steps, as `self.train`; several run side by side. With `condition` a dictionary of cases.
            foreach: Name of the attribute whose items the one target is run for.
            num_parallel: How many members of the one target (a `@parallel` step) are started together.
            condition: Name of the attribute whose value picks the case.
            **unknown: Refused.

        Raises:
            InvalidNext: the arguments fit together in no way, or `self.next` was called before.
        """
        called = read_next(targets, foreach=foreach, num_parallel=num_parallel, condition=condition, unknown=unknown)
        if self._next is not None:
            hint = "call it once, as the last statement of the step"
            raise InvalidNext(f"`self.next` was called twice in one step of {type(self).__name__}", hint=hint)
        self._next = called

    def merge_artifacts(
        self, inputs: Sequence[InputView], exclude: Sequence[str] = (), include: Sequence[str] = ()
    ) -> None:
        """Take over the artifacts on which all inputs of a join agree, without reading or writing a byte of them.

        What is already set on `self` stays; all are taken over or none.

        Args:
            inputs: The join's own `inputs`.
            exclude: Names to leave out.
            include: The only names to take.

        Raises:
            MergeConflict: the inputs differ in some artifact; set it before the call, or exclude it.
            MergeMissing: no input has what `include` names.
            UserMistake: called with both `include` and `exclude`, or outside of a join.
        """
        merge(self, self._scope, inputs, exclude=exclude, include=include)

    @property
    def _graph(self) -> Graph:
        return compile_flow(type(self))

    @property
    def _set_names(self) -> list[str]:
        """Names that now hold another object than the one that was read, or one that was never read."""
        loaded = self._loaded
        absent = _ABSENT
        return [name for name, value in self.__dict__.items() if loaded.get(name, absent) is not value]

    def _bind(self, scope: Scope | None) -> None:
        """Begin an attempt: forget all attributes, and read from `scope` from now on."""
        self.__dict__.clear()
        self._scope = scope
        self._loaded = {}
        self._next = None

    def _readable(self) -> set[str]:
        return set() if self._scope is None else set(self._scope.names())


_ABSENT = object()


def _is_constant(attribute: str, value: object) -> bool:
    if attribute.startswith("_") or isinstance(value, Parameter | Constant | ModuleType) or callable(value):
        return False
    kind = type(value)
    return not (hasattr(kind, "__get__") or hasattr(kind, "__set__"))


def _is_program(cls: type) -> bool:
    """Tell whether the flow's file was started as a program (a notebook's `__main__` has no file)."""
    return cls.__module__ == "__main__" and bool(getattr(sys.modules["__main__"], "__file__", None))


def _missing(flow: FlowSpec, name: str) -> str:
    known = [*flow.__dict__, *flow._readable(), *(each for each in dir(type(flow)) if not each.startswith("_"))]
    text = f"Flow {type(flow).__name__} has no attribute '{name}'"
    near = did_you_mean(name, dict.fromkeys(known))
    return f"{text}; {near}" if near else text
