"""Where a flow begins and ends: by name, by `@step(start=True)` and `@step(end=True)`, or its only step."""

import sys

from headwater.flow.source import code_of
from headwater.flow.steps import StepSource, shown
from headwater.model.errors import Mistake


def find_ends(flow: type, steps: dict[str, StepSource], mistakes: list[Mistake]) -> tuple[str, str] | None:
    """Give the names of a flow's first and last step; None when they cannot be told, which `mistakes` then says.

    Args:
        flow: The flow's class.
        steps: Its steps.
        mistakes: Takes what is wrong.
    """
    if not steps:
        if not mistakes:
            file, line = _place_of(flow)
            hint = "put @step above the methods that are steps"
            mistakes.append(Mistake(f"{flow.__name__} has no steps", file, line, hint=hint))
        return None
    if len(steps) == 1:
        only = next(iter(steps))
        return only, only
    starts = [step for step in steps.values() if step.mark.is_start]
    ends = [step for step in steps.values() if step.mark.is_end]
    start = _one_of(flow, steps, starts, "start", mistakes)
    end = _one_of(flow, steps, ends, "end", mistakes)
    return (start, end) if start and end else None


def _one_of(
    flow: type, steps: dict[str, StepSource], marked: list[StepSource], which: str, mistakes: list[Mistake]
) -> str | None:
    if len(marked) > 1:
        names = ", ".join(f"`{step.name}`" for step in marked)
        text = f"more than one step has @step({which}=True): {names}"
        mistakes.append(marked[1].mistake(text, "a flow begins in one step and ends in one step"))
        return None
    if marked and which in steps and marked[0].name != which:
        text = f"step `{marked[0].name}` has @step({which}=True), while another step is called `{which}`"
        mistakes.append(marked[0].mistake(text, f"rename step `{which}`, or leave the mark out"))
        return None
    if marked:
        return marked[0].name
    if which in steps:
        return which
    verb = "begins" if which == "start" else "ends"
    file, line = _place_of(flow)
    hint = f"call the step `{which}`, or mark it with @step({which}=True)"
    mistakes.append(Mistake(f"no step of {flow.__name__} says where the flow {verb}", file, line, hint=hint))
    return None


def _place_of(flow: type) -> tuple[str, int]:
    """Give the flow's file and the line of its first method; there is no record of the class's own line."""
    for value in vars(flow).values():
        code = code_of(value)
        if code is not None:
            return shown(code.co_filename), code.co_firstlineno
    return shown(getattr(sys.modules.get(flow.__module__), "__file__", None) or "?"), 1
