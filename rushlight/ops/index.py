"""Indexing: x[...], x[...] = v, gather, scatter, index_select, masked_fill, nonzero, ..."""

from __future__ import annotations

from .. import dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, cpu, primitives, public, shortcut
from ..dtypes import dtype_title
from ..errors import brackets, wrap_dim
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


class gather(Op):
    """out[i][j] = a[index[i][j]][j] for axis 0."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "GatherBackward0"

    def forward(xp, a, indices, *, axis):
        return xp.gather(a, indices, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        return (xp.gather_grad(g, saved[0], input_shape=tuple(saved[1]), axis=axis), None)


class gather_grad(Op):
    """The adjoint of `gather`."""

    inputs, save, grad_name = 2, (1,), "GatherBackwardBackward0"

    def forward(xp, g, indices, *, input_shape, axis):
        return xp.gather_grad(g, indices, input_shape=input_shape, axis=axis)

    def backward(xp, gg, saved, need, *, input_shape, axis):
        return (xp.gather(gg, saved[0], axis=axis), None)


class scatter_add_op(Op):
    """a with src added at the indices along an axis."""

    name, inputs, save, save_shape, grad_name = "scatter_add", 3, (1,), (2,), "ScatterAddBackward0"

    def forward(xp, a, indices, src, *, axis):
        return xp.scatter_add(a, indices, src, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        return (g, None, _picked(xp, g, indices, shape, axis) if need[2] else None)


def _zero_at(xp, g, indices, axis):
    if xp.differentiable:
        return xp.scatter_number(g, indices, axis=axis, value=0)
    return xp.scatter_write(g, indices, 0, axis=axis)


def _picked(xp, g, indices, shape, axis):
    """g at the indices, padded with zeros to the shape of the source it goes to."""
    part = xp.gather(g, indices, axis=axis)
    for i, n in enumerate(shape):
        have = part.shape[i]
        if have != n:
            grown = tuple(part.shape[:i]) + (n,) + tuple(part.shape[i + 1 :])
            part = xp.slice_scatter(part, input_shape=grown, axis=i, start=0, stop=have, step=1)
    return part


class scatter_write_op(Op):
    """a with src written at the indices along an axis."""

    name, inputs, save, save_shape, grad_name = "scatter", 3, (1,), (2,), "ScatterBackward0"

    def forward(xp, a, indices, src, *, axis):
        return xp.scatter_write(a, indices, src, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        zero = None
        if need[0]:
            zero = _zero_at(xp, g, indices, axis)
        return (zero, None, _picked(xp, g, indices, shape, axis) if need[2] else None)


class scatter_number(Op):
    """a with one number written at the indices along an axis."""

    inputs, save, grad_name = 2, (1,), "ScatterBackward1"

    def forward(xp, a, indices, *, axis, value):
        return xp.scatter_write(a, indices, value, axis=axis)

    def backward(xp, g, saved, need, *, axis, value):
        return (_zero_at(xp, g, saved[0], axis), None)


class take_along(Op):
    """Slices of `a` along an axis at the positions of a 1-d index tensor."""

    name, inputs, save, save_shape, grad_name = "take_along", 2, (1,), (0,), "IndexSelectBackward0"

    def forward(xp, a, indices, *, axis):
        return xp.take_along(a, indices, axis=axis)

    def backward(xp, g, saved, need, *, axis):
        indices, shape = saved
        raw = indices._array if xp.differentiable else indices
        return (xp.index_scatter(g, input_shape=tuple(shape), indices=(None,) * axis + (raw,)), None)


class fill_where(Op):
    """a with a number where the mask holds."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "MaskedFillBackward0"
    may_overlap = True

    def forward(xp, a, mask, *, value):
        return xp.fill_where(a, mask, value=value)

    def backward(xp, g, saved, need, *, value):
        mask, shape = saved
        return (xp.sum_to(xp.fill_where(g, mask, value=0), shape=tuple(shape)), None)


# ---- x[...]
# -----------------------------------------------------------------------------------------------------------


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
    view, advanced = _apply_basic(self, key)
    if advanced is None:
        return primitives.alias(view) if view is self else view
    return primitives.index(view, indices=advanced)


