"""A table of a model: layers, output shapes, parameters, multiply-adds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import rushlight


@dataclasses.dataclass
class Row:
    """One call of one layer."""

    name: str
    kind: str
    depth: int
    output: str
    parameters: int
    multiply_adds: int | None


@dataclasses.dataclass
class Summary:
    """`rows` in the order of calls, and totals; prints as a table."""

    rows: list[Row]
    parameters: int
    trainable: int
    multiply_adds: int
    uncounted: list[str]

    def __str__(self) -> str:
        head = ("layer", "output", "parameters", "multiply-adds")
        lines = [
            (
                "  " * row.depth + f"{row.name} ({row.kind})",
                row.output,
                _count(row.parameters),
                _count(row.multiply_adds),
            )
            for row in self.rows
        ]
        widths = [max(len(line[i]) for line in [head, *lines]) for i in range(4)]
        rule = "-" * (sum(widths) + 6)

        def show(line: Sequence[str]) -> str:
            left = f"{line[0]:<{widths[0]}}  {line[1]:<{widths[1]}}"
            return f"{left}  {line[2]:>{widths[2]}}  {line[3]:>{widths[3]}}".rstrip()

        out = [show(head), rule, *map(show, lines), rule]
        out.append(f"parameters: {self.parameters:,} ({self.trainable:,} trainable)")
        out.append(f"multiply-adds of convolutions and linear layers: {self.multiply_adds:,}")
        if self.uncounted:
            out.append("not counted: multiply-adds of " + ", ".join(self.uncounted))
        return "\n".join(out)


def _count(value: int | None) -> str:
    return f"{value:,}" if value else ""


def _multiply_adds(module: Any, args: tuple, output: Any) -> int | None:
    """Products in a convolution or linear layer; None for layers that are not made of products alone."""
    kind = type(module).__name__
    if hasattr(module, "in_channels") and hasattr(module, "kernel_size"):
        per_channel = math.prod(module.kernel_size)
        if "Transpose" in kind:
            return args[0].numel() * module.out_channels // module.groups * per_channel
        return output.numel() * module.in_channels // module.groups * per_channel
    if isinstance(module, rushlight.nn.Linear):
        return output.numel() * module.in_features
    return None


def _shape(output: Any) -> str:
    if isinstance(output, rushlight.Tensor):
        return str(tuple(output.shape))
    if isinstance(output, (tuple, list)):
        return ", ".join(filter(None, map(_shape, output)))
    return ""


def summary(model: Any, input_size: Sequence[int] | None = None, input_data: Any = None) -> Summary:
    """Run `model` once without gradients, in eval mode, and describe every layer it called.

    `input_size` includes the batch (zeros of that size are used); or give the tensor(s) as `input_data`. A layer that
    is called twice has two rows, its parameters in the first.
    Errors: ValueError when neither is given; whatever the model raises.
    Example:
        >>> from rushlight.vision.models import LeNet
        >>> summary(LeNet(), (1, 3, 32, 32)).parameters
        62006
    """
    if input_data is None:
        if input_size is None:
            raise ValueError("summary: give input_size, batch included, or input_data")
        input_data = rushlight.zeros(tuple(input_size))
    args = input_data if isinstance(input_data, tuple) else (input_data,)
    rows: list[Row] = []
    seen: set[int] = set()
    uncounted: dict[str, None] = {}
    handles = []

    def before(name: str):
        def hook(module: Any, args: tuple) -> None:
            own = sum(p.numel() for p in module.parameters(recurse=False) if p is not None and id(p) not in seen)
            seen.update(id(p) for p in module.parameters(recurse=False))
            row = Row(name.rpartition(".")[2] or "model", type(module).__name__, len(open_rows), "", own, None)
            rows.append(row)
            open_rows.append(row)

        return hook

    open_rows: list[Row] = []

    def after(module: Any, args: tuple, output: Any) -> None:
        row = open_rows.pop()
        row.output = _shape(output)
        row.multiply_adds = _multiply_adds(module, args, output)
        if row.multiply_adds is None and any(p.dim() > 1 for p in module.parameters(recurse=False)):
            if not isinstance(module, (rushlight.nn.Embedding,) if hasattr(rushlight.nn, "Embedding") else ()):
                uncounted[type(module).__name__] = None

    modes = [(module, module.training) for module in model.modules()]
    for name, module in model.named_modules():
        handles += [module.register_forward_pre_hook(before(name)), module.register_forward_hook(after)]
    try:
        model.eval()
        with rushlight.no_grad():
            model(*args)
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
    parameters = list(model.parameters())
    return Summary(
        rows,
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in parameters if p.requires_grad),
        sum(row.multiply_adds or 0 for row in rows),
        list(uncounted),
    )
