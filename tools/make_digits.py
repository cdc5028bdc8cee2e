"""Rebuild rushlight/vision/datasets/assets/optdigits.bin from scikit-learn's copy of the UCI digits.

Usage:  python tools/make_digits.py [SOURCE.csv.gz]

SOURCE holds one image per line: 64 pixel values 0..16, then the label. Without it, the copy that ships in
scikit-learn is used (`pip install scikit-learn`).

Layout of the asset:

    8 bytes   magic, b"OPTDIGI1"
    4 bytes   number of images N, little-endian
    rest      one zlib stream of N * 65 bytes: N * 64 pixels 0..16 (row-major, image after image), then N labels 0..9

Deflate alone beats packing the pixels to five bits first (44 kB against 46 kB): packing hides the repeats.
"""

from __future__ import annotations

import gzip
import importlib.util
import sys
import zlib
from pathlib import Path

MAGIC = b"OPTDIGI1"
PIXELS = 64
ASSET = Path(__file__).resolve().parent.parent / "rushlight" / "vision" / "datasets" / "assets" / "optdigits.bin"


def scikit_learn_copy() -> Path:
    """The csv that scikit-learn installs, found without importing scikit-learn."""
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise SystemExit("make_digits: scikit-learn is not installed; give the path of digits.csv.gz instead")
    return Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"


def encode(rows: list[list[int]]) -> bytes:
    """The asset's bytes for rows of 64 pixels and a label."""
    for number, row in enumerate(rows, 1):
        if len(row) != PIXELS + 1 or not all(0 <= v <= 16 for v in row[:-1]) or not 0 <= row[-1] <= 9:
            raise SystemExit(f"make_digits: line {number} is not 64 pixels in 0..16 and a label in 0..9")
    pixels = bytes(v for row in rows for v in row[:-1])
    labels = bytes(row[-1] for row in rows)
    return MAGIC + len(rows).to_bytes(4, "little") + zlib.compress(pixels + labels, 9)


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else scikit_learn_copy()
    with gzip.open(source, "rt") as lines:
        rows = [[int(float(field)) for field in line.split(",")] for line in lines if line.strip()]
    data = encode(rows)
    ASSET.write_bytes(data)
    print(f"{ASSET}: {len(rows)} images, {len(data)} bytes")


if __name__ == "__main__":
    main()
