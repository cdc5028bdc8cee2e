"""native/kernels/pool against tests/reference/pool.py, under every instruction set."""

import numpy as np
import pytest

from rushlight import _native
from tests.reference import pool as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


def out_size(size, kernel, stride, padding, dilation, ceil):
    result = []
    for i, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True):
        span = i + 2 * p - d * (k - 1) - 1
        o = (span + (s - 1 if ceil else 0)) // s + 1
        if ceil and (o - 1) * s >= i + p:
            o -= 1
        result.append(o)
    return tuple(result)


# lead, size, kernel, stride, padding, dilation, ceil
GEOMETRIES = [
    ((2, 3), (8, 8), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((2, 3), (9, 11), (2, 2), (2, 2), (0, 0), (1, 1), False),
    ((2,), (9, 75), (2, 2), (2, 2), (0, 0), (1, 1), True),
    ((3,), (15, 70), (3, 3), (2, 2), (1, 1), (1, 1), False),
    ((2,), (13, 69), (3, 3), (2, 2), (0, 0), (1, 1), True),
    ((2,), (7, 40), (3, 5), (1, 1), (1, 2), (1, 1), False),
    ((1, 2), (12, 50), (3, 2), (2, 3), (1, 1), (2, 3), False),
    ((2,), (11, 40), (2, 4), (3, 2), (0, 2), (1, 2), True),
    ((4,), (5, 5), (5, 5), (1, 1), (2, 2), (1, 1), False),
    ((2, 2), (33,), (3,), (2,), (1,), (1,), False),
    ((2,), (100,), (4,), (3,), (2,), (2,), True),
    ((2, 1), (5, 6, 37), (2, 3, 2), (2, 1, 2), (1, 1, 0), (1, 2, 1), False),
    ((1,), (4, 6, 9), (2, 2, 3), (2, 2, 2), (0, 1, 1), (1, 1, 1), True),
    ((1,), (20, 40), (16, 17), (2, 2), (3, 4), (1, 1), False),  # more than 255 taps
    ((1,), (1, 2), (2, 2), (1, 1), (2, 1), (4, 1), False),  # windows that see nothing
    ((0, 3), (8, 8), (2, 2), (2, 2), (0, 0), (1, 1), False),
]
TYPES = [np.float32, np.float64, np.int64]


def sample(lead, size, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(-9, 9, (*lead, *size)).astype(dtype)  # small integers: many ties, exact sums


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("case", GEOMETRIES)
def test_max_pool(case, dtype):
    lead, size, kernel, stride, padding, dilation, ceil = case
    out = out_size(size, kernel, stride, padding, dilation, ceil)
    x = sample(lead, size, dtype)
    if dtype != np.int64 and x.size:
        x.reshape(-1)[::17] = np.nan
        x.reshape(-1)[3::11] = -np.inf
    before = x.copy()
    y, taps = _native.max_pool(x, kernel, stride, padding, dilation, out)
    expected, expected_taps = reference.max_pool(x, kernel, stride, padding, dilation, out)
    np.testing.assert_array_equal(y, expected)
    assert taps.dtype == (np.uint8 if np.prod(kernel) <= 255 else np.int32)
    signed = taps.astype(np.int64)
    signed[taps == (255 if taps.dtype == np.uint8 else -1)] = -1
    np.testing.assert_array_equal(signed, expected_taps)
    np.testing.assert_array_equal(x, before)

    positions = reference.max_pool_indices(expected_taps, kernel, stride, padding, dilation, size)
    np.testing.assert_array_equal(_native.max_pool_indices(taps, kernel, stride, padding, dilation, size), positions)
    grad = sample(lead, out, dtype, 1)
    np.testing.assert_array_equal(
        _native.max_pool_grad(grad, taps, kernel, stride, padding, dilation, size),
        reference.scatter_planes(grad, positions, size),
    )
    np.testing.assert_array_equal(
        _native.max_pool_take(x, taps, kernel, stride, padding, dilation),
        reference.gather_planes(x, positions, len(kernel)),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("include, divisor", [(True, 0), (False, 0), (True, 3), (False, -2)])
@pytest.mark.parametrize("case", [c for c in GEOMETRIES if set(c[5]) == {1}])
def test_avg_pool(case, include, divisor, dtype):
    lead, size, kernel, stride, padding, dilation, ceil = case
    out = out_size(size, kernel, stride, padding, dilation, ceil)
    x = sample(lead, size, dtype)
    tol = np.finfo(dtype).eps * 2  # integer sums are exact; one division
    y = _native.avg_pool(x, kernel, stride, padding, out, include, divisor)
    np.testing.assert_allclose(y, reference.avg_pool(x, kernel, stride, padding, out, include, divisor), rtol=tol)
    grad = sample(lead, out, dtype, 1)
    got = _native.avg_pool_grad(grad, kernel, stride, padding, size, include, divisor)
    expected = reference.avg_pool_grad(grad, kernel, stride, padding, size, include, divisor)
    # every cell sums at most prod(kernel) shares of size <= 9
    np.testing.assert_allclose(got, expected, rtol=0, atol=np.prod(kernel) * 9 * tol)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "lead, size, out",
    [
        ((2, 3), (7, 9), (3, 4)),
        ((2,), (5,), (7,)),
        ((1, 2), (6, 7, 8), (2, 3, 8)),
        ((3,), (70, 71), (1, 1)),
        ((2,), (4, 4), (0, 2)),
    ],
)
def test_adaptive(lead, size, out, dtype):
    x = sample(lead, size, dtype)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(_native.adaptive_avg_pool(x, out), reference.adaptive_avg_pool(x, out), rtol=2 * eps)
    grad = sample(lead, out, dtype, 1)
    np.testing.assert_allclose(
        _native.adaptive_avg_pool_grad(grad, size), reference.adaptive_avg_pool_grad(grad, size), rtol=0, atol=100 * eps
    )
    x.reshape(-1)[::13] = np.nan
    y, at = _native.adaptive_max_pool(x, out)
    expected, expected_at = reference.adaptive_max_pool(x, out)
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(at, expected_at)
    np.testing.assert_array_equal(_native.scatter_planes(grad, at, size), reference.scatter_planes(grad, at, size))
    np.testing.assert_array_equal(_native.gather_planes(x, at, len(size)), reference.gather_planes(x, at, len(size)))


def test_positions_outside_are_skipped():
    positions = np.array([[-1, 4, 2**62, 1]])
    np.testing.assert_array_equal(_native.gather_planes(np.ones((1, 4)), positions, 1), [[0, 0, 0, 1]])
    np.testing.assert_array_equal(_native.scatter_planes(np.ones((1, 4)), positions, (3,)), [[0, 1, 0]])
    taps = np.full((1, 2, 2), 200, np.uint8)
    assert not _native.max_pool_grad(np.ones((1, 2, 2), np.float32), taps, (3, 3), (2, 2), (1, 1), (1, 1), (4, 4)).any()


def test_strided_input():
    x = sample((2, 3), (12, 40), np.float32)
    view = x[:, ::2, ::-1, ::2]
    args = (3, 3), (2, 2), (1, 1), (1, 1), (6, 10)
    np.testing.assert_array_equal(_native.max_pool(view, *args)[0], reference.max_pool(view.copy(), *args)[0])


@pytest.mark.parametrize(
    "args, error",
    [
        (((2, 2), (2, 2), (0, 0), (1, 1), (9, 2)), "windows"),
        (((0, 2), (2, 2), (0, 0), (1, 1), (2, 2)), "kernel_size"),
        (((2, 2), (0, 2), (0, 0), (1, 1), (2, 2)), "stride"),
        (((2, 2), (2, 2), (-1, 0), (1, 1), (2, 2)), "padding"),
        (((2, 2), (2, 2), (0, 0), (1, 0), (2, 2)), "dilation"),
        (((2,), (2, 2), (0, 0), (1, 1), (2, 2)), "must have 1 items"),
        (((2**31 - 1,) * 2, (1, 1), (0, 0), (1, 1), (1, 1)), "too large"),
        (((2, 2, 2, 2), (2, 2), (0, 0), (1, 1), (2, 2)), "axes"),
    ],
)
def test_refused(args, error):
    with pytest.raises(ValueError, match=error):
        _native.max_pool(np.zeros((1, 4, 4), np.float32), *args)


def test_wrong_dtypes():
    with pytest.raises(TypeError, match="float16"):
        _native.max_pool(np.zeros((1, 4), np.float16), (2,), (2,), (0,), (1,), (2,))
    with pytest.raises(TypeError, match="taps"):
        _native.max_pool_take(np.zeros((1, 4), np.float32), np.zeros((1, 2), np.int32), (2,), (2,), (0,), (1,))
