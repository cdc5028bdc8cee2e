"""Values copied and overwritten; which arrays share memory."""

from __future__ import annotations

import numpy as np

from ... import _native
from .creation import empty

__all__ = [
    "contiguous",
    "fill",
    "channels_last",
    "is_channels_last",
    "is_contiguous",
    "is_dense",
    "may_overlap",
    "same_memory",
    "suggests_channels_last",
    "write",
]


is_dense = _native.is_dense
is_channels_last = _native.is_channels_last
suggests_channels_last = _native.suggests_channels_last
channels_last = _native.channels_last  # the array itself or a copy in that order


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


def fill(a, *, value) -> None:
    """a[...] = value, in place."""
    if type(value) in (int, float) and -60000 < value < 60000 and a.flags.c_contiguous:  # fits every float type
        a.fill(value)
        return
    with np.errstate(all="ignore"):
        a.fill(value) if a.flags.c_contiguous else a.__setitem__(..., value)


def may_overlap(a, b) -> bool:
    """Whether two arrays might share bytes (a bound check, not exact)."""
    return np.may_share_memory(a, b)


def same_memory(a, b) -> bool:
    """Whether two arrays start at the same byte."""
    return a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
