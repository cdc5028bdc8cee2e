"""Another shape for the same elements: view, reshape, flatten, squeeze, unsqueeze, expand, broadcast_to."""

from __future__ import annotations

import math

from ..autograd.inplace import check_writable
from ..autograd.op import Op, cpu, method, named, primitives, public, shortcut
from ..errors import brackets, broadcast_shapes, type_name, wrap_dim, wrap_dims
from ..size import size_from
from ..tensor import Tensor


class _Reshaping:
    """What the ops that only change the shape share: the gradient takes the input's shape again."""

    inputs: int | None = 1
    save: tuple[int, ...] | None = ()
    save_shape: tuple[int, ...] = (0,)

    @staticmethod
    def backward(xp, g, saved, need, **attributes):
        return (xp.reshape(g, shape=tuple(saved[0])),)


class view(_Reshaping, Op):
    """The same memory under another shape."""

    grad_name, view = "ViewBackward0", True
    kernel = cpu.view

    def forward(xp, a, *, shape):
        return xp.view(a, shape=shape)


class reshape_op(_Reshaping, Op):
    """Another shape, a view or a copy; for use inside backward."""

    name, grad_name = "reshape", "ReshapeBackward0"

    def forward(xp, a, *, shape):
        return xp.reshape(a, shape=shape)


class unsafe_view(_Reshaping, Op):
    """A view of a fresh copy, recorded as one step."""

    grad_name = "UnsafeViewBackward0"

    def forward(xp, a, *, shape):
        return xp.reshape(a, shape=shape)


class expand(Op):
    """Size-1 dimensions repeated without a copy."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "ExpandBackward0", True
    kernel = cpu.expand

    def forward(xp, a, *, shape):
        return xp.expand(a, shape=shape)

    def backward(xp, g, saved, need, *, shape):
        return (xp.sum_to(g, shape=tuple(saved[0])),)


class sum_to(Op):
    """Sum over broadcast dimensions back to `shape`."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "SumBackward1"

    def forward(xp, a, *, shape):
        return xp.sum_to(a, shape=shape)

    def backward(xp, g, saved, need, *, shape):
        return (xp.expand(g, shape=tuple(saved[0])),)


class squeeze(_Reshaping, Op):
    """Without the given size-1 dimensions."""

    grad_name, view = "SqueezeBackward0", True

    def forward(xp, a, *, axes):
        return xp.squeeze(a, axes=axes)


class squeeze_dim(_Reshaping, Op):
    """`squeeze` of one named dimension (PyTorch numbers its node apart)."""

    grad_name, view = "SqueezeBackward1", True

    def forward(xp, a, *, axes):
        return xp.squeeze(a, axes=axes)


class squeeze_dims(_Reshaping, Op):
    """`squeeze` of several named dimensions."""

    grad_name, view = "SqueezeBackward2", True

    def forward(xp, a, *, axes):
        return xp.squeeze(a, axes=axes)


class unsqueeze(_Reshaping, Op):
    """A new dimension of size 1."""

    grad_name, view = "UnsqueezeBackward0", True
    kernel = cpu.unsqueeze

    def forward(xp, a, *, axis):
        return xp.unsqueeze(a, axis=axis)


class alias(Op):
    """The same tensor as a new view."""

    inputs, save, grad_name, view = 1, (), "AliasBackward0", True

    def forward(xp, a):
        return a[...]

    def backward(xp, g, saved, need):
        return (g,)


def resolve_shape(shape, count: int) -> tuple[int, ...]:
    """Fill in a -1; RuntimeError when the sizes do not multiply to `count`."""
    known, unknown = 1, None
    for i, size in enumerate(shape):
        if size == -1:
            if unknown is not None:
                raise RuntimeError("only one dimension can be inferred")
            unknown = i
        elif size < 0:
            raise RuntimeError(f"invalid shape dimension {size} at index {i} of shape {brackets(shape)}")
        else:
            known *= size
    if unknown is None:
        if known != count:
            raise RuntimeError(f"shape '{brackets(shape)}' is invalid for input of size {count}")
        return tuple(shape)
    if known == 0:
        if count == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {brackets(shape)} because the unspecified dimension "
                "size -1 can be any value and is ambiguous"
            )
        raise RuntimeError(f"shape '{brackets(shape)}' is invalid for input of size {count}")
    if count % known:
        raise RuntimeError(f"shape '{brackets(shape)}' is invalid for input of size {count}")
    result = list(shape)
    result[unknown] = count // known
    return tuple(result)


