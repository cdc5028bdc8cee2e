"""native/kernels/reduce against tests/reference/reduce.py, under every instruction set."""

import itertools
import warnings

import ml_dtypes
import numpy as np
import pytest
import torch

from rushlight import _native
from rushlight.engine.cpu import reduce
from tests.reference import reduce as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


SHAPES = [
    (),
    (1,),
    (3,),
    (7, 5),
    (2, 3, 4),
    (33, 65),
    (4, 3, 5, 6),
    (2000, 3),
    (3, 2000),
    (300, 130),
    (8, 16, 14, 14),
    (100_000,),
]


def views(shape, dtype):
    rng = np.random.default_rng(0)

    def draw(s):
        return np.asarray(rng.standard_normal(s) + 0.3, dtype=dtype)

    yield draw(shape)
    if shape:
        yield np.asfortranarray(draw(shape))
        yield draw(tuple(2 * n for n in shape))[tuple(slice(None, None, 2) for _ in shape)]
        yield draw(shape)[tuple(slice(None, None, -1) for _ in shape)]
        yield np.broadcast_to(draw((1, *shape[1:])), shape)
    if len(shape) > 2:
        yield draw((shape[0], *shape[2:], shape[1])).transpose(0, len(shape) - 1, *range(1, len(shape) - 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_reductions(shape, dtype):
    eps = np.finfo(dtype).eps
    for a in views(shape, dtype):
        wide = a.astype(np.float64 if dtype == np.float32 else np.longdouble)
        near_one = np.asarray(1 + 1e-4 * a, dtype=dtype)
        for axes in itertools.chain.from_iterable(itertools.combinations(range(a.ndim), k) for k in range(a.ndim + 1)):
            for keep in (False, True):
                for name, function in reference.REDUCTIONS.items():
                    x, w = (near_one, near_one.astype(wide.dtype)) if name == "prod" else (a, wide)
                    count = x.size // max(np.sum(x, axis=axes).size, 1)
                    if name == "var" and count < 2:
                        continue
                    expected = np.asarray(function(w, axes, keep))
                    got = getattr(reduce, name)(x, axes=axes, keepdims=keep)
                    assert isinstance(got, np.ndarray) and got.dtype == dtype and got.shape == expected.shape
                    if name in ("amax", "amin"):
                        assert np.array_equal(got, expected)
                        continue
                    # at most 64 additions per lane, totals in double: the bound does not grow with the count
                    scale = np.abs(w).sum(axis=axes, keepdims=keep)
                    if name == "mean":
                        scale = scale / count
                    elif name == "prod":
                        scale = count * np.abs(expected)
                    elif name == "norm2":
                        scale = expected
                    elif name == "var":
                        scale = 2 * (expected + (w * w).sum(axis=axes, keepdims=keep) / (count - 1))
                    assert (np.abs(got - expected) <= 8 * eps * scale).all(), (name, axes, a.strides)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(1,), (7, 5), (2, 3, 4), (33, 65), (3, 2000)])
def test_arguments(shape, dtype):
    for a in views(shape, np.float64):
        a = np.round(a * 3).astype(dtype)  # many ties
        for axis, keep in itertools.product([*range(a.ndim), None], (False, True)):
            wide = a.astype(np.float64)
            for name in ("argmax", "argmin"):
                got = getattr(reduce, name)(a, axis=axis, keepdims=keep)
                assert got.dtype == np.int64 and np.array_equal(got, getattr(wide, name)(axis=axis, keepdims=keep))


