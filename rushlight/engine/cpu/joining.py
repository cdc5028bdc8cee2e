"""Arrays joined."""

from __future__ import annotations

import numpy as np

from rushlight import _native

from .creation import empty

__all__ = [
    "concat",
]


def concat(arrays, *, axis):
    joined = _native.concat(arrays, axis)
    if joined is not None:
        return joined
    shape = list(arrays[0].shape)
    shape[axis] = sum(a.shape[axis] for a in arrays)
    return np.concatenate(arrays, axis=axis, out=empty(tuple(shape), arrays[0].dtype))
