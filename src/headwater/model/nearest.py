"""The names nearest to a mistyped one, for hints."""

from collections.abc import Iterable


def nearest(word: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """Give up to `count` choices that `word` may have been meant to be, nearest first; empty when none is near."""
    ranked = []
    for choice in choices:
        distance = _distance(word.lower(), choice.lower())
        if distance <= max(1, min(len(word), len(choice)) // 3):
            ranked.append((distance, choice))
    return [choice for _, choice in sorted(ranked)[:count]]


def did_you_mean(word: str, choices: Iterable[str], *, what: str = "") -> str:
    """Give a hint: the nearest names, then (when `what` names their kind) all of them."""
    known = list(choices)
    near = nearest(word, known)
    guess = f"did you mean `{near[0]}`?" if near else ""
    if not what or not known:
        return guess
    shown = ", ".join(known[:20]) + (" ..." if len(known) > 20 else "")
    return f"{guess} {what} are: {shown}".strip()


def _distance(left: str, right: str) -> int:
    """Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        here = [row]
        for column, b in enumerate(right, 1):
            cost = min(above[column] + 1, here[-1] + 1, above[column - 1] + (a != b))
            if row > 1 and column > 1 and a == right[column - 2] and b == left[row - 2]:
                cost = min(cost, before[column - 2] + 1)
            here.append(cost)
        before, above = above, here
    return above[-1]
