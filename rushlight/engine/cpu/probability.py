"""Functions of probability theory: the normal distribution's, incomplete gamma functions, Hurwitz's zeta function.

In double precision, rounded once. Sources: NIST Digital Library of Mathematical Functions, 7.9.4 (continued fraction of
erfc), 8.7.1 and 8.9.2 (incomplete gamma functions), 25.11.43 (Euler and Maclaurin's formula for zeta), 5.11.1
(Stirling's series).
"""

from __future__ import annotations

import math

import numpy as np

from . import elementwise
from .bessel import _in_double

__all__ = ["erfcx", "igamma", "igammac", "log_ndtr", "ndtri", "zeta"]

_ROOT_PI = math.sqrt(math.pi)
_BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330]


def _erfcx(x: np.ndarray) -> np.ndarray:
    """exp(x^2) erfc(x): the product where it is exact, the continued fraction above 3."""
    size = np.abs(x)
    low = np.minimum(size, 3.0)
    product = np.exp(low * low) * elementwise.erfc(np.asarray(low, order="C"))
    high = np.maximum(size, 3.0)
    fraction = np.zeros_like(high)
    for k in range(60, 0, -1):
        fraction = (k / 2) / (high + fraction)
    positive = np.where(size <= 3, product, 1 / (_ROOT_PI * (high + fraction)))
    return np.where(x >= 0, positive, np.where(np.isnan(x), x, 2 * np.exp(x * x) - positive))


def erfcx(a: np.ndarray) -> np.ndarray:
    """exp(x^2) erfc(x)."""
    return _in_double(_erfcx, a)


def _log_ndtr(x: np.ndarray) -> np.ndarray:
    low = np.minimum(x, -1.0)
    tail = np.log(_erfcx(-low / math.sqrt(2)) / 2) - low * low / 2
    high = np.maximum(x, -1.0)
    body = np.log1p(-elementwise.erfc(np.asarray(high / math.sqrt(2), order="C")) / 2)
    return np.where(x < -1, tail, body)


def log_ndtr(a: np.ndarray) -> np.ndarray:
    """The logarithm of the normal distribution function."""
    return _in_double(_log_ndtr, a)


def _ndtri(p: np.ndarray) -> np.ndarray:
    """Newton's method on log ndtr(z) = log p, which is concave: from below it rises to the root."""
    lower = np.where(p > 0.5, 1 - p, p)
    inside = np.where((lower > 0) & (lower <= 0.5), lower, 0.25)
    target = np.log(inside)
    z = -np.sqrt(np.maximum(-2 * target, 1.4))
    for _ in range(8):
        slope = math.sqrt(2 / math.pi) / _erfcx(-z / math.sqrt(2))  # density / distribution
        z = z - (_log_ndtr(z) - target) / slope
    z = np.where(inside == 0.5, 0.0, z)
    z = np.where(p > 0.5, -z, z)
    return np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.where((p > 0) & (p < 1), z, np.nan)))


def ndtri(a: np.ndarray) -> np.ndarray:
    """The inverse of the normal distribution function; NaN outside [0, 1]."""
    return _in_double(_ndtri, a)


# ---- incomplete gamma functions -------------------------------------------------------------------------------------


def _log1p_minus(u: np.ndarray) -> np.ndarray:
    """log(1 + u) - u, also for small u."""
    small = np.where(np.abs(u) < 0.2, u, 0.0)
    series, power = np.zeros_like(small), small * small
    for k in range(2, 24):
        series = series + (-1) ** (k + 1) * power / k
        power = power * small
    return np.where(np.abs(u) < 0.2, series, np.log1p(u) - u)


