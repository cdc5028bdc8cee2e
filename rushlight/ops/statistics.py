"""Running and summary statistics: cumulative products and extrema, norms, distances, differences, covariance."""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.op import METHODS, Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import wrap_dim, wrap_dims
from ..tensor import Tensor
from . import elementwise, promote, reduce
from .elementwise import div, holomorphic, mul, sub
from .joining import cat
from .reduce import keep_shape
from .result import into, named_result


class cumprod_op(Op):
    """Running product."""

    name, inputs, grad_name = "cumprod", 1, "CumprodBackward0"

    def forward(xp, a, *, axis):
        return xp.cumprod(a, axis=axis)

    @holomorphic
    def backward(xp, g, saved, need, *, axis):
        (a,) = saved
        n = a.shape[axis]
        parts = []
        for k in range(n):  # the product without a_k, of all prefixes that contain it
            before = xp.slice(a, axis=axis, start=0, stop=k, step=1)
            after = xp.slice(a, axis=axis, start=k + 1, stop=n, step=1)
            tail = xp.slice(g, axis=axis, start=k, stop=n, step=1)
            one = xp.add(xp.mul(xp.slice(a, axis=axis, start=k, stop=k + 1, step=1), 0), 1)
            others = xp.cumprod(xp.concat([one, after], axis=axis), axis=axis)
            head = xp.prod(before, axes=(axis,), keepdims=True) if k else one
            parts.append(xp.sum(xp.mul(tail, xp.mul(others, head)), axes=(axis,), keepdims=True))
        return (xp.concat(parts, axis=axis) if parts else xp.mul(g, 0),)


class logcumsumexp_op(Op):
    """log of the running sum of exponentials."""

    name, inputs, save_output, grad_name = "logcumsumexp", 1, True, "LogcumsumexpBackward0"

    def forward(xp, a, *, axis):
        return xp.logcumsumexp(a, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        """exp(a_k) * sum over j >= k of g_j exp(-y_j), shifted by the row's largest value."""
        a, y = saved
        top = xp.amax(y, axes=(axis,), keepdims=True)
        shares = xp.flip(xp.mul(g, xp.exp(xp.sub(top, y))), axes=(axis,))
        total = xp.flip(xp.cumsum(shares, axis=axis), axes=(axis,))
        return (xp.mul(xp.exp(xp.sub(a, top)), total),)


@public(method=True)
def cumprod(input, dim, *, dtype=None, out=None):
    """Running product along a dimension; integers in int64."""
    input = reduce._accumulating(input, dtype)
    axis = wrap_dim(dim, input._array.ndim)
    result = (
        primitives.cumprod(input, axis=axis)
        if input._array.ndim
        else named(primitives.alias(input), "CumprodBackward0")
    )
    return result if out is None else into(out, result)


@public(method=True)
def logcumsumexp(input, dim, *, out=None):
    """log of the running sum of exponentials along a dimension, without overflow."""
    if input.dtype.category < 2:
        raise NotImplementedError(f"\"logcumsumexp_out_cpu\" not implemented for '{dtype_title(input.dtype)}'")
    axis = wrap_dim(dim, input._array.ndim)
    result = (
        primitives.logcumsumexp(input, axis=axis)
        if input._array.size and input._array.ndim
        else primitives.clone(input)
    )
    return result if out is None else into(out, result)


def _running_extremum(name):
    def function(input, dim, *, out=None):
        axis = wrap_dim(dim, input._array.ndim)
        if not input._array.ndim:
            return named_result(
                name,
                values=primitives.alias(input),
                indices=Tensor._wrap(cpu.zeros((), cpu.to_engine_dtype(dtypes.int64))),
            )
        _, places = getattr(cpu, name)(input._array, axis=axis)
        places = Tensor._wrap(places)
        values = named(primitives.pick(input, places, axis=axis), f"{name.title()}Backward0")
        if out is not None:
            values, places = into(out[0], values), into(out[1], places)
        return named_result(name, values=values, indices=places)

    function.__name__ = name
    function.__doc__ = f"Running {name[3:]}imum along a dimension: (values, indices of the latest occurrence)."
    return public(method=True)(function)


cummax, cummin = _running_extremum("cummax"), _running_extremum("cummin")


def _inplace(name, function):
    def method(self, *args, **kwargs):
        return self.copy_(function(primitives.clone(self), *args, **kwargs))

    method.__wrapped__ = function  # its signature
    method.__name__ = name + "_"
    method.__doc__ = f"In-place {name}."
    METHODS[name + "_"] = method


_inplace("cumprod", cumprod)
_inplace("cumsum", reduce.cumsum)


# ---- norms
# ------------------------------------------------------------------------------------------------------------


class vector_norm_op(Op):
    """(sum |a|^p)^(1/p) over axes; p = inf, -inf: the largest, smallest magnitude; p = 0: how many are not 0."""

    name, inputs, save_output, grad_name = "vector_norm", 1, True, "LinalgVectorNormBackward0"

    def forward(xp, a, *, p, axes, keepdims):
        if p == 2:
            return xp.norm2(a, axes=axes, keepdims=keepdims)
        size = xp.abs(a)
        if p == math.inf:
            return xp.amax(size, axes=axes, keepdims=keepdims)
        if p == -math.inf:
            return xp.amin(size, axes=axes, keepdims=keepdims)
        if p == 0:
            return xp.sum(xp.cast(xp.ne(a, 0), dtype=size.dtype), axes=axes, keepdims=keepdims)
        if p == 1:
            return xp.sum(size, axes=axes, keepdims=keepdims)
        return xp.pow(xp.sum(xp.pow(size, p), axes=axes, keepdims=keepdims), 1 / p)

    def backward(xp, g, saved, need, *, p, axes, keepdims):
        a, y = saved
        shape = keep_shape(tuple(a.shape), axes)
        g, y = xp.reshape(g, shape=shape), xp.reshape(y, shape=shape)
        if p == 0:
            return (xp.zeros_like(a),)
        if p == 1:
            return (xp.mul(xp.sign(a), g),)
        if p == 2:
            safe = xp.where(xp.eq(y, 0), xp.add(xp.mul(y, 0), 1), y)
            return (xp.mul(a, xp.div(g, safe)),)
        size = xp.abs(a)
        if math.isinf(p):
            ones = xp.where(xp.eq(size, y), xp.add(xp.mul(size, 0), 1), xp.mul(size, 0))
            return (xp.mul(xp.mul(xp.sign(a), ones), xp.div(g, xp.sum(ones, axes=axes, keepdims=True))),)
        zero = xp.eq(size, 0)
        one = xp.add(xp.mul(size, 0), 1)
        safe_size = xp.where(zero, one, size)
        safe = xp.where(xp.eq(y, 0), xp.add(xp.mul(y, 0), 1), y)
        slope = xp.mul(xp.sign(a), xp.pow(safe_size, p - 1))
        return (xp.mul(xp.where(zero, xp.mul(a, 0), slope), xp.mul(g, xp.pow(safe, 1 - p))),)


def vector_norm(x, ord=2, dim=None, keepdim=False, *, dtype=None, out=None):  # noqa: A002
    """(sum |x|^ord)^(1/ord) of all elements or over dimensions."""
    if dtype is not None:
        x = promote.to_dtype(x, dtype)
    if x.dtype.category < 2:
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {dtype_title(x.dtype)}"
        )
    axes = wrap_dims(dim, x._array.ndim)
    ord = float(ord)
    if (ord < 0 or ord == math.inf) and any(x._array.shape[i] == 0 for i in axes):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not "
            "have an identity"
        )
    if x.dtype.is_complex:
        x = primitives.complex_abs(x)
    result = primitives.vector_norm(x, p=ord, axes=axes, keepdims=bool(keepdim))
    return result if out is None else into(out, result)


