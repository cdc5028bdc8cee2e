"""Half precision through float32: kernels know float32 and float64; narrower floats are widened, results narrowed."""

from __future__ import annotations

import numpy as np

from rushlight import _native

_FLOAT32 = np.dtype(np.float32)
_FLOAT64 = np.dtype(np.float64)


def wide(a):
    """The array itself if it is float32 or float64 (or None), else as float32."""
    if a is None:
        return None
    dtype = a.dtype
    return a if dtype is _FLOAT32 or dtype is _FLOAT64 else _native.cast(a, _FLOAT32)


def as_type(a, dtype):
    """The array in `dtype`, itself when it has that already."""
    return a if a is None or a.dtype == dtype else _native.cast(a, dtype)
