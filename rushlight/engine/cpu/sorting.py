"""Order: sorting, the largest k, distinct values, positions in a sorted row, counting. NaN is the largest value."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from .creation import check_size

__all__ = ["bincount", "consecutive", "distinct", "search_sorted", "sort", "topk"]

_NARROW = np.dtype(ml_dtypes.bfloat16)


def _comparable(a: np.ndarray) -> np.ndarray:
    return a.astype(np.float32) if a.dtype == _NARROW else a


def sort(a: np.ndarray, *, axis: int, descending: bool) -> tuple[np.ndarray, np.ndarray]:
    """(values, int64 indices) in order along `axis`; equal elements keep their order."""
    if not a.ndim:
        return a.copy(), np.zeros((), np.int64)
    key = _comparable(a)
    if descending:  # the reverse of the stable order of the reversed row
        order = np.flip(a.shape[axis] - 1 - np.argsort(np.flip(key, axis), axis=axis, kind="stable"), axis)
    else:
        order = np.argsort(key, axis=axis, kind="stable")
    order = np.ascontiguousarray(order, dtype=np.int64)
    return np.take_along_axis(a, order, axis), order


def topk(a: np.ndarray, *, k: int, axis: int, largest: bool) -> tuple[np.ndarray, np.ndarray]:
    """The k largest (or smallest) along `axis`, in order, with their int64 indices."""
    if not a.ndim:
        values, order = a.reshape(1)[:k], np.zeros(k, np.int64)
        return values.reshape(()) if k else values, order.reshape(()) if k else order
    n = a.shape[axis]
    if not 0 < k < n // 8:
        values, order = sort(a, axis=axis, descending=largest)
        picked = [slice(None)] * a.ndim
        picked[axis] = slice(0, k)
        return np.ascontiguousarray(values[tuple(picked)]), np.ascontiguousarray(order[tuple(picked)])
    rows = np.moveaxis(_comparable(a), axis, -1)
    part = np.argpartition(rows, n - k if largest else k - 1, axis=-1)
    part = np.sort(part[..., n - k :] if largest else part[..., :k], axis=-1)
    _, inner = sort(np.take_along_axis(rows, part, -1), axis=rows.ndim - 1, descending=largest)
    order = np.ascontiguousarray(np.moveaxis(np.take_along_axis(part, inner, -1), -1, axis), dtype=np.int64)
    return np.take_along_axis(a, order, axis), order


def distinct(a: np.ndarray, *, axis: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(sorted distinct values or slices, the position of each element among them, how often each occurs)."""
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
