"""Axes in another order: permute, transpose, t, movedim."""

from __future__ import annotations

from ..autograd.op import Op, cpu, primitives, public, shortcut
from ..errors import brackets, wrap_dim
from ..size import size_from
from .shape import turn_inplace


class permute(Op):
    """Reordered dimensions."""

    inputs, save, grad_name, view = 1, (), "PermuteBackward0", True
    kernel = cpu.permute

    def forward(xp, a, *, axes):
        return xp.permute(a, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        inverse = [0] * len(axes)
        for i, axis in enumerate(axes):
            inverse[axis] = i
        return (xp.permute(g, axes=tuple(inverse)),)


class transpose(Op):
    """Two dimensions swapped."""

    inputs, save, grad_name, view = 1, (), "TransposeBackward0", True
    kernel = cpu.permute

    def forward(xp, a, *, axes):
        return xp.permute(a, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        return (xp.permute(g, axes=axes),)  # its own inverse


class t(Op):
    """Matrix transpose."""

    inputs, save, grad_name, view = 1, (), "TBackward0", True
    kernel = cpu.t

    def forward(xp, a):
        return xp.t(a)

    def backward(xp, g, saved, need):
        return (xp.t(g),)


@public(method=True, name="permute")
@shortcut("permute", "permute")
def permute_function(input, *dims):
    """Dimensions in the given order."""
    dims = size_from(dims)
    ndim = input._array.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(dims)}"
        )
    axes = tuple([wrap_dim(d, ndim) for d in dims])
    if len(set(axes)) != len(axes):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return primitives.permute(input, axes=axes)


@public(method=True, name="transpose")
@shortcut("transpose", "transpose")
def transpose_function(input, dim0, dim1):
    """Two dimensions swapped."""
    ndim = input._array.ndim
    dim0, dim1 = wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    axes = list(range(ndim))
    if ndim:
        axes[dim0], axes[dim1] = axes[dim1], axes[dim0]
    return primitives.transpose(input, axes=tuple(axes))


for _name in ("swapaxes", "swapdims"):
    public(method=True, name=_name)(transpose_function)


@public(method=True, name="t")
def t_function(input):
    """Transpose of a matrix; vectors and scalars stay."""
    ndim = input._array.ndim
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return primitives.t(input) if ndim == 2 else primitives.alias(input)


@public(method=True)
def movedim(input, source, destination):
    """Dimensions moved to new places, the others keep their order."""
    ndim = input._array.ndim
    source = (source,) if isinstance(source, int) else tuple(source)
    destination = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({brackets(source)} dims) should contain the same "
            f"number of dims as destination ({brackets(destination)} dims)"
        )
    source = tuple(wrap_dim(d, ndim) for d in source)
    destination = tuple(wrap_dim(d, ndim) for d in destination)
    for name, dims in (("source", source), ("destination", destination)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({brackets(dims)})")
    rest = iter([d for d in range(ndim) if d not in source])
    where = dict(zip(destination, source))
    return primitives.permute(input, axes=tuple([where[i] if i in where else next(rest) for i in range(ndim)]))


public(method=True, name="moveaxis")(movedim)


@public(method="t_", function=False)
def t_(self):
    """In-place t."""
    return turn_inplace(self, t_function, "TBackward1")


@public(method="transpose_", function=False)
def transpose_(self, dim0, dim1):
    """In-place transpose: the tensor itself has the two dimensions swapped."""
    return turn_inplace(self, lambda x: transpose_function(x, dim0, dim1), "TransposeBackward1")


for _name in ("swapaxes_", "swapdims_"):
    public(method=_name, function=False)(transpose_)