@public(method="view", function=False)
@shortcut("view", "view")
def view_method(self, *shape, dtype=None):
    """The same memory as another shape (RuntimeError when the strides forbid it) or as another dtype."""
    if dtype is not None or (len(shape) == 1 and not isinstance(shape[0], (int, tuple, list))):
        return self._view_dtype(dtype if dtype is not None else shape[0])
    return primitives.view(self, shape=resolve_shape(size_from(shape), self._array.size))


@public(method=True)
@shortcut("reshape", "view")
def reshape(input, *shape):
    """The same elements in another shape: a view where possible, else a copy."""
    shape = resolve_shape(size_from(shape), input._array.size)
    if cpu.view_or_none(input._array, shape=shape) is not None:
        return primitives.view(input, shape=shape)
    return primitives.unsafe_view(primitives.contiguous_copy(input), shape=shape)


@public(method="view_as", function=False)
def view_as(self, other):
    """view(other.size())."""
    return view_method(self, *other.shape)


@public(method="reshape_as", function=False)
def reshape_as(self, other):
    """reshape(other.size())."""
    return reshape(self, *other.shape)


@public(method=True)
@shortcut("flatten", "view")
def flatten(input, start_dim=0, end_dim=-1):
    """Dimensions start_dim..end_dim joined into one."""
    ndim = input._array.ndim
    start, end = wrap_dim(start_dim, ndim), wrap_dim(end_dim, ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    shape = input._array.shape
    if not ndim:
        return reshape(input, 1)
    if start == end:
        return input
    count = 1
    for n in shape[start : end + 1]:
        count *= n
    return reshape(input, shape[:start] + (count,) + shape[end + 1 :])


@public(method=True)
def unflatten(input, dim, sizes):
    """One dimension split into several; one size may be -1."""
    if not input._array.ndim:
        dim = wrap_dim(dim, 1)
    dim = wrap_dim(dim, input._array.ndim)
    sizes = tuple(sizes)
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    shape = input._array.shape
    try:
        inner = resolve_shape(sizes, shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {brackets(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) "
            "in the input tensor"
        ) from None
    return view_method(input, shape[:dim] + inner + shape[dim + 1 :])


@public(method=True)
def ravel(input):
    """Flattened to one dimension."""
    return reshape(input, -1)


@public(method="expand", function=False)
@shortcut("expand", "expand")
def expand_method(self, *sizes, implicit=False):
    """Size-1 dimensions (and new leading ones) repeated without a copy; -1 keeps a size."""
    sizes = size_from(sizes)
    shape = self._array.shape
    lead = len(sizes) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand({self._type_name()}{{{brackets(shape)}}}, size={brackets(sizes)}): the number of sizes provided "
            f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    target = []
    for i, size in enumerate(sizes):
        have = shape[i - lead] if i >= lead else 1
        if size == -1:
            if i < lead:
                raise RuntimeError(
                    f"The expanded size of the tensor ({size}) isn't allowed in a leading, non-existing dimension {i}"
                )
            size = have
        elif have not in (1, size):
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({have}) at non-singleton "
                f"dimension {i}.  Target sizes: {brackets(sizes)}.  Tensor sizes: {brackets(shape)}"
            )
        target.append(size)
    if math.prod(target) >= 1 << 59:  # bytes would not fit into 63 bits
        raise RuntimeError(f"expand(): numel: integer multiplication overflow, size={brackets(sizes)}")
    return primitives.expand(self, shape=tuple(target))


@public(method="expand_as", function=False)
def expand_as(self, other):
    """expand(other.size())."""
    return expand_method(self, *other.shape)


@public()
def broadcast_to(input, size):
    """input expanded to `size`."""
    return expand_method(input, *size)


@method("broadcast_to")
def broadcast_to_method(self, *size):
    """The tensor expanded to `size`, a tuple or several ints."""
    return expand_method(self, *size)


@public()
def broadcast_tensors(*tensors):
    """All expanded to their common shape."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    shape = broadcast_shapes(*[x.shape for x in tensors])
    return [expand_method(x, *shape) for x in tensors]


@public(method="sum_to_size", function=False)
def sum_to_size(self, *size):
    """Sum over the dimensions along which `size` was broadcast."""
    size = size_from(size)
    shape = self._array.shape
    lead = len(shape) - len(size)
    if lead < 0 or any(b not in (1, a) for a, b in zip(shape[lead:], size)):
        raise RuntimeError(f"size {{{brackets(size)}}} is not expandable to size {{{brackets(shape)}}}.")
    return self if tuple(size) == shape else primitives.sum_to(self, shape=tuple(size))


@public(method=True, name="squeeze")
@shortcut("squeeze", "squeeze_dim")
def squeeze_function(input, dim=None):
    """Without size-1 dimensions: all, or those named."""
    shape = input._array.shape
    if dim is None:
        return primitives.squeeze(input, axes=tuple([i for i, n in enumerate(shape) if n == 1]))
    if isinstance(dim, int):
        axis = wrap_dim(dim, len(shape))
        return primitives.squeeze_dim(input, axes=(axis,) if shape and shape[axis] == 1 else ())
    axes = wrap_dims(dim, len(shape)) if dim else ()
    return primitives.squeeze_dims(input, axes=tuple([a for a in axes if shape[a] == 1]))


@public(method=True, name="unsqueeze")
@shortcut("unsqueeze", "unsqueeze")
def unsqueeze_function(input, dim):
    """A new dimension of size 1 at `dim`."""
    return primitives.unsqueeze(input, axis=wrap_dim(dim, input._array.ndim + 1))


def turn_inplace(self, make, grad_name: str):
    """Swap the tensor's header for another view of the same memory (t_, unsqueeze_, ...)."""
    check_writable(self)
    result = make(self)
    self._array = result._array
    self._node, self._nr = result._node, result._nr
    if self._view is not None:
        self._view, self._seen = result._view, result._seen
    return named(self, grad_name)


@public(method="squeeze_", function=False)
def squeeze_(self, dim=None):
    """In-place squeeze: the tensor itself loses its size-1 dimensions, all or those named."""
    name = "SqueezeBackward" + ("3" if dim is None else "4" if isinstance(dim, int) else "5")
    return turn_inplace(self, lambda x: squeeze_function(x, dim), name)


@public(method="unsqueeze_", function=False)
def unsqueeze_(self, dim):
    """In-place unsqueeze: the tensor itself gets a new dimension of size 1 at `dim`."""
    return turn_inplace(self, lambda x: unsqueeze_function(x, dim), "UnsqueezeBackward1")


def _at_least(count: int):
    """atleast_1d, atleast_2d, atleast_3d."""
    name = f"atleast_{count}d"

    def function(*tensors):
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
            tensors = tuple(tensors[0])
        elif len(tensors) == 1:
            return grown(tensors[0])
        return tuple([grown(x) for x in tensors])

    def grown(x):
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}(): argument 'tensors' must be Tensor or tuple of Tensors, not {type_name(x)}")
        ndim = x._array.ndim
        if ndim == 0:
            return reshape(x, (1,) * count)
        if ndim == 1 and count > 1:
            x = unsqueeze_function(x, 0)
        return unsqueeze_function(x, -1) if ndim < 3 == count else x

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"Every tensor with at least {count} dimension{'s' * (count > 1)}, as views: several give a tuple. A vector "
        "(n,) becomes (n,), (1, n), (1, n, 1); a matrix (m, n) becomes (m, n, 1) in three dimensions."
    )
    return public()(function)


atleast_1d, atleast_2d, atleast_3d = _at_least(1), _at_least(2), _at_least(3)
