"""Indexing with brackets: x[...], x[...] = v, index_put."""

from __future__ import annotations

from .. import dtypes
from ..autograd.inplace import apply_inplace, bump, nothing_to_record
from ..autograd.op import Op, cpu, named, primitives, public, shortcut
from ..dtypes import dtype_title
from ..errors import brackets, warn_caller
from ..tensor import Tensor
from . import promote
from .shape import expand_method


class index(Op):
    """x[i, j, ...] with index tensors; None stands for a whole dimension."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "IndexBackward0"

    def forward(xp, a, *, indices):
        return xp.index(a, indices=indices)

    def backward(xp, g, saved, need, *, indices):
        return (xp.index_scatter(g, input_shape=tuple(saved[0]), indices=indices),)


class index_scatter(Op):
    """The adjoint of `index`."""

    inputs, save, grad_name = 1, (), "IndexPutBackward0"

    def forward(xp, g, *, input_shape, indices):
        return xp.index_scatter(g, input_shape=input_shape, indices=indices)

    def backward(xp, gg, saved, need, *, input_shape, indices):
        return (xp.index(gg, indices=indices),)


class index_put(Op):
    """a with a[indices] = value (or += value)."""

    inputs, save, save_shape, grad_name = 2, (), (1,), "IndexPutBackward0"
    may_overlap = True

    def forward(xp, a, value, *, indices, accumulate):
        return xp.index_put(a, value, indices=indices, accumulate=accumulate)

    def backward(xp, g, saved, need, *, indices, accumulate):
        grad_a = g
        if not accumulate and need[0]:
            zero = xp.mul(xp.index(g, indices=indices), 0)
            grad_a = xp.index_put(g, zero, indices=indices, accumulate=False)
        return (grad_a, xp.sum_to(xp.index(g, indices=indices), shape=tuple(saved[0])) if need[1] else None)


def _is_index_tensor(item) -> bool:
    return isinstance(item, (Tensor, list)) or cpu.is_array(item) or (isinstance(item, range))


@shortcut("getitem", "select", "slice", "unsqueeze")
def getitem(self, key):
    """x[key]: views for ints, slices, None and `...`; copies for index tensors and masks."""
    if type(key) is int:  # the commonest form
        shape = self._array.shape
        if not shape:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
                "convert a 0-dim tensor to a number"
            )
        if not -shape[0] <= key < shape[0]:
            raise IndexError(f"index {key} is out of bounds for dimension 0 with size {shape[0]}")
        return primitives.select(self, axis=0, index=key)
    if type(key) is slice and self._array.ndim:
        start, stop, step = _slice_bounds(key, self._array.shape[0])
        return primitives.slice(self, axis=0, start=start, stop=max(start, stop), step=step)
    if isinstance(key, Tensor) and key._array.ndim and key.dtype is dtypes.int64 and self._array.ndim:
        return primitives.index(self, indices=(check_indices(key._array, self._array.shape[0], 0),))
    view, advanced = _apply_basic(self, key)
    if advanced is None:
        return primitives.alias(view) if view is self else view
    return primitives.index(view, indices=advanced)


@shortcut("setitem")
def setitem(self, key, value) -> None:
    """x[key] = value, broadcast and converted."""
    if not isinstance(value, Tensor):
        if _write_number(self, key, value):
            return
        value = _number_to_write(value, self)
    view, advanced = _apply_basic(self, key)
    if advanced is None:
        if view._array.ndim < value._array.ndim:
            value = _drop_leading_ones(value, view._array.shape)
        view.copy_(value) if view is not self else self.copy_(value)
        return
    value = _fit_value(value, view, advanced)
    if value.dtype is not self.dtype:
        tensors = [item for item in (key if isinstance(key, tuple) else (key,)) if isinstance(item, Tensor)]
        one_mask = len(tensors) == 1 and tensors[0].dtype in (dtypes.bool_, dtypes.uint8)
        if not one_mask or value._array.size != 1:
            raise RuntimeError(
                f"Index put requires the source and destination dtypes match, got {dtype_title(self.dtype)} for the "
                f"destination and {dtype_title(value.dtype)} for the source."
            )
        value = promote.to_dtype(value, self.dtype)
    apply_inplace(primitives.index_put, view, value, indices=advanced, accumulate=False)


_PLAIN_KEYS = frozenset([int, slice, type(None), type(Ellipsis)])


def _write_number(tensor, key, value) -> bool:
    """The commonest writes without the way over views and ops: an ordinary number, plain indices, nothing recorded.

    False if it is not one of these; then nothing was written.
    """
    array = tensor._array
    kind = type(value)
    if kind is float or kind is int:
        name = array.dtype.name
        fits = -3e38 < value < 3e38 if name in ("float32", "float64") else kind is int and name == "int64"
        if not fits or (kind is int and not -(1 << 63) <= value < 1 << 63):
            return False
    elif kind is not bool or array.dtype.kind != "b":
        return False
    if 0 in array.strides or not nothing_to_record(tensor):
        return False
    try:
        if type(key) is Tensor:
            indices = key._array
            if indices.dtype.name != "int64" and (indices.dtype.kind != "b" or indices.shape != array.shape):
                return False
            array[indices] = value
        else:
            items = key if type(key) is tuple else (key,)
            whole = True  # no ellipsis yet
            for item in items:
                if type(item) not in _PLAIN_KEYS or (type(item) is slice and item.step is not None):
                    return False
                whole = whole and item is not Ellipsis
            array[(*items, Ellipsis) if whole else items] = value
    except (IndexError, TypeError):  # nothing was written; the long way words it as PyTorch does
        return False
    bump(tensor)
    return True


def _number_to_write(value, like):
    """A Python or NumPy number as a 0-d tensor; TypeError for anything else."""
    if type(value).__module__ == "numpy" and not cpu.is_array(value):
        value = value.item()
    if not isinstance(value, (int, float, complex)) and (cpu.is_array(value) or not hasattr(value, "__float__")):
        raise TypeError(
            f"can't assign a {type(value).__name__} to a {like._type_name()}: expected a tensor or a number; use "
            "torch.tensor(value)"
        )
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"Overflow when unpacking long long: {value} does not fit into 64 bits")
    return Tensor._scalar(value if isinstance(value, (int, float, complex)) else float(value), like)


def _fit_value(value, view, advanced):
    """The value, without leading dimensions of size 1; RuntimeError unless it broadcasts to view[advanced]."""
    target = cpu.index(view._array, indices=advanced).shape
    value = _drop_leading_ones(value, target)
    if value._array.shape != target:
        try:
            expand_method(value.detach(), *target)
        except RuntimeError:
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {brackets(value.shape)} cannot be broadcast to indexing "
                f"result of shape {brackets(target)}"
            ) from None
    return value


def _drop_leading_ones(value, target):
    shape = tuple(value.shape)
    while len(shape) > len(target) and shape[0] == 1:
        shape = shape[1:]
    return value if shape == tuple(value.shape) else primitives.reshape(value, shape=shape)


def _apply_basic(tensor, key):
    """Apply ints, slices, None and `...`; return the view and the index arrays per dimension that remain (or None)."""
    items = list(key) if isinstance(key, tuple) or _is_tuple_in_disguise(key) else [key]
    ndim = tensor._array.ndim
    used = 0
    for item in items:
        if item is None or item is Ellipsis or isinstance(item, bool):
            continue
        if isinstance(item, Tensor) and item.dtype in (dtypes.bool_, dtypes.uint8):
            used += item._array.ndim
        else:
            used += 1
    if used > ndim:
        if ndim == 0 and used == 1 and isinstance(items[0], int):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to "
                "convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    view = tensor
    axis = source_axis = 0  # in the view, in the tensor
    advanced: list = []
    found = False
    ellipsis_seen = False
    for item in items:
        if item is Ellipsis:
            skip = 0 if ellipsis_seen else ndim - used  # a second ellipsis stands for nothing
            ellipsis_seen = True
            advanced.extend([None] * skip)
            axis += skip
            source_axis += skip
        elif item is None:
            view = primitives.unsqueeze(view, axis=axis)
            advanced.append(None)
            axis += 1
        elif isinstance(item, bool):
            view = primitives.unsqueeze(view, axis=axis)
            advanced.append(cpu.from_python([0] if item else [], dtype=dtypes.int64))
            found = True
            axis += 1
        elif isinstance(item, slice):
            size = view._array.shape[axis]
            start, stop, step = _slice_bounds(item, size)
            if (start, stop, step) != (0, size, 1):
                view = primitives.slice(view, axis=axis, start=start, stop=max(start, stop), step=step)
            advanced.append(None)
            axis += 1
            source_axis += 1
        elif _is_index_tensor(item):
            arrays = _index_arrays(item, view, axis, source_axis)
            if isinstance(arrays, int):
                view = _select(view, axis, arrays, source_axis)
                source_axis += 1
                continue
            advanced.extend(arrays)
            found = True
            axis += len(arrays)
            source_axis += len(arrays)
        elif hasattr(item, "__index__"):
            view = _select(view, axis, item.__index__(), source_axis)
            source_axis += 1
        else:
            error = TypeError if isinstance(item, (str, bytes)) else IndexError
            raise error(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{type(item).__name__})"
            )
    if not found:
        return view, None
    return view, tuple(advanced)


def _is_tuple_in_disguise(key) -> bool:
    """Whether a list is read as one index per dimension: a short one that does not hold numbers alone."""
    if not isinstance(key, list) or len(key) >= 32:
        return False
    if not any(
        item is None or item is Ellipsis or isinstance(item, (slice, list, tuple, Tensor)) or cpu.is_array(item)
        for item in key
    ):
        return False
    warn_caller(
        "x[seq] with a list that holds sequences, slices or tensors means x[tuple(seq)] as in PyTorch, which has "
        "deprecated it; write x[tuple(seq)], or x[tensor(seq)] for an index tensor."
    )
    return True


def _select(view, axis, i, source_axis):
    size = view._array.shape[axis]
    if not -size <= i < size:
        raise IndexError(f"index {i} is out of bounds for dimension {source_axis} with size {size}")
    return primitives.select(view, axis=axis, index=i)


def _slice_bounds(item, size):
    start, stop, step = item.start, item.stop, item.step
    if step is None and (start is None or type(start) is int) and (stop is None or type(stop) is int):
        return item.indices(size)
    values = []
    for v in (item.start, item.stop, item.step):
        if v is not None and not hasattr(v, "__index__"):
            raise TypeError("slice indices must be integers or None or have an __index__ method")
        values.append(None if v is None else v.__index__())
    if values[2] is not None and values[2] <= 0:
        raise ValueError("step must be greater than zero")
    return slice(*values).indices(size)


def _index_arrays(item, view, axis, source_axis):
    """The index array(s) a tensor, list or NumPy array stands for, checked against the dimensions they index."""
    if not isinstance(item, Tensor):
        item = Tensor._wrap(cpu.from_python(list(item) if isinstance(item, range) else item))
        if item.dtype.category == 1 and item.dtype is not dtypes.uint8 or not item._array.size:
            item = promote.to_dtype(item, dtypes.int64)
    array = item._array
    if item.dtype in (dtypes.bool_, dtypes.uint8):
        if item.dtype is dtypes.uint8:
            warn_caller("indexing with a mask of dtype torch.uint8 is deprecated; use torch.bool")
            array = cpu.cast(array, dtype=cpu.to_engine_dtype(dtypes.bool_))
        shape = view._array.shape
        for i, n in enumerate(array.shape):
            if axis + i >= len(shape) or shape[axis + i] != n:
                raise IndexError(
                    f"The shape of the mask {brackets(array.shape)} at index {i} does not match the shape of the "
                    f"indexed tensor {brackets(shape)} at index {axis + i}"
                )
        found = cpu.nonzero(array)
        return [found[:, i] for i in range(array.ndim)]
    if item.dtype not in (dtypes.int64, dtypes.int32):
        raise IndexError(
            f"tensors used as indices must be long, int, byte or bool tensors, got {dtype_title(item.dtype)}; use "
            "index.long()"
        )
    if not array.ndim and isinstance(item, Tensor) and not isinstance(item, list):
        return int(cpu.item(array))
    size = view._array.shape[axis]
    return [check_indices(array, size, source_axis)]


_INT64 = cpu.to_engine_dtype(dtypes.int64)


def check_indices(array, size, axis):
    """Indices as non-negative int64; IndexError naming the first that is out of bounds."""
    if array.dtype != _INT64:
        array = cpu.cast(array, dtype=_INT64)
    if array.size:
        bad = cpu.first_outside(array, -size, size)
        if bad is not None:
            raise IndexError(f"index {bad} is out of bounds for dimension {axis} with size {size}")
    return array


@public(method="index_put_", function=False)
def index_put_(self, indices, values, accumulate=False):
    """self[indices] = values, or += values."""
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put_(): argument 'indices' must be tuple of Tensors, not {type(indices).__name__}")
    if values.dtype is not self.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {dtype_title(self.dtype)} for the "
            f"destination and {dtype_title(values.dtype)} for the source."
        )
    if not accumulate:
        setitem(self, tuple(indices), values)
        return self
    view, advanced = _apply_basic(self, tuple(indices))
    if advanced is None:
        return self.add_(expand_method(values, *self.shape))
    values = _fit_value(values, view, advanced)
    apply_inplace(primitives.index_put, view, values, indices=advanced, accumulate=True)
    return self


def renamed(tensor, grad_name: str):
    """A tensor just written to, whose node prints as `grad_name`; a view's node is its base's business."""
    return named(tensor, grad_name) if tensor._view is None else tensor


def out_of_place(name, inplace):
    def function(input, *args, **kwargs):
        return inplace(primitives.clone(input), *args, **kwargs)

    function.__name__ = name
    function.__doc__ = f"A copy with {name}_ applied."
    function.__wrapped__ = inplace  # its signature
    public(method=True)(function)


out_of_place("index_put", index_put_)
