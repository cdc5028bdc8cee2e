"""Reductions: sum, mean, amax, max, prod, var, norm, argmax, any, all, cumsum."""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.mode import mode as recording
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import warn_caller, wrap_dim, wrap_dims
from ..tensor import Tensor
from . import promote
from .elementwise import div, mul, sub
from .result import into, named_result


def keep_shape(shape, axes):
    """The shape with the reduced axes as 1."""
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


class sum(Op):  # noqa: A001
    """Sum over axes."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "SumBackward1"

    def forward(xp, a, *, axes, keepdims):
        return xp.sum(a, axes=axes, keepdims=keepdims)

    def backward(xp, g, saved, need, *, axes, keepdims):
        shape = tuple(saved[0])
        return (xp.expand(xp.reshape(g, shape=keep_shape(shape, axes)), shape=shape),)


class sum_all(Op):
    """Sum of all elements."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "SumBackward0"

    def forward(xp, a):
        return xp.sum(a, axes=None, keepdims=False)

    def backward(xp, g, saved, need):
        return (xp.expand(g, shape=tuple(saved[0])),)


def _mean_backward(xp, g, shape, axes):
    count = 1
    for i in axes:
        count *= shape[i]
    g = xp.div(g, float(count)) if count else xp.mul(g, math.nan)
    return xp.expand(xp.reshape(g, shape=keep_shape(shape, axes)), shape=shape)


class mean(Op):
    """Mean over axes."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "MeanBackward1"

    def forward(xp, a, *, axes, keepdims):
        return xp.mean(a, axes=axes, keepdims=keepdims)

    def backward(xp, g, saved, need, *, axes, keepdims):
        return (_mean_backward(xp, g, tuple(saved[0]), axes),)


class mean_all(Op):
    """Mean of all elements."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "MeanBackward0"

    def forward(xp, a):
        return xp.mean(a, axes=tuple(range(a.ndim)), keepdims=False)

    def backward(xp, g, saved, need):
        shape = tuple(saved[0])
        return (_mean_backward(xp, g, shape, tuple(range(len(shape)))),)


def _share_among_equals(xp, g, x, y, axes):
    """Gradient of an extremum: shared equally by the elements that reach it."""
    shape = keep_shape(tuple(x.shape), axes)
    chosen = xp.eq(x, xp.reshape(y, shape=shape))
    ones = xp.where(chosen, xp.add(xp.mul(x, 0), 1), xp.mul(x, 0))
    count = xp.sum(ones, axes=axes, keepdims=True)
    return xp.mul(ones, xp.div(xp.reshape(g, shape=shape), count))


class amax(Op):
    """Maximum over axes."""

    inputs, save_output, grad_name = 1, True, "AmaxBackward0"

    def forward(xp, a, *, axes, keepdims):
        return xp.amax(a, axes=axes, keepdims=keepdims)

    def backward(xp, g, saved, need, *, axes, keepdims):
        return (_share_among_equals(xp, g, *saved, axes),)


class amin(Op):
    """Minimum over axes."""

    inputs, save_output, grad_name = 1, True, "AminBackward0"

    def forward(xp, a, *, axes, keepdims):
        return xp.amin(a, axes=axes, keepdims=keepdims)

    def backward(xp, g, saved, need, *, axes, keepdims):
        return (_share_among_equals(xp, g, *saved, axes),)


class max_all(Op):
    """Maximum of all elements."""

    inputs, save_output, grad_name = 1, True, "MaxBackward1"

    def forward(xp, a):
        return xp.amax(a, axes=tuple(range(a.ndim)), keepdims=False)

    def backward(xp, g, saved, need):
        return (_share_among_equals(xp, g, *saved, tuple(range(len(saved[0].shape)))),)


class min_all(Op):
    """Minimum of all elements."""

    inputs, save_output, grad_name = 1, True, "MinBackward1"

    def forward(xp, a):
        return xp.amin(a, axes=tuple(range(a.ndim)), keepdims=False)

    def backward(xp, g, saved, need):
        return (_share_among_equals(xp, g, *saved, tuple(range(len(saved[0].shape)))),)


