"""DType <-> NumPy dtype. bfloat16 comes from ml_dtypes, imported when first met."""

from __future__ import annotations

import numpy as np

from ... import dtypes

__all__ = ["dtype_of", "to_engine_dtype"]

_TO_NUMPY = {
    dtypes.bool_: np.dtype(np.bool_),
    dtypes.complex64: np.dtype(np.complex64),
    dtypes.complex128: np.dtype(np.complex128),
}
for _type in dtypes.ALL.values():
    if _type not in _TO_NUMPY and _type is not dtypes.bfloat16:
        _TO_NUMPY[_type] = np.dtype(_type.name)
_FROM_NUMPY = {numpy_type: ours for ours, numpy_type in _TO_NUMPY.items()}


def to_engine_dtype(dtype):
    """The engine's type object for a DType."""
    found = _TO_NUMPY.get(dtype)
    if found is None:
        found = _load_bfloat16()
    return found


def dtype_of(array):
    """The DType of an array; TypeError for element types that tensors do not have."""
    try:
        return _FROM_NUMPY[array.dtype]
    except KeyError:
        if array.dtype.name == "bfloat16":
            _load_bfloat16()
            return dtypes.bfloat16
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: float64, float32, float16, "
            "complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool."
        ) from None


def _load_bfloat16():
    import ml_dtypes

    found = np.dtype(ml_dtypes.bfloat16)
    _TO_NUMPY[dtypes.bfloat16] = found
    _FROM_NUMPY[found] = dtypes.bfloat16
    return found
