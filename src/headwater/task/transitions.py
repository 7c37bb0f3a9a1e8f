"""Where a step goes next: its call of `self.next`, looked up in what it left behind."""

from collections.abc import Callable, Iterable
from typing import Any

from headwater.flow.transition import NextCall, difference
from headwater.model.artifact import Ref
from headwater.model.errors import InvalidNext
from headwater.model.graph import Graph, Step
from headwater.model.outcome import Transition

#: Stores the items of a foreach, each of which can be read alone; gives their artifact.
SaveItems = Callable[[str, Iterable[object]], Ref]

#: Kinds of steps whose way on is known without running them.
STATIC = ("linear", "split", "end")


def transition_of(graph: Graph, step: Step, call: NextCall | None, flow: object, save_items: SaveItems) -> Transition:
    """Give the transition that a step's call of `self.next` means; `call` is None when it did not call it.

    Raises:
        InvalidNext: the call differs from the source, a foreach has nothing to iterate, a switch no such case.
    """
    if call is None:
        if step.kind == "end":
            return Transition()
        raise _invalid(step, f"step `{step.name}` ended without `self.next`", "call it as the last line of the step")
    differs = difference(call, step)
    if differs is not None:
        raise _invalid(step, differs, "`self.next` is read from the source: call it once, as the step's last line")
    if call.kind == "foreach":
        items = save_items(call.attribute or "", _items(step, flow, call.attribute or ""))
        if not items.items:
            raise _nothing_to_iterate(step, call.attribute or "")
        return Transition(call.targets, width=items.items, items=items)
    if call.kind == "parallel":
        return Transition(call.targets, width=call.num_parallel)
    if call.kind == "switch":
        value = _attribute(step, flow, call.attribute or "", "condition")
        return Transition((call.chosen(value, graph.flow, step.name),))
    return Transition(call.targets)


def static_transition(step: Step) -> Transition | None:
    """Give the transition of a step that was not run; None when only its run could tell."""
    return Transition(step.targets) if step.kind in STATIC else None


def _items(step: Step, flow: object, attribute: str) -> Iterable[object]:
    """Give the iterable of a foreach, with at least one item."""
    value: Any = _attribute(step, flow, attribute, "foreach")
    where = f"`self.{attribute}`, over which step `{step.name}` fans out,"
    if value is None or (not isinstance(value, Iterable) and not hasattr(value, "__getitem__")):
        shown = "None" if value is None else f"a {type(value).__name__}"
        raise _invalid(step, f"{where} is {shown}", "give it a list or another iterable")
    try:
        is_empty = len(value) == 0
    except TypeError:  # a generator is found to be empty when it is gone through
        is_empty = False
    if is_empty:
        raise _nothing_to_iterate(step, attribute)
    items: Iterable[object] = value
    return items


def _nothing_to_iterate(step: Step, attribute: str) -> InvalidNext:
    return _invalid(
        step,
        f"`self.{attribute}`, over which step `{step.name}` fans out, is empty: there would be no task",
        "go around the foreach with a switch when there may be nothing to do",
    )


def _attribute(step: Step, flow: object, name: str, argument: str) -> object:
    try:
        return getattr(flow, name)
    except AttributeError:
        message = f"step `{step.name}` has no `self.{name}`, which its `self.next(..., {argument}={name!r})` names"
        raise _invalid(step, message, f"set `self.{name}` before `self.next`") from None


def _invalid(step: Step, message: str, hint: str) -> InvalidNext:
    return InvalidNext(f"{message} ({step.file}:{step.line})", hint=hint)
