"""Arrays joined."""

from __future__ import annotations

import numpy as np

from .creation import empty

__all__ = [
    "concat",
]


def concat(arrays, *, axis):
    shape = list(arrays[0].shape)
    shape[axis] = sum(a.shape[axis] for a in arrays)
    return np.concatenate(arrays, axis=axis, out=empty(tuple(shape), arrays[0].dtype))
