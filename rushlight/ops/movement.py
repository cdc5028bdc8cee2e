"""Views and movement: view, reshape, permute, slice, expand, cat, stack, split, flip, ..."""

from __future__ import annotations

from ..autograd.inplace import apply_inplace, bump
from ..autograd.op import Op, cpu, named, primitives, public
from ..errors import brackets, wrap_dim, wrap_dims
from ..size import Size, size_from
from ..tensor import Tensor
from . import promote
from .result import into


class view(Op):
    """The same memory under another shape."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "ViewBackward0", True
    kernel = cpu.view

    def forward(xp, a, *, shape):
        return xp.view(a, shape=shape)

    def backward(xp, g, saved, need, *, shape):
        return (xp.reshape(g, shape=tuple(saved[0])),)


class reshape_op(Op):
    """Another shape, a view or a copy; for use inside backward."""

    name, inputs, save, save_shape, grad_name = "reshape", 1, (), (0,), "ReshapeBackward0"

    def forward(xp, a, *, shape):
        return xp.reshape(a, shape=shape)

    def backward(xp, g, saved, need, *, shape):
        return (xp.reshape(g, shape=tuple(saved[0])),)


class unsafe_view(Op):
    """A view of a fresh copy, recorded as one step."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "UnsafeViewBackward0"

    def forward(xp, a, *, shape):
        return xp.reshape(a, shape=shape)

    def backward(xp, g, saved, need, *, shape):
        return (xp.reshape(g, shape=tuple(saved[0])),)


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

    def forward(xp, a):
        return xp.permute(a, axes=(1, 0))

    def backward(xp, g, saved, need):
        return (xp.permute(g, axes=(1, 0)),)


