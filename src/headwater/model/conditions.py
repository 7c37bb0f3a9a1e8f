"""Conditions on a run's summary metrics, such as `f1 >= 0.7 and not is_worse`: parsed here, never given to `eval`.

    condition  = conjunction ("or" conjunction)*
    conjunction = negation ("and" negation)*
    negation   = "not" negation | "(" condition ")" | comparison
    comparison = value (("<" | "<=" | ">" | ">=" | "==" | "!=") value)*
    value      = name | number | text in quotes | True | False | None

A metric that is missing, not a number (nan) or of another kind than what it is compared with is neither true nor
false; a condition that comes out as neither does not hold.
"""

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import msgspec

from headwater.model.errors import UserMistake

Metric = float | int | str | bool | None
#: True, False, or None for what cannot be told.
Truth = bool | None


class ConditionVerdict(msgspec.Struct, frozen=True):
    """Whether a condition holds, and why."""

    holds: bool
    #: One line with the numbers: `f1 >= 0.7 does not hold: f1 is 0.62`.
    explanation: str


def evaluate(text: str, metrics: Mapping[str, Metric]) -> ConditionVerdict:
    """Say whether a condition holds for these metrics.

    Raises:
        UserMistake: the text is no condition.
    """
    condition = parse_condition(text)
    truth = condition.evaluate(metrics)
    reasons = ", ".join(_describe(name, metrics) for name in condition.names)
    verb = "holds" if truth else "does not hold"
    return ConditionVerdict(bool(truth), f"{text.strip()} {verb}" + (f": {reasons}" if reasons else ""))


def parse_condition(text: str) -> "Condition":
    """Read a condition.

    Raises:
        UserMistake: it is none; says where the reading stopped.
    """
    return _Parser(text).parse()


class Condition:
    """A parsed condition."""

    def __init__(self, names: tuple[str, ...], truth: "_Truth") -> None:
        #: Metrics that it asks for, in the order written.
        self.names = names
        self._truth = truth

    def evaluate(self, metrics: Mapping[str, Metric]) -> Truth:
        """Give True or False; None when a metric is missing or cannot be compared."""
        return self._truth(metrics)


_Truth = Callable[[Mapping[str, Metric]], Truth]
_Value = Callable[[Mapping[str, Metric]], Metric]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_WORDS: dict[str, Metric] = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}
#: Kept as text: compiling it would cost every start, and few flows have conditions.
_TOKEN = (
    r"\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_](?:[\w./-]*\w)?)|(?P<text>'[^']*'|\"[^\"]*\")|(?P<sign><=|>=|==|!=|<|>|\(|\)))"
)
_EXAMPLE = "for instance `f1 >= 0.7` or `f1 >= 0.7 and rows > 1000`"
#: Deeper nesting is a slip or an attack on the reader's stack.
_DEEPEST = 50


class _Parser:
    """Reads one condition from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._read_tokens())
        self._place = 0
        self._depth = 0
        self._names: dict[str, None] = {}

    def parse(self) -> Condition:
        truth = self._any_of()
        if self._place < len(self._tokens):
            self._fail(f"`{self._tokens[self._place][1]}` is not expected there")
        if not self._names:
            self._fail("it names no metric")
        return Condition(tuple(self._names), truth)

    def _read_tokens(self) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        place = 0
        pattern = re.compile(_TOKEN)
        end = len(self._text.rstrip())
        while place < end:
            found = pattern.match(self._text, place)
            if found is None or found.lastgroup is None:
                self._fail(f"`{self._text[place:].strip()[:20]}` cannot be read")
            tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        return tokens

    def _any_of(self) -> _Truth:
        parts = [self._all_of()]
        while self._take_word("or"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda metrics: _any(part(metrics) for part in parts)

    def _all_of(self) -> _Truth:
        parts = [self._negation()]
        while self._take_word("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else lambda metrics: _not(_any(_not(part(metrics)) for part in parts))

    def _negation(self) -> _Truth:
        self._depth += 1
        if self._depth > _DEEPEST:
            self._fail("it is nested too deep")
        try:
            if self._take_word("not"):
                inner = self._negation()
                return lambda metrics: _not(inner(metrics))
            if self._take("sign", "("):
                inside = self._any_of()
                if not self._take("sign", ")"):
                    self._fail("a `)` is missing")
                return inside
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> _Truth:
        values = [self._value()]
        signs: list[str] = []
        while self._place < len(self._tokens) and self._tokens[self._place][1] in _COMPARISONS:
            signs.append(self._tokens[self._place][1])
            self._place += 1
            values.append(self._value())
        if not signs:
            return lambda metrics: _as_truth(values[0](metrics))
        pairs = list(zip(signs, values, values[1:], strict=False))
        return lambda metrics: _not(
            _any(_not(_compare(sign, left(metrics), right(metrics))) for sign, left, right in pairs)
        )

    def _value(self) -> _Value:
        if self._place == len(self._tokens):
            self._fail("it ends where a value is expected")
        kind, token = self._tokens[self._place]
        if kind == "sign" or token in ("and", "or", "not"):
            self._fail(f"a value is expected where `{token}` stands")
        self._place += 1
        if kind == "name" and token not in _WORDS:
            self._names[token] = None
            return lambda metrics: metrics.get(token, math.nan)
        value: Metric = _WORDS[token] if kind == "name" else token[1:-1] if kind == "text" else float(token)
        return lambda metrics: value

    def _take(self, kind: str, token: str) -> bool:
        if self._place < len(self._tokens) and self._tokens[self._place] == (kind, token):
            self._place += 1
            return True
        return False

    def _take_word(self, word: str) -> bool:
        return self._take("name", word)

    def _fail(self, why: str) -> NoReturn:
        raise UserMistake(f"`{self._text}` is no condition: {why}", hint=_EXAMPLE)


def _any(truths: Iterable[Truth]) -> Truth:
    """True when one is; None when none is but one cannot be told."""
    is_open = False
    for truth in truths:
        if truth:
            return True
        is_open = is_open or truth is None
    return None if is_open else False


def _not(truth: Truth) -> Truth:
    return None if truth is None else not truth


def _as_truth(value: Metric) -> Truth:
    return value if isinstance(value, bool) else None


def _compare(sign: str, left: Metric, right: Metric) -> Truth:
    if _is_nan(left) or _is_nan(right):
        return None
    if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
        is_fair = sign in ("==", "!=") and (type(left) is type(right) or left is None or right is None)
    else:
        is_fair = isinstance(left, str) == isinstance(right, str)
    return _COMPARISONS[sign](left, right) if is_fair else None


def _is_nan(value: Metric) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _describe(name: str, metrics: Mapping[str, Metric]) -> str:
    if name not in metrics:
        return f"no task has reported {name} with `current.metrics.summary`"
    value = metrics[name]
    return f"{name} is {value!r}" if not isinstance(value, float) else f"{name} is {value:g}"
