"""How often the judge is wrong, how soon it is right, and what it says: by seeded simulation."""

import math
import random

import msgspec
import pytest
from scipy import stats

from headwater.hosting.rollout.evidence import Counts, after_block, no_bets
from headwater.hosting.rollout.judge import (
    FALSE_ALARM,
    Judgement,
    Signal,
    Tally,
    enough_to_condemn,
    judge,
    requests_needed,
    stages_of,
)
from headwater.hosting.rollout.shift import shifts_of
from headwater.model.service import Rollout
from tests.hosting.rollout.rollout_scene import PLAN, failing, slowing

CALM = Rollout(steps=(10.0, 50.0), min_requests=10**9)


def verdicts(
    times: int, seed: int, *, share: float = 0.1, live: float, candidate: float, most: int, plan: Rollout = PLAN
) -> list[Judgement]:
    chance = random.Random(seed)
    return [failing(share, live, candidate, plan=plan, most=most, chance=chance) for _ in range(times)]


def share_of(judgements: list[Judgement], verdict: str) -> float:
    return sum(each.verdict == verdict for each in judgements) / len(judgements)


def at_most(found: float, times: int, allowed: float) -> bool:
    """Tell whether a share found in so many trials is no proof that it is above what is allowed."""
    return stats.binomtest(round(found * times), times, allowed, alternative="greater").pvalue > 1e-3


def assert_false_alarms(times: int, most: int, seed: int) -> None:
    # Nobody passes (min_requests), so each trial is looked at after every failure until its end.
    for share in (0.01, 0.1, 0.5):
        found = share_of(verdicts(times, seed, share=share, live=0.05, candidate=0.05, most=most, plan=CALM), "worse")
        assert at_most(found, times, FALSE_ALARM / 2 / 3), (share, found)


def assert_false_passes(times: int, seed: int) -> None:
    # Worse by exactly the margin, judged until it passes or is found out; failures alone are looked at.
    found = share_of(verdicts(times, seed, live=0.01, candidate=0.02, most=30_000), "better_or_equal")
    assert at_most(found, times, 0.05), found


def test_a_candidate_that_is_no_worse_is_hardly_ever_rolled_back() -> None:
    assert_false_alarms(times=60, most=2_000, seed=1)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_candidate_that_is_no_worse_is_rolled_back_less_often_than_stated() -> None:
    assert_false_alarms(times=800, most=8_000, seed=2)


def test_a_candidate_that_is_worse_by_the_margin_hardly_ever_passes() -> None:
    assert_false_passes(times=40, seed=3)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_candidate_that_is_worse_by_the_margin_passes_less_often_than_stated() -> None:
    assert_false_passes(times=1_000, seed=4)


@pytest.mark.parametrize(
    ("share", "live", "candidate", "most"),
    [
        (0.1, 0.01, 0.20, 2_000),
        (0.1, 0.01, 0.06, 10_000),
        (0.5, 0.01, 0.06, 2_000),
        (0.01, 0.01, 1.00, 2_000),
    ],
)
def test_a_worse_candidate_is_found_within_the_requests_that_the_documentation_says(
    share: float, live: float, candidate: float, most: int
) -> None:
    found = verdicts(40, 5, share=share, live=live, candidate=candidate, most=most)

    assert share_of(found, "worse") >= 0.95


def test_an_equal_candidate_passes_within_the_requests_that_are_printed_beforehand() -> None:
    needed = requests_needed(PLAN)[0]
    found = verdicts(40, 6, live=0.001, candidate=0.001, most=needed.total)

    assert share_of(found, "better_or_equal") >= 0.9
    assert needed.total == pytest.approx(needed.candidate / 0.1, abs=1)


def test_bursts_of_slow_answers_on_either_side_are_no_evidence() -> None:
    chance = random.Random(8)
    condemned = 0
    for _ in range(100):
        bets = no_bets(slowing([]).slow.bets.held)
        for _ in range(400):
            # A pause makes half of a version's answers slow for as long as a block, one in ten times.
            live, candidate = (0.5 * (chance.random() < 0.1) for _ in range(2))
            bets = after_block(bets, candidate - live)
            if bets.value >= enough_to_condemn(PLAN):
                condemned += 1
                break

    assert at_most(condemned / 100, 100, FALSE_ALARM / 6)


