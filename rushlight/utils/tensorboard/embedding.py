"""Files for TensorBoard's projector: points, their labels, their pictures."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any

from rushlight.utils import images


def _cell(value: Any) -> str:
    return str(value).replace("\t", " ").replace("\n", " ")


def write_embedding(
    log_dir: str,
    folder: str,
    points: Any,
    metadata: Sequence[Any] | None,
    pictures: Any,
    header: Sequence[str] | None,
) -> str:
    """Write tensors.tsv, metadata.tsv and sprite.png under log_dir/folder; returns their projector_config entry.

    Errors: ValueError when points are not 2-D or labels or pictures differ from them in number.
    """
    array = images.as_array(points)
    if array.ndim != 2:
        raise ValueError(f"add_embedding: mat must be 2-D (points, dimensions), got shape {tuple(array.shape)}")
    count = array.shape[0]
    place = os.path.join(log_dir, folder)
    os.makedirs(place, exist_ok=True)
    with open(os.path.join(place, "tensors.tsv"), "w", encoding="utf-8") as out:
        out.writelines("\t".join(repr(float(x)) for x in row) + "\n" for row in array.tolist())
    lines = [f'tensor_name: "{folder}"', f'tensor_path: "{folder}/tensors.tsv"']
    if metadata is not None:
        if len(metadata) != count:
            raise ValueError(f"add_embedding: {len(metadata)} labels for {count} points")
        with open(os.path.join(place, "metadata.tsv"), "w", encoding="utf-8") as out:
            if header:
                out.write("\t".join(_cell(x) for x in header) + "\n")
                out.writelines("\t".join(_cell(x) for x in row) + "\n" for row in metadata)
            else:
                out.writelines(_cell(x) + "\n" for x in metadata)
        lines.append(f'metadata_path: "{folder}/metadata.tsv"')
    if pictures is not None:
        batch = images.to_bytes(pictures)
        if batch.ndim != 4 or batch.shape[0] != count:
            raise ValueError(f"add_embedding: label_img must be ({count}, C, H, W), got {tuple(batch.shape)}")
        batch = batch.transpose([0, 2, 3, 1])
        side = math.ceil(math.sqrt(count))  # the projector expects a square sheet
        with open(os.path.join(place, "sprite.png"), "wb") as out_png:
            out_png.write(images.encode_png(images.tile(batch, side, rows=side)))
        height, width = batch.shape[1:3]
        sprite = f'{{ image_path: "{folder}/sprite.png" single_image_dim: {width} single_image_dim: {height} }}'
        lines.append(f"sprite {sprite}")
    return "embeddings {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
