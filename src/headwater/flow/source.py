"""The source of a flow's methods, as syntax trees: read once a file, found by the line of their code."""

import ast
import linecache
from collections.abc import Callable, Iterator
from types import CodeType

import msgspec


class Source(msgspec.Struct, frozen=True):
    """The source of one function."""

    file: str
    node: ast.FunctionDef | ast.AsyncFunctionDef
    #: Name of the class that it was written in; empty when in none.
    owner: str

    @property
    def line(self) -> int:
        """Line of its `def`."""
        return self.node.lineno

    @property
    def arguments(self) -> list[str]:
        """Names of its positional arguments."""
        return [each.arg for each in (*self.node.args.posonlyargs, *self.node.args.args)]


class Sources:
    """The source files that one compilation looks into."""

    def __init__(self) -> None:
        self._functions: dict[str, dict[tuple[int, str], Source]] = {}

    def find(self, function: object) -> Source | None:
        """Give a function's source; None when it has none (a lambda, the prompt, a file that changed since)."""
        code = code_of(function)
        if code is None:
            return None
        file = code.co_filename
        if file not in self._functions:
            self._functions[file] = _functions_of(file)
        return self._functions[file].get((code.co_firstlineno, code.co_name))


def code_of(function: object) -> CodeType | None:
    """Give the code that the user wrote, below any wrappers that `functools.wraps` left a trace of."""
    seen = 0
    while hasattr(function, "__wrapped__") and seen < 100:
        function = function.__wrapped__
        seen += 1
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _functions_of(file: str) -> dict[tuple[int, str], Source]:
    tree = _parse(file)
    return {} if tree is None else {(first, source.node.name): source for first, source in _walk(tree, file, "")}


def _parse(file: str) -> ast.Module | None:
    try:
        with open(file, "rb") as opened:
            return ast.parse(opened.read(), file)
    except (OSError, SyntaxError, ValueError):
        lines = linecache.getlines(file)
    try:
        return ast.parse("".join(lines), file) if lines else None
    except (SyntaxError, ValueError):
        return None


def _walk(node: ast.AST, file: str, owner: str) -> Iterator[tuple[int, Source]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            yield first, Source(file, child, owner)
            yield from _walk(child, file, "")
        elif isinstance(child, ast.ClassDef):
            yield from _walk(child, file, child.name)
        elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from _walk(child, file, owner)


Function = Callable[..., object]
