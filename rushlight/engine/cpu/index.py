"""Reading and writing by index arrays and masks."""

from __future__ import annotations

import math

import numpy as np

from rushlight import _native

from .creation import clone, empty, zeros

__all__ = [
    "fill_where",
    "first_outside",
    "gather",
    "gather_grad",
    "index",
    "index_put",
    "index_scatter",
    "nonzero",
    "scatter_add",
    "scatter_reduce",
    "scatter_write",
    "take_along",
    "unravel",
]

_ALL = np.s_[:]
_INT64 = np.dtype(np.int64)


def _key(indices):
    return tuple([_ALL if i is None else i for i in indices])


_LARGE = 1 << 20  # bytes: from here on new memory costs more than the extra pass over the indices


def _take(a, indices, axis):
    """np.take into the engine's own memory. IndexError where an index is out of range."""
    shape = a.shape[:axis] + indices.shape + a.shape[axis + 1 :]
    size = a.shape[axis]
    if math.prod(shape) * a.itemsize < _LARGE or not a.flags.c_contiguous:
        return a.take(indices, axis)
    if indices.min() < -size or indices.max() >= size:
        return np.take(a, indices, axis=axis)  # raises; with out= NumPy's own check would copy the result once more
    return np.take(a, indices, axis=axis, out=empty(shape, a.dtype), mode="wrap")


def index(a, *, indices):
    """a[i0, i1, ...] with index arrays (int64 or bool), None for a whole axis."""
    used = [axis for axis, i in enumerate(indices) if i is not None]
    if len(used) == 1 and indices[used[0]].dtype == _INT64 and indices[used[0]].size:
        return _as_array(_take(a, indices[used[0]], used[0]))
    result = a[_key(indices)]
    return result if isinstance(result, np.ndarray) else np.asarray(result)


def index_put(a, value, *, indices, accumulate):
    """A copy of `a` with a[indices] = value, or += value counting repeated indices."""
    out = clone(a)
    if accumulate:
        np.add.at(out, _key(indices), value)
    else:
        out[_key(indices)] = value
    return out


def index_scatter(g, *, input_shape, indices):
    """The adjoint of `index`: zeros of input_shape with g added at the indices."""
    out = zeros(input_shape, g.dtype)
    if all(i is None or i.dtype == np.bool_ for i in indices):
        out[_key(indices)] = g  # masks name each element once
    else:
        np.add.at(out, _key(indices), g)
    return out


def gather(a, indices, *, axis):
    """out[i][j] = a[indices[i][j]][j] (axis 0); indices may be smaller than `a` in the other axes."""
    if indices.dtype == _INT64 and indices.ndim:
        picked = _native.gather(a, np.ascontiguousarray(indices), axis)
        if picked is not None:
            return picked
    return _lines(a)[_grid(indices, axis)].reshape(indices.shape)


def _lines(a):
    """A view of a 0-d array as a vector, other arrays as they are: gathering and scattering take one for the other."""
    return a if a.ndim else a.reshape(1)


def _grid(indices, axis):
    """Open index grid with `indices` at `axis`."""
    indices = _lines(indices)
    grid = list(np.ogrid[tuple(np.s_[:n] for n in indices.shape)])
    grid[axis] = indices
    return tuple(grid)


def _part(src, indices):
    """The elements of `src` that there is an index for."""
    return _lines(src)[tuple(np.s_[:n] for n in _lines(indices).shape)]


def _as_array(value):
    return value if isinstance(value, np.ndarray) else np.asarray(value)


def scatter_add(a, indices, src, *, axis):
    """A copy of `a` with src added at indices along axis."""
    out = clone(a)
    np.add.at(_lines(out), _grid(indices, axis), _part(src, indices))
    return out


def scatter_write(a, indices, src, *, axis):
    """A copy of `a` with src (array or number) written at indices along axis."""
    out = clone(a)
    _lines(out)[_grid(indices, axis)] = _part(src, indices) if isinstance(src, np.ndarray) else src
    return out


_COMBINE = {"sum": np.add, "mean": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def scatter_reduce(a, indices, src, *, axis, reduce, include_self):
    """A copy of `a` with src combined into it at indices along axis; without `a`'s own values there if asked."""
    result = clone(a)
    out, places, src = _lines(result), _grid(indices, axis), _part(src, indices)
    if not include_self:
        low, high = (False, True) if a.dtype.kind == "b" else _extremes(a.dtype)
        out[places] = {"sum": 0, "mean": 0, "prod": 1, "amax": low, "amin": high}[reduce]
    with np.errstate(all="ignore"):
        _COMBINE[reduce].at(out, places, src)
        if reduce == "mean":
            count = np.zeros(out.shape, np.int64)
            if include_self:
                count += 1
            np.add.at(count, places, 1)
            count[count == 0] = 1
            if a.dtype.kind in "iu":
                np.floor_divide(out, count, dtype=out.dtype, out=out)
            else:
                out /= count.astype(out.dtype)
    return result


def _extremes(dtype):
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return info.min, info.max
    return -np.inf, np.inf


def unravel(places, *, shape):
    """Flat positions, negative ones counted from the end, as one int64 index array per axis."""
    size = math.prod(shape)
    return np.unravel_index(np.where(places < 0, places + size, places), shape)


def take_along(a, indices, *, axis):
    """Whole slices of `a` along axis, picked by a 1-d index array."""
    return _take(a, indices, axis)


def nonzero(a):
    """(count, ndim) int64 indices of the nonzero elements, in order."""
    if a.ndim == 0:
        return np.zeros((int(bool(a)), 0), np.int64)
    return np.ascontiguousarray(np.stack(np.nonzero(a), axis=1)).astype(np.int64, copy=False).reshape(-1, a.ndim)


def first_outside(indices, least, size):
    """None if all indices are in [least, size), else one that is not; least is 0 or negative."""
    return _native.first_outside(np.ascontiguousarray(indices, dtype=np.int64), least, size)


def fill_where(a, mask, *, value):
    """A copy of `a` with `value` where the mask (broadcast) holds."""
    return _native.where(mask, value, a)


def gather_grad(g, indices, *, input_shape, axis):
    """The adjoint of `gather`."""
    return scatter_add(zeros(input_shape, g.dtype), indices, g, axis=axis)
