"""Padding: with a constant, or with the array's own values (reflect, replicate, circular); and the latter's gradient.

`padding` is ((before, after), ...) for the trailing axes, first of these axes first. Negative widths crop.
"""

from __future__ import annotations

import numpy as np

from ... import _native
from .creation import clone, empty_ordered

__all__ = ["pad_constant", "pad_edges", "pad_edges_grad"]


def _order(a):
    """That of a padded array in memory."""
    return "channels_last" if _native.suggests_channels_last(a) else "contiguous"


def _crop(padding, ndim, shape):
    """Slices that remove what negative widths ask to remove."""
    index = [slice(None)] * (ndim - len(padding))
    for (before, after), size in zip(padding, shape[ndim - len(padding) :], strict=True):
        index.append(slice(max(0, -before), size - max(0, -after)))
    return tuple(index)


def _grown(padding, shape):
    lead = len(shape) - len(padding)
    return (*shape[:lead], *[n + max(0, l) + max(0, r) for n, (l, r) in zip(shape[lead:], padding, strict=True)])


def _inner(padding, ndim, shape):
    """Where the unpadded values stand in the padded array whose unpadded shape is `shape`."""
    lead = ndim - len(padding)
    index = [slice(None)] * lead
    for (before, _), size in zip(padding, shape[lead:], strict=True):
        index.append(slice(max(0, before), max(0, before) + size))
    return tuple(index)


def pad_constant(a, *, padding, value=0):
    """`a` within a border of `value`."""
    order = _order(a)
    a = a[_crop(padding, a.ndim, a.shape)]
    out = empty_ordered(_grown(padding, a.shape), a.dtype, order=order)
    out[...] = value
    out[_inner(padding, a.ndim, a.shape)] = a
    return out


def _borders(padding, shape, mode):
    """(axis, border slice, the slice of the same axis that it repeats) in the order in which borders can be filled."""
    lead = len(shape) - len(padding)
    for i, (before, after) in enumerate(padding):
        axis, size, l, r = lead + i, shape[lead + i], max(0, before), max(0, after)
        if mode == "reflect":
            if l:
                yield axis, slice(0, l), slice(2 * l, l, -1)
            if r:
                stop = l + size - 2 - r
                yield axis, slice(l + size, l + size + r), slice(l + size - 2, stop if stop >= 0 else None, -1)
        elif mode == "replicate":
            if l:
                yield axis, slice(0, l), slice(l, l + 1)
            if r:
                yield axis, slice(l + size, l + size + r), slice(l + size - 1, l + size)
        else:
            if l:
                yield axis, slice(0, l), slice(size, size + l)
            if r:
                yield axis, slice(l + size, l + size + r), slice(l, l + r)


def _at(axis, part):
    return (*(slice(None),) * axis, part)


def _split_signs(padding):
    """The widths that grow and those that crop."""
    grow = tuple([(max(0, l), max(0, r)) for l, r in padding])
    crop = tuple([(min(0, l), min(0, r)) for l, r in padding])
    return grow, crop


def pad_edges(a, *, padding, mode):
    """`a` continued beyond its borders: mode 'reflect', 'replicate' or 'circular'.

    Cropping comes last, for 'circular' first: the values that wrap around are those that stay.
    """
    grow, crop = _split_signs(padding)
    if mode == "circular":
        a = a[_crop(crop, a.ndim, a.shape)]
    order = _order(a)
    out = empty_ordered(_grown(grow, a.shape), a.dtype, order=order)
    out[_inner(grow, a.ndim, a.shape)] = a
    for axis, border, source in _borders(grow, a.shape, mode):
        out[_at(axis, border)] = out[_at(axis, source)]
    if mode == "circular":
        return out
    return clone(out[_crop(crop, out.ndim, out.shape)], order=order) if np.any(crop) else out


def pad_edges_grad(g, *, input_shape, padding, mode):
    """The transpose of pad_edges: each border's values are added to where they came from."""
    grow, crop = _split_signs(padding)
    shape = tuple(input_shape)
    if mode == "circular":
        shape = tuple([len(range(*s.indices(n))) for s, n in zip(_crop(crop, len(shape), shape), shape, strict=True)])
        g = np.array(g)
    else:
        g = pad_constant(g, padding=[(-l, -r) for l, r in crop])
    for axis, border, source in reversed(list(_borders(grow, shape, mode))):
        values = g[_at(axis, border)]
        if mode == "replicate":
            values = values.sum(axis=axis, keepdims=True, dtype=g.dtype)
        g[_at(axis, source)] += values
    g = g[_inner(grow, g.ndim, shape)]
    return pad_constant(g, padding=[(-l, -r) for l, r in crop]) if mode == "circular" else np.ascontiguousarray(g)
