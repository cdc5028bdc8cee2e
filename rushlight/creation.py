"""New tensors: tensor, zeros, ones, full, arange, linspace, eye, from_numpy, the _like family."""

from __future__ import annotations

import math
import warnings

from . import devices, dtypes
from .autograd.op import METHODS, cpu, primitives, public
from .errors import warn_caller
from .layouts import order_of
from .ops import promote
from .ops.result import into
from .size import size_from
from .tensor import Tensor, _legacy_array

_INT64 = cpu.to_engine_dtype(dtypes.int64)


def finish(array, requires_grad=False) -> Tensor:
    """Wrap a new array, as a leaf that requires grad if asked."""
    t = Tensor._wrap(array)
    if requires_grad:
        t.requires_grad_()
    return t


def sizes_of(args, name="size") -> tuple[int, ...]:
    """The sizes of f(2, 3), f((2, 3)), checked."""
    sizes = size_from(args)
    count = 1
    for s in sizes:
        count *= s or 1  # arrays without elements have strides too
        if s < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {s}: {list(sizes)}")
    if count >= 1 << 59:  # of the largest type, more bytes than 63 bits count
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(sizes)}")
    return sizes


def engine_dtype(dtype):
    """The engine's type for a DType argument (None: the default float type)."""
    if dtype is None:
        dtype = dtypes.get_default_dtype()
    elif dtype in (float, int, bool, complex):
        dtype = {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool_, complex: dtypes.complex128}[dtype]
    elif not isinstance(dtype, dtypes.DType):
        raise TypeError(f"argument 'dtype' must be torch.dtype, not {type(dtype).__name__}")
    return cpu.to_engine_dtype(dtype)


@public()
def tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False):
    """A new tensor with a copy of `data` (number, sequences, array): floats give float32, ints int64, bools bool."""
    devices.check(device)
    if dtype is not None:
        dtype = cpu.dtype_of(cpu.empty((0,), engine_dtype(dtype)))
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            stacklevel=2,
        )
        source = data.detach()
        return finish(cpu.clone((source if dtype is None else source.to(dtype))._array), requires_grad)
    return finish(cpu.from_python(_tensors_to_arrays(data), dtype=dtype), requires_grad)


def _tensors_to_arrays(data):
    if isinstance(data, (list, tuple)) and any([isinstance(v, (Tensor, list, tuple)) for v in data]):
        return [v._array if isinstance(v, Tensor) else _tensors_to_arrays(v) for v in data]
    return data


@public()
def as_tensor(data, dtype=None, device=None):
    """`data` as a tensor, sharing memory where possible."""
    devices.check(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if cpu.is_array(data):
        shared = Tensor._wrap(cpu.from_numpy(data))
        return shared if dtype is None else shared.to(dtype)
    return tensor(data, dtype=dtype)


@public()
def asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False):
    """`obj` as a tensor; copied only if asked or needed."""
    result = as_tensor(obj, dtype, device)
    if copy and (result is obj or cpu.is_array(obj)):
        result = primitives.clone(result.detach())
    return result.requires_grad_() if requires_grad else result


@public()
def from_numpy(ndarray):
    """A tensor on the memory of a NumPy array."""
    return Tensor._wrap(cpu.from_numpy(ndarray))


@public()
def frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False):
    """A 1-d tensor on the memory of a buffer object."""
    return finish(cpu.from_buffer(buffer, cpu.to_engine_dtype(dtype), count, offset), requires_grad)


@public()
def empty(
    *size, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False, memory_format=None
):
    """Uninitialised, contiguous or in another memory format.

    Errors: RuntimeError for preserve_format and where the sizes are not as many as the format needs.
    """
    if device is not None:
        devices.check(device)
    sizes = sizes_of(size)
    if memory_format is None:
        return _made(cpu.empty(sizes, engine_dtype(dtype)), out, requires_grad)
    order = order_of(memory_format, len(sizes), "empty")
    if order is None:
        raise RuntimeError("empty(): unsupported memory format preserve_format; expected a format with an order")
    return _made(cpu.empty_ordered(sizes, engine_dtype(dtype), order=order), out, requires_grad)


def _made(array, out, requires_grad):
    result = finish(array, requires_grad and out is None)
    return result if out is None else into(out, result)


