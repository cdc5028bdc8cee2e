"""Reductions of the CPU engine.

axes: a tuple of axes, one axis or None for all; keepdims keeps them with size 1. float32 and float64 run natively, with
totals in double; float16 and bfloat16 are summed in float32 and rounded once; integer sums and products are int64.
Empty sums are 0, products 1, means NaN; an empty extremum raises ValueError (the op checks first). NaN wins extrema.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from rushlight import _native

__all__ = """sum mean prod amax amin norm2 argmax argmin any all var cumsum cumprod cummax cummin logcumsumexp
count_nonzero""".split()

_narrow = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def _fallback(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """`function` as (a, axes, keepdims), for dtypes that have no kernel and for empty arrays."""

    def run(a: np.ndarray, axes: Any, keepdims: bool) -> np.ndarray:
        axis = tuple(axes) if isinstance(axes, list) else axes
        with np.errstate(all="ignore"):
            if a.dtype in _narrow:
                return _native.cast(np.asarray(function(_native.cast(a, np.float32), axis, keepdims)), a.dtype)
            return np.asarray(function(a, axis, keepdims))

    return run


def _accumulator(a: np.ndarray) -> Any:
    return np.int64 if a.dtype.kind in "biu" else None


def _mean(a, axis, keepdims):
    total = a.sum(axis=axis, keepdims=keepdims)
    count = a.size // total.size if total.size else 0
    return total / count if count else np.full(total.shape, np.nan, a.dtype)


def _narrow_through(name: str, function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """float16 and bfloat16 by the kernel of float32, everything else by `function`."""

    def run(a: np.ndarray, axes: Any, keepdims: bool) -> np.ndarray:
        if a.dtype in _narrow and a.size:
            return _native.cast(getattr(_native, name)(_native.cast(a, np.float32), axes, keepdims), a.dtype)
        return function(a, axes, keepdims)

    return run


FALLBACKS = {
    "sum": _fallback(lambda a, axis, keepdims: a.sum(axis=axis, keepdims=keepdims, dtype=_accumulator(a))),
    "mean": _fallback(_mean),
    "prod": _fallback(lambda a, axis, keepdims: a.prod(axis=axis, keepdims=keepdims, dtype=_accumulator(a))),
    "amax": _fallback(lambda a, axis, keepdims: a.max(axis=axis, keepdims=keepdims)),
    "amin": _fallback(lambda a, axis, keepdims: a.min(axis=axis, keepdims=keepdims)),
    "norm2": _fallback(lambda a, axis, keepdims: np.sqrt((np.abs(a) ** 2).sum(axis=axis, keepdims=keepdims))),
}
FALLBACKS = {name: _narrow_through(name, function) for name, function in FALLBACKS.items()}
_native.set_reduce_fallbacks(FALLBACKS)

sum = _native.sum  # sum(a, *, axes, keepdims)
mean = _native.mean
prod = _native.prod
amax = _native.amax
amin = _native.amin
norm2 = _native.norm2  # sqrt(sum(a * a))


def _arg(a: np.ndarray, axis: int | None, keepdims: bool, native: Callable, function: Callable) -> np.ndarray:
    if a.dtype in _narrow:
        a = _native.cast(a, np.float32)
    if a.dtype not in (np.float32, np.float64) or not a.size or a.ndim == 0:
        return np.asarray(function(a, axis=axis, keepdims=keepdims), dtype=np.int64)
    if axis is None:
        flat = native(np.ascontiguousarray(a).reshape(-1))
        return flat.reshape((1,) * a.ndim) if keepdims else flat
    last = a.ndim - 1
    axis %= a.ndim
    if axis != last:
        a = a.transpose([d for d in range(a.ndim) if d != axis] + [axis])
    result = native(np.ascontiguousarray(a))
    return result.reshape(result.shape[:axis] + (1,) + result.shape[axis:]) if keepdims else result


def argmax(a: np.ndarray, *, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """int64 index of the first largest element along `axis` (None: of the flattened array); the first NaN wins."""
    return _arg(a, axis, keepdims, _native.argmax_last, np.argmax)


def argmin(a: np.ndarray, *, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """int64 index of the first smallest element along `axis` (None: of the flattened array); the first NaN wins."""
    return _arg(a, axis, keepdims, _native.argmin_last, np.argmin)


def any(a: np.ndarray, *, axes: Any = None, keepdims: bool = False) -> np.ndarray:
    """Whether any element is not zero (NaN counts)."""
    return np.asarray(a.any(axis=axes, keepdims=keepdims), dtype=bool)


def all(a: np.ndarray, *, axes: Any = None, keepdims: bool = False) -> np.ndarray:
    """Whether every element is not zero (NaN counts)."""
    return np.asarray(a.all(axis=axes, keepdims=keepdims), dtype=bool)


def count_nonzero(a: np.ndarray, *, axes: Any = None) -> np.ndarray:
    """int64 number of elements that are not zero."""
    return np.asarray(np.count_nonzero(a, axis=axes), dtype=np.int64)


def var(a: np.ndarray, *, axes: Any = None, keepdims: bool = False, correction: float = 1) -> np.ndarray:
    """sum((a - mean)^2) / max(count - correction, 0), in two passes, so that a large mean costs no accuracy."""
    wide = _native.cast(a, np.float32) if a.dtype in _narrow else a
    distance = _native.sub(wide, _native.mean(wide, axes, True))
    if distance.dtype.kind == "c":
        distance = np.abs(distance)
    total = _native.sum(_native.square(distance), axes, keepdims)
    count = max(a.size // max(total.size, 1) - correction, 0)
    return _native.div(total, float(count)).astype(a.real.dtype, copy=False)


_WITH_KERNELS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int32), np.dtype(np.int64))


def _running(native: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """Along an axis, floats with totals in double, integers in int64."""

    def run(a: np.ndarray, *, axis: int) -> np.ndarray:
        if a.ndim == 0:
            return a.astype(np.int64) if a.dtype.kind in "biu" else a.copy()
        if a.dtype in _WITH_KERNELS:
            return native(np.ascontiguousarray(a), axis)
        with np.errstate(all="ignore"):
            if a.dtype.kind in "biu":
                return native(np.ascontiguousarray(a, dtype=np.int64), axis)
            if a.dtype.kind == "c":
                return function(a, axis=axis)
            wide = _native.cast(a, np.float32) if a.dtype in _narrow else a
            return _native.cast(native(np.ascontiguousarray(wide), axis), a.dtype)

    return run


cumsum = _running(_native.cumsum, np.cumsum)  # cumsum(a, *, axis)
cumprod = _running(_native.cumprod, np.cumprod)


def _running_extremum(a: np.ndarray, axis: int, function: np.ufunc, better: Callable) -> tuple[np.ndarray, np.ndarray]:
    if a.ndim == 0:
        return a.copy(), np.zeros((), np.int64)
    values = function.accumulate(a, axis=axis)
    n = a.shape[axis]
    positions = np.arange(n).reshape([n if d == axis % a.ndim else 1 for d in range(a.ndim)])
    # an element sets a record when it reaches the running value; the last such position so far is the index
    records = better(a, values) | (np.isnan(a) if a.dtype.kind == "f" else False)
    return values, np.maximum.accumulate(np.where(records, positions, 0), axis=axis)


def cummax(a: np.ndarray, *, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Running maximum and the int64 index of its latest occurrence; NaN wins."""
    return _running_extremum(a, axis, np.maximum, np.equal)


def cummin(a: np.ndarray, *, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Running minimum and the int64 index of its latest occurrence; NaN wins."""
    return _running_extremum(a, axis, np.minimum, np.equal)


def logcumsumexp(a: np.ndarray, *, axis: int) -> np.ndarray:
    """log of the running sum of exponentials."""
    with np.errstate(all="ignore"):
        wide = a if a.dtype == np.float64 else a.astype(np.float64)
        return (np.logaddexp.accumulate(wide, axis=axis) if a.ndim else wide.copy()).astype(a.dtype)
