"""New arrays, and arrays from and to Python and NumPy."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ... import _native, dtypes
from .dtypes import dtype_of, to_engine_dtype

__all__ = [
    "arange",
    "clone",
    "clone_memory",
    "combinations",
    "empty",
    "empty_like",
    "empty_ordered",
    "empty_strided",
    "eye",
    "from_buffer",
    "from_numpy",
    "from_python",
    "full",
    "is_array",
    "item",
    "linspace",
    "to_list",
    "to_numpy",
    "tril_indices",
    "triu_indices",
    "zeros",
    "zeros_like",
]

_BUILTIN_TYPES = 24  # NumPy's own type numbers are below; ml_dtypes' come after


def is_array(value) -> bool:
    """Whether `value` is one of this engine's arrays."""
    return isinstance(value, np.ndarray)


def empty(shape, dtype):
    """Uninitialised, C-contiguous."""
    dtype = np.dtype(dtype)
    if dtype.num < _BUILTIN_TYPES:
        return _native.empty(tuple(shape), dtype.num)
    return np.empty(shape, dtype)


def check_size(shape, dtype) -> None:
    """RuntimeError unless an array of this size can be had: asked before NumPy makes one by its own means."""
    try:
        _native.empty(tuple(shape), np.dtype(dtype).num)
    except TypeError:  # a size beyond 64 bits
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}") from None


def empty_strided(shape, dtype, strides):
    """Uninitialised, dense, with the axis order that `strides` (in elements) ask for."""
    order = sorted(range(len(shape)), key=lambda i: -strides[i])
    dense = empty(tuple(shape[i] for i in order), dtype)
    inverse = [0] * len(order)
    for position, axis in enumerate(order):
        inverse[axis] = position
    return dense.transpose(inverse)


def zeros(shape, dtype):
    dtype = np.dtype(dtype)
    if dtype.num < _BUILTIN_TYPES:
        return _native.zeros(tuple(shape), dtype.num)
    out = empty(shape, dtype)
    out.fill(0)
    return out


def empty_like(a, *, dtype=None, order=None):
    """Uninitialised, in the order of a's dimensions in memory, or "contiguous" or "channels_last"."""
    dtype = a.dtype if dtype is None else dtype
    if order is None:
        return _native.empty_as_laid_out(a, dtype)
    return empty_ordered(a.shape, dtype, order=order)


def empty_ordered(shape, dtype, *, order):
    """Uninitialised, "contiguous" or "channels_last"."""
    return _native.empty_channels_last(tuple(shape), dtype) if order == "channels_last" else empty(shape, dtype)


def zeros_like(a):
    """Zeros laid out like `a`."""
    out = _native.empty_as_laid_out(a, a.dtype)
    out.fill(0)
    return out


def full(shape, *, value, dtype):
    """`value` everywhere; OverflowError if an integer type cannot hold it."""
    out = empty(shape, dtype)
    out.fill(value)
    return out


def clone(a, *, order=None):
    """A copy in the order of a's dimensions in memory, or "contiguous" or "channels_last"."""
    out = empty_like(a, order=order)
    _native.copy(out, a)
    return out


