"""Protocol-buffer wire format, as much of it as event files need.

A message is a run of fields, each a key `number << 3 | kind` and a value: kind 0 a varint, 1 eight bytes, 2 a length
and that many bytes (text, bytes, a message, packed numbers), 5 four bytes.

Source: Protocol Buffers documentation, "Encoding".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable


def _varint(value: int) -> bytes:
    value &= 0xFFFFFFFFFFFFFFFF  # negative numbers travel as 64-bit two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number: int, value: int) -> bytes:
    """An int64, uint64, bool or enum field."""
    return _varint(number << 3) + _varint(int(value))


def double(number: int, value: float) -> bytes:
    return _varint(number << 3 | 1) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    """A float field; values too large for 32 bits become infinite."""
    try:
        data = struct.pack("<f", value)
    except OverflowError:
        data = struct.pack("<f", float("inf") if value > 0 else float("-inf"))
    return _varint(number << 3 | 5) + data


def block(number: int, value: bytes | str) -> bytes:
    """A string, bytes or message field."""
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def doubles(number: int, values: Iterable[float]) -> bytes:
    """A packed repeated double field."""
    items = list(values)
    return block(number, struct.pack(f"<{len(items)}d", *items))


def parse(data: bytes) -> dict[int, list[int | bytes]]:
    """Field number -> values in order; numbers as unsigned integers, everything else as its bytes.

    Errors: ValueError for data that ends inside a field or holds an unknown kind.
    """
    fields: dict[int, list[int | bytes]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(data) or shift > 63:
                raise ValueError("protocol buffer: a varint does not end")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            fields.setdefault(key >> 3, []).append(varint())
            continue
        if kind not in (1, 2, 5):
            raise ValueError(f"protocol buffer: unknown kind {kind}")
        length = varint() if kind == 2 else (8 if kind == 1 else 4)
        if at + length > len(data):
            raise ValueError("protocol buffer: a field ends early")
        fields.setdefault(key >> 3, []).append(data[at : at + length])
        at += length
    return fields
