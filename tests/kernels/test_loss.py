"""native/kernels/loss against tests/reference/loss.py, under every instruction set."""

import numpy as np
import pytest

from rushlight import _native
from tests.reference import loss as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


FLOATS = [np.float32, np.float64]
SHAPES = [(5, 3), (64, 10), (3, 1000), (2, 7, 5), (2, 21, 6, 7), (3, 4, 40), (1, 1), (40, 5, 1)]


def draw(shape, dtype, weighted, ignored):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 5).astype(dtype)
    target = rng.integers(0, shape[1], (shape[0], *shape[2:]))
    if ignored:
        target.reshape(-1)[::3] = -100
    weight = (rng.random(shape[1]) + 0.5).astype(dtype) if weighted else None
    return x, target, weight, (rng.standard_normal(target.shape)).astype(dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted, ignored", [(False, False), (True, True)])
@pytest.mark.parametrize("shape", SHAPES)
def test_cross_entropy(shape, weighted, ignored, smoothing, dtype):
    x, target, weight, grad = draw(shape, dtype, weighted, ignored)
    eps = np.finfo(dtype).eps
    for reduction in (0, 1, 2):
        got, total, lse = _native.cross_entropy(x, target, weight, -100, smoothing, reduction)
        expected, expected_total = reference.cross_entropy(x, target, weight, -100, smoothing, reduction)
        assert got.dtype == total.dtype == dtype and got.shape == (target.shape if reduction == 0 else ())
        # terms of size <= 50 with a few roundings each; the smoothing term sums C of them
        size = target.size if reduction == 2 else 1
        np.testing.assert_allclose(
            got, expected, rtol=20 * eps, atol=50 * 20 * eps * size * (1 + smoothing * shape[1] ** 0.5)
        )
        if reduction == 1:
            np.testing.assert_allclose(total, expected_total, rtol=20 * eps)
    args = (lse, None, -100, smoothing)
    got = _native.cross_entropy_grad(grad, x, target, weight, *args)
    np.testing.assert_allclose(
        got, reference.cross_entropy_grad(grad, x, target, weight, -100, smoothing), rtol=0, atol=200 * eps
    )
    one, four = np.array(3, dtype), np.array(4, dtype)
    got = _native.cross_entropy_grad(one, x, target, weight, lse, four, -100, smoothing)
    expected = reference.cross_entropy_grad(np.full(target.shape, 0.75), x, target, weight, -100, smoothing)
    np.testing.assert_allclose(got, expected, rtol=0, atol=100 * eps)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("weighted, ignored", [(False, False), (True, True)])
@pytest.mark.parametrize("shape", SHAPES)
def test_nll_loss(shape, weighted, ignored, dtype):
    x, target, weight, grad = draw(shape, dtype, weighted, ignored)
    eps = np.finfo(dtype).eps
    for reduction in (0, 1, 2):
        got, _ = _native.nll_loss(x, target, weight, -100, reduction)
        expected, _ = reference.nll_loss(x, target, weight, -100, reduction)
        np.testing.assert_allclose(got, expected, rtol=4 * eps, atol=20 * 8 * eps * target.size)
    got = _native.nll_loss_grad(grad, x, target, weight, None, -100)
    np.testing.assert_allclose(got, reference.nll_loss_grad(grad, x, target, weight, -100), rtol=4 * eps)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("parameter", [1.0, 0.5, 2.0])
@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("shape", [(3, 7), (20000,), (0,), (1,)])
def test_pair_loss(shape, kind, parameter, dtype):
    rng = np.random.default_rng(0)
    x, y = (rng.standard_normal(shape).astype(dtype) * 2 for _ in range(2))
    if x.size > 2:
        x.reshape(-1)[2] = y.reshape(-1)[2]
    eps = np.finfo(dtype).eps
    for reduction in (0, 1, 2):
        if x.size == 0 and reduction == 1:
            assert np.isnan(_native.pair_loss(x, y, kind, parameter, reduction))
            continue
        got = _native.pair_loss(x, y, kind, parameter, reduction)
        np.testing.assert_allclose(
            got, reference.pair_loss(x, y, kind, parameter, reduction), rtol=32 * eps, atol=8 * eps
        )
    grad = rng.standard_normal(shape).astype(dtype)
    for g in (grad, np.array(2, dtype)):
        got = _native.pair_loss_grad(g, x, y, kind, parameter, 0.5)
        np.testing.assert_allclose(
            got, reference.pair_loss_grad(g, x, y, kind, parameter, 0.5), rtol=8 * eps, atol=8 * eps
        )


def test_special_values():
    inf, nan = np.inf, np.nan
    x = np.array([[0, -inf, 1], [-inf] * 3, [nan, 0, 0]], np.float32)
    loss, _, lse = _native.cross_entropy(x, np.array([1, 0, 0]), None, -100, 0.0, 0)
    assert loss[0] == inf and np.isnan(loss[1:]).all()
    grad = _native.cross_entropy_grad(np.array(1, np.float32), x, np.array([1, 0, 0]), None, lse, None, -100, 0.0)
    assert np.isfinite(grad[0]).all() and grad[0, 1] == -1
    x = np.array([nan, inf, 0], np.float32)
    for kind in range(4):
        loss = _native.pair_loss(x, np.zeros(3, np.float32), kind, 1.0, 0)
        assert np.isnan(loss[0]) and loss[1] == inf and loss[2] == 0
        slope = _native.pair_loss_grad(np.array(1, np.float32), x, np.zeros(3, np.float32), kind, 1.0, 1.0)
        assert np.isnan(slope[0]) and slope[1] == (inf if kind == 0 else 1) and slope[2] == 0


def test_all_ignored():
    loss, total, _ = _native.cross_entropy(np.zeros((2, 3)), np.full(2, -100), None, -100, 0.0, 1)
    assert np.isnan(loss) and total == 0


@pytest.mark.parametrize("bad", [3, -1, 2**40, -(2**62)])
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 20)])
def test_target_out_of_bounds(shape, bad):
    x, target = np.zeros(shape, np.float32), np.zeros((4, *shape[2:]), np.int64)
    target.reshape(-1)[-1] = bad
    lse, one = np.zeros(target.shape, np.float32), np.array(1, np.float32)
    for call in (
        lambda: _native.cross_entropy(x, target, None, -100, 0.0, 1),
        lambda: _native.cross_entropy_grad(one, x, target, None, lse, None, -100, 0.0),
        lambda: _native.nll_loss(x, target, None, -100, 1),
        lambda: _native.nll_loss_grad(one, x, target, None, None, -100),
    ):
        with pytest.raises(IndexError, match=f"Target {bad} is out of bounds"):
            call()


def test_refused():
    x, target = np.zeros((4, 3), np.float32), np.zeros(4, np.int64)
    with pytest.raises(ValueError, match="target's shape"):
        _native.cross_entropy(x, target[:3], None, -100, 0.0, 1)
    with pytest.raises(ValueError, match="weight must have 3"):
        _native.cross_entropy(x, target, np.ones(2, np.float32), -100, 0.0, 1)
    with pytest.raises(ValueError, match="reduction"):
        _native.nll_loss(x, target, None, -100, 3)
    with pytest.raises(ValueError, match="grad has 3 items for 4"):
        _native.nll_loss_grad(np.ones(3, np.float32), x, target, None, None, -100)
    with pytest.raises(TypeError, match="target must have dtype"):
        _native.nll_loss(x, target.astype(np.int32), None, -100, 1)
    with pytest.raises(ValueError, match="differ in shape"):
        _native.pair_loss(x, x[:1], 0, 1.0, 0)
    with pytest.raises(ValueError, match="unknown kind"):
        _native.pair_loss(x, x, 4, 1.0, 0)