class expand(Op):
    """Size-1 dimensions repeated without a copy."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "ExpandBackward0", True

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


class squeeze(Op):
    """Without the given size-1 dimensions."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "SqueezeBackward0", True

    def forward(xp, a, *, axes):
        return xp.squeeze(a, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        return (xp.reshape(g, shape=tuple(saved[0])),)


class squeeze_dim(Op):
    """`squeeze` of one named dimension (PyTorch numbers its node apart)."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "SqueezeBackward1", True

    def forward(xp, a, *, axes):
        return xp.squeeze(a, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        return (xp.reshape(g, shape=tuple(saved[0])),)


class squeeze_dims(Op):
    """`squeeze` of several named dimensions."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "SqueezeBackward2", True

    def forward(xp, a, *, axes):
        return xp.squeeze(a, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        return (xp.reshape(g, shape=tuple(saved[0])),)


class unsqueeze(Op):
    """A new dimension of size 1."""

    inputs, save, save_shape, grad_name, view = 1, (), (0,), "UnsqueezeBackward0", True

    def forward(xp, a, *, axis):
        return xp.unsqueeze(a, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        return (xp.reshape(g, shape=tuple(saved[0])),)


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


class unbind(Op):
    """All slices along a dimension."""

    inputs, outputs, save, save_shape, grad_name, view = 1, 0, (), (0,), "UnbindBackward0", True

    def forward(xp, a, *, axis):
        return tuple([xp.select(a, axis=axis, index=i) for i in range(a.shape[axis])])

    def backward(xp, g, saved, need, *, axis):
        if not isinstance(g, (tuple, list)):
            g = (g,)
        return (xp.concat([xp.unsqueeze(part, axis=axis) for part in g], axis=axis),)


class split_sizes(Op):
    """Consecutive parts of the given sizes along a dimension."""

    name, inputs, outputs, save, grad_name, view = "split", 1, 0, (), "SplitBackward0", True

    def forward(xp, a, *, sizes, axis):
        parts, start = [], 0
        for size in sizes:
            parts.append(xp.slice(a, axis=axis, start=start, stop=start + size, step=1))
            start += size
        return tuple(parts)

    def backward(xp, g, saved, need, *, sizes, axis):
        if not isinstance(g, (tuple, list)):
            g = (g,)
        return (xp.concat(list(g), axis=axis),)


class concat(Op):
    """Tensors joined along a dimension."""

    inputs, save, grad_name = None, (), "CatBackward0"

    def forward(xp, arrays, *, axis, sizes=None):
        return xp.concat(arrays, axis=axis)

    def backward(xp, g, saved, need, *, axis, sizes):
        grads, start = [], 0
        for size, wanted in zip(sizes, need):
            grads.append(xp.slice(g, axis=axis, start=start, stop=start + size, step=1) if wanted else None)
            start += size
        return tuple(grads)

    def __call__(self, tensors, *, axis, sizes=None):
        return Op.__call__(self, tensors, axis=axis, sizes=tuple([x.shape[axis] for x in tensors]))


class stack(Op):
    """Tensors joined along a new dimension."""

    inputs, save, grad_name = None, (), "StackBackward0"

    def forward(xp, arrays, *, dim):
        first = arrays[0].shape
        if dim == 0 and first:  # one reshape at the end instead of one per array
            return xp.reshape(xp.concat(arrays, axis=0), shape=(len(arrays), *first))
        return xp.concat([xp.unsqueeze(a, axis=dim) for a in arrays], axis=dim)

    def backward(xp, g, saved, need, *, dim):
        return tuple([xp.select(g, axis=dim, index=i) if wanted else None for i, wanted in enumerate(need)])


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


class alias(Op):
    """The same tensor as a new view."""

    inputs, save, grad_name, view = 1, (), "AliasBackward0", True

    def forward(xp, a):
        return a[...]

    def backward(xp, g, saved, need):
        return (g,)


class copy_values(Op):
    """The second tensor's values in place of the first's: what copy_ records."""

    name, inputs, save, save_shape, grad_name = "copy", 2, (), (0, 1), "CopyBackwards"

    def forward(xp, a, b, *, dtype, source):
        return xp.expand(b if b.dtype == dtype else xp.cast(b, dtype=dtype), shape=a.shape)

    def backward(xp, g, saved, need, *, dtype, source):
        grad = None
        if need[1]:
            grad = xp.sum_to(g, shape=tuple(saved[1]))
            if source != dtype:
                grad = xp.cast(grad, dtype=source, source=dtype) if xp.differentiable else xp.cast(grad, dtype=source)
        return (None, grad)


class fill_values(Op):
    """A number in place of the values: what fill_ and zero_ record."""

    name, inputs, save, grad_name = "fill", 1, (), "FillBackward2"

    def forward(xp, a, *, value):
        return xp.full(a.shape, value=value, dtype=a.dtype)

    def backward(xp, g, saved, need, *, value):
        return (xp.zeros_like(g),)


class zero_values(Op):
    """Zeros in place of the values: what zero_ records."""

    name, inputs, save, grad_name = "zero", 1, (), "ZeroBackward0"

    def forward(xp, a):
        return xp.zeros_like(a)

    def backward(xp, g, saved, need):
        return (xp.zeros_like(g),)


# ---- public functions
# -------------------------------------------------------------------------------------------------


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
def view_method(self, *shape, dtype=None):
    """The same memory as another shape (RuntimeError when the strides forbid it) or as another dtype."""
    if dtype is not None or (len(shape) == 1 and not isinstance(shape[0], (int, tuple, list))):
        return self._view_dtype(dtype if dtype is not None else shape[0])
    return primitives.view(self, shape=resolve_shape(size_from(shape), self._array.size))


@public(method=True)
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


@public(method=True, name="permute")
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


@public(method="expand", function=False)
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
    return primitives.expand(self, shape=tuple(target))


@public(method="expand_as", function=False)
def expand_as(self, other):
    """expand(other.size())."""
    return expand_method(self, *other.shape)


@public(method=True)
def broadcast_to(input, size):
    """input expanded to `size`."""
    return expand_method(input, *size)


@public()
def broadcast_tensors(*tensors):
    """All expanded to their common shape."""
    from ..errors import broadcast_shapes

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
def unsqueeze_function(input, dim):
    """A new dimension of size 1 at `dim`."""
    return primitives.unsqueeze(input, axis=wrap_dim(dim, input._array.ndim + 1))


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


@public(method=True, name="unbind")
def unbind_function(input, dim=0):
    """A tuple of all slices along a dimension."""
    if not input._array.ndim:
        raise RuntimeError("Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, input._array.ndim)
    return primitives.unbind(input, axis=dim) if input._array.shape[dim] else ()


@public(method=True, name="split")
def split_function(tensor, split_size_or_sections, dim=0):
    """Parts of one size (the last may be smaller) or of the given sizes, as views."""
    if not tensor._array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, tensor._array.ndim)
    total = tensor._array.shape[dim]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and total):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        count = max(1, -(-total // size)) if size else 1
        sizes = tuple([min(size, total - i * size) if size else 0 for i in range(count)])
    else:
        sizes = tuple(split_size_or_sections)
        if sum(sizes) != total or any(s < 0 for s in sizes):
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at dimension "
                f"{dim}), but got split_sizes={brackets(sizes)}"
            )
    parts = primitives.split(tensor, sizes=sizes, axis=dim)
    if not isinstance(split_size_or_sections, int):
        for part in parts:
            named(part, "SplitWithSizesBackward0")
    return parts


@public(method=True)
def chunk(input, chunks, dim=0):
    """At most `chunks` parts of equal size (the last may be smaller), as views."""
    if not input._array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    axis = wrap_dim(dim, input._array.ndim)
    total = input._array.shape[axis]
    size = -(-total // chunks)
    if size == 0:
        return primitives.split(input, sizes=(0,) * chunks, axis=axis)
    return split_function(input, size, axis)


@public(method=True)
def tensor_split(input, indices_or_sections, dim=0):
    """Near-equal parts, or parts cut at the given indices."""
    if not input._array.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = wrap_dim(dim, input._array.ndim)
    total = input._array.shape[dim]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        n = indices_or_sections
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        bounds = [total // n * i + min(i, total % n) for i in range(n + 1)]
    else:
        bounds = [0, *[min(max(i + total if i < 0 else i, 0), total) for i in indices_or_sections], total]
    return tuple(primitives.slice(input, axis=dim, start=a, stop=max(a, b), step=1) for a, b in zip(bounds, bounds[1:]))


@public()
def cat(tensors, dim=0, *, out=None):
    """Tensors joined along an existing dimension; dtypes are promoted. 1-d empty tensors are skipped."""
    tensors = list(tensors)
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
    for i, x in enumerate(tensors):
        if not x._array.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {i}) cannot be concatenated")
    tensors = list(promote.same(*tensors))
    kept = [x for x in tensors if x._array.shape != (0,)] or tensors[:1]
    first = kept[0]._array.shape
    axis = wrap_dim(dim, len(first))
    for i, x in enumerate(kept):
        shape = x._array.shape
        if len(shape) != len(first):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(first)} and {len(shape)}")
        for d, (m, n) in enumerate(zip(first, shape)):
            if d != axis and m != n:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {m} but got size {n} for "
                    f"tensor number {i} in the list."
                )
    result = primitives.concat(kept, axis=axis)
    return result if out is None else into(out, result)


for _name in ("concat", "concatenate"):
    public(name=_name)(cat)


@public(name="stack")
def stack_function(tensors, dim=0, *, out=None):
    """Tensors of one shape joined along a new dimension."""
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0]._array.shape
    for i, x in enumerate(tensors):
        if x._array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {brackets(first)} at entry 0 and "
                f"{brackets(x.shape)} at entry {i}"
            )
    axis = wrap_dim(dim, len(first) + 1)
    result = primitives.stack(list(promote.same(*tensors)), dim=axis)
    return result if out is None else into(out, result)


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


