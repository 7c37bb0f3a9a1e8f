"""The steps of a flow's class: found, read, and each checked by itself."""

import ast
import os

import msgspec

from headwater.flow.nextcall import StaticNext, read_static_next
from headwater.flow.source import Function, Source, Sources
from headwater.flow.step import StepMark, mark_of
from headwater.model.errors import Mistake
from headwater.model.graph import Place
from headwater.model.ids import STEP_NAME

#: Attributes that every flow has.
RESERVED = ("name", "next", "input", "index", "cmd", "merge_artifacts", "foreach_stack", "script_name")


class StepSource(msgspec.Struct):
    """One step as its class and its source show it."""

    name: str
    function: Function
    mark: StepMark
    source: Source
    #: File as shown in messages.
    file: str
    next: StaticNext

    @property
    def is_join(self) -> bool:
        """Tell whether it takes `(self, inputs)`."""
        return len(self.source.arguments) == 2

    def mistake(self, text: str, hint: str = "", *, line: int = 0, is_error: bool = True) -> Mistake:
        """Make a mistake of this step; by default at its `def`."""
        return Mistake(text, self.file, line or self.source.line, hint=hint, is_error=is_error)


def find_steps(flow: type, sources: Sources, mistakes: list[Mistake]) -> dict[str, StepSource]:
    """Give a flow's steps by name, in the order written, those of its base classes first.

    Args:
        flow: The flow's class.
        sources: Where to read.
        mistakes: Takes what is wrong with a step alone.
    """
    found: dict[str, StepSource] = {}
    for name, function in _functions(flow).items():
        mark = mark_of(function)
        if mark is None:
            continue
        mistakes += [msgspec.structs.replace(each, file=shown(each.file)) for each in mark.mistakes]
        if not mark.is_step:
            _report_lost_decorators(name, mark, mistakes)
            continue
        source = sources.find(function)
        if source is None:
            place = mark.used.get("step", Place("?", 0))
            hint = "write the flow into a file and run that; when the file just changed, start again"
            text = f"the source of step `{name}` of {flow.__name__} cannot be read"
            mistakes.append(Mistake(text, shown(place.file), place.line, hint=hint))
            continue
        file = shown(source.file)
        step = StepSource(name, function, mark, source, file, StaticNext(is_read=False))
        _check_alone(step, mistakes)
        if source.arguments:
            step.next = read_static_next(source, file, mistakes)
        found[name] = step
    return found


def shown(file: str) -> str:
    """Give a file's path as messages show it: from the working directory when it is below that."""
    try:
        relative = os.path.relpath(file)
    except (ValueError, OSError):
        return file
    return file if relative.startswith("..") or file.startswith("<") else relative


def _functions(flow: type) -> dict[str, Function]:
    names: dict[str, None] = {}
    for cls in reversed(flow.__mro__[:-1]):
        names.update((name, None) for name, value in vars(cls).items() if callable(value))
    found = {}
    for name in names:
        value = next(vars(cls)[name] for cls in flow.__mro__ if name in vars(cls))
        if callable(value):
            found[name] = value
    return found


def _report_lost_decorators(name: str, mark: StepMark, mistakes: list[Mistake]) -> None:
    for decorator, place in mark.used.items():
        text = f"`{name}` has @{decorator}, but is no step"
        mistakes.append(Mistake(text, shown(place.file), place.line, hint="put @step above its `def`"))


def _check_alone(step: StepSource, mistakes: list[Mistake]) -> None:
    name, arguments, node = step.name, step.source.arguments, step.source.node
    if name in RESERVED:
        hint = f"rename it; taken are: {', '.join(RESERVED)}"
        mistakes.append(step.mistake(f"no step can be called `{name}`: every flow has that attribute", hint))
    elif not STEP_NAME.match(name):
        hint = "lower-case letters, digits and underscores, beginning with a letter"
        mistakes.append(step.mistake(f"`{name}` cannot be the name of a step", hint))
    has_more = node.args.vararg or node.args.kwarg or node.args.kwonlyargs
    if not arguments or len(arguments) > 2 or has_more:
        hint = "a step takes (self), a join (self, inputs)"
        mistakes.append(step.mistake(f"step `{name}` cannot be called with what it takes", hint))
    if isinstance(node, ast.AsyncFunctionDef):
        hint = "write `def`, and call asyncio.run(...) inside"
        mistakes.append(step.mistake(f"step `{name}` is `async`, and nothing would await it", hint))
    if _has_yield(node):
        mistakes.append(step.mistake(f"step `{name}` has a `yield`: its body would never run", "use a method for it"))
    if step.mark.options.executable is not None:
        _check_executable(step, mistakes)


def _has_yield(node: ast.AST) -> bool:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and _has_yield(child):
            return True
    return False


def _check_executable(step: StepSource, mistakes: list[Mistake]) -> None:
    body = step.source.node.body[1:] if step.function.__doc__ else step.source.node.body
    if len(body) > 1:
        text = f"the body of step `{step.name}` never runs: `@executable` stands for it"
        hint = "leave its docstring and its `self.next`"
        mistakes.append(step.mistake(text, hint, line=body[0].lineno, is_error=False))