@pytest.mark.parametrize("size", [2, 40, 5000])
def test_nan_and_infinity(size):
    for where in (0, size // 2, size - 1):
        a = np.random.default_rng(0).standard_normal((size, 3)).astype(np.float32)
        a[where, 1] = np.nan
        for x, axis in ((a, 0), (np.ascontiguousarray(a.T), 1)):
            for name in ("amax", "amin", "sum", "prod"):
                result = getattr(reduce, name)(x, axes=(axis,), keepdims=False)
                assert np.isnan(result).tolist() == [False, True, False]
            for name in ("argmax", "argmin"):
                assert getattr(reduce, name)(x, axis=axis)[1] == where
        a[where, 1] = np.inf
        assert reduce.sum(a, axes=(0,), keepdims=False)[1] == np.inf
        a[0, 1], a[-1, 1] = np.inf, -np.inf
        assert np.isnan(reduce.sum(a, axes=(0,), keepdims=False)[1])
    infinite = np.full((size, 4), -np.inf, np.float32)
    assert (reduce.amax(infinite, axes=(0,), keepdims=False) == -np.inf).all()
    assert (reduce.argmax(infinite, axis=0) == 0).all()


def test_long_sums_stay_accurate():
    """A plain float32 loop over ten million 0.1s is off by percents; this is off by roundings."""
    a = np.full(10_000_000, np.float32(0.1))
    exact = float(np.float32(0.1)) * a.size
    assert abs(float(reduce.sum(a, axes=None, keepdims=False)) - exact) <= 4 * np.finfo(np.float32).eps * exact
    columns = a.reshape(-1, 4)
    assert (
        np.abs(reduce.sum(columns, axes=(0,), keepdims=False) - exact / 4) <= 8 * np.finfo(np.float32).eps * exact / 4
    ).all()


def test_empty_and_other_dtypes():
    empty = np.empty((0, 3), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reduce.sum(empty, axes=(0,), keepdims=False).tolist() == [0, 0, 0]
        assert reduce.prod(empty, axes=(0,), keepdims=True).tolist() == [[1, 1, 1]]
        assert np.isnan(reduce.mean(empty, axes=(0,), keepdims=False)).all()
        assert reduce.sum(empty, axes=(1,), keepdims=False).shape == (0,)
        with pytest.raises(ValueError):
            reduce.amax(empty, axes=(0,), keepdims=False)
    for dtype in (bool, np.uint8, np.int32):
        total = reduce.sum(np.ones(300, dtype), axes=(0,), keepdims=False)
        assert total.dtype == np.int64 and total == 300
    narrow = np.ones(5000, ml_dtypes.bfloat16)
    total = reduce.sum(narrow, axes=(0,), keepdims=False)
    assert total.dtype == ml_dtypes.bfloat16 and float(total) == 4992, "summed wide, rounded once"
    assert reduce.any(np.array([0.0, np.nan])) and not reduce.all(np.array([1, 0]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_running(dtype):
    a = np.round(np.random.default_rng(0).standard_normal((5, 6)) * 3).astype(dtype)
    t = torch.from_numpy(a)
    for axis in (0, 1, -1):
        for name in ("cumsum", "cumprod"):
            expected = getattr(t, name)(axis).numpy()
            got = getattr(reduce, name)(a, axis=axis)
            assert got.dtype == expected.dtype
            np.testing.assert_allclose(got, expected, rtol=1e-6)
        for name in ("cummax", "cummin"):
            values, indices = getattr(t, name)(axis)
            got = getattr(reduce, name)(a, axis=axis)
            assert np.array_equal(got[0], values.numpy()) and np.array_equal(got[1], indices.numpy())
        if dtype in (np.float32, np.float64):
            np.testing.assert_allclose(reduce.logcumsumexp(a, axis=axis), t.logcumsumexp(axis).numpy(), rtol=1e-5)


def test_errors():
    a = np.ones((2, 3), np.float32)
    for axes in ((2,), (0, 0), (-3,)):
        with pytest.raises(ValueError, match="distinct axes"):
            reduce.sum(a, axes=axes, keepdims=False)
    with pytest.raises(TypeError, match="unexpected argument"):
        _native.sum(a, dtype=3)
    with pytest.raises(TypeError, match="must be an array"):
        _native.sum([1.0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_short_rows(dtype):
    """A vector's worth of rows at a time: tails, counts, NaN and infinities in any place, gaps between rows."""
    rng = np.random.default_rng(0)
    eps = np.finfo(dtype).eps
    for columns in (1, 2, 3, 7, 8, 15, 16, 17, 31, 49, 64, 100, 255, 256, 257, 511, 513, 600):
        for rows in (1, 2, 5, 16, 33):
            padded = rng.standard_normal((rows, columns + 3)).astype(dtype)
            for a in (padded[:, 2:-1].copy(), padded[:, 1:-2]):
                wide = a.astype(np.longdouble)
                tolerance = 64 * eps * np.abs(wide).sum(axis=1)
                assert (np.abs(_native.sum(a, (1,), False) - wide.sum(axis=1)) <= tolerance).all()
                assert (
                    np.abs(_native.mean(a, (1,), True)[:, 0] - wide.mean(axis=1)) <= tolerance / columns + eps
                ).all()
                norm = np.sqrt((wide**2).sum(axis=1))
                assert (np.abs(_native.norm2(a, (1,), False) - norm) <= 64 * eps * norm).all()
                near_one = (1 + a / 1000).astype(dtype)
                product = near_one.astype(np.longdouble).prod(axis=1)
                assert (np.abs(_native.prod(near_one, (1,), False) / product - 1) <= columns * eps).all()
                a[rng.integers(rows), rng.integers(columns)] = np.nan
                a[rng.integers(rows), rng.integers(columns)] = np.inf
                a[rng.integers(rows), rng.integers(columns)] = -np.inf
                for name in ("amax", "amin"):
                    expected = getattr(np, name)(a, axis=1)
                    assert np.array_equal(getattr(_native, name)(a, (1,), False), expected, equal_nan=True)
    a = rng.standard_normal((6, 40, 5, 9)).astype(dtype).transpose(2, 0, 1, 3)
    assert np.array_equal(_native.amax(a, (3,), False), a.max(axis=3))
