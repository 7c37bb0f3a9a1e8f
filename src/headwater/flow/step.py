"""`@step`: marks a method as a step; the mark also keeps what the other decorators say about it."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec

from headwater.model.errors import Mistake
from headwater.model.graph import Place
from headwater.model.options import StepOptions

#: What a decorator gives back: the user's function, unchanged, or a decorator that does so.
Decorated = Any

_ATTRIBUTE = "_headwater_step"


class StepMark(msgspec.Struct):
    """What the decorators said about one function, in whatever order they stand."""

    is_step: bool = False
    is_start: bool = False
    is_end: bool = False
    options: StepOptions = StepOptions()
    #: Decorators used so far, with the lines where they stand.
    used: dict[str, Place] = {}
    #: Wrong arguments and duplicates; the flow's checks report them with all the rest.
    mistakes: list[Mistake] = []


def step(
    function: Callable[..., object] | None = None,
    /,
    *,
    start: bool = False,
    end: bool = False,
    node_info: object = None,
    **unknown: object,
) -> Decorated:
    """Make a method of a flow a step.

    Args:
        function: The method, when the decorator stands without parentheses.
        start: The flow begins here, whatever the step is called (by default at `start`).
        end: The flow ends here, whatever the step is called (by default at `end`).
        node_info: Accepted and ignored.
        **unknown: Reported by the flow's checks.
    """
    place = caller_place(1)

    def mark(target: Callable[..., object]) -> Callable[..., object]:
        found = ensure_mark(target, place, "step")
        found.is_step = True
        found.is_start = found.is_start or start
        found.is_end = found.is_end or end
        for name in unknown:
            text = f"`@step` takes no `{name}`"
            found.mistakes.append(Mistake(text, place.file, place.line, hint="it takes: start, end"))
        return target

    return mark if function is None else mark(function)


def mark_of(function: object) -> StepMark | None:
    """Give a function's mark; None when no decorator of ours was used on it."""
    found = getattr(function, _ATTRIBUTE, None)
    return found if isinstance(found, StepMark) else None


def ensure_mark(function: Callable[..., object], place: Place, decorator: str) -> StepMark:
    """Give a function's mark, making it when this is the first decorator, and note the use of this one."""
    mark = mark_of(function)
    if mark is None:
        mark = StepMark()
        setattr(function, _ATTRIBUTE, mark)
    if decorator in mark.used:
        text = f"`@{decorator}` stands twice on `{getattr(function, '__name__', function)}`"
        hint = f"line {mark.used[decorator].line} has the other one; keep one of them"
        mark.mistakes.append(Mistake(text, place.file, place.line, hint=hint))
    mark.used.setdefault(decorator, place)
    return mark


def caller_place(depth: int) -> Place:
    """Give file and line of the code that called the function `depth` calls above this one's caller."""
    frame = sys._getframe(depth + 1)
    return Place(frame.f_code.co_filename, frame.f_lineno)
