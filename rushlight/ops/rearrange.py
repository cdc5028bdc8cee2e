"""Copies in another arrangement: flip, rot90, roll, repeat, repeat_interleave, tril, combinations."""

from __future__ import annotations

from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, cpu, named, primitives, public
from ..dtypes import dtype_title, int32, int64
from ..errors import brackets, type_name, wrap_dim, wrap_dims
from ..size import size_from
from ..tensor import Tensor
from .joining import stack_function
from .permute import transpose_function
from .result import into
from .shape import expand_method, reshape


class flip(Op):
    """Reversed along some dimensions (a copy)."""

    inputs, save, grad_name = 1, (), "FlipBackward0"

    def forward(xp, a, *, axes):
        return xp.flip(a, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        return (xp.flip(g, axes=axes),)


class roll(Op):
    """Shifted round."""

    inputs, save, grad_name = 1, (), "RollBackward0"

    def forward(xp, a, *, shifts, axes):
        return xp.roll(a, shifts=shifts, axes=axes)

    def backward(xp, g, saved, need, *, shifts, axes):
        return (xp.roll(g, shifts=tuple([-s for s in shifts]), axes=axes),)


class repeat(Op):
    """Tiled."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "RepeatBackward0"

    def forward(xp, a, *, repeats):
        return xp.repeat(a, repeats=repeats)

    def backward(xp, g, saved, need, *, repeats):
        shape = (1,) * (len(repeats) - len(saved[0])) + tuple(saved[0])
        split = [n for pair in zip(repeats, shape) for n in pair]
        parts = xp.reshape(g, shape=tuple(split))
        return (xp.reshape(xp.sum(parts, axes=tuple(range(0, len(split), 2)), keepdims=False), shape=tuple(saved[0])),)


class tril_op(Op):
    """Lower triangle of the last two dimensions."""

    name, inputs, save, grad_name = "tril", 1, (), "TrilBackward0"

    def forward(xp, a, *, k):
        return xp.tril(a, k=k)

    def backward(xp, g, saved, need, *, k):
        return (xp.tril(g, k=k),)


class triu_op(Op):
    """Upper triangle of the last two dimensions."""

    name, inputs, save, grad_name = "triu", 1, (), "TriuBackward0"

    def forward(xp, a, *, k):
        return xp.triu(a, k=k)

    def backward(xp, g, saved, need, *, k):
        return (xp.triu(g, k=k),)


@public(method=True, name="flip")
def flip_function(input, *dims):
    """Reversed along the given dimensions (a copy)."""
    dims = size_from(dims)
    return primitives.flip(input, axes=wrap_dims(dims, input._array.ndim) if dims else ())


@public(method=True)
def fliplr(input):
    """Columns reversed."""
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return primitives.flip(input, axes=(1,))


@public(method=True)
def flipud(input):
    """Rows reversed."""
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return primitives.flip(input, axes=(0,))


@public(method=True)
def rot90(input, k=1, dims=(0, 1)):
    """Turned by k quarter turns in the plane of two dimensions, from the first towards the second.

    Errors: RuntimeError unless `dims` names two different dimensions of at least two.
    """
    ndim = input._array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    first, second = wrap_dim(dims[0], ndim), wrap_dim(dims[1], ndim)
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    k %= 4
    if k == 0:
        result = primitives.clone(input)
    elif k == 2:
        result = primitives.flip(input, axes=(first, second))
    else:
        result = transpose_function(primitives.flip(input, axes=(second if k == 1 else first,)), first, second)
    return named(result, "Rot90Backward0")


@public(method=True, name="roll")
def roll_function(input, shifts, dims=None):
    """Shifted round along dimensions, or flat when none are given."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return reshape(primitives.roll(reshape(input, -1), shifts=shifts, axes=(0,)), input.shape)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(dims) != len(shifts):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    return primitives.roll(input, shifts=shifts, axes=tuple(wrap_dim(d, input._array.ndim) for d in dims))


@public(method="repeat", function=False)
def repeat_method(self, *repeats):
    """Tiled repeats[i] times along dimension i; new dimensions in front."""
    repeats = size_from(repeats)
    if len(repeats) < self._array.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in repeats):
        raise RuntimeError(f"Trying to create tensor with negative dimension: repeat {brackets(repeats)}")
    return primitives.repeat(self, repeats=tuple(repeats))


@public(method=True)
def tile(input, *dims):
    """repeat, with missing leading repeats taken as 1."""
    dims = size_from(dims)
    return repeat_method(input, *((1,) * (input._array.ndim - len(dims)) + tuple(dims)))