class prod(Op):
    """Product over axes."""

    inputs, save_output, grad_name = 1, True, "ProdBackward0"

    def forward(xp, a, *, axes, keepdims):
        return xp.prod(a, axes=axes, keepdims=keepdims)

    def backward(xp, g, saved, need, *, axes, keepdims):
        x, y = saved
        shape = tuple(x.shape)
        g, y = (xp.reshape(v, shape=keep_shape(shape, axes)) for v in (g, y))
        zero = xp.eq(x, 0)
        if not zero.any():
            return (xp.div(xp.mul(g, y), x),)
        # With zeros: the product of the others, by leaving one out at a time along the flattened axes.
        rest = [i for i in range(len(shape)) if i not in axes]
        order = tuple(rest) + tuple(axes)
        count = 1
        for i in axes:
            count *= shape[i]
        flat = xp.reshape(xp.permute(x, axes=order), shape=tuple([shape[i] for i in rest]) + (count,))
        last = len(rest)
        parts = []
        for i in range(count):
            others = [
                xp.slice(flat, axis=last, start=0, stop=i, step=1),
                xp.slice(flat, axis=last, start=i + 1, stop=count, step=1),
            ]
            parts.append(xp.prod(xp.concat(others, axis=last), axes=(last,), keepdims=True))
        left = xp.reshape(xp.concat(parts, axis=last), shape=tuple([shape[i] for i in order]))
        inverse = [0] * len(order)
        for i, axis in enumerate(order):
            inverse[axis] = i
        return (xp.mul(g, xp.permute(left, axes=tuple(inverse))),)


class cumsum_op(Op):
    """Running sum."""

    name, inputs, save, grad_name = "cumsum", 1, (), "CumsumBackward0"

    def forward(xp, a, *, axis):
        return xp.cumsum(a, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        return (xp.flip(xp.cumsum(xp.flip(g, axes=(axis,)), axis=axis), axes=(axis,)),)


# ---- public functions
# -------------------------------------------------------------------------------------------------


def _dims(dim, input):
    return wrap_dims(dim, input._array.ndim)


def _check(input, name):
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")


def _accumulating(input, dtype):
    """The input in the dtype that sums and products are formed in: ints and bools in int64."""
    if dtype is not None:
        return promote.to_dtype(input, dtype)
    if input._array.dtype.kind == "f":
        return input
    return promote.to_dtype(input, dtypes.int64) if input.dtype.category < 2 else input


@public(method=True, name="sum")
def sum_function(input, dim=None, keepdim=False, *, dtype=None, out=None):
    """Sum of all elements, or over the given dimensions. Integer sums are int64."""
    _check(input, "sum")
    input = _accumulating(input, dtype)
    if dim is None and not keepdim:
        result = primitives.sum_all(input)
    else:
        result = primitives.sum(input, axes=_dims(dim, input), keepdims=bool(keepdim))
    if dtype is dtypes.bool_:
        result = promote.to_dtype(result, dtype)
    return result if out is None else into(out, result)


@public(method=True, name="mean")
def mean_function(input, dim=None, keepdim=False, *, dtype=None, out=None):
    """Mean of all elements, or over the given dimensions; floating point only."""
    _check(input, "mean")
    if dtype is not None:
        input = promote.to_dtype(input, dtype)
    if input.dtype.category < 2:
        what = "Bool" if input.dtype is dtypes.bool_ else dtype_title(input.dtype)
        raise RuntimeError(
            f"mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {what}"
        )
    if dim is None and not keepdim:
        result = primitives.mean_all(input)
    else:
        result = primitives.mean(input, axes=_dims(dim, input), keepdims=bool(keepdim))
    return result if out is None else into(out, result)


def _not_empty(input, axes, name):
    for axis in axes:
        if input._array.shape[axis] == 0:
            raise IndexError(
                f"{name}(): Expected reduction dim {axis} to have non-zero size."
                if len(axes) == 1
                else f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                "dim with the 'dim' argument."
            )


def _extremum(name):
    def function(input, dim=(), keepdim=False, *, out=None):
        axes = _dims(dim, input)
        _not_empty(input, axes, name)
        result = getattr(primitives, name)(input, axes=axes, keepdims=bool(keepdim))
        return result if out is None else into(out, result)

    function.__name__ = name
    function.__doc__ = f"{name} over dimensions; equal elements share the gradient."
    return public(method=True)(function)


amax_function, amin_function = _extremum("amax"), _extremum("amin")


def _with_indices(name, arg, extreme):
    def function(input, dim=None, keepdim=False, *, other=None, out=None):
        if isinstance(dim, Tensor) or other is not None:
            from . import elementwise

            return getattr(elementwise, extreme + "imum")(input, dim if other is None else other, out=out)
        if dim is None:
            if not input._array.size:
                raise RuntimeError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                    "dim with the 'dim' argument."
                )
            result = getattr(primitives, name + "_all")(input)
            return result if out is None else into(out, result)
        axis = wrap_dim(dim, input._array.ndim)
        if input._array.ndim:
            _not_empty(input, (axis,), name)
        values, indices = _pick(input, axis, keepdim, arg, f"{name.title()}Backward0")
        if out is not None:
            values, indices = into(out[0], values), into(out[1], indices)
        return named_result(name, values=values, indices=indices)

    function.__name__ = name
    function.__doc__ = f"{name} of all elements; with `dim`, (values, indices) along it; with a tensor, elementwise."
    return public(method=True)(function)


