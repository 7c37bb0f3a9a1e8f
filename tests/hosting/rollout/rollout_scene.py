"""Traffic made up for the judge: requests drawn to two versions, each with its rate of bad answers."""

import random

import msgspec

from headwater.hosting.rollout.evidence import after_block, after_event
from headwater.hosting.rollout.judge import Judgement, Signal, Tally, judge
from headwater.model.service import Rollout

PLAN = Rollout(steps=(10.0, 50.0), min_requests=1000)


def failing(
    share: float, live: float, candidate: float, *, plan: Rollout = PLAN, most: int, chance: random.Random
) -> Judgement:
    """Draw requests until there is a verdict or `most` of them; the judge looks after every failure, and at the end.

    Args:
        share: probability of the candidate.
        live: probability that a request of the live version fails.
        candidate: the same of the candidate.
        plan: says when there is a verdict.
        most: requests in all.
        chance: draws.
    """
    tally = Tally(share)
    judgement = judge(tally, plan)
    for number in range(1, most + 1):
        is_candidate = chance.random() < share
        is_bad = chance.random() < (candidate if is_candidate else live)
        bets = tally.failures.bets
        counts = tally.failures.counts.plus(is_candidate, is_bad)
        if is_bad:
            bets = after_event(bets, is_candidate, share)
        good = tally.refusals.counts.plus(is_candidate, is_bad=False)
        tally = Tally(share, Signal(counts, bets), Signal(good), Signal(good, tally.slow.bets))
        if is_bad or number % 500 == 0 or number == most:
            judgement = judge(tally, plan)
            if judgement.verdict != "inconclusive":
                return judgement
    return judgement


def slowing(blocks: list[tuple[float, float]]) -> Tally:
    """Give the tally of blocks: shares of slow answers of the live version and of the candidate."""
    tally = Tally(0.5)
    for live, candidate in blocks:
        bets = after_block(tally.slow.bets, candidate - live)
        tally = msgspec.structs.replace(tally, slow=Signal(tally.slow.counts, bets))
    return tally