@public(method=True)
def norm(input, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """The p-norm of the elements; p: a number, inf, -inf or "fro" (2)."""
    if isinstance(p, Tensor) and p._array.ndim:
        raise TypeError("norm(): argument 'p' must be a number or 'fro', not Tensor")
    if isinstance(p, str):
        if p != "fro":
            raise ValueError(f"norm(): p must be a number or 'fro', got {p!r}")
        p = 2
    return vector_norm(input, 2 if p is None else p, dim, keepdim, dtype=dtype, out=out)


@public(method=True)
def dist(input, other, p=2):
    """The p-norm of input - other."""
    return named(vector_norm(sub(input, other), p), "DistBackward0")


@public(method=True)
def renorm(input, p, dim, maxnorm, *, out=None):
    """Each slice along `dim` scaled down to p-norm `maxnorm` where it is longer."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input._array.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input._array.ndim} dimensions")
    axis = wrap_dim(dim, input._array.ndim)
    rest = tuple(i for i in range(input._array.ndim) if i != axis)
    size = vector_norm(input, p, rest, keepdim=True)
    factor = elementwise.where_function(size > maxnorm, div(float(maxnorm), size + 1e-7), 1.0)
    result = named(mul(input, promote.to_dtype(factor, input.dtype)), "RenormBackward0")
    return result if out is None else into(out, result)


@public(method="renorm_", function=False)
def _renorm_(self, p, dim, maxnorm):
    """In-place renorm."""
    return self.copy_(renorm(self, p, dim, maxnorm))


# ---- sums that leave NaN out, extrema, counts
# -------------------------------------------------------------------------


def _without_nan(input):
    return elementwise.where_function(elementwise.isnan(input), 0.0, input) if input.dtype.category == 2 else input


@public(method=True)
def nansum(input, dim=None, keepdim=False, *, dtype=None, out=None):
    """sum, NaN counting as 0."""
    result = named(reduce.sum_function(_without_nan(input), dim, keepdim, dtype=dtype), "NansumBackward0")
    return result if out is None else into(out, result)


@public(method=True)
def nanmean(input, dim=None, keepdim=False, *, dtype=None, out=None):
    """mean of the elements that are not NaN."""
    if input.dtype.category < 2:
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {dtype_title(input.dtype)}"
        )
    count = reduce.sum_function(elementwise.logical_not(elementwise.isnan(input.detach())), dim, keepdim)
    result = div(nansum(input, dim, keepdim, dtype=dtype), count)
    return result if out is None else into(out, result)


@public(method=True)
def count_nonzero(input, dim=None):
    """How many elements are not zero, of all or over dimensions; int64."""
    axes = wrap_dims(dim, input._array.ndim)
    return Tensor._wrap(cpu.count_nonzero(input._array, axes=axes))


@public(method=True)
def aminmax(input, *, dim=None, keepdim=False, out=None):
    """(min, max) of all elements or along one dimension."""
    axes = wrap_dims(dim, input._array.ndim)
    if any(input._array.shape[i] == 0 for i in axes):
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    values = [
        named(getattr(primitives, f)(input, axes=axes, keepdims=bool(keepdim)), "AminmaxBackward0")
        for f in ("amin", "amax")
    ]
    if out is not None:
        values = [into(o, v) for o, v in zip(out, values)]
    return named_result("aminmax", min=values[0], max=values[1])


# ---- differences, areas, covariance
# -----------------------------------------------------------------------------------


@public(method=True)
def diff(input, n=1, dim=-1, prepend=None, append=None, *, out=None):
    """The n-th difference of neighbours along a dimension."""
    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = wrap_dim(dim, input._array.ndim)
    pieces = [t for t in (prepend, input, append) if t is not None]
    result = cat(pieces, axis) if len(pieces) > 1 else input
    for _ in range(min(n, result._array.shape[axis])):
        size = result._array.shape[axis]
        later = primitives.slice(result, axis=axis, start=1, stop=max(size, 1), step=1)
        earlier = primitives.slice(result, axis=axis, start=0, stop=max(size - 1, 0), step=1)
        result = elementwise.logical_xor(later, earlier) if input.dtype is dtypes.bool_ else sub(later, earlier)
    return result if out is None else into(out, result)


def _panels(y, x, dx, dim):
    """The trapezoids between neighbours along a dimension."""
    axis = wrap_dim(dim, y._array.ndim)
    n = y._array.shape[axis]
    both = primitives.slice(y, axis=axis, start=1, stop=max(n, 1), step=1) + primitives.slice(
        y, axis=axis, start=0, stop=max(n - 1, 0), step=1
    )
    if x is None:
        return both * (dx / 2), axis
    widths = diff(x, dim=-1 if x._array.ndim == 1 else axis)
    if x._array.ndim == 1:
        widths = primitives.reshape(widths, shape=tuple(n - 1 if i == axis else 1 for i in range(y._array.ndim)))
    return both * widths / 2, axis


@public()
def trapezoid(y, x=None, *, dx=1, dim=-1):
    """The area under y by the trapezoidal rule, at points x or dx apart."""
    panels, axis = _panels(y, x, dx, dim)
    return panels.sum(axis)


public(name="trapz")(trapezoid)


@public()
def cumulative_trapezoid(y, x=None, *, dx=1, dim=-1):
    """The running area under y by the trapezoidal rule."""
    panels, axis = _panels(y, x, dx, dim)
    return panels.cumsum(axis)


@public(method=True)
def cov(input, *, correction=1, fweights=None, aweights=None):
    """The covariance matrix of the rows (variables) over the columns (observations), weighted if asked."""
    if input._array.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input._array.ndim} "
            "dimensions"
        )
    if input.dtype is dtypes.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input._array.ndim == 2 else primitives.reshape(input, shape=(1, input._array.size))
    x = promote.to_float(x)
    weights = None
    for w in (fweights, aweights):
        if w is not None:
            weights = w if weights is None else weights * w
    count = x._array.shape[1]
    if weights is None:
        total, centred = count, x - x.mean(1, keepdim=True)
        weighted, norm_factor = centred, count - correction
    else:
        weights = promote.to_dtype(weights, x.dtype)
        total = weights.sum()
        centred = x - (x * weights).sum(1, keepdim=True) / total
        weighted = centred * weights
        used = (
            total
            if aweights is None or correction == 0
            else (weights * promote.to_dtype(aweights, x.dtype)).sum() / total
        )
        norm_factor = total - correction * (used if aweights is not None else 1)
        norm_factor = norm_factor.item() if isinstance(norm_factor, Tensor) else norm_factor
    result = weighted @ centred.mT / max(float(norm_factor), 0.0)
    return primitives.squeeze(result, axes=tuple(i for i, n in enumerate(result._array.shape) if n == 1))


@public(method=True)
def corrcoef(input):
    """The correlation matrix of the rows."""
    c = cov(input)
    if not c._array.ndim:
        return c / c
    spread = c.diagonal().sqrt()
    result = c / spread.unsqueeze(1) / spread.unsqueeze(0)
    return result.clamp(-1, 1)
