"""Pooling: max, average and adaptive, over 1 to 3 trailing axes.

`max_pool` keeps, for backward, which tap of each window won (one byte); the int64 positions that users see are made
from it only on request. Backward of every pool is linear in the gradient, and its transpose is an op too, so any order
of derivative follows.
"""

from __future__ import annotations

import functools

from ..autograd.op import Op, OpType, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets, wrap_dim
from ..tensor import Tensor

_AXES = {1: "one int", 2: "two ints", 3: "three ints"}


# ---- the ops ---------------------------------------------------------------------------------------------------------


def _max_pool_backward(xp, g, saved, need, *, output_size, **geometry):
    taps, shape = saved
    return (xp.max_pool_grad(g, taps, input_size=tuple(shape[-len(output_size) :]), **geometry),)


def _max_pool_forward(xp, input, **geometry):
    return xp.max_pool(input, **geometry)


def _max_pool_with_indices(xp, input, *, output_size, **geometry):
    y, taps = xp.max_pool(input, output_size=output_size, **geometry)
    size = tuple(input.shape[-len(output_size) :])
    return y, xp.max_pool_indices(taps, input_size=size, **geometry), taps


def _pool_op(name, grad_name, **body):
    return OpType(name, (Op,), {"save": (), "save_shape": (0,), "grad_name": grad_name, "__doc__": name, **body})


_PLAIN = {"aux": 1, "forward": _max_pool_forward, "backward": _max_pool_backward}
_INDEXED = {
    "aux": 1,
    "outputs": 2,
    "non_differentiable": (1,),
    "forward": _max_pool_with_indices,
    "backward": lambda xp, g, saved, need, **attrs: _max_pool_backward(xp, g[0], saved, need, **attrs),
}
_MAX_NAMES = {1: "SqueezeBackward1", 2: "MaxPool2DWithIndicesBackward0", 3: "MaxPool3DWithIndicesBackward0"}
for _n, _grad_name in _MAX_NAMES.items():
    _pool_op(f"max_pool{_n}d", _grad_name, **_PLAIN)
    _pool_op(f"max_pool{_n}d_with_indices", _grad_name, **_INDEXED)


class max_pool_grad(Op):
    """Gradients summed onto the winners."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "MaxPoolBackwardBackward0"

    def forward(xp, g, taps, **geometry):
        return xp.max_pool_grad(g, taps, **geometry)

    def backward(xp, gg, saved, need, *, input_size, **geometry):
        return xp.max_pool_take(gg, saved[0], **geometry), None


class max_pool_take(Op):
    """Values at the winners."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "MaxPoolTakeBackward0"

    def forward(xp, input, taps, **geometry):
        return xp.max_pool_take(input, taps, **geometry)

    def backward(xp, g, saved, need, **geometry):
        taps, shape = saved
        axes = len(geometry["kernel_size"])
        return xp.max_pool_grad(g, taps, input_size=tuple(shape[-axes:]), **geometry), None


def _avg_pool_backward(xp, g, saved, need, *, output_size, **geometry):
    return (xp.avg_pool_grad(g, input_size=tuple(saved[0][-len(output_size) :]), **geometry),)


_AVG = {"forward": lambda xp, input, **geometry: xp.avg_pool(input, **geometry), "backward": _avg_pool_backward}
_pool_op("avg_pool", "AvgPool2DBackward0", **_AVG)
_pool_op("avg_pool1d", "SqueezeBackward1", **_AVG)
_pool_op("avg_pool3d", "AvgPool3DBackward0", **_AVG)


class avg_pool_grad(Op):
    """Every gradient spread evenly over its window."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "AvgPoolBackwardBackward0"

    def forward(xp, g, **geometry):
        return xp.avg_pool_grad(g, **geometry)

    def backward(xp, gg, saved, need, *, input_size, **geometry):
        return (xp.avg_pool(gg, output_size=tuple(saved[0][-len(input_size) :]), **geometry),)


def _adaptive_avg_backward(xp, g, saved, need, *, output_size):
    return (xp.adaptive_avg_pool_grad(g, input_size=tuple(saved[0][-len(output_size) :])),)


_ADAPTIVE_AVG = {
    "forward": lambda xp, input, **size: xp.adaptive_avg_pool(input, **size),
    "backward": _adaptive_avg_backward,
}
_pool_op("adaptive_avg_pool", "AdaptiveAvgPool2DBackward0", **_ADAPTIVE_AVG)
_pool_op("adaptive_avg_pool1d", "SqueezeBackward1", **_ADAPTIVE_AVG)
_pool_op("adaptive_avg_pool3d", "AdaptiveAvgPool3DBackward0", **_ADAPTIVE_AVG)
_pool_op("global_avg_pool", "MeanBackward1", **_ADAPTIVE_AVG)


class adaptive_avg_pool_grad(Op):
    """Every gradient spread evenly over its adaptive window."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "AdaptiveAvgPoolBackwardBackward0"

    def forward(xp, g, *, input_size):
        return xp.adaptive_avg_pool_grad(g, input_size=input_size)

    def backward(xp, gg, saved, need, *, input_size):
        return (xp.adaptive_avg_pool(gg, output_size=tuple(saved[0][-len(input_size) :])),)


