"""Functions of three operands: lerp, addcmul, addcdiv."""

from __future__ import annotations

from ..autograd.inplace import apply_inplace
from ..autograd.op import METHODS, Op, named, primitives, public
from ..dtypes import dtype_title, dtype_word
from ..errors import broadcast_shapes
from ..tensor import Tensor
from . import promote
from .elementwise import _add, _check_written, _div, _one_kernel, _plain, holomorphic, mul
from .result import into


@public(method=True)
def lerp(input, end, weight, *, out=None):
    """input + weight * (end - input), of tensors of one dtype."""
    for name, other in (("end", end), ("weight", weight)):
        if isinstance(other, Tensor) and other.dtype is not input.dtype and (name == "end" or other._array.ndim):
            raise RuntimeError(
                f"lerp: expected dtype {dtype_word(input.dtype)} for `{name}` but got dtype {dtype_word(other.dtype)}"
            )
    if input.dtype.category < 2:
        kernel = "tensor" if isinstance(weight, Tensor) else "scalar"
        raise NotImplementedError(f"\"lerp_kernel_{kernel}\" not implemented for '{dtype_title(input.dtype)}'")
    if isinstance(weight, Tensor):
        weight = promote.to_dtype(weight, input.dtype)
        broadcast_shapes(input._array.shape, end._array.shape, weight._array.shape)
    else:
        weight = promote.fitting(weight, input.dtype)
        if input._array.shape != end._array.shape:
            broadcast_shapes(input._array.shape, end._array.shape)
    result = _lerp[isinstance(weight, Tensor)](input, end, weight)
    return result if out is None else into(out, result)


def _lerp_op(name, title):
    class Lerp(Op):
        """a + weight * (b - a), from the nearer end."""

        inputs, grad_name, broadcast = 3, title, True

        def forward(xp, a, b, weight):
            return xp.lerp(a, b, weight)

        @holomorphic
        def backward(xp, g, saved, need):
            a, b, weight = saved
            return (
                xp.mul(g, xp.sub(1, weight) if not isinstance(weight, (int, float, complex)) else 1 - weight)
                if need[0]
                else None,
                xp.mul(g, weight) if need[1] else None,
                xp.mul(g, xp.sub(b, a)) if need[2] else None,
            )

    return Lerp


_lerp = [_lerp_op("lerp_number", "LerpBackward0"), _lerp_op("lerp", "LerpBackward1")]


class addcmul_op(Op):
    """a + value * b * c."""

    name, inputs, grad_name, broadcast, out = "addcmul", 3, "AddcmulBackward0", True, True

    def forward(xp, a, b, c, *, value, out=None):
        return xp.addcmul(a, b, c, value=value) if out is None else xp.addcmul(a, b, c, value=value, out=out)

    def backward(xp, g, saved, need, *, value):
        _, b, c = saved
        scaled_grad = g if value == 1 else xp.mul(g, value)
        return (
            g if need[0] else None,
            xp.mul(scaled_grad, c) if need[1] else None,
            xp.mul(scaled_grad, b) if need[2] else None,
        )


class addcdiv_op(Op):
    """a + value * b / c."""

    name, inputs, grad_name, broadcast, out = "addcdiv", 3, "AddcdivBackward0", True, True

    def forward(xp, a, b, c, *, value, out=None):
        return xp.addcdiv(a, b, c, value=value) if out is None else xp.addcdiv(a, b, c, value=value, out=out)

    def backward(xp, g, saved, need, *, value):
        _, b, c = saved
        scaled_grad = g if value == 1 else xp.mul(g, value)
        grad_b = xp.div(scaled_grad, c)
        return (
            g if need[0] else None,
            grad_b if need[1] else None,
            xp.neg(xp.mul(grad_b, xp.div(b, c))) if need[2] else None,
        )


@public(method=True)
def addcmul(input, tensor1, tensor2, *, value=1, out=None):
    """input + value * tensor1 * tensor2."""
    if _one_kernel(input, tensor1, tensor2) and _plain(value):
        broadcast_shapes(input._array.shape, tensor1._array.shape, tensor2._array.shape)
        result = primitives.addcmul(input, tensor1, tensor2, value=value)
    else:
        value = promote.fitting(value, promote.result_type(input, tensor1, tensor2))
        result = named(_add(input, mul(mul(tensor1, tensor2), value)), "AddcmulBackward0")
    return result if out is None else into(out, result)


@public(method=True)
def addcdiv(input, tensor1, tensor2, *, value=1, out=None):
    """input + value * tensor1 / tensor2."""
    if _one_kernel(input, tensor1, tensor2) and _plain(value):
        broadcast_shapes(input._array.shape, tensor1._array.shape, tensor2._array.shape)
        result = primitives.addcdiv(input, tensor1, tensor2, value=value)
    else:
        value = promote.fitting(value, promote.result_type(input, tensor1, tensor2))
        result = named(_add(input, mul(_div(tensor1, tensor2), value)), "AddcdivBackward0")
    return result if out is None else into(out, result)


def _from_functional(name, function):
    def method(self, *args, **kwargs):
        if "out" in kwargs:
            raise TypeError(f"{name}() got an unexpected keyword argument 'out'")
        result = function(self, *args, **kwargs)
        _check_written(result.dtype, self.dtype)
        return self.copy_(result)

    method.__wrapped__ = function  # its signature
    method.__name__ = name
    method.__doc__ = f"In-place {function.__name__}."
    METHODS[name] = method


for _name, _function in (("lerp_", lerp), ("addcmul_", addcmul), ("addcdiv_", addcdiv)):
    _from_functional(_name, _function)


def _by_one_kernel(name):
    """addcmul_ and addcdiv_ of tensors of one real float type, without a temporary; others as _from_functional."""
    general, op = METHODS[name + "_"], getattr(primitives, name)

    def method(self, tensor1, tensor2, *, value=1):
        if _one_kernel(self, tensor1, tensor2) and _plain(value):
            if not self._array.shape == tensor1._array.shape == tensor2._array.shape:
                broadcast_shapes(self._array.shape, tensor1._array.shape, tensor2._array.shape)
            return apply_inplace(op, self, tensor1, tensor2, value=value)
        return general(self, tensor1, tensor2, value=value)

    method.__name__ = name + "_"
    method.__doc__ = f"In-place {name}."
    METHODS[name + "_"] = method


_by_one_kernel("addcmul")
_by_one_kernel("addcdiv")
