"""Complex parts, and special functions without a kernel of their own: in double precision, rounded once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ... import _native

__all__ = ["as_complex", "as_real", "conj", "frexp", "gcd", "i0", "lcm", "polygamma"]


def conj(a: np.ndarray) -> np.ndarray:
    """The complex conjugate, a copy; real arrays come back as they are."""
    return np.asarray(np.conjugate(a)) if a.dtype.kind == "c" else a


def as_real(a: np.ndarray) -> np.ndarray:
    """A complex array as real pairs in a new last axis: a view."""
    parts = np.asarray(a).real
    strides = (*a.strides, parts.itemsize)
    return np.lib.stride_tricks.as_strided(parts, (*a.shape, 2), strides)


def as_complex(a: np.ndarray) -> np.ndarray:
    """Real pairs in a contiguous last axis as complex numbers: a view."""
    kind = np.dtype(np.complex64 if a.dtype == np.float32 else np.complex128)
    return a.view(kind)[..., 0]


def _in_double(function: Callable[[np.ndarray], np.ndarray], a: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return _native.laid_out(np.asarray(function(a.astype(np.float64))).astype(a.dtype), a)


_BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]


def _digamma_positive(x):
    """Recurrence up to x >= 10, then ln x - 1 / 2x - sum B_2k / (2k x^2k) (Abramowitz and Stegun 6.3.18)."""
    total = np.zeros_like(x)
    for _ in range(10):
        small = x < 10
        total = np.where(small, total - 1 / x, total)
        x = np.where(small, x + 1, x)
    square = 1 / (x * x)
    tail = np.zeros_like(x)
    for k in range(len(_BERNOULLI), 0, -1):
        tail = (tail + _BERNOULLI[k - 1] / (2 * k)) * square
    return total + np.log(x) - 0.5 / x - tail


def _digamma(x):
    """psi(x); by reflection psi(x) = psi(1 - x) - pi / tan(pi x) below 0; NaN at negative integers."""
    positive = _digamma_positive(np.where(x > 0, x, 1 - x))
    fraction = x - np.trunc(x)  # tan has period pi: the fraction keeps the precision
    result = np.where(x > 0, positive, positive - np.pi / np.tan(np.pi * fraction))
    result = np.where((x < 0) & (fraction == 0), np.nan, result)
    return np.where(x == 0, np.copysign(np.inf, -x), np.where(x == np.inf, x, np.where(x == -np.inf, np.nan, result)))


def _hurwitz_zeta(s: int, x):
    """sum over k of (x + k)^-s for x > 0, by Euler and Maclaurin's formula from the 12th term on."""
    total = np.zeros_like(x)
    for k in range(12):
        total += (x + k) ** -float(s)
    x = x + 12
    total += x ** (1.0 - s) / (s - 1) + 0.5 * x ** -float(s)
    factor, factorial = float(s), 2.0
    for k in range(1, len(_BERNOULLI) + 1):
        total += _BERNOULLI[k - 1] / factorial * factor * x ** (-float(s) - 2 * k + 1)
        factor *= (s + 2 * k - 1) * (s + 2 * k)
        factorial *= (2 * k + 1) * (2 * k + 2)
    return total


def _polygamma(x, n: int):
    """The n-th derivative of digamma: (-1)^(n+1) n! zeta(n + 1, x); below 0 by reflection for n = 1, else NaN."""
    if n == 0:
        return _digamma(x)
    factorial = float(math.factorial(n)) if n <= 170 else math.inf  # beyond 170! there is no double
    sign = 1.0 if n % 2 else -1.0
    result = sign * factorial * _hurwitz_zeta(n + 1, np.where(x > 0, x, 1 - x))
    if n == 1:
        sine = np.sin(np.pi * (x - np.trunc(x)))
        return np.where(x > 0, result, np.pi**2 / (sine * sine) - result)
    return np.where(x > 0, result, np.where((x == 0) | (x == np.trunc(x)), sign * np.inf, np.nan))


def _erfinv(x):
    """Winitzki's closed form as the start, then three steps of Newton's method with second-order correction."""
    erf = np.vectorize(math.erf, otypes=[float])
    erfc = np.vectorize(math.erfc, otypes=[float])
    inside = np.where(np.abs(x) < 1, x, 0.0)
    logarithm = np.log1p(-inside * inside)
    a = 0.147
    first = 2 / (np.pi * a) + logarithm / 2
    y = np.copysign(np.sqrt(np.sqrt(first * first - logarithm / a) - first), inside)
    if inside.size:
        for _ in range(3):
            far = np.abs(inside) > 0.5
            error = np.where(far, np.sign(inside) * ((1 - np.abs(inside)) - erfc(np.abs(y))), erf(y) - inside)
            step = error / (2 / np.sqrt(np.pi) * np.exp(-y * y))
            y = y - step / (1 + y * step)
    return np.where(np.abs(x) < 1, y, np.where(np.abs(x) == 1, np.copysign(np.inf, x), np.nan))


def digamma(a: np.ndarray) -> np.ndarray:
    """The derivative of log gamma: the NumPy form."""
    return _in_double(_digamma, a)


def polygamma(a: np.ndarray, *, n: int) -> np.ndarray:
    """The n-th derivative of digamma."""
    return _in_double(lambda x: _polygamma(x, n), a)


def erfinv(a: np.ndarray) -> np.ndarray:
    """The inverse of erf: the NumPy form."""
    return _in_double(_erfinv, a)


def i0(a: np.ndarray) -> np.ndarray:
    """The modified Bessel function of the first kind, order 0."""
    return _in_double(np.i0, a)


def gcd(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The greatest common divisor of integers, not negative."""
    return np.asarray(np.gcd(a, b))


def lcm(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The least common multiple of integers, not negative."""
    return np.asarray(np.lcm(a, b))


def frexp(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mantissas in [0.5, 1) and int32 exponents of 2; those of 0, inf and NaN are 0."""
    wide = a.astype(np.float32) if a.itemsize < 4 else a
    mantissa, exponent = np.frexp(wide)
    return np.asarray(mantissa).astype(a.dtype), np.asarray(np.where(np.isfinite(wide), exponent, 0), np.int32)