def _adaptive_max_forward(xp, input, *, output_size):
    y, indices = xp.adaptive_max_pool(input, output_size=output_size)
    return y, indices, indices


def _adaptive_max_backward(xp, g, saved, need, *, output_size):
    indices, shape = saved
    return (xp.scatter_planes(g[0], indices, input_size=tuple(shape[-len(output_size) :])),)


_ADAPTIVE_MAX_NAMES = {1: "SqueezeBackward1", 2: "AdaptiveMaxPool2DBackward0", 3: "AdaptiveMaxPool3DBackward0"}
for _n, _grad_name in _ADAPTIVE_MAX_NAMES.items():
    _pool_op(
        f"adaptive_max_pool{_n}d",
        _grad_name,
        aux=1,
        outputs=2,
        non_differentiable=(1,),
        forward=_adaptive_max_forward,
        backward=_adaptive_max_backward,
    )


class scatter_planes(Op):
    """Gradients summed onto flat positions inside each plane."""

    inputs, save, grad_name = 2, (1,), "ScatterAddBackward0"

    def forward(xp, g, indices, *, input_size):
        return xp.scatter_planes(g, indices, input_size=input_size)

    def backward(xp, gg, saved, need, *, input_size):
        return xp.gather_planes(gg, saved[0], axes=len(input_size)), None


class gather_planes(Op):
    """Values at flat positions inside each plane."""

    inputs, save, save_shape, grad_name = 2, (1,), (0,), "GatherBackward0"

    def forward(xp, input, indices, *, axes):
        return xp.gather_planes(input, indices, axes=axes)

    def backward(xp, g, saved, need, *, axes):
        indices, shape = saved
        return xp.scatter_planes(g, indices, input_size=tuple(shape[-axes:])), None


class unpool_planes(Op):
    """Values written at flat positions inside each plane, zeros elsewhere."""

    inputs, save, grad_name = 2, (1,), "MaxUnpool2DBackward0"

    def forward(xp, input, indices, *, output_size):
        return xp.unpool_planes(input, indices, output_size=output_size)

    def backward(xp, g, saved, need, *, output_size):
        return xp.gather_planes(g, saved[0], axes=len(output_size)), None


# ---- arguments -------------------------------------------------------------------------------------------------------


def sizes(value, n, op, name) -> tuple[int, ...]:
    """An int, or a sequence of one or n ints, as n ints."""
    if isinstance(value, bool):
        raise TypeError(f"{op}(): argument '{name}' must be int or tuple of ints, not bool")
    if isinstance(value, int):
        return (int(value),) * n
    try:
        values = tuple(int(v) for v in value)
    except TypeError:
        raise TypeError(f"{op}(): argument '{name}' must be tuple of ints, not {type(value).__name__}") from None
    if len(values) == 1:
        values *= n
    if len(values) != n:
        if n == 1:
            raise RuntimeError(f"{op}() argument '{name}' should contain one int (got {len(values)})")
        raise RuntimeError(f"{op}: {name} must either be a single int, or a tuple of {_AXES[n]}")
    return values


def _window(op, n, kernel_size, stride, padding, dilation=1):
    """The four parameters as tuples; stride None or () means the kernel's size."""
    kernel = sizes(kernel_size, n, op, "kernel_size")
    if stride is None or (not isinstance(stride, int) and len(stride) == 0):
        stride = kernel
    geometry = (
        kernel,
        sizes(stride, n, op, "stride"),
        sizes(padding, n, op, "padding"),
        sizes(dilation, n, op, "dilation"),
    )
    kernel, strides, pads, dilations = geometry
    for name, values in (("kernel_size", kernel), ("stride", strides), ("dilation", dilations)):
        if min(values) <= 0:
            if n == 1:
                raise RuntimeError(f"{op}() {name} must be greater than zero, but got {values[0]}")
            if name == "stride" and 0 in values:
                raise RuntimeError("stride should not be zero")
            raise RuntimeError(f"{op}: {name} should be greater than zero, but got {name}: {brackets(values)}")
    for k, p, d in zip(kernel, pads, dilations):
        if p < 0:
            if n == 1:
                raise RuntimeError(f"{op}() padding must be non-negative, but got {p}")
            raise RuntimeError(f"pad must be non-negative, but got pad: {p}")
        if p > ((k - 1) * d + 1) // 2:
            if n == 1 and op == "max_pool1d":
                raise RuntimeError(
                    f"{op}() padding should be at most half of kernel size, but got padding={p} and kernel_size={k}"
                )
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={p}, kernel_size={k} and dilation={d}"
            )
    return geometry