def setitem(self, key, value) -> None:
    """x[key] = value, broadcast and converted."""
    view, advanced = _apply_basic(self, key)
    if not isinstance(value, Tensor):
        if cpu.is_array(value) or isinstance(value, (list, tuple)):
            value = Tensor._wrap(cpu.from_python(value))
        else:
            value = Tensor._scalar(value, self)
    if advanced is None:
        if view._array.ndim < value._array.ndim:
            value = _drop_leading_ones(value, view._array.shape)
        view.copy_(value) if view is not self else self.copy_(value)
        return
    target = cpu.index(view._array, indices=advanced).shape
    value = _drop_leading_ones(value, target)
    if tuple(value.shape) != target:
        try:
            expand_method(value.detach(), *target)
        except RuntimeError:
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {brackets(value.shape)} cannot be broadcast to indexing "
                f"result of shape {brackets(target)}"
            ) from None
    if value.dtype is not self.dtype:
        if value._array.ndim and any(i is not None and i.dtype.kind != "b" for i in advanced):
            raise RuntimeError(
                f"Index put requires the source and destination dtypes match, got {dtype_title(self.dtype)} for the "
                f"destination and {dtype_title(value.dtype)} for the source."
            )
        value = promote.to_dtype(value, self.dtype)
    apply_inplace(primitives.index_put, view, value, indices=advanced, accumulate=False)


def _drop_leading_ones(value, target):
    shape = tuple(value.shape)
    while len(shape) > len(target) and shape[0] == 1:
        shape = shape[1:]
    return value if shape == tuple(value.shape) else primitives.reshape(value, shape=shape)


def _apply_basic(tensor, key):
    """Apply ints, slices, None and `...`; return the view and the index arrays per dimension that remain (or None)."""
    items = list(key) if isinstance(key, tuple) else [key]
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
    axis = 0
    advanced: list = []
    found = False
    ellipsis_seen = False
    for item in items:
        if item is Ellipsis:
            if ellipsis_seen:
                raise IndexError("an index can only have a single ellipsis ('...')")
            ellipsis_seen = True
            skip = ndim - used
            advanced.extend([None] * skip)
            axis += skip
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
        elif _is_index_tensor(item):
            arrays = _index_arrays(item, view, axis)
            if isinstance(arrays, int):
                view = _select(view, axis, arrays)
                continue
            advanced.extend(arrays)
            found = True
            axis += len(arrays)
        elif hasattr(item, "__index__"):
            view = _select(view, axis, item.__index__())
        else:
            raise TypeError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{type(item).__name__})"
            )
    if not found:
        return view, None
    return view, tuple(advanced)


def _select(view, axis, i):
    size = view._array.shape[axis]
    if not -size <= i < size:
        raise IndexError(f"index {i} is out of bounds for dimension {axis} with size {size}")
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


def _index_arrays(item, view, axis):
    """The index array(s) a tensor, list or NumPy array stands for, checked against the dimensions they index."""
    if not isinstance(item, Tensor):
        item = Tensor._wrap(cpu.from_python(list(item) if isinstance(item, range) else item))
        if not item._array.size and item.dtype.is_floating_point:
            item = promote.to_dtype(item, dtypes.int64)
    array = item._array
    if item.dtype in (dtypes.bool_, dtypes.uint8):
        if item.dtype is dtypes.uint8:
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
    if item.dtype.category != 1:
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if not array.ndim and isinstance(item, Tensor) and not isinstance(item, list):
        return int(cpu.item(array))
    size = view._array.shape[axis]
    array = check_indices(array, size, axis)
    return [array]


def check_indices(array, size, axis):
    """Indices as non-negative int64; IndexError naming the first that is out of bounds."""
    array = cpu.cast(array, dtype=cpu.to_engine_dtype(dtypes.int64)) if array.dtype.name != "int64" else array
    if array.size:
        low, high = int(array.min()), int(array.max())
        if low < -size or high >= size:
            bad = low if low < -size else high
            raise IndexError(f"index {bad} is out of bounds for dimension {axis} with size {size}")
    return array


# ---- public functions
# -------------------------------------------------------------------------------------------------


def _need_int64(index, name):
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{name}(): Expected dtype int64 for index")


