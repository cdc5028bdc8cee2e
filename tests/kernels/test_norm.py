"""native/kernels/norm against tests/reference/norm.py, under every instruction set."""

import numpy as np
import pytest

from rushlight import _native
from tests.reference import norm as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


SHAPES = [(4, 3, 5, 7), (2, 5), (300, 37), (3, 2, 9000), (2, 3, 129), (16, 4, 1, 1), (2, 33, 2, 2), (5, 1, 64)]
FLOATS = [np.float32, np.float64]


def draw(rng, shape, dtype):
    return (rng.standard_normal(shape) * 2 + 3).astype(dtype)


def close(got, expected, dtype, scale=1.0):
    """Within a few roundings of `scale` (sums are blocked, so their error grows with the block, not the count)."""
    np.testing.assert_allclose(got, expected, rtol=64 * np.finfo(dtype).eps, atol=64 * np.finfo(dtype).eps * scale)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm(shape, affine, dtype):
    rng = np.random.default_rng(0)
    x, grad = draw(rng, shape, dtype), draw(rng, shape, dtype)
    C, count = shape[1], x.size // shape[1]
    weight, bias = (draw(rng, C, dtype), draw(rng, C, dtype)) if affine else (None, None)
    running_mean, running_var = draw(rng, C, dtype), np.abs(draw(rng, C, dtype))
    old_mean, old_var = running_mean.copy(), running_var.copy()
    y, mean, rstd = _native.batch_norm_train(x, weight, bias, 1e-5, running_mean, running_var, 0.25)
    mean64, var64 = reference.batch_stats(x)
    rstd64 = 1 / np.sqrt(var64 + 1e-5)
    close(mean, mean64, dtype)
    close(rstd, rstd64, dtype, rstd64.max())
    close(y, reference.batch_norm(x, mean64, rstd64, weight, bias), dtype, 10 * rstd64.max())
    close(running_mean, 0.75 * old_mean + 0.25 * mean64, dtype)
    close(running_var, 0.75 * old_var + 0.25 * var64 * count / (count - 1), dtype)
    stats = _native.batch_stats(x)
    close(stats[0], mean64, dtype)
    close(stats[1], var64, dtype)
    applied = _native.batch_norm_apply(x, old_mean, old_var, weight, bias)
    close(applied, reference.batch_norm(x, old_mean, old_var, weight, bias), dtype, 100)
    for batch in (True, False):
        got = _native.batch_norm_grad(grad, x, mean, rstd, weight, batch, True, True, True)
        expected = reference.batch_norm_grad(grad, x, mean.astype(float), rstd.astype(float), weight, batch)
        close(got[0], expected[0], dtype, 100 * rstd64.max())
        close(got[1], expected[1], dtype, np.abs(grad).sum() * rstd64.max() * 10)
        close(got[2], expected[2], dtype, np.abs(grad).sum())


def test_large_mean_does_not_cancel():
    x = (np.random.default_rng(0).standard_normal((8, 2, 5000)) + 1e4).astype(np.float32)
    mean, var = _native.batch_stats(x)
    mean64, var64 = reference.batch_stats(x)
    np.testing.assert_allclose(mean, mean64, rtol=1e-7)
    np.testing.assert_allclose(var, var64, rtol=1e-5)  # naive E[x^2] - E[x]^2 is off by 100 % here


def test_nan_stays_in_its_channel():
    x = np.zeros((2, 3, 40), np.float32)
    x[0, 1, 5] = np.nan
    y, mean, _ = _native.batch_norm_train(x, None, None, 1e-5, None, None, 0.1)
    assert np.isnan(y[:, 1]).all() and not np.isnan(y[:, ::2]).any()
    assert np.isnan(mean[1]) and mean[0] == 0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    "shape, axes",
    [((6, 5), 1), ((3, 7, 40), 1), ((2, 3, 4, 5), 2), ((1, 9000), 1), ((90, 768), 1), ((0, 4), 1), ((5, 1), 1)],
)
def test_layer_norm(shape, axes, affine, dtype):
    rng = np.random.default_rng(0)
    x, grad = draw(rng, shape, dtype), draw(rng, shape, dtype)
    inner = shape[len(shape) - axes :]
    weight, bias = (draw(rng, inner, dtype), draw(rng, inner, dtype)) if affine else (None, None)
    y, mean, rstd = _native.layer_norm(x, weight, bias, axes, 1e-5)
    y64, mean64, rstd64 = reference.layer_norm(x, weight, bias, axes, 1e-5)
    scale = rstd64.max(initial=1)
    close(y, y64, dtype, 10 * scale)
    close(mean, mean64, dtype)
    close(rstd, rstd64, dtype, scale)
    got = _native.layer_norm_grad(grad, x, mean, rstd, weight, axes, True, True, True)
    expected = reference.layer_norm_grad(grad, x, mean.astype(float), rstd.astype(float), weight, axes)
    close(got[0], expected[0], dtype, 100 * scale)
    close(got[1], expected[1], dtype, np.abs(grad).sum() * scale)
    close(got[2], expected[2], dtype, np.abs(grad).sum())


def test_refused():
    x = np.zeros((2, 3, 4), np.float32)
    with pytest.raises(ValueError, match="weight must have 3 items"):
        _native.batch_norm_train(x, np.zeros(4, np.float32), None, 1e-5, None, None, 0.1)
    with pytest.raises(ValueError, match="running_mean"):
        _native.batch_norm_train(x, None, None, 1e-5, np.zeros(6, np.float32)[::2], None, 0.1)
    with pytest.raises(TypeError, match="bias must have dtype"):
        _native.batch_norm_train(x, None, np.zeros(3), 1e-5, None, None, 0.1)
    with pytest.raises(TypeError, match="float32 or float64"):
        _native.batch_stats(np.zeros((2, 2), np.int64))
    with pytest.raises(ValueError, match="at least 2"):
        _native.batch_stats(np.zeros(2))
    with pytest.raises(ValueError, match="last 3 axes of 2"):
        _native.layer_norm(np.zeros((2, 2)), None, None, 3, 1e-5)
    with pytest.raises(ValueError, match="grad must have 24"):
        _native.layer_norm_grad(x[:1], x, np.zeros(6, np.float32), np.zeros(6, np.float32), None, 1, True, True, True)
