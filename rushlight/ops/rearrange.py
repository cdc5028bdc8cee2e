"""Copies in another arrangement: flip, roll, repeat, tile, tril, triu."""

from __future__ import annotations

from ..autograd.op import Op, primitives, public
from ..errors import brackets, wrap_dim, wrap_dims
from ..size import size_from
from .result import into
from .shape import reshape


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


def _triangle(name):
    def function(input, diagonal=0, *, out=None):
        if input._array.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        result = getattr(primitives, name)(input, k=diagonal)
        return result if out is None else into(out, result)

    function.__name__ = name
    function.__doc__ = f"{name} of the last two dimensions: zero on the other side of the given diagonal."
    return public(method=True)(function)


tril, triu = _triangle("tril"), _triangle("triu")
