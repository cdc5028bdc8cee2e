"""The record file that TensorBoard reads: length, checksum, data, checksum.

    uint64 length | uint32 masked crc32c of the length | data | uint32 masked crc32c of the data      (little-endian)

Source: the TFRecord section of TensorFlow's guide; CRC-32C (Castagnoli): RFC 3720, appendix B.4.
"""

from __future__ import annotations

import functools
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import BinaryIO

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed


@functools.lru_cache(maxsize=1)
def _table() -> array:
    """What 16 bits in the low end of the register turn into after 16 steps: two bytes per look-up."""
    low = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        low.append(crc)
    one_step = [low[pair & 255] ^ pair >> 8 for pair in range(65536)]
    return array("L", [low[crc & 255] ^ crc >> 8 for crc in one_step])


def crc32c(data: bytes) -> int:
    """CRC-32C of `data`; crc32c(b"123456789") is 0xE3069283."""
    table = _table()
    crc = 0xFFFFFFFF
    pairs = array("H")
    pairs.frombytes(data[: len(data) & ~1])
    if sys.byteorder == "big":
        pairs.byteswap()
    for pair in pairs:
        crc = table[(crc ^ pair) & 0xFFFF] ^ crc >> 16
    if len(data) & 1:
        low = (crc ^ data[-1]) & 0xFF
        # One byte alone: a step of the table minus what its upper byte would have added.
        for _ in range(8):
            low = low >> 1 ^ (_POLYNOMIAL if low & 1 else 0)
        crc = low ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The checksum as stored: rotated right by 15 and shifted by a constant, so that it can be checksummed again."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """One record around `data`."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc32c(length)) + data + struct.pack("<I", masked_crc32c(data))


def read_records(stream: BinaryIO) -> Iterator[bytes]:
    """The data of each record.

    Errors: ValueError for a wrong checksum or a record that ends early.
    """
    while True:
        head = stream.read(12)
        if not head:
            return
        if len(head) < 12:
            raise ValueError(f"record header ends early: {len(head)} of 12 bytes")
        (length,) = struct.unpack("<Q", head[:8])
        if struct.unpack("<I", head[8:])[0] != masked_crc32c(head[:8]):
            raise ValueError("wrong checksum of a record's length")
        data = stream.read(length)
        tail = stream.read(4)
        if len(data) < length or len(tail) < 4:
            raise ValueError(f"record ends early: {len(data)} of {length} bytes")
        if struct.unpack("<I", tail)[0] != masked_crc32c(data):
            raise ValueError("wrong checksum of a record's data")
        yield data
