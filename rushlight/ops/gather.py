"""Elements named by an index tensor of the same rank: gather, scatter, scatter_reduce, take_along_dim."""

from __future__ import annotations

from .. import dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, named, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets, wrap_dim
from ..tensor import Tensor
from . import promote
from .index import out_of_place, renamed
from .shape import expand_method, reshape


class gather(Op):
    """out[i][j] = a[index[i][j]][j] for axis 0."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "GatherBackward0"

    def forward(xp, a, indices, *, axis):
        return xp.gather(a, indices, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        return (xp.gather_grad(g, saved[0], input_shape=tuple(saved[1]), axis=axis), None)


class gather_grad(Op):
    """The adjoint of `gather`."""

    inputs, save, grad_name = 2, (1,), "GatherBackwardBackward0"

    def forward(xp, g, indices, *, input_shape, axis):
        return xp.gather_grad(g, indices, input_shape=input_shape, axis=axis)

    def backward(xp, gg, saved, need, *, input_shape, axis):
        return (xp.gather(gg, saved[0], axis=axis), None)


class scatter_add_op(Op):
    """a with src added at the indices along an axis."""

    name, inputs, save, save_shape, grad_name = "scatter_add", 3, (1,), (2,), "ScatterAddBackward0"

    def forward(xp, a, indices, src, *, axis):
        return xp.scatter_add(a, indices, src, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        return (g, None, _picked(xp, g, indices, shape, axis) if need[2] else None)


def _zero_at(xp, g, indices, axis):
    if xp.differentiable:
        return xp.scatter_number(g, indices, axis=axis, value=0)
    return xp.scatter_write(g, indices, 0, axis=axis)


def _picked(xp, g, indices, shape, axis):
    """g at the indices, padded with zeros to the shape of the source it goes to."""
    part = xp.gather(g, indices, axis=axis)
    for i, n in enumerate(shape):
        have = part.shape[i]
        if have != n:
            grown = tuple(part.shape[:i]) + (n,) + tuple(part.shape[i + 1 :])
            part = xp.slice_scatter(part, input_shape=grown, axis=i, start=0, stop=have, step=1)
    return part


class scatter_write_op(Op):
    """a with src written at the indices along an axis."""

    name, inputs, save, save_shape, grad_name = "scatter", 3, (1,), (2,), "ScatterBackward0"

    def forward(xp, a, indices, src, *, axis):
        return xp.scatter_write(a, indices, src, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        zero = None
        if need[0]:
            zero = _zero_at(xp, g, indices, axis)
        return (zero, None, _picked(xp, g, indices, shape, axis) if need[2] else None)


class scatter_number(Op):
    """a with one number written at the indices along an axis."""

    inputs, save, grad_name = 2, (1,), "ScatterBackward1"

    def forward(xp, a, indices, *, axis, value):
        return xp.scatter_write(a, indices, value, axis=axis)

    def backward(xp, g, saved, need, *, axis, value):
        return (_zero_at(xp, g, saved[0], axis), None)


def _need_int64(index, name):
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{name}(): Expected dtype int64 for index")


def _check_gather(input, dim, index, name):
    """Shape and range of an index that gather or scatter takes; the non-negative axis."""
    _need_int64(index, name)
    ndim = input._array.ndim
    axis = wrap_dim(dim, ndim)
    if max(ndim, 1) != max(index._array.ndim, 1) and index._array.size:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    size = input._array.shape[axis] if ndim else 1
    for i, (n, m) in enumerate(zip(index._array.shape, input._array.shape)):
        if i != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {brackets(index.shape)} to be no larger than "
                f"self {brackets(input.shape)} apart from dimension {axis}"
            )
    _check_range(index._array, size, axis)
    return axis


def _check_range(array, size, axis):
    if array.size:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= size:
            bad = low if low < 0 else high
            raise RuntimeError(f"index {bad} is out of bounds for dimension {axis} with size {size}")


@public(method=True, name="gather")
def gather_function(input, dim, index, *, sparse_grad=False, out=None):
    """out[i][j][k] = input[index[i][j][k]][j][k] for dim 0, and so on."""
    axis = _check_gather(input, dim, index, "gather")
    if not index._array.size:
        return input.new_empty(index.shape)
    if not input._array.ndim:
        return primitives.reshape(
            primitives.gather(primitives.reshape(input, shape=(1,)), primitives.reshape(index, shape=(-1,)), axis=0),
            shape=tuple(index.shape),
        )
    return primitives.gather(input, index, axis=axis)


def _scatter(input, dim, index, src, reduce=None):
    axis = _check_gather(input, dim, index, "scatter")
    if not index._array.size:
        return primitives.clone(input)
    if reduce is not None:
        raise_reduce(reduce)
        base = primitives.gather(input, index, axis=axis)
        if reduce == "add":
            return scatter_add(input, dim, index, src if isinstance(src, Tensor) else base * 0 + src)
        return primitives.scatter(
            input, index, base * (src if not isinstance(src, Tensor) else _crop(src, index)), axis=axis
        )
    if not isinstance(src, Tensor):
        return primitives.scatter_number(input, index, axis=axis, value=promote._operand(src, input.dtype))
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return primitives.scatter(input, index, src, axis=axis)


def raise_reduce(reduce):
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")


def _crop(src, index):
    for i, n in enumerate(index._array.shape):
        if src._array.shape[i] != n:
            src = primitives.slice(src, axis=i, start=0, stop=n, step=1)
    return src


def _check_source(src, index):
    for i, (n, m) in enumerate(zip(index._array.shape, src._array.shape)):
        if n > m:
            raise RuntimeError(
                f"Expected index {brackets(index.shape)} to be no larger than src {brackets(src.shape)} (dimension {i})"
            )


@public(method=True, name="scatter")
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """A copy with src (tensor or number) written at the indices along `dim`."""
    return _scatter(input, dim, index, src if value is None else value, reduce)


@public(method=True)
def scatter_add(input, dim, index, src):
    """A copy with src added at the indices along `dim`; repeated indices add up."""
    axis = _check_gather(input, dim, index, "scatter_add")
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return primitives.scatter_add(input, index, src, axis=axis) if index._array.size else primitives.clone(input)


@public(method="scatter_", function=False)
def scatter_(self, dim, index, src=None, *, value=None, reduce=None):
    """In-place scatter."""
    src = src if value is None else value
    if reduce is not None:
        return self.copy_(_scatter(self, dim, index, src, reduce))
    axis = _check_gather(self, dim, index, "scatter")
    if not index._array.size:
        return self
    if not isinstance(src, Tensor):
        return apply_inplace(primitives.scatter_number, self, index, axis=axis, value=promote._operand(src, self.dtype))
    if src.dtype is not self.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return apply_inplace(primitives.scatter, self, index, src, axis=axis)


@public(method="scatter_add_", function=False)
def scatter_add_(self, dim, index, src):
    """In-place scatter_add."""
    axis = _check_gather(self, dim, index, "scatter_add")
    if src.dtype is not self.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return apply_inplace(primitives.scatter_add, self, index, src, axis=axis) if index._array.size else self


@public(method=True)
def take_along_dim(input, indices, dim=None, *, out=None):
    """gather with broadcasting; over the flattened input when dim is None."""
    if dim is None:
        return gather_function(
            primitives.reshape(input, shape=(input._array.size,)),
            0,
            primitives.reshape(indices, shape=(indices._array.size,)),
        )
    axis = wrap_dim(dim, input._array.ndim)
    shape = list(input.shape)
    other = list(indices.shape)
    for i in range(len(shape)):
        if i != axis:
            shape[i] = other[i] = max(shape[i], other[i])
    return gather_function(expand_method(input, *shape), axis, expand_method(indices, *other))


# ---- reductions
# --------------------------------------------------------------------------------------------------------------


class scatter_reduce_op(Op):
    """a with src combined into it at the indices along an axis: by sum, prod, mean, amax or amin."""

    name, inputs, save_output, grad_name = "scatter_reduce", 3, True, "ScatterReduceBackward0"

    def forward(xp, a, indices, src, *, axis, reduce, include_self):
        return xp.scatter_reduce(a, indices, src, axis=axis, reduce=reduce, include_self=include_self)

    def backward(xp, g, saved, need, *, axis, reduce, include_self):
        a, indices, src, y = saved

        def counted(start, where):
            return xp.scatter_add(start, indices, where, axis=axis)

        def at(x):
            return xp.gather(x, indices, axis=axis)

        def ones_like(x):
            return xp.add(xp.mul(x, 0), 1)

        def truth(condition, x):
            return xp.where(condition, ones_like(x), xp.mul(x, 0))

        if reduce == "sum":
            grad_a, grad_src = g, at(g)
        elif reduce == "mean":
            count = counted(ones_like(a) if include_self else xp.mul(a, 0), ones_like(src))
            grad_a = xp.div(g, xp.where(xp.eq(count, 0), ones_like(count), count))
            grad_src = at(grad_a)
        elif reduce == "prod":
            grad_a, grad_src = _product_grads(xp, g, a, indices, src, axis, include_self, counted, at, truth, ones_like)
        else:  # shared by the elements that reach the extremum
            own, their = truth(xp.eq(a, y), a), truth(xp.eq(src, at(y)), src)
            share = xp.div(g, counted(own, their))
            grad_a, grad_src = xp.mul(own, share), xp.mul(their, at(share))
        if not include_self and need[0]:
            grad_a = _zero_at(xp, grad_a, indices, axis)
        return (grad_a if need[0] else None, None, grad_src if need[2] else None)


def _product_grads(xp, g, a, indices, src, axis, include_self, counted, at, truth, ones_like):
    """The products of the other factors, exact also where one of them is 0."""
    factors = {"axis": axis, "reduce": "prod", "include_self": True}
    grad_a = xp.mul(g, xp.scatter_reduce(ones_like(a), indices, src, **factors))
    own_zero, zero = xp.eq(a, 0), xp.eq(src, 0)
    safe = xp.where(zero, ones_like(src), src)
    start = xp.where(own_zero, ones_like(a), a) if include_self else ones_like(a)
    product = at(xp.scatter_reduce(start, indices, safe, **factors))
    zeros = at(counted(truth(own_zero, a) if include_self else xp.mul(a, 0), truth(zero, src)))
    others = xp.div(product, safe)
    only = xp.where(xp.eq(zeros, 1), truth(zero, src), xp.mul(src, 0))
    factor = xp.where(xp.eq(zeros, 0), others, xp.mul(others, only))
    return grad_a, xp.mul(at(g), factor)


_REDUCTIONS = {
    "sum": "sum",
    "prod": "prod",
    "mean": "mean",
    "amax": "amax",
    "amin": "amin",
    "max": "amax",
    "min": "amin",
}


def _scatter_reduce(input, dim, index, src, reduce, include_self, apply):
    if reduce not in _REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if index.dtype is dtypes.int32:
        index = index.to(dtypes.int64)
    axis = _check_gather(input, dim, index, "scatter")
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    if not index._array.size:
        return None
    attributes = {"axis": axis, "reduce": _REDUCTIONS[reduce], "include_self": bool(include_self)}
    if input._array.ndim:
        return apply(input, index, _crop(src, index), attributes)
    flat = apply(reshape(input, 1), reshape(index, -1), reshape(src, -1), attributes)
    return reshape(flat, ())


@public(method=True, name="scatter_reduce")
def scatter_reduce(input, dim, index, src, reduce, *, include_self=True):
    """A copy with src combined into it: out[index[i][j]][j] = reduce(input, all src[i][j] that go there), for dim 0.

    reduce: "sum", "prod", "mean", "amax" or "amin"; include_self=False: the input's own value does not count where
    something goes. Gradients of an extremum are shared by all that reach it.
    Errors: RuntimeError for an index out of bounds or larger than src, or another dtype of src.
    """

    def apply(input, index, src, attributes):
        return primitives.scatter_reduce(input, index, src, **attributes)

    result = _scatter_reduce(input, dim, index, src, reduce, include_self, apply)
    return primitives.clone(input) if result is None else named(result, "ScatterReduceBackward0")


@public(method="scatter_reduce_", function=False)
def scatter_reduce_(self, dim, index, src, reduce, *, include_self=True):
    """In-place scatter_reduce."""

    def apply(input, index, src, attributes):
        return apply_inplace(primitives.scatter_reduce, input, index, src, **attributes)

    _scatter_reduce(self, dim, index, src, reduce, include_self, apply)
    return self


@public(method="index_reduce_", function=False)
def index_reduce_(self, dim, index, source, reduce, *, include_self=True):
    """self[index[i]] = reduce(self[index[i]], all source[j] with index[j] = index[i]) along `dim`, a vector of indices.

    reduce: "prod", "mean", "amax" or "amin"; include_self=False: the old value does not count.
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    axis = wrap_dim(dim, self._array.ndim)
    if index._array.ndim > 1:
        raise IndexError(
            f"index_reduce_(): Index is supposed to be a vector, but got dim: {index._array.ndim} with type: "
            f"{dtype_title(index.dtype)} and size: {brackets(index.shape)}"
        )
    if index.dtype not in (dtypes.int32, dtypes.int64):
        raise RuntimeError(f"index_reduce_(): Expected dtype int32/int64 for index but got: {dtype_title(index.dtype)}")
    if self.dtype is not source.dtype:
        raise RuntimeError(
            f"index_reduce_(): self ({dtype_title(self.dtype)}) and source ({dtype_title(source.dtype)}) must have the "
            "same scalar type"
        )
    shape, other = list(self._array.shape), list(source._array.shape)
    count = index._array.size
    if other and other[axis] != count:
        raise RuntimeError(
            f"index_reduce_(): Number of indices ({count}) should be equal to source.size(dim): ({other[axis]}), for "
            f"dim: {axis}"
        )
    if shape[:axis] + shape[axis + 1 :] != other[:axis] + other[axis + 1 :] or len(shape) != len(other):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{brackets(shape)} source.shape = {brackets(other)}"
        )
    array = index._array
    if count and (int(array.min()) < 0 or int(array.max()) >= (shape[axis] if shape else 1)):
        raise IndexError("index out of range in self")
    along = [count if i == axis else 1 for i in range(len(shape))]
    spread = expand_method(reshape(index.to(dtypes.int64), along), *other)
    scatter_reduce_(self, axis, spread, source, reduce, include_self=include_self)
    return renamed(self, "IndexReduceBackward0")


out_of_place("index_reduce", index_reduce_)