def _output_size(op, shape, n, kernel, stride, padding, dilation, ceil_mode):
    """Windows per axis; RuntimeError where that is none."""
    size = shape[-n:]
    out = []
    for i, k, s, p, d in zip(size, kernel, stride, padding, dilation):
        span = i + 2 * p - d * (k - 1) - 1
        o = (span + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (o - 1) * s >= i + p:  # the last window must start inside the input or its left padding
            o -= 1
        out.append(o)
    if min(out) < 1:
        if n == 1 and op == "max_pool1d":
            raise RuntimeError(f"{op}() Invalid computed output size: {out[0]}")
        channels = shape[-n - 1]
        given = "x".join(map(str, (channels, *((1,) if n == 1 else ()), *size)))
        calculated = "x".join(map(str, (channels, *((1,) if n == 1 else ()), *out)))
        raise RuntimeError(
            f"Given input size: ({given}). Calculated output size: ({calculated}). Output size is too small"
        )
    return tuple(out)


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


@functools.lru_cache(maxsize=1024, typed=True)
def _plan(op, n, shape, kernel_size, stride, padding, dilation, ceil_mode):
    """The op's keywords for these arguments, checked; layers ask for the same ones again and again."""
    kernel, stride, padding, dilation = _window(op, n, kernel_size, stride, padding, dilation)
    out = _output_size(op, shape, n, kernel, stride, padding, dilation, ceil_mode)
    attrs = {"kernel_size": kernel, "stride": stride, "padding": padding, "output_size": out}
    return {**attrs, "dilation": dilation} if op.startswith("max") else attrs


def _check_input(op, input, n):
    """(C, spatial) or (N, C, spatial), where only N may be 0."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    shape = input._array.shape
    ndim = len(shape)
    if ndim in (n + 1, n + 2) and 0 not in shape[ndim - n - 1 :]:
        return
    prefix = f"{op}: " if n == 1 else ""
    if ndim not in (n + 1, n + 2) and n > 1:
        raise RuntimeError(f"non-empty {n + 1}D or {n + 2}D (batch mode) tensor expected for input")
    raise RuntimeError(
        f"{prefix}Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size for input, "
        f"but got:{brackets(shape)}"
    )


def _check_dtype(op, input, integers):
    if input._array.dtype.kind == "f":
        return
    category = input.dtype.category
    if category == 2 or (integers and category == 1):
        return
    raise NotImplementedError(f"\"{op}\" not implemented for '{dtype_title(input.dtype)}'")


# ---- max -------------------------------------------------------------------------------------------------------------


def max_pool(n, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices):
    """The maximum of every window (padding counts as minus infinity), with its position if wanted."""
    op = f"max_pool{n}d"
    _check_input(op, input, n)
    _check_dtype(op, input, integers=True)
    arguments = map(_hashable, (kernel_size, stride, padding, dilation))
    attrs = _plan(op, n, tuple(input._array.shape), *arguments, bool(ceil_mode))
    return getattr(primitives, op + "_with_indices" if return_indices else op)(input, **attrs)


@public()
def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Maximum over windows of the last axis of (C, L) or (N, C, L)."""
    return max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, False)