@public(method=True)
def repeat_interleave(input, repeats=None, dim=None, *, output_size=None):
    """Every element, or every slice of a dimension, repeated in place: a number of times, or one number for each.

    With a single tensor of counts: the indices, 0 counts[0] times, then 1 counts[1] times, ...
    Shapes: without `dim` the input is flattened. Errors: RuntimeError for negative or too many counts.
    """
    if repeats is None and dim is None:
        return _repeated_indices(input, output_size)
    if dim is None:
        input, dim = reshape(input, -1), 0
    if not input._array.ndim:
        input = reshape(input, 1)
    axis = wrap_dim(dim, input._array.ndim)
    size = input._array.shape[axis]
    if isinstance(repeats, Tensor):
        if repeats._array.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
        if repeats._array.size == 1:
            repeats = expand_method(reshape(repeats, 1), size)
        if repeats._array.size != size:
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {repeats._array.size} "
                f"and input.size({axis}) = {size}"
            )
        return input.index_select(axis, _repeated_indices(repeats, output_size))
    if not isinstance(repeats, int):
        raise TypeError(f"repeat_interleave(): argument 'repeats' must be int or Tensor, not {type_name(repeats)}")
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    if output_size is not None and output_size != size * repeats:
        raise RuntimeError(f"repeat_interleave: Invalid output_size, expected {size * repeats} but got {output_size}")
    shape = input._array.shape
    wide = primitives.expand(
        primitives.unsqueeze(input, axis=axis + 1), shape=(*shape[: axis + 1], repeats, *shape[axis + 1 :])
    )
    return primitives.view(primitives.contiguous_copy(wide), shape=(*shape[:axis], size * repeats, *shape[axis + 1 :]))


def _repeated_indices(repeats, output_size):
    if repeats._array.ndim != 1:
        raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
    if repeats.dtype not in (int32, int64):
        raise NotImplementedError(f"\"repeat_interleave_cpu\" not implemented for '{dtype_title(repeats.dtype)}'")
    counts = repeats._array
    if counts.size and int(counts.min()) < 0:
        raise RuntimeError("repeats can not be negative")
    if output_size is not None and output_size != int(counts.sum()):
        raise RuntimeError("allocated size does not match required size")
    return Tensor._wrap(cpu.repeat_indices(counts))


def _within(diagonal):
    """The number of a diagonal; those outside of every matrix all count as one far away."""
    return max(min(diagonal, 1 << 60), -(1 << 60))


def _triangle(name):
    def function(input, diagonal=0, *, out=None):
        if input._array.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        result = getattr(primitives, name)(input, k=_within(diagonal))
        return result if out is None else into(out, result)

    function.__name__ = name
    function.__doc__ = f"{name} of the last two dimensions: zero on the other side of the given diagonal."

    def inplace(self, diagonal=0):
        if self._array.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return apply_inplace(getattr(primitives, name), self, k=_within(diagonal))

    inplace.__name__ = name + "_"
    inplace.__doc__ = f"In-place {name}."
    public(method=name + "_", function=False)(inplace)
    return public(method=True)(function)


tril, triu = _triangle("tril"), _triangle("triu")


# ---- all choices
# ---------------------------------------------------------------------------------------------------------


def _vector(tensor):
    if tensor._array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {brackets(tensor.shape)}")


@public()
def combinations(input, r=2, with_replacement=False):
    """All choices of r elements of a vector, in order, as rows: (n,) -> (n over r, r).

    with_replacement: an element may be chosen again. Errors: RuntimeError for a negative r or another rank.
    """
    _vector(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return input.new_empty((0,))
    columns = cpu.combinations(input._array.size, r, repeats=bool(with_replacement))
    return stack_function([primitives.take_along(input, Tensor._wrap(places), axis=0) for places in columns], 1)


@public()
def cartesian_prod(*tensors):
    """All tuples with one element of each vector, as rows, the last running fastest: (a,), (b,) -> (a * b, 2)."""
    for x in tensors:
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {tensors.index(x)} in argument 0, but got {type_name(x)}")
        _vector(x)
    if len(tensors) == 1:
        return tensors[0]
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if len({x.dtype for x in tensors}) > 1:
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    shape = tuple([x._array.size for x in tensors])
    grids = []
    for i, x in enumerate(tensors):
        along = reshape(x, tuple([n if k == i else 1 for k, n in enumerate(shape)]))
        grids.append(reshape(primitives.expand(along, shape=shape), -1))
    return stack_function(grids, 1)


@public()
def unravel_index(indices, shape):
    """Flat positions in a tensor of `shape` as one index per dimension: p -> (p // strides) % shape, a tuple.

    Errors: TypeError unless indices are integers and shape is ints; ValueError for a negative size.
    """
    if not isinstance(indices, Tensor) or indices.dtype.is_floating_point or indices.dtype.is_complex:
        kind = indices.dtype if isinstance(indices, Tensor) else type_name(indices)
        raise TypeError(f"expected 'indices' to be integer dtype, but got {kind}")
    sizes = (shape,) if isinstance(shape, int) else shape
    if not isinstance(sizes, (tuple, list)) or not all(isinstance(n, int) for n in sizes):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    places = indices.to(int64)
    result = []
    for n in reversed(sizes):
        result.append(places % n)
        places = places.div(n, rounding_mode="floor")
    return tuple(reversed(result))
