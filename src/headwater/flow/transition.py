"""`self.next(...)`: what a step may say about where to go next, checked when it is said."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from headwater.flow.step import mark_of
from headwater.model.errors import InvalidNext
from headwater.model.graph import Step, StepKind
from headwater.model.nearest import did_you_mean

NextKind = Literal["linear", "split", "foreach", "parallel", "switch"]

#: The forms of `self.next`, for messages.
FORMS = (
    "self.next(self.a)",
    "self.next(self.a, self.b)",
    'self.next(self.a, foreach="items")',
    "self.next(self.a, num_parallel=4)",
    'self.next({"yes": self.a, "no": self.b}, condition="answer")',
)


class NextCall(msgspec.Struct, frozen=True):
    """One call of `self.next`, checked as far as it can be without looking into the artifacts."""

    kind: NextKind
    #: Names of the steps, in the order written; of a switch all distinct ones.
    targets: tuple[str, ...]
    #: Attribute named by `foreach=` or `condition=`.
    attribute: str | None = None
    num_parallel: int | None = None
    #: Switch: (case, step) pairs.
    cases: tuple[tuple[object, str], ...] = ()

    def chosen(self, value: object, flow: str, step: str) -> str:
        """Give the step that a switch goes to for a value of its condition.

        Raises:
            InvalidNext: the value is none of the cases; lists them.
        """
        for case, target in self.cases:
            if case is value or (hash_of(value) == hash(case) and case == value):
                return target
        listed = ", ".join(repr(case) for case, _ in self.cases)
        raise InvalidNext(
            f"`self.{self.attribute}` is {value!r:.200} in step `{step}` of {flow}, which is none of the cases",
            hint=f"the cases are: {listed}",
        )


def hash_of(value: object) -> int | None:
    """Give a value's hash; None when it has none."""
    try:
        return hash(value)
    except TypeError:
        return None


def read_next(
    targets: Sequence[object],
    *,
    foreach: object = None,
    num_parallel: object = None,
    condition: object = None,
    unknown: Mapping[str, object],
) -> NextCall:
    """Check the arguments of one `self.next(...)`.

    Raises:
        InvalidNext: says which argument is wrong and lists the forms that there are.
    """
    if unknown:
        name = next(iter(unknown))
        near = did_you_mean(name, ("foreach", "num_parallel", "condition"))
        raise _invalid(f"`self.next` takes no `{name}`", near)
    given = [
        name
        for name, value in (("foreach", foreach), ("num_parallel", num_parallel), ("condition", condition))
        if value is not None
    ]
    if len(given) > 1:
        raise _invalid(f"`self.next` takes one of {' and '.join(f'`{name}`' for name in given)}, not both")
    if not targets:
        raise _invalid("`self.next()` names no step")
    if len(targets) == 1 and isinstance(targets[0], Mapping):
        return _read_switch(targets[0], condition, given)
    if condition is not None:
        raise _invalid("`self.next(..., condition=...)` needs a dictionary of cases")
    names = tuple(_step_name(target) for target in targets)
    if len(set(names)) < len(names):
        raise _invalid(f"`self.next` names a step twice: {', '.join(names)}")
    if foreach is not None:
        return _read_foreach(names, foreach)
    if num_parallel is not None:
        return _read_parallel(names, num_parallel)
    return NextCall("linear" if len(names) == 1 else "split", names)


def difference(call: NextCall, step: Step) -> str | None:
    """Say how a call differs from what the source of its step says; None when it does not.

    It does when the method was changed after the flow was compiled, or calls another function that calls `self.next`.
    """
    kind: StepKind = call.kind
    cases = tuple((repr(case), target) for case, target in call.cases)
    if (kind, call.targets) == (step.kind, step.targets):
        # The source's attribute of a gang is the text of its `num_parallel`.
        same_attribute = kind == "parallel" or call.attribute == step.attribute
        if same_attribute and (kind != "switch" or cases == step.cases):
            return None
    return (
        f"step `{step.name}` went on with {_describe(kind, call.targets)}, "
        f"while its source says {_describe(step.kind, step.targets)}"
    )


def _describe(kind: str, targets: Sequence[str]) -> str:
    return f"{kind} to {', '.join(f'`{target}`' for target in targets)}" if targets else kind


def _read_switch(cases: Mapping[object, object], condition: object, given: Sequence[str]) -> NextCall:
    if given != ["condition"]:
        raise _invalid("`self.next` with a dictionary of cases needs `condition`, the name of an attribute")
    attribute = _attribute_name("condition", condition)
    if not cases:
        raise _invalid("`self.next({}, condition=...)` has no cases")
    pairs = tuple((case, _step_name(target)) for case, target in cases.items())
    return NextCall("switch", tuple(dict.fromkeys(target for _, target in pairs)), attribute, cases=pairs)


def _read_foreach(names: tuple[str, ...], foreach: object) -> NextCall:
    if len(names) > 1:
        raise _invalid(f"`self.next(..., foreach=...)` takes one step, not {len(names)}")
    return NextCall("foreach", names, _attribute_name("foreach", foreach))


def _read_parallel(names: tuple[str, ...], num_parallel: object) -> NextCall:
    if len(names) > 1:
        raise _invalid(f"`self.next(..., num_parallel=...)` takes one step, not {len(names)}")
    try:
        number = 0 if isinstance(num_parallel, bool) else operator.index(num_parallel)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if number < 1:
        raise _invalid(f"`num_parallel` must be a whole number of at least 1, not {num_parallel!r:.100}")
    return NextCall("parallel", names, num_parallel=number)


def _attribute_name(argument: str, value: object) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise _invalid(f'`{argument}` is the name of an attribute, as text ({argument}="items"), not {value!r:.100}')
    return value


def _step_name(target: object) -> str:
    function = getattr(target, "__func__", None)
    mark = mark_of(function)
    name: str = getattr(function, "__name__", "")
    if mark is not None and mark.is_step:
        return name
    if isinstance(target, str):
        raise _invalid(f"`self.next({target!r})`: a step is named as `self.{target}`, without quotes")
    if isinstance(target, Callable):  # type: ignore[arg-type]
        name = name or getattr(target, "__name__", repr(target))
        raise _invalid(f"`self.next` goes to `{name}`, which is no step", "put @step above it")
    raise _invalid(f"`self.next` takes steps, not {target!r:.100}")


def _invalid(message: str, hint: str = "") -> InvalidNext:
    forms = "the forms are: " + "; ".join(FORMS)
    return InvalidNext(message, hint=hint or forms)
