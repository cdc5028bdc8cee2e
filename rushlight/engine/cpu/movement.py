"""Views and data movement: reshape, permute, slice, expand, concatenate, pad, flip, repeat."""

from __future__ import annotations

import numpy as np

from ... import _native
from .creation import check_size, clone, empty, zeros

__all__ = [
    "as_strided",
    "as_strided_scatter",
    "concat",
    "contiguous",
    "diagonal",
    "diagonal_scatter",
    "expand",
    "flip",
    "is_contiguous",
    "may_overlap",
    "permute",
    "repeat",
    "reshape",
    "roll",
    "same_memory",
    "select",
    "select_scatter",
    "slice",
    "slice_scatter",
    "squeeze",
    "storage_offset",
    "strides_of",
    "sum_to",
    "tril",
    "triu",
    "unsqueeze",
    "view",
    "view_or_none",
    "write",
]

storage_offset = _native.storage_offset
select = _native.select  # select(a, *, axis, index): one index along an axis, which disappears
slice = _native.slice  # slice(a, *, axis, start, stop, step)  # noqa: A001
_ALL = np.s_[:]
_MAX_DIMS = 32  # of NumPy 1 arrays


def strides_of(a) -> tuple[int, ...]:
    """Strides in elements."""
    item = a.itemsize
    return tuple([s // item for s in a.strides])


def is_contiguous(a) -> bool:
    return a.flags.c_contiguous


def contiguous(a):
    """`a` itself or a C-contiguous copy."""
    if a.flags.c_contiguous:
        return a
    out = empty(a.shape, a.dtype)
    _native.copy(out, a)
    return out


def write(target, source) -> None:
    """target[...] = source, with broadcasting and type conversion; the target may be any view."""
    if target.dtype != source.dtype:
        with np.errstate(all="ignore"):
            np.copyto(target, source, casting="unsafe")
    else:
        _native.copy(target, source)


def may_overlap(a, b) -> bool:
    """Whether two arrays might share bytes (a bound check, not exact)."""
    return np.may_share_memory(a, b)


def same_memory(a, b) -> bool:
    """Whether two arrays start at the same byte."""
    return a.__array_interface__["data"][0] == b.__array_interface__["data"][0]


def view(a, *, shape):
    """The same memory under another shape; RuntimeError where the strides forbid it."""
    result = _native.view(a, shape)
    if result is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return result


def view_or_none(a, *, shape):
    return _native.view(a, shape)


def reshape(a, *, shape):
    """A view where the strides allow it, else a copy."""
    result = _native.view(a, shape)
    return _native.view(contiguous(a), shape) if result is None else result


def permute(a, *, axes):
    return _native.permute(a, axes)


def expand(a, *, shape):
    """Broadcast view with zero strides."""
    return _native.expand(a, shape)


def squeeze(a, *, axes):
    """Without the given axes, each of size 1."""
    return a[tuple([0 if i in axes else _ALL for i in range(a.ndim)]) + (Ellipsis,)]


def unsqueeze(a, *, axis):
    return a[(_ALL,) * axis + (None, Ellipsis)]


def as_strided(a, *, shape, strides, offset):
    """Any strided window on the shared memory; offset None keeps the view's own start."""
    return _native.as_strided(a, shape, strides, _native.storage_offset(a) if offset is None else offset)


def diagonal(a, *, offset, axis1, axis2):
    step = a.strides[axis1] + a.strides[axis2]
    rows, cols = a.shape[axis1], a.shape[axis2]
    size = max(0, min(rows, cols - offset) if offset >= 0 else min(rows + offset, cols))
    rest = [i for i in range(a.ndim) if i not in (axis1, axis2)]
    item = a.itemsize
    start = _native.storage_offset(a)
    if size:
        start += (a.strides[axis2] * offset if offset >= 0 else -a.strides[axis1] * offset) // item
    shape = tuple(a.shape[i] for i in rest) + (size,)
    strides = tuple(a.strides[i] // item for i in rest) + (step // item,)
    return _native.as_strided(a, shape, strides, start)


def select_scatter(g, *, input_shape, axis, index):
    """Zeros of input_shape with g at `index` along `axis`."""
    out = zeros(input_shape, g.dtype)
    select(out, axis=axis, index=index)[...] = g
    return out


def slice_scatter(g, *, input_shape, axis, start, stop, step):
    """Zeros of input_shape with g in the slice."""
    out = zeros(input_shape, g.dtype)
    slice(out, axis=axis, start=start, stop=stop, step=step)[...] = g
    return out


def diagonal_scatter(g, *, input_shape, offset, axis1, axis2):
    out = zeros(input_shape, g.dtype)
    diagonal(out, offset=offset, axis1=axis1, axis2=axis2)[...] = g
    return out


def as_strided_scatter(g, *, input_shape, input_strides, input_offset, shape, strides, offset):
    """The adjoint of as_strided: gradients of overlapping elements add up, in the geometry of the input."""
    offset = input_offset if offset is None else offset
    low = min(offset, input_offset)
    reach = max(
        offset + sum((n - 1) * s for n, s in zip(shape, strides) if n),
        input_offset + sum((n - 1) * s for n, s in zip(input_shape, input_strides) if n),
    )
    memory = np.zeros(reach - low + 1, g.dtype)
    index = np.full((), offset - low, np.int64)
    for n, s in zip(shape, strides):
        index = index[..., None] + np.arange(n, dtype=np.int64) * s
    if g.size:
        np.add.at(memory, index.reshape(-1), g.reshape(-1))
    return clone(_native.as_strided(memory, tuple(input_shape), tuple(input_strides), input_offset - low))


def concat(arrays, *, axis):
    shape = list(arrays[0].shape)
    shape[axis] = sum(a.shape[axis] for a in arrays)
    return np.concatenate(arrays, axis=axis, out=empty(tuple(shape), arrays[0].dtype))


def flip(a, *, axes):
    return contiguous(np.flip(a, axes)) if axes else clone(a)


def roll(a, *, shifts, axes):
    return np.roll(a, shifts, axes)


def repeat(a, *, repeats):
    """Tile: the array repeated repeats[i] times along axis i."""
    shape = (1,) * (len(repeats) - a.ndim) + a.shape
    check_size([size * n for size, n in zip(shape, repeats)], a.dtype if a.dtype.num < 24 else np.int16)
    repeats = (1,) * (a.ndim - len(repeats)) + tuple(repeats)
    if 2 * len(repeats) > _MAX_DIMS:
        return np.tile(a, repeats)
    sizes = (1,) * (len(repeats) - a.ndim) + a.shape
    out = empty([n for pair in zip(repeats, sizes) for n in pair], a.dtype)
    _native.copy(out, a.reshape([n for size in sizes for n in (1, size)]))
    return out.reshape([r * n for r, n in zip(repeats, sizes)])


def tril(a, *, k):
    return np.tril(a, k)


def triu(a, *, k):
    return np.triu(a, k)


def sum_to(a, *, shape):
    """Sum over the axes along which `shape` was broadcast to a.shape."""
    from . import reduce

    shape = tuple(shape)
    lead = a.ndim - len(shape)
    axes = tuple(range(lead)) + tuple([i + lead for i, n in enumerate(shape) if n == 1 and a.shape[i + lead] != 1])
    if axes:
        a = reduce.sum(a, axes=axes, keepdims=True)
    return reshape(a, shape=shape)
