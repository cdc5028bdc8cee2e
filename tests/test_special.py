"""Special functions where PyTorch is no oracle: exact values and identities."""

from __future__ import annotations

import math

import numpy as np
import pytest

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
