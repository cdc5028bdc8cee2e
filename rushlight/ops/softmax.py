"""Softmax, its logarithm and softmin along one dimension."""

from __future__ import annotations

from ..autograd.op import Op, primitives, public
from ..dtypes import dtype_title
from ..errors import wrap_dim
from ..tensor import Tensor
from . import promote


def _axes(a, axis):
    return (axis,) if a.shape else ()


class softmax_op(Op):
    """exp(x) / sum exp(x) along an axis."""

    name, inputs, save, save_output, grad_name = "softmax", 1, (), True, "SoftmaxBackward0"

    def forward(xp, input, *, axis):
        return xp.softmax(input, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        return (xp.softmax_grad(g, saved[0], axis=axis),)


class softmax_grad(Op):
    """y (g - sum g y): symmetric in its action on g."""

    inputs, grad_name = 2, "SoftmaxBackwardBackward0"

    def forward(xp, g, y, *, axis):
        return xp.softmax_grad(g, y, axis=axis)

    def backward(xp, gg, saved, need, *, axis):
        g, y = saved
        grad_y = None
        if need[1]:  # d/dy of sum_j gg_j y_j (g_j - sum_k g_k y_k)
            inner = xp.sum(xp.mul(g, y), axes=_axes(y, axis), keepdims=True)
            outer = xp.sum(xp.mul(gg, y), axes=_axes(y, axis), keepdims=True)
            grad_y = xp.sub(xp.mul(gg, xp.sub(g, inner)), xp.mul(g, outer))
        return xp.softmax_grad(gg, y, axis=axis) if need[0] else None, grad_y


class log_softmax_op(Op):
    """x - log sum exp(x) along an axis."""

    name, inputs, save, save_output, grad_name = "log_softmax", 1, (), True, "LogSoftmaxBackward0"

    def forward(xp, input, *, axis):
        return xp.log_softmax(input, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        return (xp.log_softmax_grad(g, saved[0], axis=axis),)


class log_softmax_grad(Op):
    """g - exp(y) sum g."""

    inputs, grad_name = 2, "LogSoftmaxBackwardBackward0"

    def forward(xp, g, y, *, axis):
        return xp.log_softmax_grad(g, y, axis=axis)

    def backward(xp, gg, saved, need, *, axis):
        g, y = saved
        p = xp.exp(y)
        total = xp.sum(g, axes=_axes(y, axis), keepdims=True) if need[1] else None
        return (
            xp.sub(gg, xp.sum(xp.mul(gg, p), axes=_axes(y, axis), keepdims=True)) if need[0] else None,
            xp.neg(xp.mul(xp.mul(gg, p), total)) if need[1] else None,
        )


def along(op, input, dim, dtype, kernel_name):
    """Run the primitive `op` along `dim`, in `dtype` if given."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if dtype is not None:
        input = promote.to_dtype(input, dtype)
    shape = input._array.shape
    axis = wrap_dim(int(dim), len(shape))
    if input.dtype.category != 2:
        kernel = f"{kernel_name}_lastdim_kernel_impl" if axis == len(shape) - 1 else f"{kernel_name}_kernel_impl"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(input.dtype)}'")
    return getattr(primitives, op)(input, axis=axis)


@public(method=True)
def softmax(input, dim, dtype=None):
    """exp(x) / sum exp(x) along `dim`, shifted by the maximum; cast to `dtype` first if given."""
    return along("softmax", input, dim, dtype, "softmax")


@public(method=True)
def log_softmax(input, dim, dtype=None):
    """x - log sum exp(x) along `dim`, stably; cast to `dtype` first if given."""
    return along("log_softmax", input, dim, dtype, "log_softmax")
