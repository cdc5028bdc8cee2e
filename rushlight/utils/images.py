"""Pictures as tensors: to 8 bits, onto a grid, into a PNG."""

from __future__ import annotations

import math
from typing import Any

import rushlight
from rushlight.utils import png


def as_array(values: Any) -> Any:
    """An array of `values` (tensor, array, nested lists or a number) outside any graph, for reading."""
    if isinstance(values, rushlight.Tensor):
        values = values.detach().cpu()
        if values.dtype in (rushlight.bfloat16, rushlight.float16):
            values = values.float()
        return values.numpy()
    if hasattr(values, "__array__") and hasattr(values, "astype"):
        return values
    return rushlight.as_tensor(values).detach().numpy()


def to_bytes(values: Any) -> Any:
    """uint8 of the same shape: uint8 stays, anything else is taken as 0..1, times 255, clipped; NaN becomes 0."""
    array = as_array(values)
    if str(array.dtype) == "uint8":
        return array
    array = array.astype("float64") * 255.0
    array[array != array] = 0.0
    return array.clip(0.0, 255.0).astype("uint8")


def grid_shape(count: int, per_row: int) -> tuple[int, int]:
    """(rows, columns) of a grid of `count` pictures, at most `per_row` side by side."""
    columns = min(per_row, count)
    return math.ceil(count / columns), columns


def encode_png(hwc: Any) -> bytes:
    """PNG of a uint8 array (H, W, channels)."""
    height, width, channels = hwc.shape
    return png.encode(hwc.tobytes(), height, width, channels)


def tile(batch: Any, per_row: int, rows: int | None = None) -> Any:
    """One uint8 array (H, W, C) of a batch (N, h, w, C): pictures side by side, black where there is none."""
    count, height, width, channels = batch.shape
    needed, columns = grid_shape(count, per_row)
    columns = per_row if rows is not None else columns
    rows = needed if rows is None else rows
    canvas = rushlight.zeros(rows, height, columns, width, channels, dtype=rushlight.uint8).numpy()
    for index in range(count):
        canvas[index // columns, :, index % columns] = batch[index]
    return canvas.reshape(rows * height, columns * width, channels)
