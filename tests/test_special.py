"""Special functions where PyTorch is no oracle: exact values and identities."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch

import rushlight


def of(function, *values):
    return function(rushlight.tensor(values, dtype=rushlight.float64)).numpy()


def test_trigamma_is_exact_to_rounding():
    got = rushlight.polygamma(1, rushlight.tensor([0.5, 1.0, 1.5, 2.0, -0.5], dtype=rushlight.float64)).numpy()
    half = math.pi**2 / 2
    np.testing.assert_allclose(got, [half, half / 3, half - 4, half / 3 - 1, half + 4], rtol=1e-14)


def test_digamma_at_known_points():
    euler = 0.57721566490153286
    np.testing.assert_allclose(
        of(rushlight.digamma, 1.0, 0.5, 2.0), [-euler, -euler - 2 * math.log(2), 1 - euler], rtol=1e-14
    )
    assert np.isnan(of(rushlight.digamma, -1.0))
    assert of(rushlight.digamma, 0.0) == -np.inf


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_polygamma_recurrence(n):
    """psi_n(x + 1) = psi_n(x) + (-1)^n n! / x^(n+1)."""
    x = np.linspace(0.3, 9, 40)
    psi = rushlight.polygamma(n, rushlight.tensor(x)).numpy()
    next_psi = rushlight.polygamma(n, rushlight.tensor(x + 1)).numpy()
    np.testing.assert_allclose(next_psi, psi + (-1) ** n * math.factorial(n) / x ** (n + 1), rtol=1e-11, atol=1e-13)


def test_gradients_of_lgamma_chain():
    x = rushlight.tensor([0.7, 2.5], dtype=rushlight.float64, requires_grad=True)
    (first,) = rushlight.autograd.grad(rushlight.lgamma(x).sum(), x, create_graph=True)
    (second,) = rushlight.autograd.grad(first.sum(), x)
    np.testing.assert_array_equal(second.numpy(), rushlight.polygamma(1, x.detach()).numpy())


def test_inverse_error_function():
    x = np.concatenate([np.linspace(-0.999999, 0.999999, 101), [1e-8, -1e-300, 1 - 1e-12]])
    y = rushlight.erfinv(rushlight.tensor(x)).numpy()
    back = np.array([math.erf(v) for v in y])
    np.testing.assert_allclose(back, x, rtol=4e-16, atol=0)
    np.testing.assert_array_equal(of(rushlight.erfinv, 1.0, -1.0, 2.0), [np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("order", [171, 1000, 2**62])
def test_polygamma_of_high_order_ends(order):
    """n! is beyond all doubles from 171 on: infinite, and no number where zeta is 0."""
    sign = 1 if order % 2 else -1
    got = rushlight.polygamma(order, rushlight.tensor([0.5, 1.0], dtype=rushlight.float64)).numpy()
    np.testing.assert_array_equal(got, [sign * np.inf] * 2)


# ---- against mpmath, where PyTorch's own values have only some digits -----------------------------------------------

POINTS = [1e-8, 0.3, 1.7, 2.9, 3.1, 7.0, 12.3, 24.9, 29.9, 30.1, 77.0, 1e3]
EXACT = {
    "bessel_j0": (lambda x: mpmath.besselj(0, x), POINTS),
    "bessel_j1": (lambda x: mpmath.besselj(1, x), [*POINTS, -2.0, -40.0]),
    "bessel_y0": (lambda x: mpmath.bessely(0, x), POINTS),
    "bessel_y1": (lambda x: mpmath.bessely(1, x), POINTS),
    "i0e": (lambda x: mpmath.besseli(0, x) * mpmath.exp(-x), POINTS),
    "i1e": (lambda x: mpmath.besseli(1, x) * mpmath.exp(-x), POINTS),
    "i1": (lambda x: mpmath.besseli(1, x), POINTS[:-1]),
    "modified_bessel_k0": (lambda x: mpmath.besselk(0, x), POINTS[:-1]),
    "modified_bessel_k1": (lambda x: mpmath.besselk(1, x), POINTS[:-1]),
    "scaled_modified_bessel_k0": (lambda x: mpmath.besselk(0, x) * mpmath.exp(x), POINTS),
    "scaled_modified_bessel_k1": (lambda x: mpmath.besselk(1, x) * mpmath.exp(x), POINTS),
    "spherical_bessel_j0": (lambda x: mpmath.sin(x) / x, [*POINTS, 0.49, 0.51]),
    "erfcx": (lambda x: mpmath.exp(mpmath.mpf(x) ** 2) * mpmath.erfc(x), [*POINTS, -3.0]),
    "log_ndtr": (
        lambda x: mpmath.log(mpmath.erfc(-mpmath.mpf(x) / mpmath.sqrt(2)) / 2),
        [-30.0, -5.0, -1.1, -0.9, 2.0],
    ),
    "ndtri": (lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(p) - 1), [1e-9, 0.01, 0.3, 0.6, 0.99]),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact(name):
    """At most 16 roundings, of the value or of what the function multiplies its argument's rounding by."""
    function, points = EXACT[name]
    with mpmath.workdps(60):
        expected = np.array([float(function(mpmath.mpf(x))) for x in points])
        slope = np.array([float(mpmath.diff(function, mpmath.mpf(x)) * x) for x in points])
    ours = getattr(rushlight.special, name)(rushlight.tensor(points, dtype=rushlight.float64)).numpy()
    assert (np.abs(ours - expected) <= 16 * 2.0**-52 * (np.abs(expected) + np.abs(slope))).all()


