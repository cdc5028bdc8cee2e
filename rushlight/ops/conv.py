"""Convolution: `conv`, `conv_grad_input` and `conv_grad_weight` differentiate into each other, for any number of axes.

Transposed convolution is `conv_grad_input` seen as a forward op. On these ops stand the public functions conv1d ..
conv3d and conv_transpose1d .. conv_transpose3d.
"""

from __future__ import annotations

import operator

from ..autograd.op import Op, primitives, public
from ..dtypes import bool_, dtype_title, dtype_word, int64
from ..errors import brackets
from ..tensor import Tensor


def _conj(xp, a):
    """The conjugate of a complex value: what the gradient of a product multiplies by."""
    dtype = a.dtype
    is_complex = getattr(dtype, "is_complex", None)
    return xp.conj(a) if is_complex or (is_complex is None and dtype.kind == "c") else a


def _sum_channels(xp, g):
    return xp.sum(g, axes=(0, *range(2, len(g.shape))), keepdims=False)


def _fit(xp, a, shape):
    """The leading part of `a`: output_padding may leave room for windows that a transposed convolution never had."""
    for axis in range(2, len(shape)):
        if a.shape[axis] != shape[axis]:
            a = xp.slice(a, axis=axis, start=0, stop=shape[axis], step=1)
    return a


class conv(Op):
    """out[n, o, q] = bias[o] + sum over c, t of weight[o, c, t] * input[n, c, q * stride - padding + t * dilation]"""

    inputs, save, grad_name = 3, (0, 1), "ConvolutionBackward0"

    def forward(xp, input, weight, bias, **geometry):
        return xp.conv(input, weight, bias, **geometry)

    def backward(xp, g, saved, need, **geometry):
        input, weight = saved
        return (
            xp.conv_grad_input(g, _conj(xp, weight), None, input_shape=tuple(input.shape), **geometry)
            if need[0]
            else None,
            xp.conv_grad_weight(g, _conj(xp, input), weight_shape=tuple(weight.shape), **geometry) if need[1] else None,
            _sum_channels(xp, g) if need[2] else None,
        )


class conv_grad_input(Op):
    """The transpose of `conv` in its input, plus a bias for each channel of the result."""

    inputs, save, grad_name = 3, (0, 1), "ConvolutionBackward0"

    def forward(xp, g, weight, bias, *, input_shape, **geometry):
        return xp.conv_grad_input(g, weight, bias, input_shape=input_shape, **geometry)

    def backward(xp, gg, saved, need, *, input_shape, **geometry):
        g, weight = saved
        shape = tuple(g.shape)
        return (
            _fit(xp, xp.conv(gg, _conj(xp, weight), None, **geometry), shape) if need[0] else None,
            xp.conv_grad_weight(_conj(xp, g), gg, weight_shape=tuple(weight.shape), **geometry) if need[1] else None,
            _sum_channels(xp, gg) if need[2] else None,
        )


class conv_grad_weight(Op):
    """The transpose of `conv` in its weight."""

    inputs, save, grad_name = 2, (0, 1), "ConvolutionBackwardBackward0"

    def forward(xp, g, input, *, weight_shape, **geometry):
        return xp.conv_grad_weight(g, input, weight_shape=weight_shape, **geometry)

    def backward(xp, gg, saved, need, *, weight_shape, **geometry):
        g, input = saved
        return (
            _fit(xp, xp.conv(_conj(xp, input), gg, None, **geometry), tuple(g.shape)) if need[0] else None,
            xp.conv_grad_input(_conj(xp, g), gg, None, input_shape=tuple(input.shape), **geometry) if need[1] else None,
        )


