"""Slices named by a vector of indices, elements by flat positions: index_select, index_add, take, put."""

from __future__ import annotations

from .. import dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets, wrap_dim
from ..tensor import Tensor
from . import promote
from .index import check_indices, out_of_place, renamed
from .result import into
from .shape import reshape


class take_along(Op):
    """Slices of `a` along an axis at the positions of a 1-d index tensor."""

    name, inputs, save, save_shape, grad_name = "take_along", 2, (1,), (0,), "IndexSelectBackward0"

    def forward(xp, a, indices, *, axis):
        return xp.take_along(a, indices, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        raw = indices._array if xp.differentiable else indices
        return (xp.index_scatter(g, input_shape=tuple(shape), indices=(None,) * axis + (raw,)), None)


@public(method=True)
def index_select(input, dim, index, *, out=None):
    """The slices of `input` along `dim` named by a 1-d index tensor."""
    axis = wrap_dim(dim, input._array.ndim)
    _check_vector(index, "index_select", IndexError)
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"index_select(): Expected dtype int32 or int64 for index, got {dtype_title(index.dtype)}")
    array = index._array
    if not input._array.ndim and array.size > 1:
        raise RuntimeError(f"index_select(): a 0-d tensor takes one index, got {array.size}")
    size = input._array.shape[axis] if input._array.ndim else 1
    if index.dtype is not dtypes.int64:
        array = cpu.cast(array, dtype=cpu.to_engine_dtype(dtypes.int64))
    bad = cpu.first_outside(array, 0, size)
    if bad is not None:
        # PyTorch's class here depends on the kernel it takes
        error = RuntimeError if not size or (axis == 1 and cpu.is_contiguous(input._array)) else IndexError
        raise error(f"index_select(): index out of range in self: index {bad}, dimension {axis} has size {size}")
    flat = Tensor._wrap(array if array.ndim else cpu.reshape(array, shape=(1,)))
    if not input._array.ndim:
        return primitives.reshape(primitives.take_along(primitives.reshape(input, shape=(1,)), flat, axis=0), shape=())
    return primitives.take_along(input, flat, axis=axis)


def _check_vector(index, name, error=IndexError):
    if index._array.ndim > 1:
        raise error(
            f"{name}(): Index is supposed to be a vector, but got dim: {index._array.ndim} and size: "
            f"{brackets(index.shape)}"
        )


def _check_copied_slices(target, axis, index, source):
    """index_copy_: one slice of the source per index, of the target's shape in the other dimensions."""
    have, want, count = source._array.shape, target._array.shape, index._array.size
    if not have and count != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {count})")
    if have and want and len(have) != len(want):
        raise IndexError(
            f"index_copy_(): source and destination must have the same number of dimensions, got source "
            f"{brackets(have)} and destination {brackets(want)}"
        )
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    if target.dtype is not source.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{dtype_title(target.dtype)} and (source) {dtype_title(source.dtype)}"
        )
    if want[:axis] + want[axis + 1 :] != have[:axis] + have[axis + 1 :]:
        raise RuntimeError(
            f"index_copy_(): source and destination must have the same sizes apart from dimension {axis}, got source "
            f"{brackets(have)} and destination {brackets(want)}"
        )
    if have and have[axis] != count:
        raise IndexError(
            f"index_copy_(): Number of indices ({count}) should be equal to source.size(dim) ({have[axis]})"
        )


def check_added_slices(name, target, axis, index, source):
    """index_add_ and index_reduce_: as index_copy_ wants it; what is wrong is said in another order."""
    if index._array.ndim > 1:
        _check_vector(index, name)
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index but got: {dtype_title(index.dtype)}")
    if target.dtype is not source.dtype:
        raise RuntimeError(
            f"{name}(): self ({dtype_title(target.dtype)}) and source ({dtype_title(source.dtype)}) must have the "
            "same scalar type"
        )
    have, want, count = source._array.shape, target._array.shape, index._array.size
    if axis and axis >= len(have):
        raise RuntimeError(f"{name}(): Indexing dim {axis} is out of bounds of the source tensor with dim {len(have)}")
    if not have and count != 1:
        raise IndexError(
            f"{name}(): Dimension specified as {axis} but tensor has no dimensions: {count} indices, a 0-d source"
        )
    if have and have[axis] != count:
        raise RuntimeError(f"{name}(): Number of indices ({count}) should be equal to source.size(dim) ({have[axis]})")
    if len(want) != len(have) or want[:axis] + want[axis + 1 :] != have[:axis] + have[axis + 1 :]:
        raise RuntimeError(
            f"{name}(): source tensor shape must match self tensor shape, excluding the specified dimension. Got "
            f"self.shape = {brackets(want)} source.shape = {brackets(have)}"
        )