@pytest.mark.parametrize("a", [0.2, 1.0, 3.7, 30.0, 150.0, 2000.0])
def test_exact_igamma(a):
    points = [a * f for f in (0.01, 0.5, 0.9, 0.999, 1.001, 1.1, 2.0)]
    with mpmath.workdps(60):
        lower = np.array([float(mpmath.gammainc(a, 0, x, regularized=True)) for x in points])
        upper = np.array([float(mpmath.gammainc(a, x, regularized=True)) for x in points])
    x = rushlight.tensor(points, dtype=rushlight.float64)
    order = rushlight.tensor(a, dtype=rushlight.float64)
    steps = 64 * max(a, 1.0) * 2.0**-52  # x^a magnifies the rounding of x
    np.testing.assert_allclose(rushlight.igamma(order, x).numpy(), lower, rtol=steps, atol=1e-300)
    np.testing.assert_allclose(rushlight.igammac(order, x).numpy(), upper, rtol=steps, atol=1e-300)


@pytest.mark.parametrize(("s", "q"), [(2.0, 0.3), (1.5, 7.0), (7.0, -5.5), (3.0, -1e6 - 0.25), (30.0, 2.0)])
def test_exact_zeta(s, q):
    with mpmath.workdps(40):
        below = sum((mpmath.mpf(q) + k) ** -int(s) for k in range(int(-q) + 1)) if q < 0 else 0
        start = q + int(-q) + 1 if q < 0 else q
        expected = float(below + mpmath.zeta(s, start))
    ours = rushlight.special.zeta(s, rushlight.tensor(q, dtype=rushlight.float64)).item()
    assert ours == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("name", ["igamma", "igammac"])
def test_limits_of_igamma(name):
    def run(m):
        a = m.tensor([0.0, 0.0, 1.0, 1.0, m.inf, 1.0, -1.0, m.nan])
        x = m.tensor([0.0, 1.0, 0.0, -1.0, 1.0, m.inf, 2.0, 1.0])
        return getattr(m, name)(a, x).numpy()

    np.testing.assert_array_equal(run(rushlight), run(torch))
    order = rushlight.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match="derivative"):
        getattr(rushlight, name)(order, rushlight.ones(2)).sum().backward()
