"""native/kernels/order: sorting, topk and running totals against NumPy."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from rushlight import _native
from rushlight.engine.cpu import reduce, sorting

TYPES = [np.float32, np.float64, np.int32, np.int64]
ALL = [*TYPES, np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64, np.float16, ml_dtypes.bfloat16]


def draw(shape, dtype, seed=0):
    """Values with many equal ones; of floats NaN, infinities and both zeros among them."""
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iub":
        return rng.integers(-50 if np.dtype(dtype).kind == "i" else 0, 50, shape).astype(dtype)
    x = np.round(rng.standard_normal(shape) * 20) / 4
    special = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0], shape)
    return np.where(rng.random(shape) < 0.1, special, x).astype(dtype)


def stable_order(rows, descending):
    """By Python's sort: NaN largest, equal items in order."""
    wide = rows.astype(np.float64 if rows.dtype.kind not in "iu" else rows.dtype)

    def key(row, i):
        v = row[i]
        return (1, 0.0) if v != v else (0, v)

    order = np.empty(rows.shape, np.int64)
    for place in np.ndindex(rows.shape[:-1]):
        row = wide[place]
        n = len(row)
        if descending:  # sorted(reverse=True) keeps the order of equal items
            order[place] = sorted(range(n), key=lambda i, row=row: key(row, i), reverse=True)
        else:
            order[place] = sorted(range(n), key=lambda i, row=row: key(row, i))
    return order


def same(a, b):
    a, b = (x.astype(np.float64) if x.dtype.kind not in "iub" else x for x in (a, b))
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("descending", [False, True])
def test_sort(dtype, descending):
    for shape in ((0,), (1,), (7,), (48,), (49,), (3, 300), (2, 3, 5), (2, 5000), (0, 4), (4, 0)):
        x = draw(shape, dtype)
        for axis in range(x.ndim):
            values, order = sorting.sort(x, axis=axis, descending=descending)
            moved = np.moveaxis(x, axis, -1)
            expected = np.moveaxis(stable_order(moved, descending), -1, axis)
            assert values.dtype == x.dtype and order.dtype == np.int64
            assert np.array_equal(order, expected)
            assert same(values, np.take_along_axis(x, expected, axis))


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("largest", [False, True])
def test_topk(dtype, largest):
    for shape, k in (((9,), 9), ((200,), 1), ((3, 500), 64), ((3, 500), 65), ((2, 70, 3), 5), ((5,), 0)):
        x = draw(shape, dtype)
        for axis in range(x.ndim):
            if k > x.shape[axis]:
                continue
            values, order = sorting.topk(x, k=k, axis=axis, largest=largest)
            expected = np.moveaxis(stable_order(np.moveaxis(x, axis, -1), largest)[..., :k], -1, axis)
            assert np.array_equal(order, expected) and same(values, np.take_along_axis(x, expected, axis))


def test_whole_range():
    """Keys of every bit pattern keep their order."""
    rng = np.random.default_rng(0)
    for bits, dtypes in ((np.uint32, (np.float32, np.int32)), (np.uint64, (np.float64, np.int64))):
        raw = rng.integers(0, np.iinfo(bits).max, 20_000, dtype=bits)
        for dtype in dtypes:
            x = raw.view(dtype)
            values, order = _native.sort_last(x, False)
            assert np.array_equal(values, np.sort(x), equal_nan=np.dtype(dtype).kind == "f")
            assert np.array_equal(x[order], values, equal_nan=np.dtype(dtype).kind == "f")


def few(x):
    """Values of which long products stay small."""
    return np.where(np.abs(x.astype(np.float32)) < 2, x, np.array(1, x.dtype)).astype(x.dtype)


@pytest.mark.parametrize("dtype", ALL)
def test_running(dtype):
    for shape in ((0,), (1,), (5,), (1003,), (3, 70), (2, 5, 3), (2, 9, 700), (0, 3), (3, 0)):
        x = np.abs(draw(shape, dtype)) if np.dtype(dtype).kind == "i" else draw(shape, dtype)
        if np.dtype(dtype).kind not in "iub":
            x = np.where(np.isfinite(x.astype(np.float32)), x, np.array(1, dtype)).astype(dtype)
        for axis in range(x.ndim):
            for got, function in (
                (reduce.cumsum(x, axis=axis), np.cumsum),
                (reduce.cumprod(few(x), axis=axis), np.cumprod),
            ):
                source = x if function is np.cumsum else few(x)
                exact = np.dtype(dtype).kind in "iub"
                expected = function(source, axis=axis, dtype=np.int64 if exact else np.float64)
                if exact:
                    assert got.dtype == np.int64 and np.array_equal(got, expected)
                    continue
                assert got.dtype == source.dtype
                eps = float(ml_dtypes.finfo(dtype).eps)
                bound = eps * (function(np.abs(source.astype(np.float64)), axis=axis) * 4 + 1)
                with np.errstate(all="ignore"):
                    error = np.abs(got.astype(np.float64) - expected)
                assert (error <= bound)[np.isfinite(got.astype(np.float64))].all()


def test_infinities_run_on():
    x = np.array([1, np.inf, 2, -np.inf, 3], np.float32)
    assert np.array_equal(_native.cumsum(x, 0), [1, np.inf, np.inf, np.nan, np.nan], equal_nan=True)
    x = np.array([[1, 2], [np.nan, 3], [4, 5]], np.float64)
    for axis in (0, 1):
        assert np.array_equal(_native.cumsum(x, axis), np.cumsum(x, axis), equal_nan=True)


def test_distinct():
    for dtype in ALL:
        x = draw((30, 40), dtype)
        if np.dtype(dtype).kind not in "iub":
            x = np.where(np.isnan(x.astype(np.float32)), np.array(0, dtype), x)
        values, inverse, counts = sorting.distinct(x, axis=None)
        assert same(values, np.unique(x.astype(np.float64)).astype(x.dtype)) and values.dtype == x.dtype
        assert same(values[inverse], x) and counts.sum() == x.size and (counts > 0).all()


def test_errors():
    x = np.ones((2, 3), np.float32)
    for call in (
        lambda: _native.sort_last(x.T, False),
        lambda: _native.sort_last(x.astype(np.float16), False),
        lambda: _native.sort_last(np.array(1.0), False),
        lambda: _native.cumsum([1.0], 0),
        lambda: _native.sort_last(x),
    ):
        with pytest.raises(TypeError):
            call()
    for k in (0, 4, 65, -1):
        with pytest.raises(ValueError, match="k must be"):
            _native.topk_last(x, k, True)
    with pytest.raises(ValueError, match="no such axis"):
        _native.cumsum(x, 2)
