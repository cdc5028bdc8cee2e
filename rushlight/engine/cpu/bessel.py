"""Bessel functions of orders 0 and 1, in double precision, rounded once.

Sources: NIST Digital Library of Mathematical Functions, chapter 10: power series (10.2.2, 10.8, 10.25.2, 10.31),
Neumann's series (10.23.17), Miller's backward recurrence (3.6), Hankel's expansions (10.17, 10.40), and the integral
10.32.9 for K, summed by the trapezoidal rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

__all__ = """bessel_j0 bessel_j1 bessel_y0 bessel_y1 i0e i1 i1e modified_bessel_k0 modified_bessel_k1
scaled_modified_bessel_k0 scaled_modified_bessel_k1 spherical_bessel_j0""".split()

_GAMMA = 0.57721566490153286061
_SERIES, _ASYMPTOTIC = 3.0, 30.0  # J and Y: series below, Hankel's expansion above, recurrence between


def _in_double(function: Callable[..., np.ndarray], a: np.ndarray, *rest) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(function(np.asarray(a, np.float64), *rest)).astype(a.dtype)


def _hankel_terms(order: int, x: np.ndarray):
    """a_k(order) / x^k, k = 0, 1, ..., while they shrink at the smallest x used."""
    term = np.ones_like(x)
    yield term
    for k in range(1, 25):
        term = term * ((4 * order * order - (2 * k - 1) ** 2) / (8.0 * k)) / x
        yield term


# ---- J and Y --------------------------------------------------------------------------------------------------------


def _series(order: int, x: np.ndarray):
    """(J, Y) of small x > 0."""
    quarter = -x * x / 4
    first = np.ones_like(x) if order == 0 else x / 2
    term, j, rest = first, np.zeros_like(x), np.zeros_like(x)
    harmonic = 0.0
    for k in range(25):
        j = j + term
        weight = 2 * harmonic if order == 0 else 2 * harmonic + 1 / (k + 1)  # psi(k + 1) + psi(k + 1 + order) + 2 gamma
        rest = rest + term * weight
        term = term * quarter / ((k + 1) * (k + 1 + order))
        harmonic += 1 / (k + 1)
    y = (2 * (np.log(x / 2) + _GAMMA) * j - rest) / math.pi
    return j, y if order == 0 else y - 2 / (math.pi * x)


def _recurrence(order: int, x: np.ndarray):
    """(J, Y) of moderate x: J_80, ..., J_0 up to a factor, which J_0 + 2 J_2 + 2 J_4 + ... = 1 gives."""
    above, here = np.zeros_like(x), np.full_like(x, 1e-250)
    total, sums = np.zeros_like(x), np.zeros_like(x)
    found = {}
    for n in range(80, -1, -1):
        if n % 2 == 0:
            total = total + (here if n == 0 else 2 * here)
        half = n // 2
        if n % 2 == order and half:
            weight = 1 / half if order == 0 else (2 * half + 1) / (half * (half + 1))
            sums = sums + (-1) ** half * weight * here
        if n < 2:
            found[n] = here
        above, here = here, 2 * n / x * here - above
    j, sums = found[order] / total, sums / total
    logarithm = np.log(x / 2) + _GAMMA
    if order == 0:
        return j, 2 / math.pi * logarithm * j - 4 / math.pi * sums
    y = 2 / math.pi * ((logarithm - 1) * j - sums)
    return j, y - 2 / (math.pi * x) * found[0] / total


def _expansion(order: int, x: np.ndarray):
    """(J, Y) of large x."""
    p, q = np.zeros_like(x), np.zeros_like(x)
    for k, term in enumerate(_hankel_terms(order, x)):
        if k % 2 == 0:
            p = p + (-1) ** (k // 2) * term
        else:
            q = q + (-1) ** (k // 2) * term
    sine, cosine = np.sin(x), np.cos(x)  # of x - pi / 4 (order 0) or x - 3 pi / 4, without subtracting
    c, s = ((cosine + sine), (sine - cosine)) if order == 0 else ((sine - cosine), -(sine + cosine))
    scale = 1 / np.sqrt(math.pi * x)
    return scale * (p * c - q * s), scale * (p * s + q * c)


def _bessel(x: np.ndarray, order: int, second: bool) -> np.ndarray:
    size = np.abs(x)
    result = np.full_like(size, np.nan)
    for function, inside in (
        (_series, (size > 0) & (size <= _SERIES)),
        (_recurrence, (size > _SERIES) & (size <= _ASYMPTOTIC)),
        (_expansion, (size > _ASYMPTOTIC) & (size < np.inf)),
    ):
        if inside.any():
            result[inside] = function(order, size[inside])[second]
    result[size == np.inf] = 0.0
    result[size == 0] = -np.inf if second else float(order == 0)
    if second:
        result[x < 0] = np.nan
        return result
    return np.copysign(1.0, x) * result if order else result


def bessel_j0(a: np.ndarray) -> np.ndarray:
    """J_0."""
    return _in_double(_bessel, np.atleast_1d(a), 0, False).reshape(a.shape)


def bessel_j1(a: np.ndarray) -> np.ndarray:
    """J_1."""
    return _in_double(_bessel, np.atleast_1d(a), 1, False).reshape(a.shape)


def bessel_y0(a: np.ndarray) -> np.ndarray:
    """Y_0; NaN below 0."""
    return _in_double(_bessel, np.atleast_1d(a), 0, True).reshape(a.shape)


def bessel_y1(a: np.ndarray) -> np.ndarray:
    """Y_1; NaN below 0."""
    return _in_double(_bessel, np.atleast_1d(a), 1, True).reshape(a.shape)


def _spherical(x: np.ndarray) -> np.ndarray:
    square = x * x
    small = np.ones_like(x)
    for k in range(6, 0, -1):
        small = 1 - square / (2 * k * (2 * k + 1)) * small
    return np.where(np.abs(x) < 0.5, small, np.where(np.isinf(x), 0.0, np.sin(x) / x))


def spherical_bessel_j0(a: np.ndarray) -> np.ndarray:
    """sin(x) / x."""
    return _in_double(_spherical, a)


# ---- I and K --------------------------------------------------------------------------------------------------------


def _scaled_i(x: np.ndarray, order: int) -> np.ndarray:
    """I_order(|x|) exp(-|x|)."""
    size = np.abs(x)
    low = np.minimum(size, _ASYMPTOTIC)
    quarter = low * low / 4
    term = np.ones_like(low) if order == 0 else low / 2
    total = np.zeros_like(low)
    for k in range(70):
        total = total + term
        term = term * quarter / ((k + 1) * (k + 1 + order))
    high = np.maximum(size, _ASYMPTOTIC)
    expansion = sum((-1) ** k * term for k, term in enumerate(_hankel_terms(order, high)))
    return np.where(size <= _ASYMPTOTIC, total * np.exp(-low), expansion / np.sqrt(2 * math.pi * high))


def _i1e(x: np.ndarray) -> np.ndarray:
    return np.copysign(1.0, x) * _scaled_i(x, 1)


def i0e(a: np.ndarray) -> np.ndarray:
    """I_0(x) exp(-|x|)."""
    return _in_double(_scaled_i, a, 0)


def i1e(a: np.ndarray) -> np.ndarray:
    """I_1(x) exp(-|x|)."""
    return _in_double(_i1e, a)


def i1(a: np.ndarray) -> np.ndarray:
    """I_1."""
    return _in_double(lambda x: _i1e(x) * np.exp(np.abs(x)), a)


def _scaled_k(x: np.ndarray, order: int) -> np.ndarray:
    """K_order(x) exp(x) of x > 0; inf at 0, NaN below."""
    low = np.where((x > 0) & (x <= 2), x, 1.0)
    quarter = low * low / 4
    term = np.ones_like(low) if order == 0 else low / 2
    i, rest, harmonic = np.zeros_like(low), np.zeros_like(low), 0.0
    for k in range(20):
        i = i + term
        rest = rest + term * (2 * harmonic if order == 0 else 2 * harmonic + 1 / (k + 1)) / 2
        term = term * quarter / ((k + 1) * (k + 1 + order))
        harmonic += 1 / (k + 1)
    logarithm = np.log(low / 2) + _GAMMA
    series = rest - logarithm * i if order == 0 else 1 / low + logarithm * i - rest
    far = np.maximum(x, _ASYMPTOTIC)
    expansion = sum(_hankel_terms(order, far)) * np.sqrt(math.pi / (2 * far))
    high = np.clip(x, 2.0, _ASYMPTOTIC)
    step = 0.0625  # in t: the integral of exp(-x (cosh t - 1)) cosh(order t)
    integral = np.full_like(high, 0.5)
    for t in np.arange(step, 7.0, step):
        integral = integral + np.exp(-2 * high * np.sinh(t / 2) ** 2) * np.cosh(order * t)
    result = np.where(x <= 2, series * np.exp(low), np.where(x <= _ASYMPTOTIC, integral * step, expansion))
    return np.where(x == 0, np.inf, np.where(x < 0, np.nan, np.where(np.isinf(x), 0.0, result)))


def scaled_modified_bessel_k0(a: np.ndarray) -> np.ndarray:
    """K_0(x) exp(x)."""
    return _in_double(_scaled_k, a, 0)


def scaled_modified_bessel_k1(a: np.ndarray) -> np.ndarray:
    """K_1(x) exp(x)."""
    return _in_double(_scaled_k, a, 1)


def modified_bessel_k0(a: np.ndarray) -> np.ndarray:
    """K_0."""
    return _in_double(lambda x: _scaled_k(x, 0) * np.exp(-x), a)


def modified_bessel_k1(a: np.ndarray) -> np.ndarray:
    """K_1."""
    return _in_double(lambda x: _scaled_k(x, 1) * np.exp(-x), a)