class im2col(Op):
    """Every window of an image as a column: (N, C, H, W) -> (N, C * kH * kW, windows)."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "Im2ColBackward0"

    def forward(xp, a, **geometry):
        return xp.im2col(a, **geometry)

    def backward(xp, g, saved, need, **geometry):
        return (xp.col2im(g, size=tuple(saved[0])[-len(geometry["kernel"]) :], **geometry),)


class col2im(Op):
    """The transpose of `im2col`: columns back to their windows, overlaps summed."""

    inputs, save, grad_name = 1, (), "Col2ImBackward0"

    def forward(xp, a, *, size, **geometry):
        return xp.col2im(a, size=size, **geometry)

    def backward(xp, g, saved, need, *, size, **geometry):
        return (xp.im2col(g, **geometry),)


# ---- arguments ------------------------------------------------------------------------------------------------------


def _tensors(op, input, weight, bias):
    for position, (name, value) in enumerate((("input", input), ("weight", weight), ("bias", bias)), 1):
        if not isinstance(value, Tensor) and (value is not None or name != "bias"):
            raise TypeError(
                f"{op}(): argument '{name}' (position {position}) must be Tensor, not {type(value).__name__}"
            )


def _ints(op, name, value, rank):
    """One int per axis from an int or a sequence of one or `rank` ints."""
    try:
        values = tuple([operator.index(v) for v in value]) if isinstance(value, (tuple, list)) else None
        values = (operator.index(value),) * rank if values is None else values
    except TypeError:
        raise TypeError(f"{op}(): argument '{name}' must be int or a tuple of {rank} ints, not {value!r}") from None
    if len(values) == 1:
        return values * rank
    if len(values) != rank:
        raise RuntimeError(
            f"{op}: expected {name} to be a single integer value or a list of {rank} values to match the convolution "
            f"dimensions, but got {name}={list(values)}"
        )
    return values


def _batched(op, rank, input):
    """The input with a batch axis, and whether it had one."""
    ndim = input._array.ndim
    if ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {op}, but got input of size: "
            f"{brackets(input.shape)}"
        )
    return (input, True) if ndim == rank + 2 else (primitives.unsqueeze(input, axis=0), False)


def _unbatched(out):
    return primitives.squeeze_dim(out, axes=(0,))


def _positive(op, stride, padding, dilation, groups):
    if groups <= 0:
        raise RuntimeError(f"{op}: non-positive groups is not supported, got groups={groups}")
    if min(padding) < 0:
        raise RuntimeError(f"{op}: negative padding is not supported, got padding={list(padding)}")
    if min(stride) <= 0:
        raise RuntimeError(f"{op}: non-positive stride is not supported, got stride={list(stride)}")
    if min(dilation) <= 0:
        raise RuntimeError(f"{op}: non-positive dilation is not supported, got dilation={list(dilation)}")


def _weight_fits(op, rank, input, weight, bias, groups, transposed):
    """Ranks, groups, channels and bias; RuntimeErrors that name the sizes."""
    x, w = tuple(input.shape), tuple(weight.shape)
    if len(w) != rank + 2:
        raise RuntimeError(f"{op}: expected a {rank + 2}-dimensional weight, but got weight of size {brackets(w)}")
    if w[0] < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight of size "
            f"{brackets(w)} instead"
        )
    if w[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight "
            "of size "
            f"{brackets(w)} instead"
        )
    channels = w[0] if transposed else w[1] * groups
    if x[1] != channels:
        kind = "transposed=1" if transposed else f"groups={groups}"
        raise RuntimeError(
            f"Given {kind}, weight of size {brackets(w)}, expected input{brackets(x)} to have {channels} "
            "channels, but got "
            f"{x[1]} channels instead"
        )
    count = w[1] * groups if transposed else w[0]
    if bias is not None and tuple(bias.shape) != (count,):
        kind = "transposed=1, " if transposed else ""
        raise RuntimeError(
            f"Given {kind}weight of size {brackets(w)}, expected bias to be 1-dimensional with {count} elements, "
            "but got bias "
            f"of size {brackets(bias.shape)} instead"
        )


def _types_fit(op, input, weight, bias, kernel, wide_only):
    """One dtype, one that PyTorch's `kernel` knows: not bool, and of the integers int64 alone where `wide_only`."""
    dtype = input.dtype
    if weight.dtype is not dtype:
        raise RuntimeError(
            f"{op}: Input type (torch.{dtype_title(dtype)}Tensor) and weight type "
            f"(torch.{dtype_title(weight.dtype)}Tensor) "
            f"should be the same"
        )
    if bias is not None and bias.dtype is not dtype:
        raise RuntimeError(
            f"{op}: Input type ({dtype_word(dtype)}) and bias type ({dtype_word(bias.dtype)}) should be the same"
        )
    integer = not (dtype.is_floating_point or dtype.is_complex)
    if dtype is bool_ or (integer and wide_only and dtype is not int64):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(dtype)}'")