def _check_gather(input, dim, index, name):
    """Shape and range of an index that gather or scatter takes; the non-negative axis."""
    _need_int64(index, name)
    ndim = input._array.ndim
    axis = wrap_dim(dim, ndim)
    if max(ndim, 1) != max(index._array.ndim, 1) and index._array.size:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    size = input._array.shape[axis] if ndim else 1
    for i, (n, m) in enumerate(zip(index._array.shape, input._array.shape)):
        if i != axis and n > m:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {brackets(index.shape)} to be no larger than "
                f"self {brackets(input.shape)} apart from dimension {axis}"
            )
    _check_range(index._array, size, axis)
    return axis


def _check_range(array, size, axis):
    if array.size:
        low, high = int(array.min()), int(array.max())
        if low < 0 or high >= size:
            bad = low if low < 0 else high
            raise RuntimeError(f"index {bad} is out of bounds for dimension {axis} with size {size}")


@public(method=True, name="gather")
def gather_function(input, dim, index, *, sparse_grad=False, out=None):
    """out[i][j][k] = input[index[i][j][k]][j][k] for dim 0, and so on."""
    axis = _check_gather(input, dim, index, "gather")
    if not index._array.size:
        return input.new_empty(index.shape)
    if not input._array.ndim:
        return primitives.reshape(
            primitives.gather(primitives.reshape(input, shape=(1,)), primitives.reshape(index, shape=(-1,)), axis=0),
            shape=tuple(index.shape),
        )
    return primitives.gather(input, index, axis=axis)


def _scatter(input, dim, index, src, reduce=None):
    axis = _check_gather(input, dim, index, "scatter")
    if not index._array.size:
        return primitives.clone(input)
    if reduce is not None:
        raise_reduce(reduce)
        base = primitives.gather(input, index, axis=axis)
        if reduce == "add":
            return scatter_add(input, dim, index, src if isinstance(src, Tensor) else base * 0 + src)
        return primitives.scatter(
            input, index, base * (src if not isinstance(src, Tensor) else _crop(src, index)), axis=axis
        )
    if not isinstance(src, Tensor):
        return primitives.scatter_number(input, index, axis=axis, value=promote._operand(src, input.dtype))
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return primitives.scatter(input, index, src, axis=axis)


def raise_reduce(reduce):
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")


def _crop(src, index):
    for i, n in enumerate(index._array.shape):
        if src._array.shape[i] != n:
            src = primitives.slice(src, axis=i, start=0, stop=n, step=1)
    return src


def _check_source(src, index):
    for i, (n, m) in enumerate(zip(index._array.shape, src._array.shape)):
        if n > m:
            raise RuntimeError(
                f"Expected index {brackets(index.shape)} to be no larger than src {brackets(src.shape)} (dimension {i})"
            )


@public(method=True, name="scatter")
def scatter(input, dim, index, src=None, *, value=None, reduce=None):
    """A copy with src (tensor or number) written at the indices along `dim`."""
    return _scatter(input, dim, index, src if value is None else value, reduce)


@public(method=True)
def scatter_add(input, dim, index, src):
    """A copy with src added at the indices along `dim`; repeated indices add up."""
    axis = _check_gather(input, dim, index, "scatter_add")
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return primitives.scatter_add(input, index, src, axis=axis) if index._array.size else primitives.clone(input)


@public(method="scatter_", function=False)
def scatter_(self, dim, index, src=None, *, value=None, reduce=None):
    """In-place scatter."""
    src = src if value is None else value
    if reduce is not None:
        return self.copy_(_scatter(self, dim, index, src, reduce))
    axis = _check_gather(self, dim, index, "scatter")
    if not index._array.size:
        return self
    if not isinstance(src, Tensor):
        return apply_inplace(primitives.scatter_number, self, index, axis=axis, value=promote._operand(src, self.dtype))
    if src.dtype is not self.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return apply_inplace(primitives.scatter, self, index, src, axis=axis)


@public(method="scatter_add_", function=False)
def scatter_add_(self, dim, index, src):
    """In-place scatter_add."""
    axis = _check_gather(self, dim, index, "scatter_add")
    if src.dtype is not self.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    _check_source(src, index)
    return apply_inplace(primitives.scatter_add, self, index, src, axis=axis) if index._array.size else self


