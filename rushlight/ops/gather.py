"""Elements named by an index tensor of the same rank: gather, scatter, scatter_reduce, take_along_dim."""

from __future__ import annotations

from .. import dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets, broadcast_shapes, wrap_dim
from ..tensor import Tensor
from . import elementwise, promote
from .index import out_of_place, renamed
from .index_select import check_added_slices
from .result import into
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
    if len(part.shape) != len(shape):  # a 0-d source for a vector of one index, or the other way round
        part = xp.reshape(part, shape=(1,) * len(shape))
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


def _check_index(input, dim, index, name):
    """Type and shape of an index that gather or scatter takes; the non-negative axis."""
    ndim = input._array.ndim
    axis = wrap_dim(dim, ndim)
    if not index._array.size:
        return axis
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32 or int64 for index, got {dtype_title(index.dtype)}")
    if max(ndim, 1) != max(index._array.ndim, 1):
        raise RuntimeError(
            f"{name}(): Index tensor must have the same number of dimensions as input tensor, got index "
            f"{brackets(index.shape)} and input {brackets(input.shape)}"
        )
    for i, (n, m) in enumerate(zip(index._array.shape, input._array.shape)):
        if i != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {brackets(index.shape)} to be no larger than "
                f"self {brackets(input.shape)} apart from dimension {axis}"
            )
    return axis


def _check_source(index, src):
    """The source of a scatter has at least the index's size in every dimension."""
    need, have = index._array.shape or (1,), src._array.shape or (1,)
    if len(need) > len(have) and src._array.ndim and all(n <= m for n, m in zip(need, have)):
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-len(have)}, {len(have) - 1}], but got "
            f"{len(have)}): index {brackets(index.shape)} needs a src of as many dimensions, got {brackets(src.shape)}"
        )
    if len(need) != len(have):
        raise RuntimeError(
            f"Index tensor must have the same number of dimensions as src tensor, got index {brackets(index.shape)} "
            f"and src {brackets(src.shape)}"
        )
    for i, (n, m) in enumerate(zip(need, have)):
        if n > m:
            raise RuntimeError(
                f"Expected index {brackets(index.shape)} to be no larger than src {brackets(src.shape)} (dimension {i})"
            )


def _check_range(input, index, axis):
    size = input._array.shape[axis] if input._array.ndim else 1
    bad = cpu.first_outside(index._array, 0, size)
    if bad is not None:
        raise RuntimeError(f"index {bad} is out of bounds for dimension {axis} with size {size}")


def _check_scatter(name, input, dim, index, src) -> int:
    """All that a scatter wants of its arguments; the non-negative axis. src: a tensor, or a number."""
    if isinstance(src, Tensor) and src.dtype is not input.dtype:
        wrap_dim(dim, input._array.ndim)
        raise RuntimeError(
            f"{name}(): Expected self.dtype to be equal to src.dtype, got self {dtype_title(input.dtype)} and src "
            f"{dtype_title(src.dtype)}"
        )
    axis = _check_index(input, dim, index, name)
    if index._array.size:
        if isinstance(src, Tensor):
            _check_source(index, src)
        _check_range(input, index, axis)
    return axis


@public(method=True, name="gather")
def gather_function(input, dim, index, *, sparse_grad=False, out=None):
    """out[i][j][k] = input[index[i][j][k]][j][k] for dim 0, and so on."""
    axis = _check_index(input, dim, index, "gather")
    if not index._array.size:
        return input.new_empty(index.shape)
    _check_range(input, index, axis)
    return primitives.gather(input, index, axis=axis)


def _scatter(input, dim, index, src, reduce=None):
    axis = _check_scatter("scatter", input, dim, index, src)
    if reduce is not None:
        raise_reduce(reduce)
    if not index._array.size:
        return primitives.clone(input)
    if reduce is not None:
        base = primitives.gather(input, index, axis=axis)
        part = _crop(src, index) if isinstance(src, Tensor) else Tensor._scalar(src, input)
        if reduce == "add":
            return primitives.scatter_add(input, index, expand_method(part, *index.shape), axis=axis)
        return primitives.scatter(input, index, base * part, axis=axis)
    if not isinstance(src, Tensor):
        return primitives.scatter_number(input, index, axis=axis, value=promote.fitting(src, input.dtype))
    return primitives.scatter(input, index, src, axis=axis)


def raise_reduce(reduce):
    if reduce not in ("add", "multiply"):
        raise RuntimeError(f"reduce argument must be either add or multiply, got {reduce}")