def clone_memory(a):
    """A copy with the very strides of `a`, in a copy of the memory it shares where it has gaps."""
    if _native.is_dense(a):
        return clone(a)
    root = a
    while is_array(root.base):
        root = root.base
    flat = _native.as_strided(a, (root.size,), (1,), 0)
    strides = tuple([s // a.itemsize for s in a.strides])
    return _native.as_strided(clone(flat), a.shape, strides, _native.storage_offset(a))


def arange(start, end, step, dtype):
    """start, start + step, ... below end; integers exactly, others in double precision."""
    dtype = np.dtype(dtype)
    if type(start) is type(end) is type(step) is int and step == 1 and dtype == np.int64:
        check_size((max(0, end - start),), dtype)
        return np.arange(start, end, dtype=np.int64)
    if all(isinstance(v, int) for v in (start, end, step)):
        count = max(0, -((start - end) // step))
        check_size((count,), np.int64)
        return (np.arange(count, dtype=np.int64) * step + start).astype(dtype, copy=False)
    count = max(0, int(np.ceil((end - start) / step)))
    check_size((count,), np.float64)
    return (start + np.arange(count, dtype=np.float64) * step).astype(dtype)


def linspace(start, end, steps, dtype):
    """`steps` values from start to end, each half counted from its own end, in the result's precision."""
    dtype = np.dtype(dtype)
    if steps == 0:
        return empty((0,), dtype)
    check_size((steps,), np.int64)
    if steps == 1:
        return full((1,), value=start, dtype=dtype)
    kind = dtype if dtype.kind in "fc" and dtype.itemsize >= 4 else np.dtype(np.float32)
    if dtype.kind in "iu":
        kind = np.dtype(np.float64 if dtype.itemsize >= 4 else np.float32)
    first, last = kind.type(start), kind.type(end)
    step = (last - first) / kind.type(steps - 1)
    index = np.arange(steps).astype(kind)
    half = steps // 2
    out = np.empty(steps, kind)
    out[:half] = first + step * index[:half]
    out[half:] = last - step * index[: steps - half][::-1]
    return out.astype(dtype, copy=False)


def eye(n, m, dtype):
    out = zeros((n, m), dtype)
    places = np.arange(min(n, m))
    out[places, places] = 1
    return out


def combinations(count, size, *, repeats):
    """All increasing tuples of `size` numbers below `count` as columns: (size, rows) int64."""
    rows = math.comb(count + size - 1 if repeats else count, size) if count else 0
    check_size((rows, size), np.int64)
    choose = itertools.combinations_with_replacement if repeats else itertools.combinations
    flat = np.fromiter(itertools.chain.from_iterable(choose(range(count), size)), np.int64, rows * size)
    return np.ascontiguousarray(flat.reshape(rows, size).T)


def tril_indices(rows, cols, offset):
    check_size((rows, cols), np.int64)
    return np.stack(np.nonzero(np.tri(rows, cols, offset, dtype=bool))).astype(np.int64)


def triu_indices(rows, cols, offset):
    check_size((rows, cols), np.int64)
    return np.stack(np.nonzero(~np.tri(rows, cols, offset - 1, dtype=bool))).astype(np.int64)


def from_python(data, dtype=None):
    """Nested sequences of numbers (NumPy arrays and scalars too) as a new array; DType given or inferred.

    Bools give bool, ints int64, floats the default float type, complex its complex type; a mix gives the largest.
    """
    if dtype is None:
        plain = _plain_numbers(data)
        if plain is not None:
            return plain
    if isinstance(data, np.generic):
        data = np.asarray(data)
    elif isinstance(data, (list, tuple)) and data and isinstance(data[0], np.ndarray) and _alike(data):
        data = np.stack(data)
    if isinstance(data, np.ndarray):
        target = to_engine_dtype(dtype if dtype is not None else dtype_of(data))
        out = empty(data.shape, target)
        with np.errstate(all="ignore"):
            np.copyto(out, data, casting="unsafe")
        return out
    shape = _nested_shape(data)
    flat: list = []
    try:
        _flatten(data, shape, 0, flat)
    except (TypeError, ValueError):
        if dtype is None:
            _refuse_elements(data)
        if 0 not in shape:
            raise
        flat = []
    if dtype is None:
        dtype = _infer(flat)
    target = to_engine_dtype(dtype)
    with np.errstate(all="ignore"):
        if dtype.category == 1:
            out = _integers(flat, dtype, target)
        elif dtype is dtypes.bool_:
            out = np.array([bool(v) for v in flat], dtype=target)
        else:
            out = np.array(flat, dtype=np.complex128 if dtype.is_complex else np.float64).astype(target)
    return out.reshape(shape)


def _plain_numbers(data):
    """A float, an int or a list of nothing but one of them, as an array; None for anything else."""
    kind = type(data)
    if kind is list and data:
        kinds = set(map(type, data))
        kind = kinds.pop() if len(kinds) == 1 else None
    if kind is float:
        return _native.cast(np.array(data), to_engine_dtype(dtypes.get_default_dtype()))
    if kind is int:
        array = np.array(data)
        return array if array.dtype == np.int64 else None
    return None


def _integers(flat, dtype, target):
    limits = dtypes.IInfo(dtype)
    values = []
    for v in flat:
        if isinstance(v, float) and not math.isfinite(v):
            raise RuntimeError(
                f"value cannot be converted to type {dtypes.dtype_word(dtype)} without overflow: got {v}"
            )
        v = int(v)
        if not limits.min <= v <= limits.max:
            if limits.min == 0 and -limits.max <= v < 0:  # unsigned types take small negative numbers, wrapped
                values.append(v & limits.max)
                continue
            if dtype is dtypes.int64 or not -(1 << 63) <= v < (1 << 63):
                raise ValueError("Overflow when unpacking long long")
            raise RuntimeError(f"value cannot be converted to type {dtypes.dtype_word(dtype)} without overflow")
        values.append(v)
    return np.array(values, dtype=target)


def _alike(arrays) -> bool:
    """Whether all are arrays of one shape and dtype."""
    first = arrays[0]
    return all([isinstance(a, np.ndarray) and a.shape == first.shape and a.dtype == first.dtype for a in arrays])


def _infer(flat):
    kinds = {type(v) for v in flat}
    if kinds == {float} or not kinds:
        return dtypes.get_default_dtype()
    result = None
    for v in {kind: v for kind, v in ((type(v), v) for v in flat)}.values():
        kind = dtype_of(v) if isinstance(v, np.generic) else dtypes.of_scalar(v)
        result = kind if result is None else dtypes.promote_types(result, kind)
    return result


def _refuse_elements(data) -> None:
    """The error for the first element that is no number."""
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if isinstance(data, (np.ndarray, np.generic, bool, int, float, complex)):
        return
    if isinstance(data, dict) or not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
        if not any(hasattr(data, convert) for convert in ("__index__", "__float__", "__complex__")):
            raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
        return
    for element in data:
        _refuse_elements(element)


def _nested_shape(data) -> tuple[int, ...]:
    shape: list[int] = []
    while True:
        if isinstance(data, np.ndarray):
            return (*shape, *data.shape)
        if isinstance(data, (str, bytes)):
            if shape:
                raise ValueError(f"too many dimensions '{type(data).__name__}'")
            raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
        if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
            return tuple(shape)
        if isinstance(data, dict):
            raise RuntimeError("Could not infer dtype of dict")
        shape.append(len(data))
        if not shape[-1]:
            return tuple(shape)
        data = data[0]


def _flatten(data, shape, depth, out) -> None:
    if isinstance(data, np.ndarray):
        if depth == len(shape) and data.size != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, got shape {data.shape}")
        if data.shape != shape[depth:]:
            raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
        out.extend(list(data.reshape(-1)))  # NumPy's numbers, which know their dtype
        return
    if depth == len(shape):
        out.append(_scalar(data))
        return
    if not hasattr(data, "__len__"):
        raise TypeError(f"expected a sequence at dim {depth}, got {type(data).__name__}")
    if len(data) != shape[depth]:
        raise ValueError(f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})")
    if depth == len(shape) - 1 and all(type(v) in (float, int, bool) for v in data):
        out.extend(data)
        return
    for element in data:
        _flatten(element, shape, depth + 1, out)


def _scalar(value):
    if isinstance(value, (bool, int, float, complex, np.generic)):
        return value
    for convert in ("__index__", "__float__", "__complex__"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    raise TypeError(f"must be real number, not {type(value).__name__}")


def from_numpy(array):
    """Share the memory of a NumPy array; ValueError for negative strides or foreign byte order."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    if array.dtype.isnative:
        dtype_of(array)
    else:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    if any(s % array.itemsize for s in array.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate "
            "the memory."
        )
    return array if type(array) is np.ndarray else array.view(np.ndarray)


def from_buffer(buffer, dtype, count=-1, offset=0):
    """Share the memory of a buffer object; ValueError for sizes that do not fit."""
    size, step = memoryview(buffer).nbytes, np.dtype(dtype).itemsize
    if not size or not count:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % step:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a multiple of element size "
            f"({step})"
        )
    if count > 0 and offset + count * step > size:
        raise ValueError(
            f"requested buffer length ({count} * {step} bytes) after offset ({offset} bytes) must not be greater than "
            f"actual buffer length ({size} bytes)"
        )
    return np.frombuffer(buffer, dtype=dtype, count=count, offset=offset)


def to_numpy(a):
    """The array as NumPy sees it (shared memory)."""
    return a


def to_list(a):
    """Nested Python lists; a number for a 0-d array."""
    return a.astype(np.float32).tolist() if a.dtype.num >= _BUILTIN_TYPES else a.tolist()


def item(a):
    """The only element, as a Python number."""
    return float(a.reshape(())) if a.dtype.num >= _BUILTIN_TYPES else a.item()