@public(method=True)
def index_select(input, dim, index, *, out=None):
    """The slices of `input` along `dim` named by a 1-d index tensor."""
    axis = wrap_dim(dim, input._array.ndim)
    if index._array.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    size = input._array.shape[axis] if input._array.ndim else 1
    array = index._array
    if array.size and (int(array.min()) < 0 or int(array.max()) >= size):
        raise IndexError("index out of range in self")
    flat = Tensor._wrap(cpu.reshape(cpu.cast(array, dtype=cpu.to_engine_dtype(dtypes.int64)), shape=(array.size,)))
    if not input._array.ndim:
        return primitives.reshape(primitives.take_along(primitives.reshape(input, shape=(1,)), flat, axis=0), shape=())
    return primitives.take_along(input, flat, axis=axis)


def _check_vector(index, name):
    if index._array.ndim > 1:
        raise IndexError(f"{name}(): Index is supposed to be a vector, but got shape {brackets(index.shape)}")


def _check_slices(name, target, axis, index, source):
    """One slice of the source per index, of the target's shape in the other dimensions."""
    if not source._array.ndim or not target._array.ndim:
        return
    count = index._array.size
    if source._array.ndim == target._array.ndim and source._array.shape[axis] != count:
        raise RuntimeError(
            f"{name}(): Number of indices ({count}) should be equal to source.size(dim) ({source._array.shape[axis]})"
        )
    want = [n for i, n in enumerate(target._array.shape) if i != axis]
    have = [n for i, n in enumerate(source._array.shape) if i != axis]
    if want != have:
        raise RuntimeError(
            f"{name}(): source tensor shape must match self tensor shape, excluding the specified dimension. Got "
            f"self.shape = {brackets(target.shape)} source.shape = {brackets(source.shape)}"
        )


@public(method="index_add_", function=False)
def index_add_(self, dim, index, source, *, alpha=1):
    """self[index[i]] += alpha * source[i] along `dim`."""
    axis = wrap_dim(dim, self._array.ndim)
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"index_add_(): Expected dtype int32/int64 for index but got: {dtype_title(index.dtype)}")
    if self.dtype is not source.dtype:
        raise RuntimeError(
            f"index_add_(): self ({dtype_title(self.dtype)}) and source ({dtype_title(source.dtype)}) must have the "
            "same scalar type"
        )
    _check_vector(index, "index_add_")
    _check_slices("index_add_", self, axis, index, source)
    array = check_indices(index._array, self._array.shape[axis], axis)
    source = source * alpha if alpha != 1 else source
    return apply_inplace(primitives.index_put, self, source, indices=(None,) * axis + (array,), accumulate=True)


@public(method=True)
def index_add(input, dim, index, source, *, alpha=1):
    """A copy with index_add_ applied."""
    return index_add_(primitives.clone(input), dim, index, source, alpha=alpha)


@public(method="index_fill_", function=False)
def index_fill_(self, dim, index, value):
    """Write `value` into the slices of `dim` named by index."""
    axis = wrap_dim(dim, self._array.ndim)
    if index.dtype is not dtypes.int64:
        raise IndexError(f"index_fill_(): Expected dtype int64 for index, got {index.dtype}")
    _check_vector(index, "index_fill_")
    array = check_indices(index._array, self._array.shape[axis], axis)
    value = value if isinstance(value, Tensor) else Tensor._scalar(value, self)
    return apply_inplace(
        primitives.index_put,
        self,
        promote.to_dtype(value, self.dtype),
        indices=(None,) * axis + (array,),
        accumulate=False,
    )


@public(method="index_copy_", function=False)
def index_copy_(self, dim, index, source):
    """self[index[i]] = source[i] along `dim`."""
    axis = wrap_dim(dim, self._array.ndim)
    _check_vector(index, "index_copy_")
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    if self.dtype is not source.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{dtype_title(self.dtype)} and (source) {dtype_title(source.dtype)}"
        )
    array = check_indices(index._array, self._array.shape[axis], axis)
    if array.size and int(array.min()) < 0:
        raise RuntimeError(
            f"index_copy_(): index {int(array.min())} is out of bounds for dimension {axis} with size "
            f"{self._array.shape[axis]}"
        )
    return apply_inplace(primitives.index_put, self, source, indices=(None,) * axis + (array,), accumulate=False)


def _out_of_place(name, inplace):
    def function(input, *args, **kwargs):
        return inplace(primitives.clone(input), *args, **kwargs)

    function.__name__ = name
    function.__doc__ = f"A copy with {name}_ applied."
    function.__wrapped__ = inplace  # its signature
    public(method=True)(function)


