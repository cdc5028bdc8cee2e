"""Tensors joined and cut: cat, stack, split, chunk, unbind."""

from __future__ import annotations

from ..autograd.op import Op, named, primitives, public
from ..errors import brackets, wrap_dim
from ..tensor import Tensor
from . import promote
from .result import into


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