def _weight(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """x^a exp(-x) / gamma(a + 1), without the cancellation of its logarithms for large a."""
    big = np.maximum(a, 10.0)
    stirling, power = np.zeros_like(big), 1 / big
    for k, b in enumerate(_BERNOULLI[:7], 1):
        stirling = stirling + b / (2 * k * (2 * k - 1)) * power
        power = power / (big * big)
    large = np.exp(big * _log1p_minus((x - big) / big) - stirling) / np.sqrt(2 * math.pi * big)
    few = np.minimum(a, 10.0)
    small = np.exp(few * np.log(x) - x - elementwise.lgamma(np.asarray(few + 1, order="C")))
    return np.where(a >= 10, large, small)


def _lower_series(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """sum over n of x^n / ((a + 1) ... (a + n))."""
    term, total = np.ones_like(x), np.ones_like(x)
    for n in range(1, 20000):
        term = term * x / (a + n)
        total = total + term
        if not (term > total * 1e-17).any():
            break
    return total


def _upper_fraction(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """1 / (x + 1 - a - (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - ...))), by Lentz's method."""
    b = x + 1 - a
    c, d = np.full_like(x, 1e300), 1 / b
    result = d
    for n in range(1, 20000):
        factor = -n * (n - a)
        b = b + 2
        d = factor * d + b
        d = 1 / np.where(np.abs(d) < 1e-300, 1e-300, d)
        c = b + factor / c
        c = np.where(np.abs(c) < 1e-300, 1e-300, c)
        change = c * d
        result = result * change
        if not (np.abs(change - 1) > 1e-16).any():
            break
    return result


def _incomplete(a: np.ndarray, x: np.ndarray, upper: bool) -> np.ndarray:
    a, x = np.broadcast_arrays(a, x)
    fine = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    result = np.full(a.shape, np.nan)
    for below in (True, False):
        part = fine & ((x < a + 1) == below)
        if part.any():
            s, t = a[part], x[part]
            weight = _weight(s, t)
            value = weight * _lower_series(s, t) if below else weight * s * _upper_fraction(s, t)
            result[part] = value if below != upper else 1 - value
    zero, one = (1.0, 0.0) if upper else (0.0, 1.0)
    valid = (a >= 0) & (x >= 0)
    result[valid & (a == 0) & (x > 0)] = one
    result[valid & (a > 0) & (x == 0)] = zero
    result[valid & np.isinf(a) & np.isfinite(x)] = zero
    result[valid & np.isfinite(a) & (a > 0) & np.isinf(x)] = one
    return result


def igamma(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The lower incomplete gamma function of order a at x, divided by gamma(a)."""
    return _in_double(lambda s: _incomplete(s, x.astype(np.float64), False), a)


def igammac(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """1 - igamma."""
    return _in_double(lambda s: _incomplete(s, x.astype(np.float64), True), a)


# ---- zeta -----------------------------------------------------------------------------------------------------------


def _zeta_positive(s: np.ndarray, q: np.ndarray) -> np.ndarray:
    """sum over k of (q + k)^-s for s > 1, q > 0, by Euler and Maclaurin's formula from the 12th term on."""
    total = np.zeros_like(q)
    for k in range(12):
        total = total + (q + k) ** -s
    x = q + 12
    total = total + x ** (1 - s) / (s - 1) + 0.5 * x**-s
    factor, factorial = s, 2.0
    for k, b in enumerate(_BERNOULLI, 1):
        total = total + b / factorial * factor * x ** (1 - s - 2 * k)
        factor = factor * (s + 2 * k - 1) * (s + 2 * k)
        factorial *= (2 * k + 1) * (2 * k + 2)
    return total


def _zeta(s: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Below q = 0, where s must be whole, the terms of negative base are those of two other zetas."""
    s, q = np.broadcast_arrays(s, q)
    whole = np.floor(q) == q
    count = np.where(q > 0, 0.0, -np.floor(q))  # how many terms have a negative base
    safe_s, safe_q = np.where(s > 1, s, 2.0), np.where((q <= 0) & whole, 0.5, q + count)
    result = _zeta_positive(safe_s, safe_q)
    rest = 1 - safe_q  # minus the last negative base
    turned = np.where(rest > 0, rest, 0.5)
    negative = (_zeta_positive(safe_s, turned) - _zeta_positive(safe_s, turned + count)) * np.where(
        safe_s % 2 == 0, 1, -1
    )
    result = np.where(count > 0, result + negative, result)
    result = np.where((q <= 0) & whole, np.inf, np.where((q < 0) & (np.floor(s) != s), np.nan, result))
    result = np.where(s == 1, np.inf, np.where(s < 1, np.nan, result))
    return np.where(np.isnan(s) | np.isnan(q), np.nan, result)


def zeta(a: np.ndarray, q: np.ndarray) -> np.ndarray:
    """sum over k >= 0 of (q + k)^-a; inf for a = 1, NaN below."""
    return _in_double(lambda s: _zeta(s, q.astype(np.float64)), a)