@public()
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Maximum over windows of the last two axes of (C, H, W) or (N, C, H, W)."""
    return max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, False)


@public()
def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """Maximum over windows of the last three axes of (C, D, H, W) or (N, C, D, H, W)."""
    return max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, False)


@public()
def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """max_pool1d and the position of every maximum."""
    return max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, True)


# ---- average ---------------------------------------------------------------------------------------------------------

_AVG_OP = {1: "avg_pool1d", 2: "avg_pool", 3: "avg_pool3d"}


def avg_pool(n, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """The mean of every window; padding counts as zeros unless count_include_pad is False."""
    op = f"avg_pool{n}d"
    if n == 1 and (not isinstance(input, Tensor) or input.ndim not in (2, 3)):
        _wrong_rank(op, input, "2 to 3")
    if n == 2 and isinstance(input, Tensor) and input.ndim < 3:
        wrap_dim(-3, input.ndim)  # IndexError
    _check_input(op, input, n)
    _check_dtype(op, input, integers=n == 2)
    if divisor_override is not None and divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    arguments = map(_hashable, (kernel_size, stride, padding))
    return getattr(primitives, _AVG_OP[n])(
        input,
        **_plan(op, n, tuple(input._array.shape), *arguments, 1, bool(ceil_mode)),
        count_include_pad=bool(count_include_pad),
        divisor=int(divisor_override or 0),
    )


def _wrong_rank(op, input, expected):
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    raise RuntimeError(
        f"Expected {expected} dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' "
        f"(while checking arguments for {op})"
    )


@public()
def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """Mean over windows of the last axis of (C, L) or (N, C, L)."""
    return avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


# ---- adaptive --------------------------------------------------------------------------------------------------------


def _adaptive(op, n, input, output_size):
    """Checks; output sizes with None standing for the input's own."""
    if n == 1 and (not isinstance(input, Tensor) or input.ndim not in (2, 3)):
        _wrong_rank(op, input, "2 to 3")
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if n > 1 and hasattr(output_size, "__len__") and input.ndim <= len(output_size):
        raise ValueError(f"{op}(): Input dimension should be at least {len(output_size) + 1}, got {input.ndim}")
    if not isinstance(output_size, (int, tuple, list, type(None))) or isinstance(output_size, bool):
        raise TypeError(
            f"{op}(): argument 'output_size' must be int or tuple of ints, not {type(output_size).__name__}"
        )
    shape = input._array.shape
    if len(shape) not in (n + 1, n + 2):
        colon = ":" if "max" in op else ""
        raise RuntimeError(f"{op}(): Expected {n + 1}D or {n + 2}D tensor, but got{colon} {brackets(shape)}")
    for i in range(1, len(shape)):
        if shape[i] == 0 and (i >= len(shape) - n or len(shape) == n + 1):
            raise RuntimeError(
                f"{op}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                f"{brackets(shape)} with dimension {i} being empty"
            )
    given = (output_size,) * n if output_size is None or isinstance(output_size, int) else tuple(output_size)
    if len(given) != n:
        raise RuntimeError(f"{op}: output_size must be {n}, got {len(given)} sizes")
    out = tuple(size if want is None else int(want) for want, size in zip(given, shape[-n:]))
    if min(out) < 0:
        raise RuntimeError(
            f"{op}: elements of output_size must be greater than or equal to 0 but received "
            "{" + ", ".join(map(str, out)) + "}"
        )
    _check_dtype(op, input, integers=False)
    return out


_ADAPTIVE_AVG_OP = {1: "adaptive_avg_pool1d", 2: "adaptive_avg_pool", 3: "adaptive_avg_pool3d"}


def adaptive_avg_pool(n, input, output_size):
    """Means over as many windows as `output_size` asks for; window j: floor(j in / out) .. ceil((j + 1) in / out)."""
    out = _adaptive(f"adaptive_avg_pool{n}d", n, input, output_size)
    name = "global_avg_pool" if n > 1 and out == (1,) * n else _ADAPTIVE_AVG_OP[n]
    return getattr(primitives, name)(input, output_size=out)


@public()
def adaptive_avg_pool1d(input, output_size):
    """Adaptive means over the last axis of (C, L) or (N, C, L)."""
    return adaptive_avg_pool(1, input, output_size)


def adaptive_max_pool(n, input, output_size):
    """(maxima, flat int64 positions) over the same windows as adaptive_avg_pool."""
    op = f"adaptive_max_pool{n}d"
    return getattr(primitives, op)(input, output_size=_adaptive(op, n, input, output_size))


@public(name="adaptive_max_pool1d")
def adaptive_max_pool1d_public(input, output_size):
    """Adaptive maxima over the last axis and their positions."""
    return adaptive_max_pool(1, input, output_size)


# ---- unpooling -------------------------------------------------------------------------------------------------------


def max_unpool(n, input, indices, output_size):
    """Values at their positions in planes of `output_size`, zeros elsewhere."""
    op = f"max_unpool{n}d"
    if indices.dtype.name != "int64":
        raise RuntimeError(f"{op}: expected int64 indices, but got {indices.dtype}")
    if indices.shape != input.shape:
        raise RuntimeError(
            f"{op}: expected indices of the input's shape {brackets(input.shape)}, but got {brackets(indices.shape)}"
        )
    if input.ndim not in (n + 1, n + 2):
        raise RuntimeError(
            f"{op}: expected an input of {n + 1} or {n + 2} dimensions, but got shape {brackets(input.shape)}"
        )
    count = 1
    for size in output_size:
        count *= size
    if input.numel():
        low, high = indices.min().item(), indices.max().item()
        if low < 0 or high >= count:
            raise RuntimeError(
                f"{op}: found an invalid max index: {low if low < 0 else high} (output planes are of size "
                f"{'x'.join(map(str, output_size))})"
            )
    return primitives.unpool_planes(input, indices, output_size=tuple(output_size))
