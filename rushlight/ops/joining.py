"""Tensors joined and cut: cat, stack, hstack, block_diag, split, chunk, unbind, hsplit."""

from __future__ import annotations

from ..autograd.op import Op, cpu, named, primitives, public, shortcut
from ..dtypes import get_default_dtype
from ..errors import brackets, type_name, wrap_dim
from ..tensor import Tensor
from . import promote
from .result import into
from .shape import atleast_1d, atleast_2d, atleast_3d, reshape


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


@public()
@shortcut("cat", "concat")
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
    if dim == 0 and out is None and all([type(x) is Tensor for x in tensors]):
        first = tensors[0]._array if tensors else None
        if all([x._array.dtype is first.dtype and x._array.shape == first.shape for x in tensors]) and tensors:
            return primitives.stack(tensors, dim=0)
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


def _sequence(tensors, name: str) -> list:
    """The tensors of a non-empty list or tuple."""
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return list(tensors)


@public()
def hstack(tensors, *, out=None):
    """Side by side: cat along dimension 1, or 0 where the first is a vector; numbers become vectors."""
    tensors = [atleast_1d(x) for x in _sequence(tensors, "hstack")]
    return cat(tensors, 0 if tensors[0]._array.ndim == 1 else 1, out=out)


@public()
def vstack(tensors, *, out=None):
    """One above the other: cat along dimension 0; numbers and vectors become rows."""
    return cat([atleast_2d(x) for x in _sequence(tensors, "vstack")], 0, out=out)


public(name="row_stack")(vstack)


@public()
def dstack(tensors, *, out=None):
    """One behind the other: cat along dimension 2, after atleast_3d."""
    return cat([atleast_3d(x) for x in _sequence(tensors, "dstack")], 2, out=out)


@public()
def column_stack(tensors, *, out=None):
    """Columns side by side: cat along dimension 1; numbers and vectors become columns."""
    tensors = _sequence(tensors, "column_stack")
    return cat([reshape(x, (-1, 1)) if x._array.ndim < 2 else x for x in tensors], 1, out=out)


@public()
def block_diag(*tensors):
    """The matrix with the given matrices along its diagonal, zeros elsewhere; vectors count as rows.

    Shapes: (m_1, n_1), (m_2, n_2), ... -> (m_1 + m_2 + ..., n_1 + n_2 + ...). Dtypes are promoted.
    Errors: RuntimeError for more than two dimensions.
    """
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type_name(x)}")
        if x._array.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x._array.ndim} "
                "dimensions"
            )
    if not tensors:
        return Tensor._wrap(cpu.zeros((1, 0), cpu.to_engine_dtype(get_default_dtype())))
    blocks = [atleast_2d(x) for x in promote.same(*tensors)]
    rows = sum(x._array.shape[0] for x in blocks)
    columns = sum(x._array.shape[1] for x in blocks)
    result = Tensor._wrap(cpu.zeros((rows, columns), blocks[0]._array.dtype))
    row = column = 0
    for x in blocks:
        m, n = x._array.shape
        strip = primitives.slice(result, axis=0, start=row, stop=row + m, step=1)
        primitives.slice(strip, axis=1, start=column, stop=column + n, step=1).copy_(x)
        row, column = row + m, column + n
    return named(result, "BlockDiagBackward0")


@public(method=True, name="unbind")
def unbind_function(input, dim=0):
    """A tuple of all slices along a dimension."""
    dim = wrap_dim(dim, input._array.ndim)
    if not input._array.ndim:
        raise RuntimeError("unbind(): Dimension specified as 0 but tensor has no dimensions")
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
        return split_with_sizes(tensor, split_size_or_sections, dim)
    return primitives.split(tensor, sizes=sizes, axis=dim)