def test_a_slow_candidate_is_found_within_a_few_seconds_of_blocks() -> None:
    tally = slowing([(0.1, 1.0)] * 15)

    assert judge(tally, PLAN).verdict == "worse"
    assert "slow answers" in judge(tally, PLAN).reason


def test_twenty_requests_an_hour_do_not_decide() -> None:
    counts = Counts(480, 1, 4, 0)
    tally = Tally(0.01, *[Signal(counts)] * 2, Signal(counts, no_bets(slowing([]).slow.bets.held)))
    judgement = judge(tally, Rollout(steps=(1.0, 10.0), min_requests=2000))

    assert (judgement.verdict, judgement.reason) == (
        "inconclusive",
        "4 of 2,000 requests to the candidate so far",
    )


def test_enough_requests_without_enough_evidence_are_inconclusive() -> None:
    counts = Counts(900, 90, 100, 10)
    plan = msgspec.structs.replace(PLAN, min_requests=100)
    judgement = judge(Tally(0.1, Signal(counts)), plan)

    assert judgement.verdict == "inconclusive"
    assert judgement.reason == "failures do not decide yet: 10 of 100 requests, 90 of 900 at the live version"


def test_the_probability_of_a_false_alarm_is_divided_among_signals_and_shares() -> None:
    plan = Rollout(shadow_seconds=60, steps=(1.0, 10.0, 50.0))

    assert stages_of(plan) == 4
    assert enough_to_condemn(plan) == pytest.approx(3 * 4 / FALSE_ALARM)


def test_needed_failures_in_a_row_are_the_fewest_that_condemn() -> None:
    found = {each.share: each.failures for each in requests_needed(Rollout(steps=(1.0, 10.0, 50.0)))}

    assert found == {1.0: 3, 10.0: 5, 50.0: 13}


GOOD = Tally(0.5, *[Signal(Counts(2000, 0, 2000, 0))] * 2, Signal(Counts(2000, 200, 2000, 200), slowing([]).slow.bets))


def test_a_shift_is_shown_and_gates_only_if_asked() -> None:
    shifts = shifts_of("label", [b'"yes"'] * 500 + [b'"no"'] * 500, [b'"yes"'] * 950 + [b'"no"'] * 50)
    strict = msgspec.structs.replace(PLAN, max_shift=0.1)

    assert shifts[0].distance == pytest.approx(0.45)
    assert judge(GOOD, PLAN, shifts).verdict == "better_or_equal"
    assert judge(GOOD, strict, shifts).verdict == "worse"
    assert judge(GOOD, msgspec.structs.replace(PLAN, max_shift=0.44), shifts).verdict == "inconclusive"


def test_the_distance_of_numbers_is_that_of_kolmogorov_and_smirnov() -> None:
    chance = random.Random(9)
    live = [round(chance.gauss(0, 1), 1) for _ in range(400)]
    candidate = [round(chance.gauss(0.3, 1.2), 1) for _ in range(300)]
    (shift,) = shifts_of("score", *([str(value).encode() for value in values] for values in (live, candidate)))

    assert shift.distance == pytest.approx(stats.ks_2samp(live, candidate).statistic)
    assert math.fsum(share for _, share, _ in shift.bars) == pytest.approx(1.0)
    assert math.fsum(share for _, _, share in shift.bars) == pytest.approx(1.0)


def test_fields_of_answers_are_compared_one_by_one_and_texts_are_left_out() -> None:
    live = [msgspec.json.encode({"label": "a", "score": number / 50, "text": f"text {number}"}) for number in range(60)]
    found = shifts_of("read", live, live)

    assert [(shift.name, shift.distance) for shift in found] == [("read.label", 0.0), ("read.score", 0.0)]


@pytest.mark.parametrize("answer", [b"", b"{", b"[" * 3000, b"null", b'{"a": {"b": 1}}'])
def test_answers_that_are_no_numbers_or_words_are_left_out(answer: bytes) -> None:
    assert shifts_of("x", [answer] * 100, [answer] * 100) == ()
