"""A zip archive of uncompressed entries whose data start at multiples of 64 bytes, so that they can be mapped.

Source: PKWARE's APPNOTE.TXT 6.3.9, sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, BinaryIO

ALIGNMENT = 64
_VERSION, _VERSION_ZIP64 = 20, 45
_UTF8 = 0x800
_DATE, _TIME = (1 << 5) | 1, 0  # 1980-01-01: the same data give the same file
_U32, _U16 = 0xFFFFFFFF, 0xFFFF


class ZipWriter:
    """Writes entries to a stream that need not seek; `finish` adds the directory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._at = 0
        self._entries: list[tuple[bytes, int, int, int]] = []  # name, crc, size, where its header starts

    def _write(self, data: Any) -> None:
        self._stream.write(data)
        self._at += len(data)

    def add(self, name: str, data: Any) -> None:
        """One entry; `data` is anything that shows its bytes."""
        data = memoryview(data).cast("B")
        encoded = name.encode()
        size, crc = len(data), zlib.crc32(data)
        extra = struct.pack("<HHQQ", 1, 16, size, size) if size >= _U32 else b""
        # "FB" marks PyTorch's own padding field: 4 bytes of head, then as many as alignment needs.
        start = self._at + 30 + len(encoded) + len(extra) + 4
        padding = -start % ALIGNMENT
        extra += struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        short = min(size, _U32)
        version = _VERSION_ZIP64 if size >= _U32 else _VERSION
        self._entries.append((encoded, crc, size, self._at))
        self._write(
            struct.pack(
                "<4s5H3I2H", b"PK\3\4", version, _UTF8, 0, _TIME, _DATE, crc, short, short, len(encoded), len(extra)
            )
            + encoded
            + extra
        )
        self._write(data)

    def finish(self) -> None:
        """The central directory and its end records."""
        start = self._at
        for name, crc, size, at in self._entries:
            wide = [n for n in (size, size, at) if n >= _U32]
            extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
            version = _VERSION_ZIP64 if wide else _VERSION
            short, at = min(size, _U32), min(at, _U32)
            self._write(
                struct.pack("<4s6H3I", b"PK\1\2", version, version, _UTF8, 0, _TIME, _DATE, crc, short, short)
                + struct.pack("<5H2I", len(name), len(extra), 0, 0, 0, 0, at)
                + name
                + extra
            )
        length, count, end = self._at - start, len(self._entries), self._at
        if start >= _U32 or count >= _U16:
            self._write(struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, start))
            self._write(struct.pack("<4sIQI", b"PK\6\7", 0, end, 1))
        few = min(count, _U16)
        self._write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, few, few, min(length, _U32), min(start, _U32), 0))
