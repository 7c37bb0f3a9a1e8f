"""Judges a candidate by what callers saw of it and of the live version; pure, and right whenever one looks."""

import math
from typing import Literal

import msgspec

from headwater.hosting.rollout.evidence import (
    PARTS,
    RATIOS,
    Bets,
    Counts,
    after_event,
    growth_of_not_worse,
    no_bets,
    not_worse,
)
from headwater.hosting.rollout.shift import Shift
from headwater.model.service import Rollout

#: Probability that a candidate which is no worse is rolled back by its numbers, over a whole rollout.
FALSE_ALARM = 0.01
#: Probability, for each share, that a candidate which is worse by a margin passes.
FALSE_PASS = 0.05
#: What a candidate's share of slow answers may be above the live version's.
SLOW_MARGIN = 0.05
#: Probability of the candidate where each request goes to both.
PAIRED = 0.5

SignalName = Literal["failures", "refusals", "slow"]
SIGNALS: tuple[SignalName, ...] = ("failures", "refusals", "slow")
#: What the requests needed are worked out for: shares of such answers of both versions.
_USUAL: dict[SignalName, float] = {"failures": 0.001, "refusals": 0.005, "slow": 0.1}

Verdict = Literal["better_or_equal", "worse", "inconclusive"]


class Signal(msgspec.Struct, frozen=True):
    """One way in which a candidate may be worse: counted, and bet on."""

    counts: Counts = Counts()
    bets: Bets = no_bets(RATIOS)


class Tally(msgspec.Struct, frozen=True):
    """What was seen at one share: all that the judge needs."""

    #: Probability that a request goes to the candidate; 0.5 where each goes to both.
    share: float
    #: Status 429 or from 500.
    failures: Signal = Signal()
    #: Status from 400, otherwise: requests that the version says are wrong.
    refusals: Signal = Signal()
    #: Slower than nine in ten of the live version's latest answers, by a quarter and a little.
    slow: Signal = Signal(bets=no_bets(PARTS))
    #: Shadowed requests, and those whose answers were the same byte for byte.
    compared: int = 0
    equal: int = 0

    def signal(self, name: SignalName) -> Signal:
        """Give one of `SIGNALS`."""
        found: Signal = getattr(self, name)
        return found


class Judged(msgspec.Struct, frozen=True):
    """What one signal says."""

    name: SignalName
    counts: Counts
    #: Evidence that the candidate is worse, and where it is enough.
    worse: float
    worse_at: float
    #: Evidence that it is not worse by the margin, and where it is enough.
    fine: float
    fine_at: float
    margin: float


class Judgement(msgspec.Struct, frozen=True):
    """What all of it says."""

    verdict: Verdict
    #: In a sentence.
    reason: str
    signals: tuple[Judged, ...] = ()
    shifts: tuple[Shift, ...] = ()
    compared: int = 0
    equal: int = 0

    @property
    def candidate(self) -> int:
        """Requests to the candidate that counted."""
        return self.signals[0].counts.candidate if self.signals else 0

    @property
    def live(self) -> int:
        """Requests to the live version that counted."""
        return self.signals[0].counts.live if self.signals else 0


def judge(tally: Tally, plan: Rollout, shifts: tuple[Shift, ...] = ()) -> Judgement:
    """Say what the numbers of one share come to.

    *Worse* as soon as one signal's evidence is enough; *better or equal* when at least `min_requests` went to the
    candidate and each signal excludes that it is worse by its margin; *inconclusive* otherwise. A shift of the
    predictions counts only when `max_shift` says so.
    """
    signals = tuple(_judged(tally, name, plan) for name in SIGNALS)
    verdict, reason = _verdict(signals, plan, shifts)
    return Judgement(verdict, reason, signals, shifts, tally.compared, tally.equal)


def margin_of(name: SignalName, plan: Rollout) -> float:
    """Give the difference of shares that would matter."""
    return SLOW_MARGIN if name == "slow" else plan.max_more_errors


def enough_to_condemn(plan: Rollout) -> float:
    """Give the evidence from which on a candidate is worse: the probability is divided among signals and shares."""
    return len(SIGNALS) * stages_of(plan) / FALSE_ALARM


def stages_of(plan: Rollout) -> int:
    """Give how many times a rollout is judged anew: the shadow, and each share."""
    return max(1, (plan.shadow_seconds > 0) + len(plan.steps))


class Needed(msgspec.Struct, frozen=True):
    """How many requests a share takes."""

    #: In percent.
    share: float
    #: Requests to the candidate for "better or equal", where both versions are alike.
    candidate: int
    #: The same in requests to the service.
    total: int
    #: Failed requests of the candidate, one after the other, for "worse", where the live version has none.
    failures: int


def requests_needed(plan: Rollout) -> list[Needed]:
    """Work out what each share of a plan takes, for versions that fail rarely (a request in a thousand)."""
    found = []
    for percent in plan.steps:
        share = percent / 100
        candidate = max(plan.min_requests, *(_needed(name, share, plan) for name in SIGNALS))
        found.append(Needed(percent, candidate, math.ceil(candidate / share), failures_needed(share, plan)))
    return found


def failures_needed(share: float, plan: Rollout) -> int:
    """Give how many failures of the candidate in a row are enough, where the live version has none."""
    bets, count = no_bets(RATIOS), 0
    while bets.value < enough_to_condemn(plan):
        bets = after_event(bets, is_candidate=True, share=share)
        count += 1
    return count


def _needed(name: SignalName, share: float, plan: Rollout) -> int:
    growth = growth_of_not_worse(_USUAL[name], share, margin_of(name, plan))
    # The mixture costs the logarithm of its size; half as much again for chance: it is a mean that grows so.
    exact = 1.5 * share * math.log(len(PARTS) / FALSE_PASS) / growth
    digits: int = 10 ** max(0, math.floor(math.log10(exact)) - 1)
    return math.ceil(exact / digits) * digits


def _judged(tally: Tally, name: SignalName, plan: Rollout) -> Judged:
    signal, margin = tally.signal(name), margin_of(name, plan)
    fine = not_worse(signal.counts, tally.share, margin)
    return Judged(name, signal.counts, signal.bets.value, enough_to_condemn(plan), fine, 1 / FALSE_PASS, margin)


def _verdict(signals: tuple[Judged, ...], plan: Rollout, shifts: tuple[Shift, ...]) -> tuple[Verdict, str]:
    for one in signals:
        if one.worse >= one.worse_at:
            return "worse", f"more {_words(one)}: {_compared(one)}"
    if plan.max_shift is not None:
        for shift in shifts:
            if shift.distance - shift.error > plan.max_shift:
                return "worse", f"{shift} (at most {plan.max_shift:g} is allowed)"
    requests = signals[0].counts.candidate
    if requests < plan.min_requests:
        return "inconclusive", f"{requests:,} of {plan.min_requests:,} requests to the candidate so far"
    for one in signals:
        if one.fine < one.fine_at:
            return "inconclusive", f"{_words(one)} do not decide yet: {_compared(one)}"
    if plan.max_shift is not None:
        for shift in shifts:
            if shift.distance > plan.max_shift:
                return "inconclusive", f"{shift}, too few to tell whether it is above {plan.max_shift:g}"
    return "better_or_equal", "no more failures, refusals or slow answers than the live version"


def _words(one: Judged) -> str:
    return "slow answers" if one.name == "slow" else one.name


def _compared(one: Judged) -> str:
    counts = one.counts
    return (
        f"{counts.candidate_bad:,} of {counts.candidate:,} requests, "
        f"{counts.live_bad:,} of {counts.live:,} at the live version"
    )
