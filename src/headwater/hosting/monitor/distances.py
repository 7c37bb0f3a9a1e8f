"""How far apart two distributions are: PSI, Kolmogorov and Smirnov, chi-square; of counts in the same bins."""

import math
from collections.abc import Sequence

import msgspec

from headwater.hosting.monitor.distributions import chi_square_tail, kolmogorov_tail

#: Added to each bin of the index, so that an empty one does not make it infinite.
_HALF = 0.5


class Tested(msgspec.Struct, frozen=True):
    """A statistic, and how probable it is by chance when all values are independent."""

    statistic: float
    p_value: float


def population_stability(before: Sequence[int], now: Sequence[int]) -> float:
    """Give the population stability index of two counts of the same bins; 0 = alike, above 0.25 = far apart."""
    bins = len(before)
    ours, theirs = sum(before) + _HALF * bins, sum(now) + _HALF * bins
    total = 0.0
    for one, other in zip(before, now, strict=True):
        old, new = (one + _HALF) / ours, (other + _HALF) / theirs
        total += (new - old) * math.log(new / old)
    return total


def kolmogorov_smirnov(before: Sequence[int], now: Sequence[int]) -> Tested:
    """Test whether two counts of the same ordered bins come from one distribution.

    The statistic is the greatest difference of their shares up to a bin: never more than that of the values themselves.
    """
    ours, theirs = sum(before), sum(now)
    if not ours or not theirs:
        return Tested(0.0, 1.0)
    greatest, here, there = 0.0, 0, 0
    for one, other in zip(before, now, strict=True):
        here += one
        there += other
        greatest = max(greatest, abs(here / ours - there / theirs))
    return Tested(greatest, kolmogorov_tail(greatest * math.sqrt(ours * theirs / (ours + theirs))))


def chi_square(before: Sequence[int], now: Sequence[int]) -> Tested:
    """Test whether two counts of the same bins come from one distribution (homogeneity); empty bins do not count."""
    ours, theirs = sum(before), sum(now)
    pairs = [pair for pair in zip(before, now, strict=True) if sum(pair)]
    if not ours or not theirs or len(pairs) < 2:
        return Tested(0.0, 1.0)
    total = 0.0
    for one, other in pairs:
        share = (one + other) / (ours + theirs)
        total += (one - ours * share) ** 2 / (ours * share) + (other - theirs * share) ** 2 / (theirs * share)
    return Tested(total, chi_square_tail(total, len(pairs) - 1))
