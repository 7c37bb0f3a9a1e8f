"""Decides whether a window of requests differs from the reference; pure, with a stated rate of false alarms.

Everything that is watched is a share: of values below an edge, of a category, of texts with a word. Shares are compared
on Cohen's scale, h = 2 asin sqrt(q) - 2 asin sqrt(p), where the same step means as much at 1 % as at 50 % and the error
does not depend on the share. A difference within a tolerance is none: traffic at night may differ from that at noon.

Requests come in bursts: a hundred of them may say no more than five. How much they say is read off the window itself:
it is cut into blocks of consecutive requests, and the blocks' scatter, widened by how much each resembles the one
before, gives the number of independent requests that the window is worth (batch means with an autoregressive tail). The
most dependent share of a measure counts for all of its shares.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from headwater.hosting.monitor.distances import chi_square, kolmogorov_smirnov, population_stability
from headwater.hosting.monitor.distributions import t_tail
from headwater.hosting.monitor.profile import Measure, Profile, Tally

#: Cohen's words for h: up to this it is a small, and a medium difference.
SMALL, MEDIUM = 0.2, 0.5
#: Blocks below which nothing is decided.
FEWEST_BLOCKS = 10
#: Blocks resemble each other at most so much: beyond it nothing could be told apart from a shift.
_MOST_ALIKE = 0.97
#: Shares outside of this say little about how requests depend on each other.
_RARE = 0.02


class Finding(msgspec.Struct, frozen=True):
    """How one measure of one column stands: the share that differs most."""

    column: str
    measure: str
    #: Probability of such a difference when the true one is within the tolerance; corrected for the measure's shares.
    p_value: float
    #: Cohen's h of that share.
    effect: float
    #: The same without its sign; negative when it is a change that is of no concern.
    size: float
    #: Number of the bin; of steps: the share is that of the values at or below the bin's edge.
    bin: int
    before: float
    now: float
    #: How often each bin was hit, and of how many values.
    counts_before: tuple[int, ...]
    counts_now: tuple[int, ...]
    total_before: int
    total_now: int
    #: Independent values that those now are worth.
    worth: float

    @property
    def key(self) -> str:
        """`age: value`."""
        return f"{self.column}: {self.measure}"


class Statistics(msgspec.Struct, frozen=True):
    """The customary numbers of a measure, for showing: they take all values as independent."""

    psi: float
    #: Kolmogorov and Smirnov's distance; None for what has no order.
    ks: float | None
    ks_p: float | None
    chi_square: float
    chi_square_p: float


def statistics_of(finding: Finding, measure: Measure) -> Statistics:
    """Work out the customary numbers of a measure; a `sets` measure is taken bin by bin and the worst one is given."""
    before, now = finding.counts_before, finding.counts_now
    if measure.kind == "sets":
        before = (before[finding.bin], finding.total_before - before[finding.bin])
        now = (now[finding.bin], finding.total_now - now[finding.bin])
    chi = chi_square(before, now)
    ks = kolmogorov_smirnov(before, now) if measure.kind == "steps" else None
    return Statistics(
        psi=population_stability(before, now),
        ks=None if ks is None else ks.statistic,
        ks_p=None if ks is None else ks.p_value,
        chi_square=chi.statistic,
        chi_square_p=chi.p_value,
    )


def examine(profile: Profile, blocks: Sequence[Tally], tolerance: float) -> list[Finding]:
    """Compare a window with the reference: a finding for each measure of which something was seen.

    Args:
        profile: what normal input looks like.
        blocks: what was counted in blocks of consecutive requests, in order of time; at least `FEWEST_BLOCKS`.
        tolerance: Cohen's h up to which a difference is none.
    """
    found = []
    for place, (column, measure) in enumerate(profile.measures):
        series = [(block.counts[place], block.totals[place]) for block in blocks if block.totals[place]]
        if len(series) >= FEWEST_BLOCKS and measure.total and measure.bins:
            found.append(_finding(column.name, measure, series, tolerance))
    return found


def alarming(findings: Sequence[Finding], alpha: float) -> list[Finding]:
    """Give the findings that are no chance, by Holm's method: one of them is false with at most this probability.

    The one that differs most comes first.
    """
    ordered = sorted(findings, key=lambda finding: finding.p_value)
    kept = []
    for place, finding in enumerate(ordered):
        if finding.p_value > alpha / (len(ordered) - place):
            break
        kept.append(finding)
    return sorted(kept, key=lambda finding: -finding.size)


def _finding(column: str, measure: Measure, series: Sequence[tuple[list[int], int]], tolerance: float) -> Finding:
    totals = [total for _, total in series]
    total = sum(totals)
    now = [sum(counts[place] for counts, _ in series) for place in range(len(measure.bins))]
    shares = _shares(measure, measure.counts, measure.total)
    worth = total / _dependence(measure, series)
    best = (2.0, 0.0, 0)
    shares_now = _shares(measure, now, total)
    for place, (before, seen) in enumerate(zip(shares, shares_now, strict=True)):
        effect = _scaled(seen) - _scaled(before)
        error = math.sqrt(1 / worth + 1 / measure.total)
        size = -effect if measure.is_one_sided else abs(effect)
        excess = (size - tolerance) / error
        p_value = min(1.0, 2 * t_tail(excess, len(series) - 1))
        best = min(best, (p_value, -size, place))
    p_value, opposite, place = best
    before, seen = shares[place], shares_now[place]
    if measure.is_one_sided and measure.kind == "values":
        # Told of the bin that is of concern: so many are missing, not so many are there.
        place, before, seen = 1, 1 - before, 1 - seen
    return Finding(
        column=column,
        measure=measure.name,
        p_value=min(1.0, p_value * len(shares)),
        effect=_scaled(seen) - _scaled(before),
        size=-opposite,
        bin=place,
        before=before,
        now=seen,
        counts_before=measure.counts,
        counts_now=tuple(now),
        total_before=measure.total,
        total_now=total,
        worth=worth,
    )


def _shares(measure: Measure, counts: Sequence[int], total: int) -> list[float]:
    """The shares that are compared: of steps those at or below each edge, else those of the bins that may change."""
    if measure.kind == "values" and measure.is_one_sided:
        return [counts[0] / total]
    if measure.kind != "steps":
        return [count / total for count in counts]
    if len(counts) == 1:
        return [1.0]
    below, found = 0, []
    for count in counts[:-1]:
        below += count
        found.append(below / total)
    return found


def _scaled(share: float) -> float:
    return 2 * math.asin(math.sqrt(min(1.0, max(0.0, share))))


def _dependence(measure: Measure, series: Sequence[tuple[list[int], int]]) -> float:
    """How many requests say as much as one independent one: 1 or more."""
    totals = [total for _, total in series]
    by_block = [_shares(measure, counts, total) for counts, total in series]
    worst = 1.0
    for place in range(len(by_block[0])):
        shares = [block[place] for block in by_block]
        worst = max(worst, _dependence_of_share(shares, totals))
    return worst


def _dependence_of_share(shares: Sequence[float], totals: Sequence[int]) -> float:
    blocks, total = len(shares), sum(totals)
    mean = sum(share * count for share, count in zip(shares, totals, strict=True)) / total
    if not _RARE < mean < 1 - _RARE:
        return 1.0
    errors = [(share - mean) * count for share, count in zip(shares, totals, strict=True)]
    squares = sum(error * error for error in errors)
    by_chance = mean * (1 - mean) * total
    scatter = squares * blocks / (blocks - 1) / by_chance
    if not squares:
        return 1.0
    alike = sum(one * other for one, other in pairwise(errors)) / squares
    # The estimate is too low by about this much when there are few blocks (Marriott and Pope, 1954).
    alike = min(_MOST_ALIKE, max(0.0, alike + (1 + 3 * alike) / blocks))
    return max(1.0, scatter) * (1 + alike) / (1 - alike)
