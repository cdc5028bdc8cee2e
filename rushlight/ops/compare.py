"""Comparison of whole tensors and of elements with a set: allclose, isclose, equal, isin."""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.op import cpu, public
from ..dtypes import dtype_title
from ..tensor import Tensor
from . import elementwise, promote


@public(method=True)
def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """|input - other| <= atol + rtol * |other|, elementwise. RuntimeError for unequal dtypes."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{dtype_title(input.dtype)} did not match {dtype_title(other.dtype)}")
    if rtol < 0 or atol < 0:
        word, value = ("rtol", rtol) if rtol < 0 else ("atol", atol)
        raise RuntimeError(f"{word} must be greater than or equal to zero, but got {value}")
    elementwise._check_shapes(input, other)
    if input.dtype.category < 2:
        a, b = (promote.to_dtype(t.detach(), dtypes.float64)._array for t in (input, other))
    else:
        a, b = input.detach()._array, other.detach()._array
    close = cpu.eq(a, b)
    if equal_nan and input.dtype.category >= 2:
        close = cpu.logical_or(close, cpu.logical_and(cpu.isnan(a), cpu.isnan(b)))
    distance = cpu.abs(cpu.sub(a, b))
    near = cpu.le(distance, cpu.add(cpu.mul(cpu.abs(b), rtol), atol))
    return Tensor._wrap(cpu.logical_or(close, cpu.logical_and(near, cpu.isfinite(distance))))


@public(method=True)
def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether isclose holds everywhere."""
    return bool(cpu.item(cpu.all(isclose(input, other, rtol, atol, equal_nan)._array)))


@public(method=True)
def equal(input, other):
    """Whether both have the same shape and elements."""
    for position, value in enumerate((input, other), 1):
        if not isinstance(value, Tensor):
            word = ("input", "other")[position - 1]
            raise TypeError(
                f"equal(): argument '{word}' (position {position}) must be Tensor, not {type(value).__name__}"
            )
    if input._array.shape != other._array.shape:
        return False
    return bool(cpu.item(cpu.all(elementwise.eq(input.detach(), other.detach())._array)))


@public()
def isin(elements, test_elements, *, assume_unique=False, invert=False, out=None):
    """Whether each element is among `test_elements`."""
    a, b = promote.pair(elements, test_elements, "isin")
    like = a if isinstance(a, Tensor) else b
    x, y = (v._array if isinstance(v, Tensor) else cpu.full((), value=v, dtype=like._array.dtype) for v in (a, b))
    pool, _ = cpu.sort(cpu.reshape(y, shape=(y.size,)), axis=0, descending=False)
    if not pool.size:
        found = cpu.zeros(x.shape, cpu.to_engine_dtype(dtypes.bool_))
    else:
        places = cpu.search_sorted(pool, x, right=False)
        nearest = cpu.index(pool, indices=(cpu.minimum(places, pool.size - 1),))
        found = cpu.eq(nearest, x)
    result = Tensor._wrap(cpu.logical_not(found) if invert else found)
    if out is not None:
        from .result import into

        return into(out, result)
    return result


def _one_sided_infinity(name, value):
    def function(input, *, out=None):
        if input.dtype.category < 2:
            result = Tensor._wrap(cpu.zeros(input._array.shape, cpu.to_engine_dtype(dtypes.bool_)))
        elif input.dtype.is_complex:
            raise RuntimeError(f"{name} does not support complex inputs.")
        else:
            result = Tensor._wrap(cpu.eq(input._array, value))
        if out is not None:
            from .result import into

            return into(out, result)
        return result

    function.__name__ = name
    function.__doc__ = f"Whether each element is {value}."
    return public(method=True)(function)


isposinf, isneginf = _one_sided_infinity("isposinf", math.inf), _one_sided_infinity("isneginf", -math.inf)
