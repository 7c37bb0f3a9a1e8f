"""Tail probabilities of three distributions, without SciPy; the tests compare them with it."""

import math

#: Where the sums and continued fractions below stop.
_PRECISION = 1e-14
_TINY = 1e-300
_MOST_TERMS = 10_000


def t_tail(value: float, degrees: float) -> float:
    """Give the probability that Student's t with these degrees of freedom is above a value."""
    part = 0.5 * _beta(degrees / 2, 0.5, degrees / (degrees + value * value))
    return part if value >= 0 else 1 - part


def chi_square_tail(value: float, degrees: float) -> float:
    """Give the probability that chi-square with these degrees of freedom is above a value."""
    if value <= 0:
        return 1.0
    shape, scaled = degrees / 2, value / 2
    if scaled < shape + 1:
        return 1 - _gamma_series(shape, scaled)
    return _gamma_fraction(shape, scaled)


def kolmogorov_tail(value: float) -> float:
    """Give the probability that Kolmogorov's limit distribution is above a value."""
    if value < 0.2:
        return 1.0
    terms = ((1.0 if k % 2 else -1.0) * math.exp(-2 * k * k * value * value) for k in range(1, 101))
    return min(1.0, max(0.0, 2 * sum(terms)))


def _gamma_series(shape: float, value: float) -> float:
    """Lower regularized incomplete gamma function (Abramowitz and Stegun 6.5.29)."""
    term = total = 1 / shape
    for k in range(1, _MOST_TERMS):
        term *= value / (shape + k)
        total += term
        if term < total * _PRECISION:
            break
    return total * math.exp(shape * math.log(value) - value - math.lgamma(shape))


def _gamma_fraction(shape: float, value: float) -> float:
    """Upper regularized incomplete gamma function (Abramowitz and Stegun 6.5.31), by Lentz's method."""
    b = value + 1 - shape
    c, d = 1 / _TINY, 1 / b
    found = d
    for k in range(1, _MOST_TERMS):
        a = -k * (k - shape)
        b += 2
        d = 1 / _away_from_zero(a * d + b)
        c = _away_from_zero(b + a / c)
        found *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return found * math.exp(shape * math.log(value) - value - math.lgamma(shape))


def _beta(a: float, b: float, x: float) -> float:
    """Regularized incomplete beta function (Abramowitz and Stegun 26.5.8)."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    found = d
    for k in range(1, _MOST_TERMS):
        even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
        d = 1 / _away_from_zero(1 + even * d)
        c = _away_from_zero(1 + even / c)
        found *= c * d
        odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        d = 1 / _away_from_zero(1 + odd * d)
        c = _away_from_zero(1 + odd / c)
        found *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return math.exp(scale) * found / a


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