def _no_empty_axis(input):
    x = tuple(input.shape)
    if x[0] and x[1] and 0 in x[2:]:
        raise RuntimeError(f"Only zero batch or zero channel inputs are supported, but got input shape: {brackets(x)}")


def _kernel_fits(op, x, w, padding, dilation):
    padded = [i + 2 * p for i, p in zip(x[2:], padding)]
    reach = [d * (k - 1) + 1 for k, d in zip(w[2:], dilation)]
    if 0 in w[2:]:
        raise RuntimeError(f"{op}: kernel size must not be zero, but got weight of size {brackets(w)}")
    if any(i < k for i, k in zip(padded, reach)):
        sizes = " x ".join(map(str, padded))
        kernel = " x ".join(map(str, reach))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({sizes}). Kernel size: ({kernel}). Kernel size can't be "
            "greater than "
            f"actual input size"
        )


def _same_padding(op, input, weight, stride, dilation):
    """The padding that keeps the size; an odd cell goes to the end of an axis, put there by an op of its own."""
    if any(s != 1 for s in stride):
        raise RuntimeError(f"{op}: padding='same' is not supported for strided convolutions, got stride={list(stride)}")
    total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:])]
    odd = [t % 2 for t in total]
    if any(odd):
        input = primitives.pad_constant(input, padding=tuple([(0, o) for o in odd]), value=0)
    return input, tuple([t // 2 for t in total])


# Calls that were found to fit: all that the checks look at -> the keywords of the op. Small models would spend their
# time on checks otherwise. Batched inputs only, which need no op of their own before and after.
_FITTING: dict = {}


def _call(op, input, weight, bias, *arguments):
    """(what the checks of a call look at, its keywords if it is known to fit); None for what is no call."""
    try:
        x, w = input._array, weight._array
        if bias is None:
            call = (op, x.shape, x.dtype.char, w.shape, w.dtype.char, arguments)
        else:
            b = bias._array
            call = (op, x.shape, x.dtype.char, w.shape, w.dtype.char, arguments, b.shape, b.dtype.char)
        return call, _FITTING.get(call)
    except (AttributeError, TypeError):
        return None, None


def _remember(call, geometry):
    if call is not None:
        if len(_FITTING) >= 1024:
            _FITTING.clear()
        _FITTING[call] = geometry


def _convolve(op, rank, input, weight, bias, stride, padding, dilation, groups):
    call, known = _call(op, input, weight, bias, stride, padding, dilation, groups)
    if known is not None:
        return primitives.conv(input, weight, bias, **known)
    _tensors(op, input, weight, bias)
    unpadded = input
    stride, dilation = _ints(op, "stride", stride, rank), _ints(op, "dilation", dilation, rank)
    input, batched = _batched(op, rank, input)
    if isinstance(padding, str):
        if padding == "same":
            _positive(op, stride, (0,), dilation, groups)
            _weight_fits(op, rank, input, weight, bias, groups, False)
            input, padding = _same_padding(op, input, weight, stride, dilation)
        elif padding == "valid":
            padding = (0,) * rank
        else:
            raise RuntimeError(f"{op}: Invalid padding string: '{padding}', expected 'same' or 'valid'")
    else:
        padding = _ints(op, "padding", padding, rank)
    _positive(op, stride, padding, dilation, groups)
    _weight_fits(op, rank, input, weight, bias, groups, False)
    _kernel_fits(op, tuple(input.shape), tuple(weight.shape), padding, dilation)
    _no_empty_axis(input)
    dilated = max(dilation) > 1
    _types_fit(op, input, weight, bias, "slow_conv_dilated<>" if dilated else f"slow_{op}_cpu", dilated)
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    out = primitives.conv(input, weight, bias, **geometry)
    if input is unpadded and input.shape[1]:
        _remember(call, geometry)
    if input.shape[1] == 0:  # PyTorch: no channels in, no channels out
        out = primitives.slice(out, axis=1, start=0, stop=0, step=1)
    return out if batched else _unbatched(out)


def _convolve_transposed(op, rank, input, weight, bias, stride, padding, output_padding, groups, dilation):
    call, known = _call(op, input, weight, bias, stride, padding, output_padding, groups, dilation)
    if known is not None:
        return primitives.conv_grad_input(input, weight, bias, **known)
    _tensors(op, input, weight, bias)
    stride, dilation = _ints(op, "stride", stride, rank), _ints(op, "dilation", dilation, rank)
    padding, output_padding = _ints(op, "padding", padding, rank), _ints(op, "output_padding", output_padding, rank)
    input, batched = _batched(op, rank, input)
    _positive(op, stride, padding, dilation, groups)
    if min(output_padding) < 0:
        raise RuntimeError(f"{op}: negative output_padding is not supported, got output_padding={list(output_padding)}")
    _weight_fits(op, rank, input, weight, bias, groups, True)
    if any(o >= s and o >= d for o, s, d in zip(output_padding, stride, dilation)):
        raise RuntimeError(
            f"{op}: output padding must be smaller than either stride or dilation, but got output_padding="
            f"{list(output_padding)}, stride={list(stride)}, dilation={list(dilation)}"
        )
    _no_empty_axis(input)
    _types_fit(op, input, weight, bias, f"slow_conv_transpose{max(rank, 2)}d_out_cpu", True)
    x, w = tuple(input.shape), tuple(weight.shape)
    sizes = zip(x[2:], w[2:], stride, padding, dilation, output_padding)
    size = tuple([(i - 1) * s - 2 * p + d * (k - 1) + o + 1 for i, k, s, p, d, o in sizes])
    if max(size) >= 1 << 62:
        raise RuntimeError(f"{op}: sizes overflow: output size {list(size)} with stride={list(stride)}")
    if min(size) < 0 or 0 in w[2:]:
        raise RuntimeError(
            f"{op}: Given input size per channel: ({' x '.join(map(str, x[2:]))}). Calculated output size per channel: "
            f"({' x '.join(map(str, size))}). Output size is too small"
        )
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    geometry["input_shape"] = (x[0], w[1] * groups, *size)
    out = primitives.conv_grad_input(input, weight, bias, **geometry)
    if batched:
        _remember(call, geometry)
    return out if batched else _unbatched(out)


@public()
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlate along one axis.

    out[n, o, q] = bias[o] + sum over c, t of weight[o, c, t] * input[n, c, q stride - padding + t dilation]

    Shapes: input (N, C, L) or (C, L), weight (O, C/groups, k), bias (O,), output (N, O, L') or (O, L') with
    L' = floor((L + 2 padding - dilation (k - 1) - 1) / stride) + 1. padding may be 'same' (stride 1) or 'valid'.
    Errors: RuntimeError where shapes, dtypes or the geometry do not fit.
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@public()
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlate images: `conv1d` along two axes.

    Shapes: input (N, C, H, W) or (C, H, W), weight (O, C/groups, kH, kW), bias (O,), output (N, O, H', W').
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@public()
def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlate volumes: `conv1d` along three axes.

    Shapes: input (N, C, D, H, W) or (C, D, H, W), weight (O, C/groups, kD, kH, kW), bias (O,), output (N, O, D', H',
    W').
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


@public()
def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The gradient of `conv1d` with respect to its input, as a layer.

    out[n, c, q stride - padding + t dilation] sums weight[o, c, t] * input[n, o, q], plus bias[c]

    Shapes: input (N, O, L) or (O, L), weight (O, C/groups, k), bias (C,), output (N, C, L') with
    L' = (L - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1.
    Errors: RuntimeError where shapes, dtypes or the geometry do not fit.
    """
    return _convolve_transposed(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@public()
def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """`conv_transpose1d` along two axes: input (N, O, H, W), weight (O, C/groups, kH, kW), output (N, C, H', W')."""
    return _convolve_transposed(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@public()
def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """`conv_transpose1d` along three axes: input (N, O, D, H, W), weight (O, C/groups, kD, kH, kW)."""
    return _convolve_transposed(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )
