"""The text of a tensor: choosing a number format for all elements, laying them out, and naming what is unusual.

A tensor of more than `threshold` elements is summarised: only the first and last `edgeitems` along each axis are read,
formatted and printed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from . import dtypes


@dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None  # None: each tensor decides by its range


_PROFILES: dict[str, dict[str, Any]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Set how tensors print; None keeps a setting, but `sci_mode` is always set (None: by range).

    `profile` ("default", "short", "full") is applied first. `precision` counts digits after the point, `threshold` is
    the element count above which a tensor is summarised to `edgeitems` at each end, `linewidth` the wrapping column.
    """
    global _options
    changed = asdict(_options)
    if profile is not None:
        changed.update(_PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changed.update({name: value for name, value in given.items() if value is not None})
    changed["sci_mode"] = sci_mode
    _options = _Options(**changed)


def get_printoptions() -> dict[str, Any]:
    """The current settings, as keyword arguments of `set_printoptions`."""
    return asdict(_options)


@contextmanager
def printoptions(**kwargs):
    """Settings for the length of a `with` block."""
    global _options
    before = _options
    set_printoptions(**kwargs)
    try:
        yield
    finally:
        _options = before


# One number format for a whole tensor: how an element is written, and how wide the column is taken to be


def _integer_format(values: list) -> tuple[Callable[[Any], str], int]:
    """Right-aligned to the widest; also for bools."""
    width = max((len(str(value)) for value in values), default=1)
    return lambda value: str(value).rjust(width), width


def _float_format(values: list[float]) -> tuple[Callable[[float], str], int]:
    """Whole numbers as `3.`, others with `precision` digits, or all in scientific notation when the range is large.

    The width follows the finite nonzero values; nan, inf and zero take what room they need.
    """
    counted = [value for value in values if value and math.isfinite(value)]
    if not counted:
        return _point, 1
    whole = all(value == math.floor(value) for value in counted)
    scientific = _options.sci_mode
    if scientific is None:
        largest = max(map(abs, counted))
        smallest = min(map(abs, counted))
        scientific = largest / smallest > 1000.0 or largest > 1.0e8 or (not whole and smallest < 1.0e-4)
    if scientific or not whole:
        spec = f".{_options.precision}{'e' if scientific else 'f'}"
        width = max(len(format(value, spec)) for value in counted)
        return lambda value: format(value, spec).rjust(width), width
    width = max(len(_point(value)) for value in counted)
    return lambda value: _point(value).rjust(width), width


def _point(value: float) -> str:
    text = f"{value:.0f}"
    return f"{text}." if math.isfinite(value) else text


def _complex_format(values: list[complex]) -> tuple[Callable[[complex], str], int]:
    real_format, real_width = _float_format([value.real for value in values])
    imag_format, imag_width = _float_format([value.imag for value in values])

    def text(value):
        imag = imag_format(value.imag).lstrip() + "j"
        return real_format(value.real) + (imag if imag[0] in "+-" else f"+{imag}")

    return text, real_width + imag_width + 1


# Layout


def _read(tensor: Any, summarise: bool, dim: int = 0) -> Any:
    """The values as nested lists; when summarising, only those at the edges of each axis (read as 2^d corners)."""
    edge = _options.edgeitems
    if not summarise or dim == tensor.dim():
        return tensor.tolist()
    size = tensor.shape[dim]
    if size <= 2 * edge:
        return _read(tensor, summarise, dim + 1)
    front = _read(tensor.narrow(dim, 0, edge), summarise, dim + 1)
    back = _read(tensor.narrow(dim, size - edge, edge), summarise, dim + 1)
    return _join(front, back, dim)


def _join(front: list, back: list, depth: int) -> list:
    if depth == 0:
        return front + back
    return [_join(one, other, depth - 1) for one, other in zip(front, back, strict=True)]


def _flat(values: Any, depth: int) -> list:
    if depth == 0:
        return [values]
    for _ in range(depth - 1):
        values = [item for inner in values for item in inner]
    return values


def _layout(values: Any, shape: tuple, indent: int, summarise: bool, text: Callable, width: int) -> str:
    """Nested brackets; vectors wrap at `linewidth`, d-dimensional blocks are d - 1 line breaks apart."""
    if not shape:
        return text(values)
    edge = _options.edgeitems
    elided = summarise and shape[0] > 2 * edge
    if len(shape) == 1:
        items = [text(value) for value in values]
        if elided:
            items.insert(edge, " ..." if edge else "...")
        per_line = max(1, (_options.linewidth - indent) // width)
        lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    blocks = [_layout(value, shape[1:], indent + 1, summarise, text, width) for value in values]
    if elided:
        blocks.insert(edge, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(blocks) + "]"


def _contents(tensor: Any, indent: int) -> str:
    summarise = tensor.numel() > _options.threshold
    shape = tuple(tensor.shape)
    values = _read(tensor, summarise)
    flat = _flat(values, len(shape)) if shape else [values]
    dtype = tensor.dtype
    text: Callable[[Any], str]
    if dtype.is_complex:
        text, width = _complex_format(flat)
    elif dtype.is_floating_point:
        text, width = _float_format(flat)
    else:
        text, width = _integer_format(flat)
    return _layout(values, shape, indent, summarise, text, width + len(", "))


def _suffixes(tensor: Any) -> list[str]:
    """What cannot be seen from the elements: device, size, dtype, gradient."""
    found = []
    dtype = tensor.dtype
    default = dtypes.get_default_dtype()
    device = tensor.device
    if device.type != "cpu":
        found.append(f"device='{device}'")
    if device.type == "meta":
        found.append(f"size={tuple(tensor.shape)}")
        obvious = dtype is default
    elif tensor.numel() == 0:
        if tensor.dim() != 1:
            found.append(f"size={tuple(tensor.shape)}")
        obvious = dtype is default
    else:
        if not _options.edgeitems:
            found.append(f"size={tuple(tensor.shape)}")
        obvious = dtype in (default, default.to_complex(), dtypes.int64, dtypes.bool_)
    if not obvious:
        found.append(f"dtype={dtype}")
    if tensor.grad_fn is not None:
        found.append(f"grad_fn=<{tensor.grad_fn.title()}>")
    elif tensor.requires_grad:
        found.append("requires_grad=True")
    return found


def tensor_repr(tensor: Any, prefix: str = "tensor") -> str:
    """`tensor([...], dtype=..., grad_fn=...)`; suffixes that do not fit go on a line of their own."""
    indent = len(prefix) + 1
    plain = tensor.detach()
    if plain.device.type == "meta":
        contents = "..."
    elif plain.numel() == 0:
        contents = "[]"
    else:
        contents = _contents(plain, indent)
    text = f"{prefix}({contents}"
    column = len(text) - (text.rfind("\n") + 1) + 2  # PyTorch counts the first line two wider than it is
    for suffix in _suffixes(tensor):
        if column + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += f", {suffix}"
            column += len(suffix) + 2
    return text + ")"
