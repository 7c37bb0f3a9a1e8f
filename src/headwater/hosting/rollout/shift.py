"""How much the answers of two versions differ in distribution: shown always, and a reason only if asked."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from headwater.hosting.difference import greatest_difference

#: Probability that the error given is exceeded; small, because it is looked at again and again.
_RISK = 1e-4
#: Values of each version below which nothing is said.
_FEWEST = 30
#: More different words than this are no categories.
_MOST_WORDS = 50
#: Items of a list that are looked at.
_ITEMS = 16


class Shift(msgspec.Struct, frozen=True):
    """How far apart the answers of an endpoint are."""

    #: `score`, or `score.label` for a field of its answer.
    name: str
    #: Greatest difference of the shares below a value (Kolmogorov and Smirnov), or half the sum of the differences of
    #: the words' shares (total variation): from 0 (alike) to 1 (nothing in common).
    distance: float
    #: By how much it may be off by chance.
    error: float
    #: Values of each version.
    live: int
    candidate: int
    #: (a word, or a tenth's upper limit; share at the live version; share at the candidate), for showing.
    bars: tuple[tuple[str, float, float], ...]

    def __str__(self) -> str:
        return f"the answers of {self.name} shifted by {self.distance:.2f} (± {self.error:.2f})"


def shifts_of(endpoint: str, live: Iterable[bytes], candidate: Iterable[bytes]) -> tuple[Shift, ...]:
    """Compare the answers (JSON) of two versions to one endpoint; what is neither number nor word is left out."""
    ours, theirs = _values(endpoint, live), _values(endpoint, candidate)
    found = (_shift(name, ours[name], theirs[name]) for name in sorted(set(ours) & set(theirs)))
    return tuple(shift for shift in found if shift is not None)


def _values(endpoint: str, answers: Iterable[bytes]) -> dict[str, list[float | str]]:
    found: dict[str, list[float | str]] = {}
    for body in answers:
        try:
            answer = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            continue
        fields = answer.items() if isinstance(answer, dict) else [("", answer)]
        for name, value in fields:
            path = f"{endpoint}.{name}" if name else endpoint
            for each in value[:_ITEMS] if isinstance(value, list) else [value]:
                if isinstance(each, bool):
                    found.setdefault(path, []).append(str(each))
                elif isinstance(each, str | int | float):
                    found.setdefault(path, []).append(each if isinstance(each, str) else float(each))
    return found


def _shift(name: str, live: Sequence[float | str], candidate: Sequence[float | str]) -> Shift | None:
    if min(len(live), len(candidate)) < _FEWEST:
        return None
    numbers = [value for value in (*live, *candidate) if isinstance(value, float)]
    if len(numbers) == len(live) + len(candidate):
        return _shift_of_numbers(name, numbers[: len(live)], numbers[len(live) :])
    return _shift_of_words(name, list(map(str, live)), list(map(str, candidate)))


def _shift_of_numbers(name: str, live: list[float], candidate: list[float]) -> Shift:
    distance = greatest_difference(sorted(live), sorted(candidate))
    # Dvoretzky, Kiefer and Wolfowitz, with Massart's constant.
    error = sum(math.sqrt(math.log(4 / _RISK) / (2 * len(values))) for values in (live, candidate))
    return Shift(name, distance, error, len(live), len(candidate), _tenths(live, candidate))


def _tenths(live: list[float], candidate: list[float]) -> tuple[tuple[str, float, float], ...]:
    ordered = sorted(live)
    limits = sorted({ordered[len(ordered) * part // 10] for part in range(1, 10)})
    bars: list[tuple[str, float, float]] = []
    for low, high in zip([-math.inf, *limits], [*limits, math.inf], strict=True):
        here, there = (sum(low < value <= high for value in values) / len(values) for values in (live, candidate))
        bars.append((f"to {high:g}" if high < math.inf else f"above {low:g}", here, there))
    return tuple(bars)


def _shift_of_words(name: str, live: list[str], candidate: list[str]) -> Shift | None:
    ours, theirs = Counter(live), Counter(candidate)
    words = set(ours) | set(theirs)
    if len(words) > _MOST_WORDS:
        return None
    pairs = {word: (ours[word] / len(live), theirs[word] / len(candidate)) for word in words}
    distance = sum(abs(one - other) for one, other in pairs.values()) / 2
    # Weissman et al., Inequalities for the L1 deviation of the empirical distribution (2003).
    spread = 2 * (len(words) * math.log(2) + math.log(2 / _RISK))
    error = sum(math.sqrt(spread / len(values)) / 2 for values in (live, candidate))
    top = sorted(pairs, key=lambda word: (-max(pairs[word]), word))[:12]
    return Shift(name, distance, error, len(live), len(candidate), tuple((word, *pairs[word]) for word in top))
