"""Copies in another arrangement: flip, roll, repeat, tril, triu."""

from __future__ import annotations

import numpy as np

from ... import _native
from .copying import contiguous
from .creation import check_size, empty, empty_like

__all__ = [
    "flip",
    "repeat",
    "repeat_indices",
    "roll",
    "tril",
    "triu",
]

_MAX_DIMS = 32  # of NumPy 1 arrays


def flip(a, *, axes):
    out = empty_like(a)
    _native.copy(out, np.flip(a, axes) if axes else a)
    return out


def roll(a, *, shifts, axes):
    rolled = np.roll(a, shifts, axes)
    return _native.channels_last(rolled) if _native.suggests_channels_last(a) else contiguous(rolled)


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


def repeat_indices(counts):
    """0 counts[0] times, then 1 counts[1] times, ..., in the dtype of `counts` (int32 or int64, none negative)."""
    check_size([int(counts.sum(dtype=np.float64))], counts.dtype)
    return np.repeat(np.arange(counts.size, dtype=counts.dtype), counts)


def tril(a, *, k):
    return np.tril(contiguous(a), k)


def triu(a, *, k):
    return np.triu(contiguous(a), k)
