"""Bring the operands of an op to one dtype, as PyTorch promotes them."""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.op import cpu, primitives
from ..dtypes import DType
from ..tensor import Tensor

_INT64 = cpu.to_engine_dtype(dtypes.int64)


def result_type(*operands) -> DType:
    """The dtype in which an operation on these tensors and numbers is done."""
    dimensioned = zero_dim = number = None
    for operand in operands:
        if isinstance(operand, Tensor):
            dtype = operand.dtype
            if operand._array.ndim:
                dimensioned = dtype if dimensioned is None else dtypes.promote_types(dimensioned, dtype)
            else:
                zero_dim = dtype if zero_dim is None else dtypes.promote_types(zero_dim, dtype)
        elif operand is not None:
            dtype = dtypes.of_scalar(operand)
            number = dtype if number is None else dtypes.promote_types(number, dtype)
    return dtypes.result_type_of(dimensioned, zero_dim, number)


def to_dtype(tensor: Tensor, dtype: DType) -> Tensor:
    """The tensor itself, or its differentiable cast."""
    if tensor.dtype is dtype:
        return tensor
    return primitives.cast(tensor, dtype=cpu.to_engine_dtype(dtype), source=tensor._array.dtype)


def pair(input, other, op: str):
    """Two operands of one dtype; a Python number stays one where the other operand's dtype is the result's."""
    if isinstance(input, Tensor):
        if isinstance(other, Tensor):
            if input._array.dtype is other._array.dtype:
                return input, other
        else:
            kind = type(other)
            dtype = input._array.dtype
            if (kind is float or kind is int) and dtype.kind == "f":
                return input, other
            if kind is int and dtype == _INT64 and -(1 << 63) <= other < 1 << 63:
                return input, other
    tensors = [x for x in (input, other) if isinstance(x, Tensor)]
    if not tensors:
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    input, other = _number(input, op, 1), _number(other, op, 2)
    dtype = result_type(input, other)
    return _operand(input, dtype), _operand(other, dtype)


def _number(value, op: str, position: int):
    if isinstance(value, (Tensor, bool, int, float, complex)):
        return value
    if hasattr(value, "dtype") and hasattr(value, "item") and not getattr(value, "shape", ()):
        return value.item()  # a NumPy scalar
    word = "input" if position == 1 else "other"
    raise TypeError(f"{op}(): argument '{word}' (position {position}) must be Tensor, not {type(value).__name__}")


def _operand(value, dtype: DType):
    if isinstance(value, Tensor):
        return to_dtype(value, dtype)
    if dtype.is_floating_point:
        if isinstance(value, complex):
            raise RuntimeError(
                f"value cannot be converted to type {dtypes.dtype_word(dtype)} without overflow: {value}"
            )
        return float(value)
    if dtype.is_complex:
        return complex(value)
    if dtype is dtypes.bool_:
        return bool(value)
    limits = dtypes.IInfo(dtype)
    if not limits.min <= value <= limits.max:
        bits = 1 << limits.bits  # wraps around, as the C conversion does
        value = (int(value) - limits.min) % bits + limits.min
    return int(value)


def fitting(value, dtype: DType):
    """The number `value` as one of `dtype`; RuntimeError if the type has no such number.

    Floats lose their fraction in integers; negative integers stand for unsigned ones, modulo 2**bits.
    """
    if dtype is dtypes.bool_:
        return bool(value)
    if isinstance(value, complex):
        if dtype.is_complex:
            parts: tuple[float, ...] = (abs(value.real), abs(value.imag))
        elif value.imag:
            raise _unfit(value, dtype)
        else:
            return fitting(value.real, dtype)
    else:
        parts = (abs(value),)
    if dtype.category < 2:
        if parts[0] != parts[0] or parts[0] == math.inf:
            raise _unfit(value, dtype)
        limits = dtypes.IInfo(dtype)
        low = limits.min if limits.min or isinstance(value, float) else -limits.max
        if not low <= int(value) <= limits.max:
            raise _unfit(value, dtype)
        return int(value) if limits.min else int(value) % (1 << limits.bits)
    largest = _LARGEST[dtype.to_real().name]
    if any([largest < part != math.inf for part in parts]):
        raise _unfit(value, dtype)
    return complex(value) if dtype.is_complex else float(value)


_LARGEST = {dtype.name: dtypes.FInfo(dtype).max for dtype in dtypes.ALL.values() if dtype.is_floating_point}


def _unfit(value, dtype: DType) -> RuntimeError:
    return RuntimeError(
        f"value cannot be converted to type {dtypes.dtype_word(dtype)} without overflow: got {value}, a tensor of "
        f"{dtype!r} cannot hold it"
    )


def to_float(tensor: Tensor) -> Tensor:
    """Integer and bool tensors as the default float type."""
    kind = tensor._array.dtype.kind
    if kind == "f" or kind == "c" or tensor.dtype.is_floating_point:
        return tensor
    return to_dtype(tensor, dtypes.get_default_dtype())


def same(*tensors):
    """All (None allowed) cast to their common dtype."""
    first = tensors[0]
    if first is not None and all([t is not None and t._array.dtype == first._array.dtype for t in tensors]):
        return tensors
    dtype = result_type(*tensors)
    return tuple(_operand(t, dtype) if t is not None else None for t in tensors)
