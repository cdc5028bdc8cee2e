"""Storages of a checkpoint: flat memory that one or more tensors look into."""

from __future__ import annotations

import sys
from pickle import UnpicklingError
from typing import Any

import rushlight
from rushlight.autograd.op import cpu

_LEGACY_NAMES = {dtype.legacy_name + "Storage": dtype for dtype in rushlight.dtypes.ALL.values()}
# PyTorch has no storage class for these; it stores them as bytes and names the dtype beside them.
_UNTYPED = {"uint16", "uint32", "uint64"}
STORAGE_DTYPES = {name: dtype for name, dtype in _LEGACY_NAMES.items() if dtype.name not in _UNTYPED}
STORAGE_NAMES = {dtype: name for name, dtype in STORAGE_DTYPES.items()}
LIMIT = 1 << 62

engine: Any = cpu  # its primitives are gathered at run time


class Storage:
    """One-dimensional memory of `dtype` elements; `typed(other)` is the same memory read as another type."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.nbytes = int(root.nbytes)

    def typed(self, dtype: Any) -> Any:
        raw = self.bytes()
        return raw[: self.nbytes - self.nbytes % dtype.itemsize].view(engine.to_engine_dtype(dtype))

    def bytes(self) -> Any:
        return self.root.view("u1")

    def tensor(self) -> Any:
        return rushlight.Tensor._wrap(self.root)


def new_storage(nbytes: int, dtype: Any) -> Storage:
    """Uninitialised memory, of whole elements or else of bytes."""
    if dtype is None or nbytes % dtype.itemsize:
        dtype = rushlight.uint8
    return Storage(engine.empty((nbytes // dtype.itemsize,), engine.to_engine_dtype(dtype)))


def fill(storage: Storage, data: Any) -> None:
    """Copy bytes into a storage of that size."""
    if storage.nbytes:
        memoryview(storage.bytes())[:] = memoryview(data)


def swap_bytes(storage: Storage, dtype: Any) -> None:
    """Turn the numbers of the other byte order into this machine's; complex numbers by their parts."""
    size = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
    if size > 1:
        data = bytearray(memoryview(storage.bytes()))
        swapped = bytearray(len(data))
        for byte in range(size):
            swapped[byte::size] = data[size - 1 - byte :: size]
        fill(storage, swapped)


def _integers(what: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or not all(type(v) is int and 0 <= v < LIMIT for v in values):
        raise UnpicklingError(f"a tensor's {what} must be integers of at least 0, got {values!r:.100}")
    return tuple(values)


def tensor_over(storage: Storage, dtype: Any, offset: Any, size: Any, stride: Any) -> Any:
    """A tensor of `dtype` that looks into `storage`; offset and stride count elements.

    Errors: UnpicklingError when any element would lie outside of the storage.
    """
    size = _integers("size", size)
    stride = _integers("stride", stride)
    (offset,) = _integers("storage offset", (offset,))
    if len(size) != len(stride) or len(size) > 64:
        raise UnpicklingError(f"a tensor has {len(size)} sizes and {len(stride)} strides; expected as many, at most 64")
    count = 1
    for n in size:
        count *= n
    if count >= LIMIT // 16:
        raise UnpicklingError(f"a tensor of size {size} is too large")
    available = storage.nbytes // dtype.itemsize
    last = offset + sum((n - 1) * step for n, step in zip(size, stride))
    if count and last >= available:
        raise UnpicklingError(
            f"a tensor of size {size}, stride {stride}, offset {offset} reaches element {last} of a storage that has "
            f"{available}"
        )
    if not count:
        return rushlight.empty(size, dtype=dtype)
    if max((step for n, step in zip(size, stride) if n > 1), default=0) * dtype.itemsize >= sys.maxsize // 2:
        raise UnpicklingError(f"a tensor's stride {stride} is too large")
    stride = tuple(step if n > 1 else min(step, available) for n, step in zip(size, stride))
    window = engine.as_strided(storage.typed(dtype), shape=size, strides=stride, offset=offset)
    return rushlight.Tensor._wrap(window)