def _crop(src, index):
    """The part of `src` that there is an index for, in the index's shape."""
    shape = index._array.shape
    if src._array.ndim != len(shape):  # 0-d for one index, or one number of a vector for a 0-d index
        src = reshape(src, (src._array.size,))
    for i, n in enumerate(shape or (1,) * src._array.ndim):
        if src._array.shape[i] != n:
            src = primitives.slice(src, axis=i, start=0, stop=n, step=1)
    return reshape(src, shape) if src._array.ndim != len(shape) else src


def _source(src, value):
    if src is None and value is None:
        raise TypeError("scatter() missing 1 required argument: expected 'src' (a tensor) or 'value' (a number)")
    return src if value is None else value


@public(method=True, name="scatter")
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """A copy with src (tensor or number) written at the indices along `dim`."""
    return _scatter(input, dim, index, _source(src, value), reduce)


@public(method=True)
def scatter_add(input, dim, index, src):
    """A copy with src added at the indices along `dim`; repeated indices add up."""
    axis = _check_scatter("scatter_add", input, dim, index, src)
    return primitives.scatter_add(input, index, src, axis=axis) if index._array.size else primitives.clone(input)


@public(method="scatter_", function=False)
def scatter_(self, dim, index, src=None, *, value=None, reduce=None):
    """In-place scatter."""
    src = _source(src, value)
    if reduce is not None:
        return self.copy_(_scatter(self, dim, index, src, reduce))
    axis = _check_scatter("scatter_", self, dim, index, src)
    if not index._array.size:
        return self
    if not isinstance(src, Tensor):
        return apply_inplace(primitives.scatter_number, self, index, axis=axis, value=promote.fitting(src, self.dtype))
    return apply_inplace(primitives.scatter, self, index, src, axis=axis)


@public(method="scatter_add_", function=False)
def scatter_add_(self, dim, index, src):
    """In-place scatter_add."""
    axis = _check_scatter("scatter_add_", self, dim, index, src)
    return apply_inplace(primitives.scatter_add, self, index, src, axis=axis) if index._array.size else self


@public(method=True)
def take_along_dim(input, indices, dim=None, *, out=None):
    """gather with broadcasting, indices modulo the size of `dim`; over the flattened input when dim is None.

    Errors: RuntimeError for another number of dimensions or indices that are not int64.
    """
    result = _take_along_dim(input, indices, dim)
    return result if out is None else into(out, result)


def _take_along_dim(input, indices, dim):
    ndim = input._array.ndim
    if dim is not None and ndim != indices._array.ndim:
        raise RuntimeError(
            f"take_along_dim(): input and indices should have the same number of dimensions, but got {ndim} dimensions "
            f"for input, and {indices._array.ndim} dimensions for indices"
        )
    if indices.dtype is not dtypes.int64:
        raise RuntimeError(
            f"take_along_dim(): dtype of indices should be Long but got {dtype_title(indices.dtype)}; use "
            "indices.long()"
        )
    if dim is None:
        return gather_function(
            primitives.reshape(input, shape=(input._array.size,)),
            0,
            primitives.reshape(indices, shape=(indices._array.size,)),
        )
    axis = wrap_dim(dim, ndim)
    if not ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions: take_along_dim() needs one")
    shape, other = list(input._array.shape), list(indices._array.shape)
    along, count = shape[axis], other[axis]
    shape[axis] = other[axis] = 1
    shape = list(broadcast_shapes(shape, other))
    other = [*shape]
    shape[axis], other[axis] = along, count
    if indices._array.size:
        indices = elementwise.remainder(indices, along)
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
    axis = _check_scatter("scatter_reduce", input, dim, index, src)
    if not index._array.size:
        return None
    if index.dtype is dtypes.int32:
        index = index.to(dtypes.int64)
    attributes = {"axis": axis, "reduce": _REDUCTIONS[reduce], "include_self": bool(include_self)}
    return apply(input, index, _crop(src, index), attributes)


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
    check_added_slices("index_reduce_", self, axis, index, source)
    shape, other, count = self._array.shape, source._array.shape, index._array.size
    array = index._array
    if count and (int(array.min()) < 0 or int(array.max()) >= (shape[axis] if shape else 1)):
        raise IndexError("index out of range in self")
    along = [count if i == axis else 1 for i in range(len(shape))]
    spread = expand_method(reshape(index.to(dtypes.int64), along), *other)
    scatter_reduce_(self, axis, spread, source, reduce, include_self=include_self)
    return renamed(self, "IndexReduceBackward0")


out_of_place("index_reduce", index_reduce_)