@public(method=True)
def ravel(input):
    """Flattened to one dimension."""
    return reshape(input, -1)


@public(method=True, name="clone")
def clone_function(input, *, memory_format=None):
    """A copy that gradients flow through."""
    if memory_format is not None and str(memory_format) == "torch.contiguous_format":
        return primitives.contiguous_copy(input)
    return primitives.clone(input)


@public(method="contiguous", function=False)
def contiguous(self, memory_format=None):
    """The tensor itself if it is C-contiguous, else a copy."""
    return self if cpu.is_contiguous(self._array) else primitives.contiguous_copy(self)


@public(method="copy_", function=False)
def copy_(self, src, non_blocking=False):
    """Write src (broadcast, converted) into this tensor."""
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    if src is self:
        return self
    target, source = self._array.shape, src._array.shape
    if target != source:
        lead = len(target) - len(source)
        if lead < 0 or any(m not in (1, n) for m, n in zip(source, target[lead:])):
            expand_method(src.detach(), *target)  # raises PyTorch's message
    if cpu.may_overlap(self._array, src._array):
        src = primitives.clone(src)
    return apply_inplace(primitives.copy, self, src, dtype=self._array.dtype, source=src._array.dtype)


@public(method="fill_", function=False)
def fill_(self, value):
    """Write one number (or 0-d tensor) everywhere."""
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
            )
        return copy_(self, value)
    value = promote._operand(value, self.dtype)
    return _fill_number(self, value, primitives.fill, {"value": value})


@public(method="zero_", function=False)
def zero_(self):
    """Write zeros."""
    return _fill_number(self, 0, primitives.zero, {})


def _fill_number(self, value, op, attrs):
    from ..autograd.inplace import check_writable
    from ..autograd.mode import mode

    if mode.enabled and self.requires_grad:
        return apply_inplace(op, self, **attrs)
    check_writable(self, recording=False)
    cpu.fill(self._array, value=value)
    bump(self)
    return self


def transpose_inplace(self, make):
    """Swap the tensor's header for another view of the same memory (t_, unsqueeze_, ...)."""
    from ..autograd.inplace import check_writable

    check_writable(self)
    result = make(self)
    self._array = result._array
    self._node, self._nr = result._node, result._nr
    if self._view is not None:
        self._view, self._seen = result._view, result._seen
    return self


@public(method="unsqueeze_", function=False)
def _unsqueeze_(self, dim):
    return transpose_inplace(self, lambda x: unsqueeze_function(x, dim))


@public(method="squeeze_", function=False)
def _squeeze_(self, dim=None):
    return transpose_inplace(self, lambda x: squeeze_function(x, dim))


@public(method="t_", function=False)
def _t_(self):
    return transpose_inplace(self, t_function)


@public(method="transpose_", function=False)
def _transpose_(self, dim0, dim1):
    return transpose_inplace(self, lambda x: transpose_function(x, dim0, dim1))


__all__ = ["Size", "cat", "reshape"]
