"""Another shape or axis order for the same memory: view, reshape, permute, expand, squeeze."""

from __future__ import annotations

import numpy as np

from ... import _native
from .copying import contiguous

__all__ = [
    "expand",
    "permute",
    "reshape",
    "squeeze",
    "sum_to",
    "unsqueeze",
    "view",
    "view_or_none",
]

_ALL = np.s_[:]


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


def sum_to(a, *, shape):
    """Sum over the axes along which `shape` was broadcast to a.shape."""
    from . import reduce

    shape = tuple(shape)
    lead = a.ndim - len(shape)
    axes = tuple(range(lead)) + tuple([i + lead for i, n in enumerate(shape) if n == 1 and a.shape[i + lead] != 1])
    if axes:
        a = reduce.sum(a, axes=axes, keepdims=True)
    return reshape(a, shape=shape)
