"""Parts of an array as views, and their adjoints: select, slice, diagonal, as_strided."""

from __future__ import annotations

import numpy as np

from ... import _native
from .creation import clone, zeros

__all__ = [
    "as_strided",
    "as_strided_scatter",
    "diagonal",
    "diagonal_scatter",
    "select",
    "select_scatter",
    "slice",
    "slice_scatter",
    "storage_offset",
    "strides_of",
    "unfold",
    "unfold_grad",
]

storage_offset = _native.storage_offset
select = _native.select  # select(a, *, axis, index): one index along an axis, which disappears
slice = _native.slice  # slice(a, *, axis, start, stop, step)  # noqa: A001


def strides_of(a) -> tuple[int, ...]:
    """Strides in elements."""
    item = a.itemsize
    if not a.size and not any(a.strides):  # NumPy's own empty arrays; ours have the strides of contiguous ones
        return _native.empty(a.shape, 1).strides  # of single bytes
    return tuple([s // item for s in a.strides])


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


def unfold(a, *, axis, size, step):
    """Windows of `size` elements along an axis, one every `step`, in a new last axis; a view."""
    item = a.itemsize
    strides = [s // item for s in a.strides]
    count = (a.shape[axis] - size) // step + 1
    shape = (*a.shape[:axis], count, *a.shape[axis + 1 :], size)
    moved = (*strides[:axis], strides[axis] * step, *strides[axis + 1 :], strides[axis])
    return _native.as_strided(a, shape, moved, _native.storage_offset(a))


def unfold_grad(g, *, input_shape, axis, size, step):
    """The adjoint of unfold: zeros of input_shape with every window added at its place."""
    out = zeros(input_shape, g.dtype)
    count = g.shape[axis]
    for k in range(size if count else 0):
        part = slice(out, axis=axis, start=k, stop=k + (count - 1) * step + 1, step=step)
        part += g[..., k]
    return out


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
