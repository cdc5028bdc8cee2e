"""native/kernels/softmax against tests/reference/softmax.py, under every instruction set."""

import numpy as np
import pytest

from rushlight import _native
from tests.reference import softmax as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


CASES = [
    ((3, 7), 1),
    ((3, 7), 0),
    ((2, 5, 37), 1),
    ((5, 1000), 1),
    ((1000, 5), 0),
    ((4, 1), 1),
    ((2, 3, 4, 33), 1),
    ((16,), 0),
    ((0, 3), 1),
    ((2, 64), 1),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape, axis", CASES)
def test_softmax(shape, axis, dtype):
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(shape) * 20).astype(dtype), rng.standard_normal(shape).astype(dtype)
    eps, D = np.finfo(dtype).eps, shape[axis]
    y, log_y = _native.softmax(x, axis), _native.log_softmax(x, axis)
    # x - max is exact to 1/2 ulp of up to 160, so exp has 80 eps of relative error; the sum adds a few
    np.testing.assert_allclose(y, reference.softmax(x, axis), rtol=100 * eps, atol=np.finfo(dtype).tiny)
    np.testing.assert_allclose(log_y, reference.log_softmax(x, axis), rtol=8 * eps, atol=8 * eps)
    np.testing.assert_allclose(
        _native.softmax_grad(g, y, axis), reference.softmax_grad(g, y, axis), rtol=0, atol=16 * eps * 4
    )
    np.testing.assert_allclose(
        _native.log_softmax_grad(g, log_y, axis),
        reference.log_softmax_grad(g, log_y, axis),
        rtol=0,
        atol=8 * eps * D**0.5 * 4,
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_masks(layout, dtype):
    inf, nan = np.inf, np.nan
    rows = np.array([[0, -inf, 1] * 7, [-inf] * 21, [inf] + [0] * 20, [nan] + [0] * 20, [-inf] * 20 + [3]], dtype)
    x, axis = (rows, 1) if layout == "rows" else (rows.T.copy(), 0)
    y, log_y = _native.softmax(x, axis), _native.log_softmax(x, axis)
    if layout == "columns":
        y, log_y = y.T, log_y.T
    assert (y[0, 1::3] == 0).all() and (log_y[0, 1::3] == -inf).all() and np.isfinite(y[0]).all()
    assert np.isnan(y[1:4]).all() and np.isnan(log_y[[1, 3]]).all() and np.isnan(log_y[2, 0])
    np.testing.assert_array_equal(y[4], [0] * 20 + [1])
    np.testing.assert_array_equal(log_y[4], [-inf] * 20 + [0])


def test_exp_over_its_range():
    """softmax([0, x]) = exp(x) / (1 + exp(x)): the subnormal end of exp is reached without a jump."""
    x = np.linspace(-110, 0, 5001, dtype=np.float32)
    got = _native.softmax(np.stack([np.zeros_like(x), x]), 0)[1]
    expected = 1 / (1 + np.exp(-x.astype(np.float64)))
    np.testing.assert_allclose(got, expected, rtol=6e-7, atol=3e-45)


def test_strided_and_errors():
    x = np.random.default_rng(0).standard_normal((6, 8, 10)).astype(np.float32)[::2, ::-1, ::3]
    np.testing.assert_allclose(_native.softmax(x, 1), reference.softmax(x, 1), rtol=1e-5)
    with pytest.raises(ValueError, match="axis 3 of 3"):
        _native.softmax(x, 3)
    with pytest.raises(TypeError, match="float16"):
        _native.softmax(x.astype(np.float16), 0)
    with pytest.raises(ValueError, match="shape"):
        _native.softmax_grad(x[:1], x, 0)