@public()
def zeros(*size, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Zeros."""
    if device is not None:
        devices.check(device)
    return _made(cpu.zeros(sizes_of(size), engine_dtype(dtype)), out, requires_grad)


@public()
def ones(*size, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Ones."""
    if device is not None:
        devices.check(device)
    return _made(cpu.full(sizes_of(size), value=1, dtype=engine_dtype(dtype)), out, requires_grad)


@public()
def full(size, fill_value, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """`fill_value` everywhere; its type decides the dtype when none is given."""
    devices.check(device)
    if isinstance(fill_value, Tensor):
        dtype = dtype or fill_value.dtype
        fill_value = fill_value.item()
    dtype = dtype if dtype is not None else dtypes.of_scalar(fill_value)
    value = promote.fitting(fill_value, dtype)
    return _made(cpu.full(sizes_of((tuple(size),)), value=value, dtype=engine_dtype(dtype)), out, requires_grad)


def _need_tensor(input, name):
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")


def _like(name, make):
    def function(input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
        if device is not None:
            devices.check(device)
        _need_tensor(input, name)
        kind = input._array.dtype if dtype is None else engine_dtype(dtype)
        order = None if memory_format is None else order_of(memory_format, input._array.ndim, name)
        return input._like(finish(make(input._array, kind, order), requires_grad))

    function.__name__ = name
    function.__doc__ = f"{name.removesuffix('_like')} with the shape, axis order and dtype of another tensor."
    return public()(function)


def _empty_like(a, kind, order):
    return cpu.empty_like(a, dtype=kind, order=order)


def _filled_like(a, kind, order, value):
    out = cpu.empty_like(a, dtype=kind, order=order)
    cpu.fill(out, value=value)
    return out


empty_like = _like("empty_like", _empty_like)
zeros_like = _like(
    "zeros_like",
    lambda a, kind, order: (
        cpu.zeros(a.shape, kind) if order is None and cpu.is_contiguous(a) else _filled_like(a, kind, order, 0)
    ),
)
ones_like = _like("ones_like", lambda a, kind, order: _filled_like(a, kind, order, 1))


@public()
def full_like(input, fill_value, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None):
    """`fill_value` with the shape and dtype of another tensor."""
    devices.check(device)
    _need_tensor(input, "full_like")
    kind = input.dtype if dtype is None else dtype
    order = order_of(memory_format, input._array.ndim, "full_like")
    array = _filled_like(input._array, cpu.to_engine_dtype(kind), order, promote.fitting(fill_value, kind))
    return input._like(finish(array, requires_grad))


@public()
def empty_strided(size, stride, *, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False):
    """Uninitialised, with the given strides."""
    devices.check(device)
    size, stride = tuple(size), tuple(stride)
    if len(size) != len(stride):
        raise RuntimeError(
            f"dimensionality of sizes ({len(size)}) must match dimensionality of strides ({len(stride)})"
        )
    sizes_of((size,))
    if any(s < 0 for s in stride):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    reach = 1 + sum((n - 1) * s for n, s in zip(size, stride)) if all(size) else 0
    memory = cpu.empty((max(reach, 0),), engine_dtype(dtype))
    return finish(cpu.as_strided(memory, shape=size, strides=stride, offset=0), requires_grad)


@public()
def arange(
    start, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False, pin_memory=False
):
    """start, start + step, ... below end. Integer arguments give int64, any float the default float type."""
    if device is not None:
        devices.check(device)
    if end is None:
        start, end = 0, start
    if type(start) is type(end) is type(step) is int and step == 1 and 0 <= end - start < 1 << 40 and dtype is None:
        return _made(cpu.arange(start, end, 1, _INT64), out, requires_grad)
    start, end, step = _numbers("arange", start=start, end=end, step=step)
    _check_range(start, end, step)
    if dtype is dtypes.bool_:
        raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(v, int) for v in (start, end, step)) else dtypes.get_default_dtype()
    return _made(cpu.arange(start, end, step, engine_dtype(dtype)), out, requires_grad)


def _numbers(function, **values):
    """Tensors as numbers; TypeError for anything else."""
    found = []
    for position, (word, value) in enumerate(values.items(), 1):
        value = value.item() if isinstance(value, Tensor) or type(value).__module__ == "numpy" else value
        if not isinstance(value, (int, float)):
            raise TypeError(
                f"{function}(): argument '{word}' (position {position}) must be Number, not {type(value).__name__}"
            )
        found.append(value)
    return found


def _check_range(start, end, step):
    """RuntimeError for a range that never ends, runs away from its end or has too many steps."""
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * (1 if step > 0 else -1) < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if (end - start) / step >= 1 << 62:
        raise RuntimeError("invalid size, possible overflow?")


@public(name="range")
def range_(start, end, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """Deprecated form of arange that includes the end."""
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end).",
        stacklevel=2,
    )
    _check_range(start, end, step)
    count = int((end - start) / step) + 1
    return _made(
        cpu.arange(float(start), float(start + step * (count - 0.5)), float(step), engine_dtype(dtype)),
        out,
        requires_grad,
    )


def _endpoints(function, start, end, steps):
    if not isinstance(steps, int):
        raise TypeError(f"{function}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return _numbers(function, start=start, end=end)


@public()
def linspace(start, end, steps, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """`steps` evenly spaced values from start to end, both included."""
    devices.check(device)
    start, end = _endpoints("linspace", start, end, steps)
    return _made(cpu.linspace(start, end, int(steps), engine_dtype(dtype)), out, requires_grad)


@public()
def logspace(start, end, steps, base=10.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """base ** linspace(start, end, steps)."""
    devices.check(device)
    start, end = _endpoints("logspace", start, end, steps)
    kind = dtype or dtypes.get_default_dtype()
    powers = primitives.pow(base, Tensor._wrap(cpu.linspace(start, end, int(steps), engine_dtype(dtypes.float64))))
    return _made(cpu.cast(powers._array, dtype=engine_dtype(kind)), out, requires_grad)


@public()
def eye(n, m=None, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """Ones on the diagonal, zeros elsewhere."""
    devices.check(device)
    m = n if m is None else m
    for value, word in ((n, "n"), (m, "m")):
        if not isinstance(value, int):
            raise TypeError(f"eye(): argument '{word}' must be int, not {type(value).__name__}")
        if value < 0:
            raise RuntimeError(f"{word} must be greater or equal to 0, got {value}")
    return _made(cpu.eye(n, m, engine_dtype(dtype)), out, requires_grad)


@public()
def scalar_tensor(s, *, dtype=None, layout=None, device=None):
    """A 0-d tensor in the default float type."""
    devices.check(device)
    dtype = dtype or dtypes.get_default_dtype()
    if not isinstance(s, Tensor):
        s = promote.fitting(s, dtype)
    return tensor(s, dtype=dtype)


def _triangle_indices(name):
    def function(row, col, offset=0, *, dtype=dtypes.int64, device=None, layout=None):
        for size, word in ((row, "row"), (col, "col")):
            if size < 0:
                raise RuntimeError(f"{word} must be non-negative, got {size}")
        return Tensor._wrap(getattr(cpu, name)(row, col, offset)).to(dtype)

    function.__name__ = name
    function.__doc__ = f"Row and column indices of the {name[:4]} part of a matrix, (2, count)."
    return public()(function)


tril_indices, triu_indices = _triangle_indices("tril_indices"), _triangle_indices("triu_indices")


@public()
def meshgrid(*tensors, indexing=None):
    """Grids from 1-d coordinates, "ij" (matrix) or "xy" order."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f"torch.meshgrid: indexing must be one of 'xy' or 'ij', but received: {indexing}")
    if indexing is None:
        warn_caller("meshgrid: pass indexing='ij' (what None means now) or 'xy'; the default may change")
    for position, t in enumerate(tensors):
        if not isinstance(t, Tensor):
            raise TypeError(
                f"meshgrid(): expected Tensor as element {position} of 'tensors', but got {type(t).__name__}"
            )
        if t._array.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {list(t.shape)}")
    if any(t.dtype is not tensors[0].dtype for t in tensors):
        raise RuntimeError(
            f"meshgrid expects all tensors to have the same dtype, got {[str(t.dtype) for t in tensors]}"
        )
    tensors = tuple(primitives.reshape(t, shape=(t.numel(),)) for t in tensors)
    swap = indexing == "xy" and len(tensors) >= 2
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple(t.numel() for t in tensors)
    grids = []
    for i, t in enumerate(tensors):
        view = primitives.view(t, shape=(1,) * i + (shape[i],) + (1,) * (len(shape) - i - 1))
        grids.append(primitives.expand(view, shape=shape))
    if swap:
        grids = [grids[1], grids[0], *grids[2:]]
    return tuple(grids)


def _new(name, make):
    def method(self, *size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False):
        devices.check(device)
        kind = self._array.dtype if dtype is None else engine_dtype(dtype)
        if "size" in METHODS and not size:
            size = ((),)
        return finish(make(sizes_of(size), kind), requires_grad)

    method.__name__ = name
    method.__doc__ = f"{name[4:]} with this tensor's dtype."
    METHODS[name] = method


_new("new_empty", lambda size, kind: cpu.empty(size, kind))
_new("new_zeros", lambda size, kind: cpu.zeros(size, kind))
_new("new_ones", lambda size, kind: cpu.full(size, value=1, dtype=kind))


@public(method="new_full", function=False)
def new_full(self, size, fill_value, *, dtype=None, device=None, requires_grad=False):
    """full with this tensor's dtype."""
    return full(size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@public(method="new", function=False)
def new(self, *args):
    """A tensor of this dtype from sizes or data (legacy)."""
    return Tensor._wrap(_legacy_array(args, self.dtype))


class _LegacyType(type):
    def __instancecheck__(cls, value):
        return isinstance(value, Tensor) and value.dtype is cls.dtype

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


def _legacy(dtype):
    def construct(cls, *args, **kwargs):
        return Tensor._wrap(_legacy_array(args, dtype))

    name = f"{dtype.legacy_name}Tensor"
    return _LegacyType(
        name, (), {"__new__": construct, "dtype": dtype, "__doc__": f"Legacy constructor of {dtype} tensors."}
    )


LEGACY_TYPES = {
    f"{t.legacy_name}Tensor": _legacy(t)
    for t in dtypes.ALL.values()
    if t.category < 3 and t.name not in ("uint16", "uint32", "uint64")
}
