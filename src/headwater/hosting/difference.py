"""How far apart two samples of numbers are: what the monitor and the judge of rollouts both ask."""

from collections.abc import Sequence


def greatest_difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Give the greatest difference of the shares below a value, of two samples in ascending order (Kolmogorov-Smirnov).

    From 0 (alike) to 1 (nothing in common).
    """
    greatest, here, there = 0.0, 0, 0
    while here < len(ours) and there < len(theirs):
        value = min(ours[here], theirs[there])
        while here < len(ours) and ours[here] <= value:
            here += 1
        while there < len(theirs) and theirs[there] <= value:
            there += 1
        greatest = max(greatest, abs(here / len(ours) - there / len(theirs)))
    return greatest
