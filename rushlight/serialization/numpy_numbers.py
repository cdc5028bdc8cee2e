"""NumPy's numbers in checkpoints (a loss or an accuracy, often), read as Python numbers.

A NumPy scalar is stored as `scalar(dtype(code, ...), bytes)`, the byte order following in the dtype's state.
"""

from __future__ import annotations

import struct
from pickle import UnpicklingError
from typing import Any

_LAYOUTS = {"b1": "?", "f2": "e", "f4": "f", "f8": "d", "c8": "2f", "c16": "2d"}
for _size, _letter in ((1, "b"), (2, "h"), (4, "i"), (8, "q")):
    _LAYOUTS |= {f"i{_size}": _letter, f"u{_size}": _letter.upper()}


class NumberType:
    """What `numpy.dtype(code, ...)` stands for."""

    def __init__(self, code: Any, align: Any = False, copy: Any = True) -> None:
        if code not in _LAYOUTS:
            raise UnpicklingError(f"a NumPy number of type {code!r:.100} cannot be read; store a Python number")
        self.code = code
        self.order = "<"

    def set_state(self, state: Any) -> None:
        """(version, byte order, ...): '<' and '>' as struct's, '|' and '=' for this machine's."""
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "|", "="):
            raise UnpicklingError(f"unknown state of a NumPy type: {state!r:.100}")
        self.order = "=" if state[1] == "|" else state[1]


def number(kind: Any, data: Any) -> Any:
    """The Python number that `numpy.core.multiarray.scalar(kind, data)` stands for."""
    if not isinstance(kind, NumberType) or not isinstance(data, bytes):
        raise UnpicklingError("a NumPy number is built from a type and bytes")
    values = struct.unpack(kind.order + _LAYOUTS[kind.code], data)  # struct.error: a wrong number of bytes
    return complex(*values) if len(values) == 2 else values[0]
