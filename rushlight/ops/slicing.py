"""Parts of a tensor as views, and their adjoints: select, slice, narrow, diagonal, unfold, as_strided."""

from __future__ import annotations

from ..autograd.op import Op, cpu, named, primitives, public
from ..errors import brackets, wrap_dim
from ..tensor import Tensor
from .copying import copy_
from .shape import reshape, turn_inplace


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


builtin_slice = slice


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


class unfold(Op):
    """Overlapping windows along a dimension, in a new last dimension."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "UnfoldBackward0", True

    def forward(xp, a, *, axis, size, step):
        return xp.unfold(a, axis=axis, size=size, step=step)

    def backward(xp, g, saved, need, *, axis, size, step):
        return (xp.unfold_grad(g, input_shape=tuple(saved[0]), axis=axis, size=size, step=step),)


class unfold_grad(Op):
    """The adjoint of `unfold`: what windows share adds up."""

    inputs, save, grad_name = 1, (), "UnfoldBackwardBackward0"

    def forward(xp, g, *, input_shape, axis, size, step):
        return xp.unfold_grad(g, input_shape=input_shape, axis=axis, size=size, step=step)

    def backward(xp, gg, saved, need, *, input_shape, axis, size, step):
        return (xp.unfold(gg, axis=axis, size=size, step=step),)


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


@public(method="as_strided_", function=True, name="as_strided_")
def as_strided_inplace(self, size, stride, storage_offset=None):
    """In-place as_strided: the tensor itself takes the given sizes, strides and offset on its memory."""
    return turn_inplace(self, lambda x: as_strided_function(x, size, stride, storage_offset), "AsStridedBackward1")


@public(method="unfold", function=False)
def unfold_method(self, dimension, size, step):
    """Windows of `size` elements along a dimension, one every `step`, in a new last dimension: a view.

    Shapes: (..., n, ...) -> (..., (n - size) // step + 1, ..., size).
    Errors: RuntimeError when size exceeds n or step is not positive.
    """
    shape = self._array.shape
    axis = wrap_dim(dimension, len(shape))
    extent = shape[axis] if shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > extent:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {extent} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not shape:
        return narrow(primitives.reshape(self, shape=(1,)), 0, 0, size)
    return primitives.unfold(self, axis=axis, size=size, step=step)


@public(method=True)
def narrow_copy(input, dim, start, length):
    """narrow, as a copy."""
    return named(primitives.clone(narrow(input, dim, start, length)), "NarrowCopyBackward0")


@public(method=True)
def diagflat(input, offset=0):
    """The matrix with the flattened input on a diagonal."""
    return diag(reshape(input, -1), offset)


@public(method="fill_diagonal_", function=False)
def fill_diagonal_(self, fill_value, wrap=False):
    """Write a number on the main diagonal; wrap: tall matrices start the diagonal again one row below its end.

    Errors: RuntimeError for fewer than two dimensions, or more than two of different sizes.
    """
    shape = self._array.shape
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2:
        if len(set(shape)) != 1:
            raise RuntimeError("all dimensions of input must be of equal length")
        as_strided_function(self, shape[:1], (sum(cpu.strides_of(self._array)),)).fill_(fill_value)
        return self
    rows, columns = shape
    for start in range(0, rows if wrap and columns else min(rows, 1), columns + 1):
        diagonal_function(primitives.slice(self, axis=0, start=start, stop=rows, step=1)).fill_(fill_value)
    return self


# ---- a part replaced, in a copy
# ------------------------------------------------------------------------------------------


def _with_part(input, src, part, grad_name: str):
    """A copy of `input` whose part, a view that `part` makes, holds the values of `src`."""
    result = primitives.clone(input)
    view = part(result)
    if view._array.shape != src._array.shape:
        raise RuntimeError(
            f"expected src to have a size equal to the slice of self. src size = {brackets(src.shape)}, slice size = "
            f"{brackets(view.shape)}"
        )
    view.copy_(src)
    return named(result, grad_name)


@public(method=True, name="select_scatter")
def select_scatter_function(input, src, dim, index):
    """A copy of `input` with `src` at `index` along a dimension; src has the shape of input.select(dim, index)."""
    return _with_part(input, src, lambda x: select_function(x, dim, index), "SelectScatterBackward0")


@public(method=True, name="slice_scatter")
def slice_scatter_function(input, src, dim=0, start=None, end=None, step=1):
    """A copy of `input` with `src` in start:end:step along a dimension."""
    if not input._array.ndim:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    axis = wrap_dim(dim, input._array.ndim)
    first, last, _ = builtin_slice(start, end).indices(input._array.shape[axis])
    return _with_part(
        input,
        src,
        lambda x: primitives.slice(x, axis=axis, start=first, stop=max(first, last), step=step),
        "SliceScatterBackward0",
    )


@public(method=True, name="diagonal_scatter")
def diagonal_scatter_function(input, src, offset=0, dim1=0, dim2=1):
    """A copy of `input` with `src` on a diagonal; src has the shape of input.diagonal(offset, dim1, dim2)."""
    return _with_part(input, src, lambda x: diagonal_function(x, offset, dim1, dim2), "DiagonalScatterBackward0")


@public(method=True, name="as_strided_scatter")
def as_strided_scatter_function(input, src, size, stride, storage_offset=None):
    """A copy of `input` with `src` in a window of given sizes, strides and offset."""
    offset = cpu.storage_offset(input._array) if storage_offset is None else storage_offset
    start = offset - cpu.storage_offset(input._array)  # the copy has memory of its own
    return _with_part(input, src, lambda x: as_strided_function(x, size, stride, start), "AsStridedScatterBackward0")
