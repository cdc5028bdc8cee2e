"""Write PNG files with the standard library alone."""

from __future__ import annotations

import struct
import zlib

_COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}  # channels -> grey, grey + alpha, RGB, RGBA


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encode(pixels: bytes, height: int, width: int, channels: int) -> bytes:
    """The PNG file of 8-bit `pixels`, rows from top to bottom, channels innermost (1, 2, 3 or 4 of them).

    Errors: ValueError for an empty image, another channel count or a wrong number of bytes.
    Source: PNG specification, W3C 2003, sections 5, 9 and 11.
    """
    if channels not in _COLOUR_TYPE:
        raise ValueError(f"png: expected 1 to 4 channels, got {channels}")
    if height < 1 or width < 1 or len(pixels) != height * width * channels:
        raise ValueError(f"png: expected {height} x {width} x {channels} bytes, at least one pixel; got {len(pixels)}")
    stride = width * channels
    # Each row opens with its filter number; 0 stores the row as it is.
    rows = b"".join(b"\0" + pixels[start : start + stride] for start in range(0, len(pixels), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[channels], 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 6)) + _chunk(b"IEND", b"")
    )
