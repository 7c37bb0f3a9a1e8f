"""The evidence against what can be worked out exactly, and against SciPy."""

import itertools
import math
import random

import pytest
from scipy import stats

from headwater.hosting.rollout.evidence import (
    PARTS,
    RATIOS,
    Bets,
    Counts,
    after_block,
    after_event,
    growth_of_not_worse,
    no_bets,
    not_worse,
)


def after_events(labels: tuple[bool, ...] | list[bool], share: float) -> Bets:
    bets = no_bets(RATIOS)
    for label in labels:
        bets = after_event(bets, label, share)
    return bets


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_its_mean_over_all_sequences_of_failures_is_one_when_both_fail_alike(share: float) -> None:
    length = 10
    mean = sum(
        share ** sum(labels) * (1 - share) ** (length - sum(labels)) * after_events(labels, share).value
        for labels in itertools.product((False, True), repeat=length)
    )

    assert mean == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("ratio", [0.2, 0.9])
def test_its_mean_is_below_one_when_the_candidate_fails_less(ratio: float) -> None:
    share = 0.1
    asked = share * ratio / (share * ratio + 1 - share)
    mean = sum(
        asked ** sum(labels) * (1 - asked) ** (10 - sum(labels)) * after_events(labels, share).value
        for labels in itertools.product((False, True), repeat=10)
    )

    assert mean < 1.0


def test_one_bet_is_the_likelihood_ratio_of_the_binomial_mixed_over_the_ratios() -> None:
    share = 0.1
    expected = 0.5 + 0.5 * sum(
        stats.binom.pmf(1, 1, share * ratio / (share * ratio + 1 - share)) / stats.binom.pmf(1, 1, share)
        for ratio in RATIOS
    ) / len(RATIOS)

    assert after_events([True], share).value == pytest.approx(expected)


def test_evidence_is_no_stronger_than_exact_tests_that_look_once() -> None:
    chance = random.Random(7)
    for _ in range(200):
        share = chance.choice([0.01, 0.1, 0.5])
        labels = [chance.random() < 2 * share for _ in range(chance.randint(1, 40))]
        # Chernoff: a likelihood ratio is at most 1 / the tail of the binomial; bets enter at each of these starts.
        tails = [stats.binom.sf(sum(labels[start:]) - 1, len(labels) - start, share) for start in range(len(labels))]

        assert after_events(labels, share).value <= 1 / min(tails) + 1


def test_a_version_that_turns_bad_after_a_long_time_is_found_nearly_as_fast() -> None:
    chance = random.Random(3)
    good = after_events([chance.random() < 0.1 for _ in range(5000)], 0.1)
    late, at_once, bets = 0, 0, good
    while bets.value < 600:
        bets, late = after_event(bets, is_candidate=True, share=0.1), late + 1
    bets = no_bets(RATIOS)
    while bets.value < 600:
        bets, at_once = after_event(bets, is_candidate=True, share=0.1), at_once + 1

    assert at_once <= 5
    assert late <= 15


def test_blocks_mean_one_when_the_shares_of_slow_answers_differ_by_chance_only() -> None:
    outcomes = (-0.5, 0.0, 0.5)
    total = 0.0
    for blocks in itertools.product(outcomes, repeat=7):
        bets = no_bets(PARTS)
        for difference in blocks:
            bets = after_block(bets, difference)
        total += bets.value / len(outcomes) ** 7

    assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(("share", "margin"), [(0.01, 0.01), (0.1, 0.01), (0.5, 0.05)])
@pytest.mark.parametrize("rate", [0.0, 0.02, 0.2])
def test_not_worse_means_one_at_most_when_it_is_worse_by_the_margin(share: float, margin: float, rate: float) -> None:
    requests = 40
    kinds = [share * (rate + margin), share * (1 - rate - margin), (1 - share) * rate, (1 - share) * (1 - rate)]
    total = 0.0
    for bad_candidate in range(requests + 1):
        for bad_live in range(requests + 1 - bad_candidate):
            good = requests - bad_candidate - bad_live
            probability = stats.multinomial.pmf(
                [bad_candidate, bad_live, good], requests, [kinds[0], kinds[2], kinds[1] + kinds[3]]
            )
            counts = Counts(bad_live + good, bad_live, bad_candidate, bad_candidate)
            total += probability * not_worse(counts, share, margin)

    assert total == pytest.approx(1.0, abs=1e-9)


def test_not_worse_is_proven_by_no_failures_at_about_the_rule_of_three() -> None:
    candidate = 0
    while not_worse(Counts(9 * candidate, 0, candidate, 0), 0.1, 0.01) < 20:
        candidate += 1

    # The upper limit of Clopper and Pearson, looked at once, needs 299.
    assert stats.beta.ppf(0.95, 1, 299) == pytest.approx(0.01, rel=0.01)
    assert 299 <= candidate <= 1.6 * 299


def test_it_grows_as_fast_as_is_said() -> None:
    chance = random.Random(11)
    rate, share, margin, requests = 0.02, 0.2, 0.03, 20_000
    counts = Counts()
    for _ in range(requests):
        counts = counts.plus(chance.random() < share, chance.random() < rate)
    grown = math.log(not_worse(counts, share, margin)) / requests

    assert grown == pytest.approx(growth_of_not_worse(rate, share, margin), rel=0.25)
