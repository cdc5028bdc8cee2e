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
    "t",
    "unsqueeze",
    "view",
    "view_or_none",
]

_ALL = np.s_[:]

view = _native.view  # view(a, *, shape): the same memory; RuntimeError where the strides forbid it
view_or_none = _native.view_or_none
permute = _native.permute  # permute(a, *, axes)
t = _native.t
expand = _native.expand  # expand(a, *, shape): zero strides along what is repeated
unsqueeze = _native.unsqueeze  # unsqueeze(a, *, axis)


def reshape(a, *, shape):
    """A view where the strides allow it, else a copy."""
    result = _native.view_or_none(a, shape)
    return _native.view(contiguous(a), shape) if result is None else result


def squeeze(a, *, axes):
    """Without the given axes, each of size 1."""
    return a[tuple([0 if i in axes else _ALL for i in range(a.ndim)]) + (Ellipsis,)]


def sum_to(a, *, shape):
    """Sum over the axes along which `shape` was broadcast to a.shape."""
    from . import reduce

    shape = tuple(shape)
    lead = a.ndim - len(shape)
    axes = tuple(range(lead)) + tuple([i + lead for i, n in enumerate(shape) if n == 1 and a.shape[i + lead] != 1])
    if axes:
        a = reduce.sum(a, axes=axes, keepdims=True)
    return reshape(a, shape=shape)
