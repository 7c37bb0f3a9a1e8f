"""What pieces of a method's source say, whatever stands around them."""

import ast
from collections.abc import Iterator

from headwater.flow.facts import Merge

#: Exceptions whose handler catches the reading of a missing attribute.
_CATCHING = frozenset(("AttributeError", "Exception", "BaseException"))


def has_items(node: ast.expr) -> bool:
    """Tell whether a loop over this surely turns at least once."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return any(not isinstance(each, ast.Starred) for each in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        only = node.args[0] if len(node.args) == 1 else None
        return isinstance(only, ast.Constant) and isinstance(only.value, int) and only.value > 0
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes) and bool(node.value)


def catches_missing(node: ast.expr | None) -> bool:
    """Tell whether a handler of these exceptions catches the reading of a missing attribute; None = it catches all."""
    if node is None:
        return True
    return any(name in _CATCHING for name in _names_in(node))


def is_suppress(node: ast.expr) -> bool:
    """Tell whether a `with` over this is `contextlib.suppress` of the same."""
    if not isinstance(node, ast.Call) or "suppress" not in _names_in(node.func):
        return False
    return any(name in _CATCHING for argument in node.args for name in _names_in(argument))


def is_super_call(node: ast.expr) -> bool:
    """Tell whether this is a method of the class above: `super().name`."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Call):
        return False
    return isinstance(node.value.func, ast.Name) and node.value.func.id == "super"


def merge_of(node: ast.Call) -> Merge:
    """Give what a call of `merge_artifacts` includes and excludes."""
    given: dict[str, tuple[str, ...] | None] = {"exclude": (), "include": ()}
    values = dict(zip(("exclude", "include"), node.args[1:], strict=False))
    values.update({keyword.arg: keyword.value for keyword in node.keywords if keyword.arg in given})
    for name, value in values.items():
        try:
            given[name] = tuple(str(each) for each in ast.literal_eval(value))
        except (ValueError, TypeError):
            given[name] = None
    return Merge(given["include"], given["exclude"])


def _names_in(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.Attribute):
            yield child.attr