_out_of_place("index_fill", index_fill_)
_out_of_place("index_copy", index_copy_)


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
    view, advanced = _apply_basic(self, tuple(slice(None) if i is None else i for i in indices))
    if advanced is None:
        return self.add_(values)
    apply_inplace(primitives.index_put, view, promote.to_dtype(values, self.dtype), indices=advanced, accumulate=True)
    return self


_out_of_place("index_put", index_put_)


def _mask(mask, name):
    if mask.dtype is not dtypes.bool_:
        raise RuntimeError(f"{name} only supports boolean masks, but got mask with dtype {mask.dtype}")


@public(method=True)
def masked_fill(input, mask, value):
    """`value` where the mask (broadcast) holds, else the input."""
    _mask(mask, "masked_fill")
    if isinstance(value, Tensor):
        if value._array.ndim:
            raise RuntimeError(
                f"masked_fill only supports a 0-dimensional value tensor, but got tensor with {value._array.ndim} "
                "dimension(s)."
            )
        if value.requires_grad:
            return primitives.where(mask, promote.to_dtype(value, input.dtype), input)
        value = value.item()
    return primitives.fill_where(input, mask, value=promote._operand(value, input.dtype))


@public(method="masked_fill_", function=False)
def masked_fill_(self, mask, value):
    """In-place masked_fill."""
    _mask(mask, "masked_fill_")
    if isinstance(value, Tensor):
        value = value.item()
    expand_method(mask, *self.shape)
    return apply_inplace(primitives.fill_where, self, mask, value=promote._operand(value, self.dtype))


@public(method=True)
def masked_select(input, mask, *, out=None):
    """The elements where the mask holds, as a vector."""
    _mask(mask, "masked_select")
    from .shape import broadcast_tensors

    input, mask = broadcast_tensors(input, mask)
    return getitem(input, mask)


@public(method="masked_scatter_", function=False)
def masked_scatter_(self, mask, source):
    """Write the elements of `source` in order where the mask holds."""
    _mask(mask, "masked_scatter_")
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {dtype_title(self.dtype)} and "
            f"{dtype_title(source.dtype)}"
        )
    mask = expand_method(mask, *self.shape)
    count = int(mask.sum().item())
    if source._array.size < count:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes and source to have enough elements"
        )
    setitem(
        self,
        mask,
        primitives.slice(primitives.reshape(source, shape=(source._array.size,)), axis=0, start=0, stop=count, step=1),
    )
    return self


_out_of_place("masked_scatter", masked_scatter_)


@public(method=True)
def nonzero(input, *, out=None, as_tuple=False):
    """Indices of the nonzero elements: (count, ndim), or one vector per dimension with as_tuple."""
    if as_tuple:
        array = input._array if input._array.ndim else cpu.reshape(input._array, shape=(1,))
        found = cpu.nonzero(array)
        return tuple(Tensor._wrap(cpu.contiguous(found[:, i])) for i in range(array.ndim))
    return Tensor._wrap(cpu.nonzero(input._array))


@public(method=True)
def argwhere(input):
    """Indices of the nonzero elements, (count, ndim)."""
    return nonzero(input)


@public(method=True)
def take(input, index):
    """Elements at flat positions."""
    if not isinstance(index, Tensor):
        raise TypeError(f"take(): argument 'index' must be Tensor, not {type(index).__name__}")
    if index.dtype is not dtypes.int64:
        raise RuntimeError(f"take(): Expected a long tensor for index, but got {dtype_title(index.dtype)}")
    flat = primitives.reshape(input, shape=(input._array.size,))
    array = check_indices(index._array, input._array.size, 0)
    return primitives.index(flat, indices=(array,))


@public(method=True)
def take_along_dim(input, indices, dim=None, *, out=None):
    """gather with broadcasting; over the flattened input when dim is None."""
    if dim is None:
        return gather_function(
            primitives.reshape(input, shape=(input._array.size,)),
            0,
            primitives.reshape(indices, shape=(indices._array.size,)),
        )
    axis = wrap_dim(dim, input._array.ndim)
    shape = list(input.shape)
    other = list(indices.shape)
    for i in range(len(shape)):
        if i != axis:
            shape[i] = other[i] = max(shape[i], other[i])
    return gather_function(expand_method(input, *shape), axis, expand_method(indices, *other))
