"""Order: sorting, the largest k, distinct values, positions in a sorted row, counting. NaN is the largest value."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from rushlight import _native

from .creation import check_size, clone

__all__ = ["bincount", "consecutive", "distinct", "search_sorted", "sort", "topk"]

_NARROW = np.dtype(ml_dtypes.bfloat16)
# what the kernels sort an element type as: itself, or a wider one of the same order
_KEYS: dict[Any, Any] = {
    np.dtype(source): np.dtype(key)
    for key, sources in (
        (np.float32, (np.float32, np.float16, _NARROW)),
        (np.float64, (np.float64,)),
        (np.int32, (np.int32, np.bool_, np.int8, np.uint8, np.int16, np.uint16)),
        (np.int64, (np.int64, np.uint32)),
    )
    for source in sources
}
_MOST_KEPT = 64  # by the kernel of topk


def _comparable(a: np.ndarray) -> np.ndarray:
    return a.astype(np.float32) if a.dtype == _NARROW else a


def _rows(a: np.ndarray, axis: int) -> np.ndarray | None:
    """`a` as a kernel sorts it: `axis` last, contiguous, of a type with a kernel; None for types without."""
    key = _KEYS.get(a.dtype)
    if key is None:
        return None
    rows = np.ascontiguousarray(np.moveaxis(a, axis, -1) if axis % a.ndim != a.ndim - 1 else a)
    return rows if key == a.dtype else _native.cast(rows, key)


def _back(rows: np.ndarray, axis: int, dtype: np.dtype) -> np.ndarray:
    """The inverse of `_rows`."""
    result = rows if rows.dtype == dtype else _native.cast(rows, dtype)
    return result if axis % rows.ndim == rows.ndim - 1 else np.ascontiguousarray(np.moveaxis(result, -1, axis))


def sort(a: np.ndarray, *, axis: int, descending: bool) -> tuple[np.ndarray, np.ndarray]:
    """(values, int64 indices) in order along `axis`; equal elements keep their order."""
    if not a.ndim:
        return a.copy(), np.zeros((), np.int64)
    rows = _rows(a, axis)
    if rows is not None:
        values, order = _native.sort_last(rows, descending)
        return _native.laid_out(_back(values, axis, a.dtype), a), _native.laid_out(_back(order, axis, order.dtype), a)
    if descending:  # the reverse of the stable order of the reversed row
        order = np.flip(a.shape[axis] - 1 - np.argsort(np.flip(a, axis), axis=axis, kind="stable"), axis)
    else:
        order = np.argsort(a, axis=axis, kind="stable")
    order = clone(order.astype(np.int64, copy=False), order="contiguous")
    return _native.laid_out(np.take_along_axis(a, order, axis), a), _native.laid_out(order, a)


def topk(a: np.ndarray, *, k: int, axis: int, largest: bool) -> tuple[np.ndarray, np.ndarray]:
    """The k largest (or smallest) along `axis`, in order, with their int64 indices."""
    if not a.ndim:
        values, order = a.reshape(1)[:k], np.zeros(k, np.int64)
        return values.reshape(()) if k else values, order.reshape(()) if k else order
    rows = _rows(a, axis) if 0 < k <= _MOST_KEPT else None
    if rows is not None:
        values, order = _native.topk_last(rows, k, largest)
        return _back(values, axis, a.dtype), _back(order, axis, order.dtype)
    values, order = sort(a, axis=axis, descending=largest)
    picked = [slice(None)] * a.ndim
    picked[axis] = slice(0, k)
    return np.ascontiguousarray(values[tuple(picked)]), np.ascontiguousarray(order[tuple(picked)])


def distinct(a: np.ndarray, *, axis: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sorted distinct values or slices, the position of each element among them, how often each occurs)."""
    if axis is None and a.size and a.dtype in _KEYS:
        values, order = sort(a.reshape(-1), axis=0, descending=False)
        first = np.empty(a.size, bool)
        first[0] = True
        np.not_equal(values[1:], values[:-1], out=first[1:])
        inverse = np.empty(a.size, np.int64)
        inverse[order] = np.cumsum(first) - 1
        counts = np.diff(np.append(np.flatnonzero(first), a.size))
        return values[first], inverse.reshape(a.shape), counts.astype(np.int64, copy=False)
    values, inverse, counts = np.unique(
        _comparable(a), return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    shape = a.shape if axis is None else (a.shape[axis],)
    return values.astype(a.dtype, copy=False), inverse.reshape(shape).astype(np.int64), counts.astype(np.int64)


def consecutive(a: np.ndarray, *, axis: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`distinct` of runs of equal elements, in order of appearance."""
    rows = a.reshape(-1, 1) if axis is None else np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1)
    n = len(rows)
    start = np.ones(n, dtype=bool)
    if n:
        start[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    values = a.reshape(-1)[start] if axis is None else np.compress(start, a, axis=axis)
    inverse = np.cumsum(start) - 1
    counts = np.diff(np.append(np.flatnonzero(start), n))
    shape = a.shape if axis is None else (n,)
    return np.ascontiguousarray(values), inverse.reshape(shape).astype(np.int64), counts.astype(np.int64)


def search_sorted(rows, values, *, right: bool) -> np.ndarray:
    """int64 positions at which `values` keep the (last axis of the) rows sorted."""
    side: Any = "right" if right else "left"
    if rows.ndim == 1:
        return np.asarray(np.searchsorted(rows, values, side=side), dtype=np.int64)
    flat_rows, flat = rows.reshape(-1, rows.shape[-1]), values.reshape(-1, values.shape[-1])
    found = np.empty(flat.shape, np.int64)
    for i in range(len(flat_rows)):
        found[i] = np.searchsorted(flat_rows[i], flat[i], side=side)
    return found.reshape(values.shape)


def bincount(a: np.ndarray, weights: np.ndarray | None, *, minlength: int) -> np.ndarray:
    """How often (or with what total weight) 0, 1, 2, ... occur."""
    check_size((minlength,), np.int64)
    counts = np.bincount(a, weights, minlength)
    return counts.astype(np.int64 if weights is None else weights.dtype, copy=False)
