"""Orthogonal polynomials p_n(x) for arrays of degrees, in double precision; degrees are cut to whole numbers.

0 for negative degrees. Chebyshev's by their trigonometric forms, the others by the recurrences of Abramowitz and
Stegun, 22.7.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = """chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w
hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p shifted_chebyshev_polynomial_t
shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w""".split()


def _run(values: Callable, a: np.ndarray, n: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        x, degree = np.broadcast_arrays(a.astype(np.float64), np.trunc(n.astype(np.float64)))
        result = values(x, np.maximum(degree, 0))
        result = np.where(degree < 0, 0.0, np.where(np.isnan(x) | np.isnan(degree), np.nan, result))
        return np.asarray(result).astype(a.dtype)


def _parity(n):
    return np.where(n % 2 == 0, 1.0, -1.0)


def _t(x, n):
    inside = np.cos(n * np.arccos(np.clip(x, -1, 1)))
    outside = np.cosh(n * np.arccosh(np.maximum(np.abs(x), 1)))
    return np.where(np.abs(x) <= 1, inside, np.where(x > 0, outside, _parity(n) * outside))


def _ratio(x, top, bottom, at_zero, outside):
    """top(angle) / bottom(angle) with x = cos(angle) inside [-1, 1]; the limit where bottom is 0."""
    angle = np.arccos(np.clip(x, -1, 1))
    under = bottom(angle)
    small = np.abs(under) < 1e-12
    inside = np.where(small, at_zero, top(angle) / np.where(small, 1.0, under))
    return np.where(np.abs(x) <= 1, inside, outside(np.arccosh(np.maximum(np.abs(x), 1))))


def _u(x, n):
    return _ratio(
        x,
        lambda t: np.sin((n + 1) * t),
        np.sin,
        np.where(x > 0, 1.0, _parity(n)) * (n + 1),
        lambda t: np.where(x > 0, 1.0, _parity(n)) * np.sinh((n + 1) * t) / np.where(t == 0, 1.0, np.sinh(t)),
    )


def _v(x, n):
    def outside(t):
        cosh = np.cosh((n + 0.5) * t) / np.cosh(t / 2)
        sinh = np.sinh((n + 0.5) * t) / np.where(t == 0, 1.0, np.sinh(t / 2))
        return np.where(x > 0, cosh, _parity(n) * sinh)

    return _ratio(x, lambda t: np.cos((n + 0.5) * t), lambda t: np.cos(t / 2), _parity(n) * (2 * n + 1), outside)


def _w(x, n):
    """(-1)^n V_n(-x)"""
    return _parity(n) * _v(-x, n)


def _recurrence(x, n, first, step):
    """p_0 = 1, p_1 = first, p_(k+1) = step(k, p_k, p_(k-1)); each element stops at its own degree."""
    before, here = np.ones_like(x), first
    result = np.where(n == 0, before, here)
    top = int(np.nanmax(n)) if n.size and not np.isnan(n).all() else 0
    for k in range(1, top):
        before, here = here, step(k, here, before)
        result = np.where(n > k, here, result)
        if not np.isfinite(here).any():
            break
    return result


def _h(x, n):
    return _recurrence(x, n, 2 * x, lambda k, here, before: 2 * x * here - 2 * k * before)


def _he(x, n):
    return _recurrence(x, n, x + 0.0, lambda k, here, before: x * here - k * before)


def _laguerre(x, n):
    return _recurrence(x, n, 1 - x, lambda k, here, before: ((2 * k + 1 - x) * here - k * before) / (k + 1))


def _legendre(x, n):
    return _recurrence(x, n, x + 0.0, lambda k, here, before: ((2 * k + 1) * x * here - k * before) / (k + 1))


def chebyshev_polynomial_t(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Chebyshev's polynomials of the first kind: cos(n t), x = cos t."""
    return _run(_t, a, n)


def chebyshev_polynomial_u(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Of the second kind: sin((n + 1) t) / sin t."""
    return _run(_u, a, n)


def chebyshev_polynomial_v(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Of the third kind: cos((n + 1/2) t) / cos(t / 2)."""
    return _run(_v, a, n)


def chebyshev_polynomial_w(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Of the fourth kind: sin((n + 1/2) t) / sin(t / 2)."""
    return _run(_w, a, n)


def shifted_chebyshev_polynomial_t(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """chebyshev_polynomial_t at 2 x - 1."""
    return _run(lambda x, m: _t(2 * x - 1, m), a, n)


def shifted_chebyshev_polynomial_u(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """chebyshev_polynomial_u at 2 x - 1."""
    return _run(lambda x, m: _u(2 * x - 1, m), a, n)


def shifted_chebyshev_polynomial_v(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """chebyshev_polynomial_v at 2 x - 1."""
    return _run(lambda x, m: _v(2 * x - 1, m), a, n)


def shifted_chebyshev_polynomial_w(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """chebyshev_polynomial_w at 2 x - 1."""
    return _run(lambda x, m: _w(2 * x - 1, m), a, n)


def hermite_polynomial_h(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Hermite's polynomials, physicists' form: H_(k+1) = 2 x H_k - 2 k H_(k-1)."""
    return _run(_h, a, n)


def hermite_polynomial_he(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Hermite's polynomials, probabilists' form: He_(k+1) = x He_k - k He_(k-1)."""
    return _run(_he, a, n)


def laguerre_polynomial_l(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Laguerre's polynomials: (k + 1) L_(k+1) = (2 k + 1 - x) L_k - k L_(k-1)."""
    return _run(_laguerre, a, n)


def legendre_polynomial_p(a: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Legendre's polynomials: (k + 1) P_(k+1) = (2 k + 1) x P_k - k P_(k-1)."""
    return _run(_legendre, a, n)