def _put_slices(self, axis, array, source, accumulate, grad_name):
    """self[:, array] = or += source, along `axis`; a 0-d self is a vector of one element."""
    target = self if self._array.ndim else self.view(1)
    array = cpu.reshape(array, shape=(array.size,))
    if source._array.ndim < target._array.ndim and source._array.ndim != 0:
        source = reshape(source, target._array.shape)
    apply_inplace(primitives.index_put, target, source, indices=(None,) * axis + (array,), accumulate=accumulate)
    return renamed(self, grad_name) if target is self else self


@public(method="index_add_", function=False)
def index_add_(self, dim, index, source, *, alpha=1):
    """self[index[i]] += alpha * source[i] along `dim`."""
    axis = wrap_dim(dim, self._array.ndim)
    check_added_slices("index_add_", self, axis, index, source)
    alpha = promote.fitting(alpha, self.dtype)
    array = index._array
    size = self._array.shape[axis] if self._array.ndim else 1
    if array.size and (int(array.min()) < 0 or int(array.max()) >= size):
        bad = int(array.min() if array.min() < 0 else array.max())
        error = RuntimeError if self._array.ndim > 1 else IndexError
        raise error(f"index_add_(): index {bad} is out of bounds for dimension {axis} with size {size}")
    source = source * alpha if alpha != 1 else source
    return _put_slices(self, axis, array, source, True, "IndexAddBackward0")


@public(method=True)
def index_add(input, dim, index, source, *, alpha=1, out=None):
    """A copy with index_add_ applied."""
    result = index_add_(primitives.clone(input), dim, index, source, alpha=alpha)
    return result if out is None else into(out, result)


@public(method="index_fill_", function=False)
def index_fill_(self, dim, index, value):
    """Write `value` into the slices of `dim` named by index."""
    axis = wrap_dim(dim, self._array.ndim)
    if index.dtype is not dtypes.int64:
        raise IndexError(f"index_fill_(): Expected dtype int64 for index, got {dtype_title(index.dtype)}")
    _check_vector(index, "index_fill_", RuntimeError)
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(
            "index_fill_(): only supports a 0-dimensional value tensor, but got tensor with "
            f"{value._array.ndim} dimension(s)."
        )
    array = check_indices(index._array, self._array.shape[axis] if self._array.ndim else 1, axis)
    grad_name = "IndexFillBackward1" if isinstance(value, Tensor) else "IndexFillBackward0"
    value = value if isinstance(value, Tensor) else Tensor._scalar(value, self)
    return _put_slices(self, axis, array, promote.to_dtype(value, self.dtype), False, grad_name)


@public(method="index_copy_", function=False)
def index_copy_(self, dim, index, source):
    """self[index[i]] = source[i] along `dim`."""
    axis = wrap_dim(dim, self._array.ndim)
    _check_vector(index, "index_copy_")
    _check_copied_slices(self, axis, index, source)
    array = index._array
    size = self._array.shape[axis] if self._array.ndim else 1
    if array.size and (int(array.min()) < 0 or int(array.max()) >= size):
        bad = int(array.min() if array.min() < 0 else array.max())
        raise IndexError(f"index_copy_(): index {bad} is out of bounds for dimension {axis} with size {size}")
    return _put_slices(self, axis, array, source, False, "IndexCopyBackward0")


out_of_place("index_fill", index_fill_)


out_of_place("index_copy", index_copy_)


@public(method=True)
def take(input, index):
    """Elements at flat positions."""
    if not isinstance(index, Tensor):
        raise TypeError(f"take(): argument 'index' must be Tensor, not {type(index).__name__}")
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    flat = primitives.reshape(input, shape=(input._array.size,))
    array = check_indices(index._array, input._array.size, 0)
    return named(primitives.index(flat, indices=(array,)), "TakeBackward0")


@public(method="put_", function=False)
def put_(self, index, source, accumulate=False):
    """Write the elements of `source`, in order, at flat positions; accumulate: add them, repeated positions too.

    Errors: RuntimeError unless index is int64 and the dtypes agree; IndexError for another number of elements, or a
    position outside the tensor.
    """
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {dtype_title(self.dtype)} "
            f"and source.dtype = {dtype_title(source.dtype)}"
        )
    count = index._array.size
    if source._array.size != count:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source._array.size}, index.numel() = {count}"
        )
    total = self._array.size
    if not total and count:
        raise IndexError("put_(): Tried to put elements into an empty tensor")
    places = cpu.reshape(index._array, shape=(count,))
    for limit in (int(places.min()), int(places.max())) if count else ():
        if not -total <= limit < total:
            raise IndexError(f"out of range: tried to access index {limit} on a tensor of {total} elements.")
    if not count:
        return self
    values = reshape(source, (count,))
    target = self if self._array.ndim else self.view(1)
    indices = cpu.unravel(places, shape=target._array.shape)
    apply_inplace(primitives.index_put, target, values, indices=indices, accumulate=bool(accumulate))
    if target is self:
        return renamed(self, "PutBackward0")
    return self


out_of_place("put", put_)
