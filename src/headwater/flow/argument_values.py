"""Reads the values that decorators are given: numbers, flags, texts and durations, refused with what they must be."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from headwater.model.errors import InvalidDecorator
from headwater.model.nearest import did_you_mean

Choice = TypeVar("Choice", bound=str)
Value = TypeVar("Value")

#: Patterns are kept as text: compiling them would cost every start, and few flows need them.
_DURATION = r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)"
_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class Wrongs:
    """What is wrong with one decorator, gathered so that all of it is told at once."""

    def __init__(self) -> None:
        self._found: list[InvalidDecorator] = []

    def read(self, read: Callable[[], Value], instead: Value) -> Value:
        """Give what `read` gives; when that is refused, keep why, and give what stands in for it."""
        try:
            return read()
        except InvalidDecorator as wrong:
            self._found.append(wrong)
            return instead

    def only(self, name: str, given: Mapping[str, object], taken: Iterable[str]) -> dict[str, object]:
        """Give the arguments that were given and are taken, None left out."""
        known = {argument: value for argument, value in given.items() if argument in (*taken,) and value is not None}
        return self.read(lambda: only(name, given, taken), known)

    def add(self, message: str, hint: str = "") -> None:
        """Keep something that is wrong."""
        self._found.append(InvalidDecorator(message, hint=hint))

    def refuse(self) -> None:
        """Raise the first one, which holds the others, when anything was wrong.

        Raises:
            InvalidDecorator: something was.
        """
        if self._found:
            first, *others = self._found
            first.others = tuple(others)
            raise first


def number(name: str, argument: str, value: object, *, least: float = 0, is_whole: bool = False) -> float:
    """Give a number, also one written as text.

    Raises:
        InvalidDecorator: it is none, or below `least`, or not whole.
    """
    wanted = "a whole number" if is_whole else "a number"
    try:
        read = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        read = math.nan
    if not math.isfinite(read) or read < least or (is_whole and read != int(read)):
        at_least = f" of at least {least:g}" if math.isfinite(least) else ""
        raise InvalidDecorator(f"`@{name}({argument}={value!r})`: {argument} must be {wanted}{at_least}")
    return read


def flag(name: str, argument: str, value: object) -> bool:
    """Give True or False.

    Raises:
        InvalidDecorator: it is neither.
    """
    if not isinstance(value, bool):
        raise InvalidDecorator(f"`@{name}({argument}={value!r})`: {argument} must be True or False")
    return value


def duration(name: str, argument: str, value: object) -> float:
    """Give the seconds of a number of seconds, or of `90s`, `5m`, `2h`, `2d`, `1w`, `1h 30m`.

    Raises:
        InvalidDecorator: it is none of these, or nothing.
    """
    seconds = math.nan
    if isinstance(value, str):
        parts = re.findall(_DURATION, value)
        if parts and not re.sub(_DURATION, "", value).strip():
            seconds = sum(float(count) * _SECONDS[unit] for count, unit in parts)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    if not math.isfinite(seconds) or seconds <= 0:
        hint = 'write seconds as a number, or "90s", "5m", "2h", "2d"'
        raise InvalidDecorator(f"`@{name}({argument}={value!r})`: {argument} must be a duration", hint=hint)
    return seconds


def text(name: str, argument: str, value: object) -> str:
    """Give a text that is not empty.

    Raises:
        InvalidDecorator: it is none.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InvalidDecorator(f"`@{name}({argument}={value!r})`: {argument} must be a text")
    return value.strip()


def one_of(name: str, argument: str, value: object, choices: Sequence[Choice]) -> Choice:
    """Give a text that is one of the choices.

    Raises:
        InvalidDecorator: it is none of them; names them, and the nearest.
    """
    for choice in choices:
        if value == choice:
            return choice
    hint = did_you_mean(value if isinstance(value, str) else "", choices, what="the choices")
    raise InvalidDecorator(f"`@{name}({argument}={value!r})`: {argument} is none of the choices", hint=hint)


def only(name: str, given: Mapping[str, object], taken: Iterable[str]) -> dict[str, object]:
    """Give the arguments that were given, None left out.

    Raises:
        InvalidDecorator: one of them is not taken; names those that are.
    """
    known = list(taken)
    unknown = [argument for argument in given if argument not in known]
    if unknown:
        listed = ", ".join(f"`{argument}`" for argument in unknown)
        near = did_you_mean(unknown[0], known)
        raise InvalidDecorator(f"`@{name}` takes no {listed}", hint=f"{near} {usage(name, known)}".strip())
    return {argument: value for argument, value in given.items() if value is not None}


def usage(name: str, taken: Iterable[str]) -> str:
    """Say in one line what a decorator takes."""
    listed = ", ".join(taken)
    return f"`@{name}` takes: {listed}" if listed else f"`@{name}` takes no arguments"
