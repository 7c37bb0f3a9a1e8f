"""Evidence that may be looked at after every request: what is gained by betting against "nothing is worse".

Each measure here starts at 1. While the claim that it bets against is true, it comes to 1/a at any later moment with
probability a at most (Ville's inequality), however often and whenever one looks. Sources: Shafer, Testing by betting
(J. R. Stat. Soc. A 2021); Ramdas et al., Game-theoretic statistics and safe anytime-valid inference (Stat. Sci. 2023).
"""

import math
from collections.abc import Sequence

import msgspec

#: How many times as often the candidate may be the one that fails; bets are spread evenly over them.
RATIOS = (1.2, 1.5, 2.0, 4.0, 8.0, 16.0, 64.0)
#: Parts of what is held that are put on a difference of shares; bets are spread evenly over them.
PARTS = (0.05, 0.1, 0.2, 0.4, 0.7, 0.95)
#: Beyond this nothing more is to be learned, and floats would overflow.
_MOST = 1e200


class Bets(msgspec.Struct, frozen=True):
    """What is held after some bets; a part of it enters at each bet.

    What enters late has lost nothing on what came before: a version that was good for a long time and turns bad is
    found nearly as fast as one that was bad from the beginning. All that has not entered yet is held as well.
    """

    #: Of each way to bet, in the order of `RATIOS` or `PARTS`.
    held: tuple[float, ...]
    #: Bets so far; 1 / (count + 1) has not entered.
    count: int = 0

    @property
    def value(self) -> float:
        """What is held in all; 1 at the start."""
        return min(_MOST, sum(self.held) + 1 / (self.count + 1))

    def after(self, factors: Sequence[float]) -> "Bets":
        """Give what is held after a bet: a factor for each way to bet, of mean 1 at most if the claim is true."""
        entering = 1 / ((self.count + 1) * (self.count + 2) * len(factors))
        held = tuple(min(_MOST, (own + entering) * factor) for own, factor in zip(self.held, factors, strict=True))
        return Bets(held, self.count + 1)


def no_bets(ways: Sequence[float]) -> Bets:
    """Give the start."""
    return Bets((0.0,) * len(ways))


def after_event(bets: Bets, is_candidate: bool, share: float) -> Bets:
    """Bet on whose request it was that failed, against "the candidate fails no more often than the live version".

    A request goes to the candidate with probability `share`, whatever it holds: if both fail equally often, that is
    also the probability that a failed request was the candidate's, however the rate of failures changes with time. This
    is the test of Lindon, Sanden and Shirikian, Rapid regression detection in software deployments through sequential
    testing (KDD 2022), mixed over `RATIOS`.

    Args:
        bets: before it.
        is_candidate: whose it was.
        share: probability of the candidate, above 0 and below 1.
    """
    factors = [(ratio if is_candidate else 1.0) / (1 + share * (ratio - 1)) for ratio in RATIOS]
    return bets.after(factors)


def after_block(bets: Bets, difference: float) -> Bets:
    """Bet on a short time's requests, against "the candidate's are slow no more often".

    Slow requests come in bursts (a busy machine, a pause of the collector): shares within a stretch of time are
    compared, so that a burst counts once.

    Args:
        bets: before it.
        difference: share of the candidate's requests that were slow less that of the live version's, from -1 to 1.
    """
    return bets.after([1 + part * difference for part in PARTS])


class Counts(msgspec.Struct, frozen=True):
    """Requests to both versions, and how many of them were of the kind that counts against a version."""

    live: int = 0
    live_bad: int = 0
    candidate: int = 0
    candidate_bad: int = 0

    def plus(self, is_candidate: bool, is_bad: bool) -> "Counts":
        """Give the counts with one request more."""
        if is_candidate:
            return Counts(self.live, self.live_bad, self.candidate + 1, self.candidate_bad + is_bad)
        return Counts(self.live + 1, self.live_bad + is_bad, self.candidate, self.candidate_bad)


def not_worse(counts: Counts, share: float, margin: float) -> float:
    """Give the evidence against "the candidate's share of bad requests is greater by `margin` or more".

    Each request bets a part of what is held on the difference of both shares, estimated without bias by weighing each
    request with 1 / its probability (Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting,
    J. R. Stat. Soc. B 2024). The order of requests does not matter, so counts are enough.

    Args:
        counts: requests so far, at one share.
        share: probability of the candidate, above 0 and below 1.
        margin: a difference that would matter, above 0.
    """
    logs = [_log_not_worse(counts, share, margin, part * share) for part in PARTS]
    top = max(logs)
    if top > math.log(_MOST):
        return _MOST
    return math.exp(top) * sum(math.exp(each - top) for each in logs) / len(logs)


def growth_of_not_worse(rate: float, share: float, margin: float) -> float:
    """Give how fast that evidence grows per request (of both versions) if both have this share of bad requests."""

    def growth(bet: float) -> float:
        bad_candidate, good, bad_live = _gains(share, margin, bet)
        return rate * (share * math.log(bad_candidate) + (1 - share) * math.log(bad_live)) + (1 - rate) * math.log(good)

    return max(growth(part * share) for part in PARTS)


def _log_not_worse(counts: Counts, share: float, margin: float, bet: float) -> float:
    bad_candidate, good, bad_live = _gains(share, margin, bet)
    return (
        counts.candidate_bad * math.log(bad_candidate)
        + counts.live_bad * math.log(bad_live)
        + (counts.candidate - counts.candidate_bad + counts.live - counts.live_bad) * math.log(good)
    )


def _gains(share: float, margin: float, bet: float) -> tuple[float, float, float]:
    """Factors for a bad request of the candidate, for a good one, for a bad one of the live version."""
    return 1 + bet * (margin - 1 / share), 1 + bet * margin, 1 + bet * (margin + 1 / (1 - share))
