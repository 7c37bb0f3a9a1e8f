"""Whether what steps say with `self.next` fits the steps that there are."""

from collections.abc import Sequence

from headwater.flow.step import mark_of
from headwater.flow.steps import StepSource
from headwater.model.errors import Mistake
from headwater.model.nearest import did_you_mean, nearest


def check_targets(
    flow: type, steps: dict[str, StepSource], ends: tuple[str, str] | None, mistakes: list[Mistake]
) -> bool:
    """Check each step's transition; False when some of them remain unknown, so that the whole has no shape.

    A mistyped target is taken for the nearest step from here on, so that one slip does not hide other mistakes.

    Args:
        flow: The flow's class.
        steps: Its steps.
        ends: Its first and last step, when they are known.
        mistakes: Takes what is wrong.
    """
    answers = [_check_next(flow, step, steps, ends, mistakes) for step in steps.values()]
    for step in steps.values():
        _check_gang(step, steps, mistakes)
        _check_catch(step, mistakes)
    return all(answers)


def _check_next(
    flow: type,
    step: StepSource,
    steps: dict[str, StepSource],
    ends: tuple[str, str] | None,
    mistakes: list[Mistake],
) -> bool:
    said = step.next
    if not said.is_read:
        return False
    if said.kind == "end":
        if ends is None or step.name == ends[1]:
            return True
        hint = f"end it with `self.next(...)`; only the last step, `{ends[1]}`, goes nowhere"
        mistakes.append(step.mistake(f"step `{step.name}` does not say where to go next", hint))
        return False
    if ends is not None and step.name == ends[1]:
        text = f"step `{step.name}` is the end of the flow, and cannot go on"
        mistakes.append(step.mistake(text, "leave `self.next` out of it", line=said.line))
        return False
    guesses = {target: _check_target(flow, step, target, steps, mistakes) for target in said.targets}
    if None in guesses.values():
        said.is_read = False
        return False
    said.targets = tuple(dict.fromkeys(str(guesses[target]) for target in said.targets))
    said.cases = tuple((case, str(guesses[target])) for case, target in said.cases)
    return True


def _check_target(
    flow: type, step: StepSource, target: str, steps: dict[str, StepSource], mistakes: list[Mistake]
) -> str | None:
    """Give the step that is meant: the target itself, else the nearest one; None when there is none near."""
    if target in steps:
        return target
    hint = did_you_mean(target, steps, what="the steps")
    text = f"step `{step.name}` goes to `{target}`, which is no step of {flow.__name__}"
    value = getattr(flow, target, None)
    if callable(value) and mark_of(value) is None:
        text += ", but a plain method"
        hint = f"put @step above `def {target}`"
        shadowed = [cls.__name__ for cls in flow.__mro__ if mark_of(vars(cls).get(target)) is not None]
        if shadowed:
            hint += f"; it stands in for the step of {shadowed[0]}"
    mistakes.append(step.mistake(text, hint, line=step.next.line))
    near = nearest(target, [name for name in steps if name not in step.next.targets])
    return near[0] if near else None


def _check_gang(step: StepSource, steps: dict[str, StepSource], mistakes: list[Mistake]) -> None:
    for target in step.next.targets:
        following = steps.get(target)
        if following is None:
            continue
        is_member = following.mark.options.is_parallel
        if step.next.kind == "parallel" and not is_member:
            text = f"step `{step.name}` starts `{target}` with num_parallel, but `{target}` has no @parallel"
            mistakes.append(step.mistake(text, f"put @parallel above `{target}`", line=step.next.line))
        if step.next.kind != "parallel" and is_member:
            text = f"step `{target}` has @parallel, but `{step.name}` goes to it without num_parallel"
            hint = f"self.next(self.{target}, num_parallel=4)"
            mistakes.append(step.mistake(text, hint, line=step.next.line))
    if step.mark.options.is_parallel and step.next.is_read:
        _check_member(step, [steps[target] for target in step.next.targets if target in steps], mistakes)


def _check_member(step: StepSource, following: Sequence[StepSource], mistakes: list[Mistake]) -> None:
    if step.is_join:
        text = f"step `{step.name}` has @parallel and takes inputs, which come from no gang"
        mistakes.append(step.mistake(text, "put a step between the two"))
    if len(following) != 1 or step.next.kind != "linear" or not following[0].is_join:
        text = f"step `{step.name}` has @parallel, and must go straight to one join"
        hint = "let the next step take (self, inputs)"
        mistakes.append(step.mistake(text, hint, line=step.next.line))


def _check_catch(step: StepSource, mistakes: list[Mistake]) -> None:
    if step.mark.options.catch is None or step.next.kind not in ("foreach", "switch", "parallel"):
        return
    what = {"foreach": "items of a foreach", "switch": "case of a switch", "parallel": "size of a gang"}
    text = f"`@catch` on step `{step.name}` cannot work: when it fails, nothing gives the {what[step.next.kind]}"
    hint = "catch in a step of its own, and decide in the next"
    mistakes.append(step.mistake(text, hint, line=step.mark.used["catch"].line))
