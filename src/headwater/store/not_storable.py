"""Finds which part of a value cannot be stored, and says why and what to do instead."""

import sys
from collections.abc import Callable, Iterator
from itertools import islice

from headwater.model.errors import ArtifactNotStorable

#: Parts of one value that are looked at; in what lies behind them nothing is found.
_MOST_PARTS = 200_000
_MOST_LEVELS = 50

Dump = Callable[[object], object]


def explain(attribute: str, value: object, error: BaseException, dump: Dump) -> ArtifactNotStorable:
    """Give the error for a value that `dump` refused: with the path to the part that is to blame."""
    path, culprit, last_error = _find(value, error, dump)
    reason, hint = _reason(culprit, last_error)
    return ArtifactNotStorable(attribute, path, reason, hint=hint)


def _find(value: object, error: BaseException, dump: Dump) -> tuple[str, object, BaseException]:
    path = ""
    above = [value]
    for _ in range(_MOST_LEVELS):
        if any(is_kind(value) for is_kind, _, _ in _KINDS):
            break
        parts = [part for part in islice(_parts(value), _MOST_PARTS) if not any(part[1] is seen for seen in above)]
        found = _first_refused(parts, dump)
        if found is None:
            break
        step, value, error = found
        path += step
        above.append(value)
    return path, value, error


def _first_refused(parts: list[tuple[str, object]], dump: Dump) -> tuple[str, object, BaseException] | None:
    """Give the first part that is refused; halves long lists, so that each element is dumped a few times at most."""
    while len(parts) > 8:
        first = parts[: len(parts) // 2]
        is_in_first = _refusal([part for _, part in first], dump) is not None
        parts = first if is_in_first else parts[len(first) :]
    for step, part in parts:
        refusal = _refusal(part, dump)
        if refusal is not None:
            return step, part, refusal
    return None


def _refusal(part: object, dump: Dump) -> BaseException | None:
    try:
        dump(part)
    except Exception as error:  # noqa: BLE001 - the user's own reduction may raise anything
        return error
    return None


def _parts(value: object) -> Iterator[tuple[str, object]]:
    """List what is directly inside a value, with how one would write the way to it."""
    if isinstance(value, dict):
        for key, element in list(value.items()):
            yield f"[{_short(key)}]", element
        for key in list(value):
            yield f".keys()[{_short(key)}]", key
    elif isinstance(value, list | tuple):
        for index, element in enumerate(value):
            yield f"[{index}]", element
    elif isinstance(value, set | frozenset):
        for element in list(value):
            yield "{" + _short(element) + "}", element
    elif not isinstance(value, type):
        yield from _state_parts(value)


def _state_parts(value: object) -> Iterator[tuple[str, object]]:
    try:
        reduced = value.__reduce_ex__(5)
    except Exception:  # noqa: BLE001 - then the value itself is to blame
        return
    if not isinstance(reduced, tuple):
        return
    _, arguments, state, *rest = (*reduced, None, None, None)[:5]
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, dict):
            for name, element in list(part.items()):
                yield f".{name}", element
    for index, argument in enumerate(arguments or ()):
        if not isinstance(argument, type):
            yield f".__reduce__()[1][{index}]", argument
    for step, elements in zip(("[{}]", "[{}]"), rest, strict=False):
        if elements is not None:
            for index, element in enumerate(elements):
                yield step.format(index), element


def _reason(culprit: object, error: BaseException) -> tuple[str, str]:
    kind = type(culprit)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    for is_kind, what, hint in _KINDS:
        if is_kind(culprit):
            return f"{what} ({name}) belongs to this process", hint
    qualified = getattr(culprit, "__qualname__", "")
    if isinstance(qualified, str) and "<lambda>" in qualified:
        return "a lambda has no name by which it could be found again", "define it with `def` at the top of a module"
    if isinstance(qualified, str) and "<locals>" in qualified:
        what = "a class" if isinstance(culprit, type) else "a function"
        return f"`{qualified}` is {what} defined inside a function", "define it at the top of a module"
    if isinstance(error, RecursionError):
        return f"`{name}` is nested too deeply", "flatten it, or store its parts under names of their own"
    if type(error).__name__ == "PicklingError" and "not the same object" in str(error):
        return f"another object has taken the name of `{qualified or name}`", "give the two different names"
    return f"`{name}`: {_one_line(error)}", "store what it was made from, or give its class `__getstate__`"


def _is_of(module: str, *names: str) -> Callable[[object], bool]:
    """Tell classes by name, so that nothing needs to be imported to ask."""

    def check(value: object) -> bool:
        return any(
            kind.__module__.partition(".")[0] == module and (not names or kind.__name__ in names)
            for kind in type(value).__mro__
        )

    return check


def _is_generator(value: object) -> bool:
    return type(value).__name__ in ("generator", "coroutine", "async_generator")


_KINDS: tuple[tuple[Callable[[object], bool], str, str], ...] = (
    (
        lambda value: any(kind.__name__ == "FlowSpec" for kind in type(value).__mro__),
        "a flow",
        "store what the step needs of it; artifacts of the flow are stored by themselves",
    ),
    (_is_generator, "a generator", "store `list(...)` of it"),
    (_is_of("_io"), "an open file", "store its path or what it holds, and open it in the step"),
    (_is_of("_socket"), "a connection", "open it in the step that uses it"),
    (_is_of("socket"), "a connection", "open it in the step that uses it"),
    (_is_of("sqlite3"), "a database connection", "open it in the step that uses it"),
    (_is_of("_thread"), "a lock", "leave it out with `__getstate__`, or make it in the step"),
    (_is_of("threading"), "a thread or lock", "make it in the step that uses it"),
    (lambda value: isinstance(value, type(sys)), "a module", "import it in the step"),
)


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the user's repr may raise anything
        return type(value).__name__
    return text if len(text) <= 40 else f"{text[:37]}..."


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}"
