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
    if index._array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    size = input._array.shape[axis] if input._array.ndim else 1
    array = index._array
    if array.size and (int(array.min()) < 0 or int(array.max()) >= size):
        raise IndexError("index out of range in self")
    flat = Tensor._wrap(cpu.reshape(cpu.cast(array, dtype=cpu.to_engine_dtype(dtypes.int64)), shape=(array.size,)))
    if not input._array.ndim:
        return primitives.reshape(primitives.take_along(primitives.reshape(input, shape=(1,)), flat, axis=0), shape=())
    return primitives.take_along(input, flat, axis=axis)


def _check_vector(index, name):
    if index._array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got shape {brackets(index.shape)}")


def _check_slices(name, target, axis, index, source):
    """One slice of the source per index, of the target's shape in the other dimensions."""
    if not source._array.ndim or not target._array.ndim:
        return
    count = index._array.size
    if source._array.ndim == target._array.ndim and source._array.shape[axis] != count:
        raise RuntimeError(
            f"{name}(): Number of indices ({count}) should be equal to source.size(dim) ({source._array.shape[axis]})"
        )
    want = [n for i, n in enumerate(target._array.shape) if i != axis]
    have = [n for i, n in enumerate(source._array.shape) if i != axis]
    if want != have:
        raise RuntimeError(
            f"{name}(): source tensor shape must match self tensor shape, excluding the specified dimension. Got "
            f"self.shape = {brackets(target.shape)} source.shape = {brackets(source.shape)}"
        )


@public(method="index_add_", function=False)
def index_add_(self, dim, index, source, *, alpha=1):
    """self[index[i]] += alpha * source[i] along `dim`."""
    axis = wrap_dim(dim, self._array.ndim)
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {dtype_title(index.dtype)}")
    if self.dtype is not source.dtype:
        raise RuntimeError(
            f"index_add_(): self ({dtype_title(self.dtype)}) and source ({dtype_title(source.dtype)}) must have the "
            "same scalar type"
        )
    _check_vector(index, "index_add_")
    _check_slices("index_add_", self, axis, index, source)
    array = check_indices(index._array, self._array.shape[axis], axis)
    source = source * alpha if alpha != 1 else source
    apply_inplace(primitives.index_put, self, source, indices=(None,) * axis + (array,), accumulate=True)
    return renamed(self, "IndexAddBackward0")


@public(method=True)
def index_add(input, dim, index, source, *, alpha=1):
    """A copy with index_add_ applied."""
    return index_add_(primitives.clone(input), dim, index, source, alpha=alpha)


@public(method="index_fill_", function=False)
def index_fill_(self, dim, index, value):
    """Write `value` into the slices of `dim` named by index."""
    axis = wrap_dim(dim, self._array.ndim)
    if index.dtype is not dtypes.int64:
        raise IndexError(f"index_fill_(): Expected dtype int64 for index, got {index.dtype}")
    _check_vector(index, "index_fill_")
    array = check_indices(index._array, self._array.shape[axis], axis)
    grad_name = "IndexFillBackward1" if isinstance(value, Tensor) else "IndexFillBackward0"
    value = value if isinstance(value, Tensor) else Tensor._scalar(value, self)
    value = promote.to_dtype(value, self.dtype)
    apply_inplace(primitives.index_put, self, value, indices=(None,) * axis + (array,), accumulate=False)
    return renamed(self, grad_name)


@public(method="index_copy_", function=False)
def index_copy_(self, dim, index, source):
    """self[index[i]] = source[i] along `dim`."""
    axis = wrap_dim(dim, self._array.ndim)
    _check_vector(index, "index_copy_")
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    if self.dtype is not source.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{dtype_title(self.dtype)} and (source) {dtype_title(source.dtype)}"
        )
    array = check_indices(index._array, self._array.shape[axis], axis)
    if array.size and int(array.min()) < 0:
        raise RuntimeError(
            f"index_copy_(): index {int(array.min())} is out of bounds for dimension {axis} with size "
            f"{self._array.shape[axis]}"
        )
    apply_inplace(primitives.index_put, self, source, indices=(None,) * axis + (array,), accumulate=False)
    return renamed(self, "IndexCopyBackward0")


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