@public(method=True)
def split_with_sizes(input, split_sizes, dim=0):
    """Consecutive parts of the given sizes along a dimension, as views."""
    if not input._array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    dim = wrap_dim(dim, input._array.ndim)
    total = input._array.shape[dim]
    sizes = tuple(split_sizes)
    if any(s < 0 for s in sizes):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes="
            f"{brackets(sizes)}"
        )
    if sum(sizes) != total:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {total} (input tensor's size at dimension "
            f"{dim}), but got split_sizes={brackets(sizes)}"
        )
    return _all_named(primitives.split(input, sizes=sizes, axis=dim), "SplitWithSizesBackward0")


def _all_named(parts, grad_name):
    for part in parts:
        named(part, grad_name)
    return parts


def _unsafe(function, name: str, grad_name: str):
    """A split whose parts may be written to: they do not count as views of the whole, nor of each other."""

    def unsafe(input, *args, **kwargs):
        parts = function(input, *args, **kwargs)
        for part in parts:
            part._view = None
        return _all_named(parts, grad_name)

    unsafe.__name__ = unsafe.__qualname__ = name
    unsafe.__wrapped__ = function  # type: ignore[attr-defined]  # its signature
    unsafe.__doc__ = f"{name.removeprefix('unsafe_')}, but the parts do not count as views: all may be overwritten."
    public(method=True)(unsafe)


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
        if indices_or_sections.dtype.name != "int64" or indices_or_sections._array.ndim > 1:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to be a zero- or one-dimensional long tensor, got "
                f"{indices_or_sections._dtype_shape()}"
            )
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        if indices_or_sections > 1 << 27:
            raise RuntimeError(f"tensor_split: {indices_or_sections} parts are more than memory holds")
        n = indices_or_sections
        if n <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {n}")
        if n > 1 << 26:  # that many tensors would fill the memory of any machine
            raise RuntimeError(f"tensor_split: expected at most {1 << 26} sections, got {n}")
        bounds = [total // n * i + min(i, total % n) for i in range(n + 1)]
    else:
        bounds = [0, *[min(max(i + total if i < 0 else i, 0), total) for i in indices_or_sections], total]
    return tuple(primitives.slice(input, axis=dim, start=a, stop=max(a, b), step=1) for a, b in zip(bounds, bounds[1:]))


_unsafe(split_function, "unsafe_split", "UnsafeSplitBackward0")
_unsafe(split_with_sizes, "unsafe_split_with_sizes", "UnsafeSplitWithSizesBackward0")
_unsafe(chunk, "unsafe_chunk", "UnsafeSplitBackward0")


def _split_along(name: str, need: int):
    """hsplit, vsplit, dsplit: tensor_split along a fixed dimension, into equal parts where a number is given."""

    def function(input, indices_or_sections):
        ndim = input._array.ndim
        if ndim < need:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {need} dimension, but got a tensor with {ndim} "
                "dimensions!"
            )
        dim = {"hsplit": int(ndim > 1), "vsplit": 0, "dsplit": 2}[name]
        size = input._array.shape[dim]
        if isinstance(indices_or_sections, int):
            if indices_or_sections == 0 or size % indices_or_sections:
                raise RuntimeError(
                    f"torch.{name} attempted to split along dimension {dim}, but the size of the dimension {size} is "
                    f"not divisible by the split_size {indices_or_sections}!"
                )
        elif not isinstance(indices_or_sections, (list, tuple)):
            raise TypeError(
                f"{name}(): argument 'indices_or_sections' must be int or a tuple of ints, not "
                f"{type_name(indices_or_sections)}"
            )
        return tensor_split(input, indices_or_sections, dim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = {
        "hsplit": "Parts side by side: along dimension 1, or 0 for a vector.",
        "vsplit": "Parts one above the other: along dimension 0 of at least two.",
        "dsplit": "Parts one behind the other: along dimension 2 of at least three.",
    }[name] + " A number must divide the size; a list gives the cuts."
    public(method=True)(function)


for _name, _need in (("hsplit", 1), ("vsplit", 2), ("dsplit", 3)):
    _split_along(_name, _need)
