"""Many pictures on one: `make_grid`, `save_image`."""

from __future__ import annotations

import math
import os
from typing import Any, BinaryIO

import rushlight
from rushlight.utils import png

__all__ = ["make_grid", "save_image"]


def make_grid(
    tensor: Any,
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Any:
    """Lay a batch of pictures on a grid, `nrow` side by side, `padding` pixels of `pad_value` around each.

    `normalize` maps `value_range` (the least and largest value unless given; of each picture with `scale_each`) to
    0..1. One channel becomes three.

    Shapes: (B, C, H, W), a list of (C, H, W), (C, H, W) or (H, W); result (C, H', W'), no border around one picture.
    Errors: TypeError for other inputs.
    """
    if isinstance(tensor, (list, tuple)):
        if not tensor or not all(isinstance(one, rushlight.Tensor) for one in tensor):
            raise TypeError("make_grid: expected a tensor or a list of tensors")
        tensor = rushlight.stack(list(tensor), dim=0)
    if not isinstance(tensor, rushlight.Tensor):
        raise TypeError(f"make_grid: expected a tensor or a list of tensors, got {type(tensor).__name__}")
    images = tensor.detach()
    if images.dim() == 2:
        images = images.unsqueeze(0)
    if images.dim() == 3:
        images = images.unsqueeze(0)
    if images.dim() != 4:
        raise TypeError(f"make_grid: expected 2 to 4 dimensions, got shape {tuple(tensor.shape)}")
    if images.size(1) == 1:
        images = rushlight.cat([images, images, images], 1)
    if normalize:
        parts = [images[i] for i in range(images.size(0))] if scale_each else [images]
        parts = [_to_unit(part, value_range) for part in parts]
        images = rushlight.stack(parts, 0) if scale_each else parts[0]
    count, channels, height, width = images.shape
    if count == 1:
        return images[0]
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    grid = rushlight.full(
        (channels, (height + padding) * rows + padding, (width + padding) * columns + padding),
        pad_value,
        dtype=images.dtype,
    )
    for index in range(count):
        top = (index // columns) * (height + padding) + padding
        left = (index % columns) * (width + padding) + padding
        grid[:, top : top + height, left : left + width] = images[index]
    return grid


def _to_unit(images: Any, value_range: tuple[float, float] | None) -> Any:
    if value_range is not None and not isinstance(value_range, tuple):
        raise TypeError("make_grid: value_range must be a tuple (low, high)")
    low, high = value_range or (float(images.min().item()), float(images.max().item()))
    return (images.clamp(low, high) - low) / max(high - low, 1e-5)


def save_image(tensor: Any, fp: str | os.PathLike | BinaryIO, format: str | None = None, **kwargs: Any) -> None:
    """Write a picture, or a batch as a grid (arguments of `make_grid`), values 0..1 rounded to 8 bits.

    PNG needs nothing; other formats (by `format` or the path's ending) need Pillow.
    """
    grid = make_grid(tensor, **kwargs)
    pixels = (grid * 255 + 0.5).clamp(0, 255).permute(1, 2, 0).to(rushlight.uint8).contiguous().numpy()
    height, width, channels = pixels.shape
    name = "" if hasattr(fp, "write") else os.fspath(fp)  # type: ignore[arg-type]
    kind = (format or os.path.splitext(str(name))[1].lstrip(".") or "png").lower()
    if kind != "png":
        from PIL import Image

        Image.frombytes("RGB", (width, height), pixels.tobytes()).save(fp, format=format)
        return
    data = png.encode(pixels.tobytes(), height, width, channels)
    if hasattr(fp, "write"):
        fp.write(data)  # type: ignore[union-attr]
    else:
        with open(name, "wb") as out:
            out.write(data)
