"""What a step's source says about where it goes next: its `self.next(...)`, read without running it."""

import ast
from collections.abc import Iterator

import msgspec

from headwater.flow.source import Source
from headwater.flow.transition import FORMS
from headwater.model.errors import Mistake
from headwater.model.graph import StepKind
from headwater.model.nearest import did_you_mean


class StaticNext(msgspec.Struct):
    """A step's transition as its source says it; `kind` is `end` when there is none."""

    kind: StepKind = "end"
    line: int = 0
    targets: tuple[str, ...] = ()
    attribute: str | None = None
    cases: tuple[tuple[str, str], ...] = ()
    #: False when the source says something that cannot be read; a mistake tells what.
    is_read: bool = True


class _Unreadable(Exception):
    """The call has none of the known forms; the text says why."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


def read_static_next(source: Source, file: str, mistakes: list[Mistake]) -> StaticNext:
    """Read a step's `self.next(...)`, which is its last statement; what is wrong is added to `mistakes`.

    Args:
        source: The step's function.
        file: How to call its file in messages.
        mistakes: Takes what is found.
    """
    own_name = source.arguments[0] if source.arguments else "self"
    calls = list(_next_calls(source.node, own_name))
    if not calls:
        return StaticNext()
    last = source.node.body[-1]
    tail = last.value if isinstance(last, ast.Expr) else None
    step = source.node.name
    result = StaticNext(line=calls[-1].lineno, is_read=False)
    if len(calls) > 1:
        lines = ", ".join(str(call.lineno) for call in calls)
        hint = 'decide with a switch: self.next({...}, condition="attribute")'
        text = f"step `{step}` calls `self.next` in more than one place (lines {lines})"
        mistakes.append(Mistake(text, file, calls[1].lineno, hint=hint))
        return result
    if tail is not calls[0]:
        text = f"`self.next` is not the last statement of step `{step}`"
        hint = "move it to the end of the method, outside of any `if`, `for`, `with` or `try`"
        mistakes.append(Mistake(text, file, calls[0].lineno, hint=hint))
        return result
    try:
        return _read(calls[0], own_name)
    except _Unreadable as wrong:
        hint = wrong.hint or "the forms are: " + "; ".join(FORMS)
        mistakes.append(Mistake(f"step `{step}`: {wrong.text}", file, calls[0].lineno, hint=hint))
        return result


def _next_calls(node: ast.AST, own_name: str) -> Iterator[ast.Call]:
    for child in ast.walk(node):
        if isinstance(child, ast.Call) and _own_attribute(child.func, own_name) == "next":
            yield child


def _own_attribute(node: ast.AST, own_name: str) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == own_name:
        return node.attr
    return None


def _read(call: ast.Call, own_name: str) -> StaticNext:
    keywords: dict[str, ast.expr] = {}
    for keyword in call.keywords:
        if keyword.arg is None:
            raise _Unreadable("`self.next(**...)` cannot be read before the flow runs")
        if keyword.arg not in ("foreach", "num_parallel", "condition"):
            near = did_you_mean(keyword.arg, ("foreach", "num_parallel", "condition"))
            raise _Unreadable(f"`self.next` takes no `{keyword.arg}`", near)
        keywords[keyword.arg] = keyword.value
    if len(keywords) > 1:
        raise _Unreadable(f"`self.next` takes one of {', '.join(f'`{name}`' for name in keywords)}, not both")
    if not call.args:
        raise _Unreadable("`self.next()` names no step")
    if "condition" in keywords or isinstance(call.args[0], ast.Dict):
        return _read_switch(call, keywords, own_name)
    targets = tuple(_target(argument, own_name) for argument in call.args)
    twice = {target for target in targets if targets.count(target) > 1}
    if twice:
        raise _Unreadable(f"`self.next` names `{sorted(twice)[0]}` twice")
    if keywords and len(targets) > 1:
        raise _Unreadable(f"`self.next(..., {next(iter(keywords))}=...)` takes one step, not {len(targets)}")
    if "foreach" in keywords:
        return StaticNext("foreach", call.lineno, targets, _attribute("foreach", keywords["foreach"]))
    if "num_parallel" in keywords:
        return StaticNext("parallel", call.lineno, targets, ast.unparse(keywords["num_parallel"]))
    return StaticNext("linear" if len(targets) == 1 else "split", call.lineno, targets)


def _read_switch(call: ast.Call, keywords: dict[str, ast.expr], own_name: str) -> StaticNext:
    cases = call.args[0]
    if len(call.args) > 1 or not isinstance(cases, ast.Dict):
        raise _Unreadable("`self.next(..., condition=...)` needs one dictionary of cases, written in the call")
    if "condition" not in keywords:
        raise _Unreadable("`self.next` with a dictionary of cases needs `condition`, the name of an attribute")
    if not cases.keys:
        raise _Unreadable("`self.next({}, condition=...)` has no cases")
    by_case: dict[object, str] = {}
    for key, value in zip(cases.keys, cases.values, strict=True):
        case = _case(key)
        by_case[case] = _target(value, own_name)
    pairs = tuple((repr(case), target) for case, target in by_case.items())
    attribute = _attribute("condition", keywords["condition"])
    targets = tuple(dict.fromkeys(target for _, target in pairs))
    return StaticNext("switch", call.lineno, targets, attribute, pairs)


def _case(node: ast.expr | None) -> object:
    try:
        value = ast.literal_eval(node) if node is not None else ...
    except ValueError:
        value = ...
    if not isinstance(value, str | int | float | bool | None):
        shown = "**..." if node is None else ast.unparse(node)
        raise _Unreadable(f"the case `{shown}` of a switch is no text, number, True or False written in the call")
    return value


def _target(node: ast.expr, own_name: str) -> str:
    name = _own_attribute(node, own_name)
    if name is not None:
        return name
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        hint = f"write self.{node.value}, without quotes"
        raise _Unreadable(f"`self.next` takes steps, not the text {node.value!r}", hint)
    if isinstance(node, ast.Call):
        raise _Unreadable(f"`self.next` takes steps, not the result of calling one: `{ast.unparse(node)}`")
    raise _Unreadable(f"`self.next` takes steps written as `self.name`, not `{ast.unparse(node)}`")


def _attribute(argument: str, node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        return node.value
    hint = f'{argument}="items" uses self.items'
    raise _Unreadable(f"`{argument}` must be the name of an attribute, as text, not `{ast.unparse(node)}`", hint)
