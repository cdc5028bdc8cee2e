"""Convolutions as functions, and the windows they look through: unfold and fold."""

from __future__ import annotations

import math
import operator

from ...autograd.op import primitives
from ...errors import brackets
from ...ops.conv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from ...tensor import Tensor

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "fold",
    "unfold",
]


def conv_tbc(input, weight, bias, pad=0):
    """Cross-correlate sequences laid out (time, batch, channels).

    Shapes: input (T, B, C), weight (k, C, O), bias (O,), output (T + 2 pad - k + 1, B, O).
    Errors: RuntimeError for other ranks or channels.
    """
    if input.ndim != 3 or weight.ndim != 3 or bias.ndim != 1:
        raise RuntimeError(
            f"conv_tbc: expected input (T, B, C), weight (k, C, O) and bias (O,), got {brackets(input.shape)}, "
            f"{brackets(weight.shape)} and {brackets(bias.shape)}"
        )
    out = conv1d(
        primitives.permute(input, axes=(1, 2, 0)), primitives.permute(weight, axes=(2, 1, 0)), bias, padding=pad
    )
    return primitives.permute(out, axes=(2, 0, 1))


def _pair(op, name, value, least):
    try:
        pair = (
            (operator.index(value),) * 2 if not isinstance(value, (tuple, list)) else tuple(map(operator.index, value))
        )
    except TypeError:
        raise TypeError(f"{op}(): argument '{name}' must be tuple of ints, not {value!r}") from None
    if len(pair) != 2 or min(pair) < least:
        what = "greater than zero" if least else "non-negative"
        raise RuntimeError(f"{op}: {name} should be an int or two ints {what}, but got {value}")
    return pair


def _geometry(op, kernel_size, dilation, padding, stride):
    return {
        "kernel": _pair(op, "kernel_size", kernel_size, 1),
        "stride": _pair(op, "stride", stride, 1),
        "padding": _pair(op, "padding", padding, 0),
        "dilation": _pair(op, "dilation", dilation, 1),
    }


def _windows(op, size, kernel, stride, padding, dilation):
    """Number of windows along each axis."""
    count = [(i + 2 * p - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in zip(size, kernel, stride, padding, dilation)]
    if max(count) >= 1 << 62:
        raise RuntimeError(f"{op}: sizes overflow: {tuple(count)} windows with padding={padding}")
    if min(count) < 1:
        raise RuntimeError(
            f"{op}: Given an image of size {tuple(size)}, kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding}, "
            f"stride={stride}, calculated shape of the array of sliding blocks as {tuple(count)}, but its "
            "components must "
            f"be at least one."
        )
    return count


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Every sliding window of an image as a column.

    Shapes: input (N, C, H, W) or (C, H, W), output (N, C * kH * kW, L) or without N; L windows in row-major order.
    Errors: TypeError unless a Tensor, RuntimeError for other ranks or windows that do not fit.
    Example:
        >>> import rushlight
        >>> unfold(rushlight.arange(9.0).view(1, 1, 3, 3), 2)[0, 0].tolist()
        [0.0, 1.0, 3.0, 4.0]
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"unfold(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    geometry = _geometry("unfold", kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or 0 in input.shape[input.ndim - 3 :]:
        raise RuntimeError(
            "unfold: Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            "dimensions for "
            f"input, but got: {brackets(input.shape)}"
        )
    _windows("unfold", input.shape[-2:], **geometry)
    return primitives.im2col(input, **geometry)


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Arrange columns back into their windows of an image; where windows overlap, their values are summed.

    Shapes: input (N, C * kH * kW, L) or (C * kH * kW, L), output (N, C, *output_size) or without N.
    Errors: TypeError unless a Tensor, RuntimeError when rows or columns do not fit the windows.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"fold(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    geometry = _geometry("fold", kernel_size, dilation, padding, stride)
    size = _pair("fold", "output_size", output_size, 1)
    if input.ndim not in (2, 3) or 0 in input.shape[input.ndim - 2 :]:
        raise RuntimeError(
            "fold: Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero "
            "dimensions for "
            f"input, but got: {brackets(input.shape)}"
        )
    rows, columns = input.shape[-2:]
    taps = math.prod(geometry["kernel"])
    if rows % taps:
        raise RuntimeError(
            "fold: Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            "input.size(1)="
            f"{rows} and kernel_size={geometry['kernel']}."
        )
    windows = _windows("fold", size, **geometry)
    if columns != math.prod(windows):
        raise RuntimeError(
            f"fold: Given output_size={size}, {geometry}, expected size of input's dimension 2 to match the "
            "calculated number "
            f"of sliding blocks {' * '.join(map(str, windows))} = {math.prod(windows)}, but got "
            f"input.size(2)={columns}."
        )
    return primitives.col2im(input, size=size, **geometry)
