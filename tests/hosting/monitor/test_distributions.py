import math

import pytest
from scipy import special, stats

from headwater.hosting.monitor.distances import chi_square, kolmogorov_smirnov, population_stability
from headwater.hosting.monitor.distributions import chi_square_tail, kolmogorov_tail, t_tail
from tests.hosting.monitor.counts import counts_of_values

NEAR = {"rel": 1e-8, "abs": 1e-300}


@pytest.mark.parametrize("degrees", [1, 2, 9, 19, 100, 5000])
@pytest.mark.parametrize("value", [-3.0, -0.1, 0.0, 0.5, 1.0, 2.5, 8.0, 60.0])
def test_tails_of_t_are_those_of_scipy(value: float, degrees: int) -> None:
    assert t_tail(value, degrees) == pytest.approx(stats.t.sf(value, degrees), **NEAR)


@pytest.mark.parametrize("degrees", [1, 2, 5, 19, 30, 400])
@pytest.mark.parametrize("value", [0.0, 0.01, 1.0, 4.0, 20.0, 60.0, 390.0, 900.0])
def test_tails_of_chi_square_are_those_of_scipy(value: float, degrees: int) -> None:
    assert chi_square_tail(value, degrees) == pytest.approx(stats.chi2.sf(value, degrees), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("value", [0.05, 0.3, 0.5, 1.0, 1.36, 2.0, 4.0])
def test_tails_of_kolmogorovs_distribution_are_those_of_scipy(value: float) -> None:
    assert kolmogorov_tail(value) == pytest.approx(special.kolmogorov(value), rel=1e-7, abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("digits", [1, 6])
def test_the_distance_of_two_samples_is_that_of_scipy(shift: float, digits: int) -> None:
    before = [round(value, digits) for value in stats.norm.rvs(size=400, random_state=1)]
    now = [round(value, digits) for value in stats.norm.rvs(shift, size=150, random_state=2)]
    found = kolmogorov_smirnov(*counts_of_values(before, now))
    expected = stats.ks_2samp(before, now, method="asymp")

    assert found.statistic == pytest.approx(expected.statistic)
    # SciPy takes the exact distribution of one sample of the harmonic size; the limit is near it.
    assert found.p_value == pytest.approx(expected.pvalue, rel=0.2, abs=0.02)
    assert found.p_value == pytest.approx(special.kolmogorov(found.statistic * math.sqrt(400 * 150 / 550)), abs=1e-9)


@pytest.mark.parametrize("before, now", [([50, 30, 20], [20, 30, 50]), ([5, 1, 90], [6, 2, 70]), ([10, 0], [3, 4])])
def test_chi_square_of_counts_is_that_of_scipy(before: list[int], now: list[int]) -> None:
    found = chi_square(before, now)
    expected = stats.chi2_contingency([before, now], correction=False)

    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


def test_bins_that_are_empty_on_both_sides_do_not_count() -> None:
    assert chi_square([5, 0, 9], [9, 0, 5]) == chi_square([5, 9], [9, 5])
    assert chi_square([5], [9]).p_value == 1.0


def test_the_stability_index_is_both_relative_entropies_of_scipy() -> None:
    before, now = [500, 300, 200], [200, 300, 500]
    ours, theirs = [count + 0.5 for count in before], [count + 0.5 for count in now]
    expected = stats.entropy(ours, theirs) + stats.entropy(theirs, ours)

    assert population_stability(before, now) == pytest.approx(expected)
    assert population_stability(before, before) == 0.0
    assert population_stability([10, 0], [0, 10]) < math.inf
