"""Elements where a mask holds: masked_fill, masked_select, masked_scatter, nonzero."""

from __future__ import annotations

from .. import dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..tensor import Tensor
from . import promote
from .elementwise import _check_shapes
from .index import getitem, renamed, setitem
from .result import into
from .shape import broadcast_tensors, expand_method


class fill_where(Op):
    """a with a number where the mask holds."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "MaskedFillBackward0"
    may_overlap = True

    def forward(xp, a, mask, *, value):
        return xp.fill_where(a, mask, value=value)

    def backward(xp, g, saved, need, *, value):
        mask, shape = saved
        return (xp.sum_to(xp.fill_where(g, mask, value=0), shape=tuple(shape)), None)


def _mask(mask, name):
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype}")


def _check_value(value, name):
    if value._array.ndim:
        raise RuntimeError(
            f"{name}(): only supports a 0-dimensional value tensor, but got tensor with {value._array.ndim} "
            "dimension(s)."
        )


@public(method=True)
def masked_fill(input, mask, value):
    """`value` where the mask (broadcast) holds, else the input."""
    _mask(mask, "masked_fill")
    _check_shapes(input, mask)
    if isinstance(value, Tensor):
        _check_value(value, "masked_fill")
        if value.requires_grad:
            return primitives.where(mask, promote.to_dtype(value, input.dtype), input)
        value = value.item()
    return primitives.fill_where(input, mask, value=promote.fitting(value, input.dtype))


@public(method="masked_fill_", function=False)
def masked_fill_(self, mask, value):
    """In-place masked_fill."""
    _mask(mask, "masked_fill_")
    if isinstance(value, Tensor):
        _check_value(value, "masked_fill_")
        value = value.item()
    expand_method(mask, *self.shape)
    return apply_inplace(primitives.fill_where, self, mask, value=promote.fitting(value, self.dtype))


@public(method=True)
def masked_select(input, mask, *, out=None):
    """The elements where the mask holds, as a vector."""
    _mask(mask, "masked_select")
    input, mask = broadcast_tensors(input, mask)
    result = named(getitem(input, mask), "MaskedSelectBackward0")
    return result if out is None else into(out, result)


@public(method="masked_scatter_", function=False)
def masked_scatter_(self, mask, source):
    """Write the elements of `source` in order where the mask holds."""
    _mask(mask, "masked_scatter_")
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {dtype_title(self.dtype)} and "
            f"{dtype_title(source.dtype)}"
        )
    mask = expand_method(mask, *self.shape)
    count = int(mask.sum().item())
    if source._array.size < count:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes and source to have enough elements"
        )
    flat = primitives.reshape(source, shape=(source._array.size,))
    setitem(self, mask, primitives.slice(flat, axis=0, start=0, stop=count, step=1))
    return renamed(self, "MaskedScatterBackward0")


@public(method=True)
def masked_scatter(input, mask, source):
    """The input and the mask broadcast, with the elements of `source` in order where the mask holds."""
    _mask(mask, "masked_scatter")
    return masked_scatter_(primitives.clone(broadcast_tensors(input, mask)[0]), mask, source)


@public(method=True)
def nonzero(input, *, out=None, as_tuple=False):
    """Indices of the nonzero elements: (count, ndim), or one vector per dimension with as_tuple."""
    if as_tuple:
        array = input._array if input._array.ndim else cpu.reshape(input._array, shape=(1,))
        found = cpu.nonzero(array)
        return tuple(Tensor._wrap(cpu.contiguous(found[:, i])) for i in range(array.ndim))
    return Tensor._wrap(cpu.nonzero(input._array))


@public(method=True)
def nonzero_static(input, *, size, fill_value=-1, out=None):
    """The first `size` rows of nonzero(input), rows of `fill_value` where there are fewer: (size, ndim), int64."""
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = cpu.nonzero(input._array)
    missing = cpu.full((max(size - found.shape[0], 0), found.shape[1]), value=fill_value, dtype=found.dtype)
    result = Tensor._wrap(cpu.concat([found[:size], missing], axis=0))
    return result if out is None else into(out, result)


@public(method=True)
def argwhere(input):
    """Indices of the nonzero elements, (count, ndim)."""
    return nonzero(input)