class pick(Op):
    """The elements at given indices along an axis: the differentiable half of max(dim), min(dim)."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "MaxBackward0"

    def forward(xp, a, indices, *, axis):
        return xp.gather(a, indices, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        return (xp.gather_grad(g, indices, input_shape=tuple(shape), axis=axis), None)


def _pick(input, axis, keepdim, arg, grad_name):
    if not input._array.ndim:
        zero = Tensor._wrap(cpu.zeros((), cpu.to_engine_dtype(dtypes.int64)))
        return primitives.alias(input), zero
    if not (recording.enabled and input.requires_grad):
        indices = getattr(cpu, arg)(input._array, axis=axis, keepdims=bool(keepdim))
        values = getattr(cpu, "amax" if arg == "argmax" else "amin")(input._array, axes=(axis,), keepdims=bool(keepdim))
        return input._like(Tensor._wrap(values)), Tensor._wrap(indices)
    indices = Tensor._wrap(getattr(cpu, arg)(input._array, axis=axis, keepdims=True))
    values = primitives.pick(input, indices, axis=axis)
    named(values, grad_name)
    if not keepdim:
        shape = tuple(n for i, n in enumerate(input._array.shape) if i != axis)
        values = named(primitives.reshape(values, shape=shape), grad_name)
        indices = primitives.reshape(indices, shape=shape)
    return values, indices


max_function = _with_indices("max", "argmax", "max")
min_function = _with_indices("min", "argmin", "min")


def _arg(name):
    def function(input, dim=None, keepdim=False):
        array = input._array
        if dim is None:
            if not array.size:
                raise IndexError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                    "dim with the 'dim' argument."
                )
            result = getattr(cpu, name)(cpu.reshape(array, shape=(array.size,)), axis=0, keepdims=False)
            return Tensor._wrap(cpu.reshape(result, shape=(1,) * array.ndim) if keepdim else result)
        axis = wrap_dim(dim, array.ndim)
        if not array.ndim:
            return Tensor._wrap(cpu.zeros((), cpu.to_engine_dtype(dtypes.int64)))
        _not_empty(input, (axis,), name)
        return Tensor._wrap(getattr(cpu, name)(array, axis=axis, keepdims=bool(keepdim)))

    function.__name__ = name
    function.__doc__ = f"{name}: int64 index of the extremum, of the flattened tensor or along `dim`."
    return public(method=True)(function)


argmax, argmin = _arg("argmax"), _arg("argmin")


@public(method=True, name="prod")
def prod_function(input, dim=None, keepdim=False, *, dtype=None, out=None):
    """Product of all elements or along one dimension. Integer products are int64."""
    input = _accumulating(input, dtype)
    axes = tuple(range(input._array.ndim)) if dim is None else (wrap_dim(dim, input._array.ndim),)
    result = primitives.prod(input, axes=axes if input._array.ndim else (), keepdims=bool(keepdim) and dim is not None)
    named(result, "ProdBackward0" if dim is None else "ProdBackward1")
    return result if out is None else into(out, result)


def _truth(name):
    def function(input, dim=None, keepdim=False, *, out=None):
        axes = _dims(dim, input)
        result = Tensor._wrap(getattr(cpu, name)(input._array, axes=axes, keepdims=bool(keepdim)))
        if input.dtype is dtypes.uint8:
            result = promote.to_dtype(result, dtypes.uint8)
        return result if out is None else into(out, result)

    function.__name__ = name
    function.__doc__ = f"Whether {name} of the elements are nonzero, over all or the given dimensions."
    return public(method=True)(function)


any_function, all_function = _truth("any"), _truth("all")


@public(method=True)
def cumsum(input, dim, *, dtype=None, out=None):
    """Running sum along a dimension."""
    if dtype is dtypes.bool_:
        raise NotImplementedError("\"cumsum_out_cpu\" not implemented for 'Bool'")
    input = _accumulating(input, dtype)
    axis = wrap_dim(dim, input._array.ndim)
    result = primitives.cumsum(input, axis=axis) if input._array.ndim else primitives.alias(input)
    return result if out is None else into(out, result)


def _moments(input, dim, correction, keepdim):
    axes = _dims(dim, input)
    count = 1
    for i in axes:
        count *= input._array.shape[i]
    centre = primitives.mean(input, axes=axes, keepdims=True)
    squares = mul(sub(input, centre), sub(input, centre))
    total = primitives.sum(squares, axes=axes, keepdims=bool(keepdim))
    divisor = count - correction
    if divisor <= 0 and total._array.size:
        warn_caller(
            f"std and var divide by count - correction, here {count} - {correction}: the result is NaN or infinite"
        )
    return (div(total, float(divisor)) if divisor > 0 else div(total, 0.0)), centre, axes


class deviation(Op):
    """The root of a variance, whose gradient is taken as 0 where the variance is 0: all values are equal there."""

    inputs, save, save_output, grad_name = 1, (), True, "StdBackward0"

    def forward(xp, a):
        return xp.sqrt(a)

    def backward(xp, g, saved, need):
        (y,) = saved
        return (xp.fill_where(xp.div(g, xp.mul(y, 2)), xp.eq(y, 0), value=0),)


def _unbiased(dim, unbiased, correction):
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None:
        correction = 1 if unbiased else 0
    return dim, 1 if correction is None else correction


@public(method=True)
def var(input, dim=None, unbiased=None, keepdim=False, *, correction=None, out=None):
    """Variance: the sum of squared deviations over (count - correction); correction 1 by default."""
    dim, correction = _unbiased(dim, unbiased, correction)
    if input.dtype.category < 2:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    result = _moments(input, dim, correction, keepdim)[0]
    named(result, "VarBackward0")
    return result if out is None else into(out, result)


@public(method=True)
def std(input, dim=None, unbiased=None, keepdim=False, *, correction=None, out=None):
    """Standard deviation: the root of `var`."""
    result = primitives.deviation(var(input, dim, unbiased, keepdim, correction=correction))
    return result if out is None else into(out, result)


@public(method=False)
def var_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """(variance, mean)."""
    dim, correction = _unbiased(dim, unbiased, correction)
    return var(input, dim, keepdim=keepdim, correction=correction), mean_function(input, dim, keepdim)


@public(method=False)
def std_mean(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
    """(standard deviation, mean)."""
    dim, correction = _unbiased(dim, unbiased, correction)
    return std(input, dim, keepdim=keepdim, correction=correction), mean_function(input, dim, keepdim)


@public(method=True)
def logsumexp(input, dim, keepdim=False, *, out=None):
    """log(sum(exp(input))) over dimensions, without overflow."""
    from .elementwise import exp, isfinite, log, where_function

    input = promote.to_float(input)
    axes = _dims(dim, input)
    top = (
        primitives.amax(input.detach(), axes=axes, keepdims=True)
        if input._array.size
        else primitives.sum(input.detach(), axes=axes, keepdims=True)
    )
    top = where_function(isfinite(top), top, 0.0)
    total = log(primitives.sum(exp(sub(input, top)), axes=axes, keepdims=bool(keepdim)))
    shape = total._array.shape
    result = total + primitives.reshape(top, shape=shape)
    named(result, "LogsumexpBackward0")
    return result if out is None else into(out, result)
