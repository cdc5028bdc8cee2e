"""Parts of a tensor as views, and their adjoints: select, slice, narrow, diagonal, as_strided."""

from __future__ import annotations

from ..autograd.op import Op, cpu, named, primitives, public
from ..errors import brackets, wrap_dim
from ..tensor import Tensor
from .copying import copy_


class select(Op):
    """One index along a dimension."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "SelectBackward0", True
    kernel = cpu.select

    def forward(xp, a, *, axis, index):
        return xp.select(a, axis=axis, index=index)

    def backward(xp, g, saved, need, *, axis, index):
        return (xp.select_scatter(g, input_shape=tuple(saved[0]), axis=axis, index=index),)


class select_scatter(Op):
    """The adjoint of `select`."""

    inputs, save, grad_name = 1, (), "SelectBackwardBackward0"

    def forward(xp, g, *, input_shape, axis, index):
        return xp.select_scatter(g, input_shape=input_shape, axis=axis, index=index)

    def backward(xp, gg, saved, need, *, input_shape, axis, index):
        return (xp.select(gg, axis=axis, index=index),)


class slice(Op):  # noqa: A001
    """start:stop:step along a dimension."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "SliceBackward0", True
    kernel = cpu.slice

    def forward(xp, a, *, axis, start, stop, step):
        return xp.slice(a, axis=axis, start=start, stop=stop, step=step)

    def backward(xp, g, saved, need, *, axis, start, stop, step):
        return (xp.slice_scatter(g, input_shape=tuple(saved[0]), axis=axis, start=start, stop=stop, step=step),)


class slice_scatter(Op):
    """The adjoint of `slice`."""

    inputs, save, grad_name = 1, (), "SliceBackwardBackward0"

    def forward(xp, g, *, input_shape, axis, start, stop, step):
        return xp.slice_scatter(g, input_shape=input_shape, axis=axis, start=start, stop=stop, step=step)

    def backward(xp, gg, saved, need, *, input_shape, axis, start, stop, step):
        return (xp.slice(gg, axis=axis, start=start, stop=stop, step=step),)


class diagonal(Op):
    """A diagonal as a view."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "DiagonalBackward0", True

    def forward(xp, a, *, offset, axis1, axis2):
        return xp.diagonal(a, offset=offset, axis1=axis1, axis2=axis2)

    def backward(xp, g, saved, need, *, offset, axis1, axis2):
        return (xp.diagonal_scatter(g, input_shape=tuple(saved[0]), offset=offset, axis1=axis1, axis2=axis2),)


class diagonal_scatter(Op):
    """The adjoint of `diagonal`."""

    inputs, save, grad_name = 1, (), "DiagonalBackwardBackward0"

    def forward(xp, g, *, input_shape, offset, axis1, axis2):
        return xp.diagonal_scatter(g, input_shape=input_shape, offset=offset, axis1=axis1, axis2=axis2)

    def backward(xp, gg, saved, need, *, input_shape, offset, axis1, axis2):
        return (xp.diagonal(gg, offset=offset, axis1=axis1, axis2=axis2),)


class as_strided(Op):
    """A window of given shape and strides on the shared memory."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "AsStridedBackward0", True

    def forward(xp, a, *, shape, strides, offset, geometry):
        return xp.as_strided(a, shape=shape, strides=strides, offset=offset)

    def backward(xp, g, saved, need, *, shape, strides, offset, geometry):
        input_strides, input_offset = geometry
        return (
            xp.as_strided_scatter(
                g,
                input_shape=tuple(saved[0]),
                input_strides=input_strides,
                input_offset=input_offset,
                shape=shape,
                strides=strides,
                offset=offset,
            ),
        )


class as_strided_scatter(Op):
    """The adjoint of `as_strided`."""

    inputs, save, grad_name = 1, (), "AsStridedBackwardBackward0"

    def forward(xp, g, **geometry):
        return xp.as_strided_scatter(g, **geometry)

    def backward(xp, gg, saved, need, *, input_shape, input_strides, input_offset, shape, strides, offset):
        moved = (input_offset if offset is None else offset) - input_offset
        moved_geometry = {"shape": shape, "strides": strides, "offset": moved}
        if xp.differentiable:
            placed = as_strided_geometry(gg, input_strides)
            return (xp.as_strided(placed, geometry=(tuple(input_strides), 0), **moved_geometry),)
        placed = xp.empty_strided(gg.shape, gg.dtype, input_strides)
        xp.write(placed, gg)
        return (xp.as_strided(placed, **moved_geometry),)


def as_strided_geometry(tensor, strides):
    """A copy of the tensor whose memory has the given strides."""
    memory = Tensor._wrap(cpu.empty_strided(tensor._array.shape, tensor._array.dtype, strides))
    if memory.stride() != tuple(strides):
        raise RuntimeError(f"as_strided: gradients need a dense input, but its strides are {tuple(strides)}")
    return copy_(memory, tensor)


@public(method=True, name="select")
def select_function(input, dim, index):
    """The slice at `index`, without the dimension."""
    shape = input._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = wrap_dim(dim, len(shape))
    index = int(index)
    if not -shape[dim] <= index < shape[dim]:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {brackets(shape)} at dimension {dim}"
        )
    return primitives.select(input, axis=dim, index=index)


@public(method=True)
def narrow(input, dim, start, length):
    """`length` elements from `start` along a dimension, as a view."""
    shape = input._array.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    dim = wrap_dim(dim, len(shape))
    start = int(start)
    if not -shape[dim] <= start <= shape[dim]:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-shape[dim]}, {shape[dim]}], but got {start})"
        )
    start = start + shape[dim] if start < 0 else start
    if start + length > shape[dim]:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({shape[dim]}).")
    return primitives.slice(input, axis=dim, start=start, stop=start + length, step=1)


@public(method=True, name="diagonal")
def diagonal_function(input, offset=0, dim1=0, dim2=1):
    """A diagonal of two dimensions as a view, in the last dimension."""
    ndim = input._array.ndim
    axis1, axis2 = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if axis1 == axis2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return primitives.diagonal(input, offset=offset, axis1=axis1, axis2=axis2)


@public(method=True)
def diag(input, diagonal=0):
    """The matrix with a vector on its diagonal, or the diagonal of a matrix."""
    if input._array.ndim == 2:
        return named(primitives.clone(diagonal_function(input, diagonal)), "DiagonalBackward0_copy")
    if input._array.ndim != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    return diag_embed(input, diagonal)


@public(method=True)
def diag_embed(input, offset=0, dim1=-2, dim2=-1):
    """Matrices whose diagonals are the last dimension of `input`."""
    ndim = input._array.ndim + 1
    axis1, axis2 = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if axis1 == axis2:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input._array.shape[-1] + (offset if offset >= 0 else -offset)
    rest = list(input._array.shape[:-1])
    shape = []
    for i in range(ndim):
        shape.append(size if i in (axis1, axis2) else rest.pop(0))
    result = primitives.diagonal_scatter(input, input_shape=tuple(shape), offset=offset, axis1=axis1, axis2=axis2)
    return named(result, "DiagEmbedBackward0")


@public(method=True, name="as_strided")
def as_strided_function(input, size, stride, storage_offset=None):
    """A view of given sizes, strides and offset on the tensor's memory; overlaps allowed."""
    array = input._array
    geometry = (cpu.strides_of(array), cpu.storage_offset(array))
    return primitives.as_strided(
        input, shape=tuple(size), strides=tuple(stride), offset=storage_offset, geometry=geometry
    )
