"""Shape arithmetic: output sizes step by step, and what one output sees of the input."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any


def conv_size(size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> int:
    """floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    Errors: ValueError for a kernel larger than the padded input, or a parameter below its least value.
    """
    _check(size=(size, 0), kernel=(kernel, 1), stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1))
    extent = dilation * (kernel - 1) + 1
    if size + 2 * padding < extent:
        raise ValueError(f"a kernel of extent {extent} does not fit into {size} + 2 * {padding}")
    return (size + 2 * padding - extent) // stride + 1


def pool_size(
    size: int, kernel: int, stride: int | None = None, padding: int = 0, dilation: int = 1, ceil_mode: bool = False
) -> int:
    """As `conv_size`, stride defaulting to the kernel; with `ceil_mode` a last window may hang over the right edge.

    A window that would start in the right padding is dropped.
    """
    stride = kernel if stride is None else stride
    if not ceil_mode:
        return conv_size(size, kernel, stride, padding, dilation)
    _check(size=(size, 0), kernel=(kernel, 1), stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1))
    count = math.ceil((size + 2 * padding - dilation * (kernel - 1) - 1) / stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def conv_transpose_size(
    size: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """(size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1."""
    _check(size=(size, 0), kernel=(kernel, 1), stride=(stride, 1), padding=(padding, 0), dilation=(dilation, 1))
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def _check(**limits: tuple[int, int]) -> None:
    for name, (value, least) in limits.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")


@dataclasses.dataclass(frozen=True)
class Step:
    """One layer along one axis: size after it, receptive field and jump (input pixels between neighbouring outputs)."""

    name: str
    size: int
    receptive_field: int
    jump: int
    formula: str


def _one(value: Any, axis: int) -> int:
    return int(value[axis]) if isinstance(value, (tuple, list)) else int(value)


def _same_padding(kernel: int, dilation: int) -> float:
    return dilation * (kernel - 1) / 2


def trace(layers: Any, size: int, axis: int = 0) -> list[Step]:
    """Follow an input of `size` through convolutions and pools along one spatial axis.

    `layers` is a module whose children run in order, or an iterable of modules or (name, module) pairs; layers without
    a kernel (ReLU, norm, dropout) keep everything. The receptive field grows by
    r += dilation (k - 1) jump; jump *= stride.
    Errors: ValueError for a layer whose effect on the size is not known, or that does not fit.
    Source: Dumoulin & Visin 2016, arXiv:1603.07285.
    Example:
        >>> from rushlight.vision.models import LeNet
        >>> [step.receptive_field for step in trace(LeNet(), 32)][-1]
        16
    """
    field, jump = 1, 1
    steps = [Step("input", size, field, jump, "")]
    for name, layer in _named(layers):
        kind = type(layer).__name__
        if kind in ("Linear", "Flatten") or kind.startswith("Adaptive"):
            break  # from here on every output sees everything
        if not hasattr(layer, "kernel_size"):
            if list(layer.children()):
                raise ValueError(f"trace: {kind} {name!r} has parts of its own; give its layers in order")
            continue
        if "Transpose" in kind or "Unpool" in kind or kind in ("Fold", "Unfold"):
            raise ValueError(f"trace: {kind} is not followed; use conv_transpose_size")
        k = _one(layer.kernel_size, axis)
        stride = k if layer.stride is None else _one(layer.stride, axis)
        dilation = _one(getattr(layer, "dilation", 1), axis)
        padding = layer.padding if hasattr(layer, "padding") else 0
        if padding == "same":
            formula = f"same padding, {size} stays"
        else:
            p = 0 if padding == "valid" else _one(padding, axis)
            if "Pool" in kind:
                ceil = bool(getattr(layer, "ceil_mode", False))
                after = pool_size(size, k, stride, p, dilation, ceil)
            else:
                ceil, after = False, conv_size(size, k, stride, p, dilation)
            word = "ceil" if ceil else "floor"
            formula = f"{word}(({size} + 2*{p} - {dilation}*({k} - 1) - 1) / {stride}) + 1 = {after}"
            size = after
        field += dilation * (k - 1) * jump
        jump *= stride
        steps.append(Step(name, size, field, jump, formula))
    return steps


def _named(layers: Any) -> Iterable[tuple[str, Any]]:
    if hasattr(layers, "named_children"):
        for name, child in layers.named_children():
            if type(child).__name__ == "Sequential":
                yield from ((f"{name}.{inner}", layer) for inner, layer in child.named_children())
            else:
                yield name, child
        return
    for index, item in enumerate(layers):
        yield item if isinstance(item, tuple) else (f"{index} {type(item).__name__}", item)


def receptive_field(layers: Any, axis: int = 0) -> int:
    """How many input pixels along `axis` one output depends on, ignoring borders."""
    return trace(layers, 1 << 40, axis)[-1].receptive_field
