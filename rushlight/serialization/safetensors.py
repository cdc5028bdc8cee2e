"""`.safetensors` files, read and written by the safetensors library (`pip install rushlight[safetensors]`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import rushlight
from rushlight.serialization.save_load import replace_file
from rushlight.serialization.storages import engine

_NAMES = {
    "BOOL": rushlight.bool,
    "U8": rushlight.uint8,
    "I8": rushlight.int8,
    "I16": rushlight.int16,
    "U16": rushlight.uint16,
    "I32": rushlight.int32,
    "U32": rushlight.uint32,
    "I64": rushlight.int64,
    "U64": rushlight.uint64,
    "F16": rushlight.float16,
    "BF16": rushlight.bfloat16,
    "F32": rushlight.float32,
    "F64": rushlight.float64,
    "C64": rushlight.complex64,
}


def _library() -> Any:
    try:
        import safetensors
    except ImportError:
        raise ImportError("reading and writing .safetensors needs: pip install 'rushlight[safetensors]'") from None
    return safetensors


def save(tensors: Mapping[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    """The file of named tensors, as bytes.

    Errors: ValueError for something that is no tensor, a dtype the format lacks, or tensors that share memory (the
    format cannot say so: clone one of them).
    """
    library = _library()
    entries = {}
    owners: dict[int, str] = {}
    alive = []  # the library may read from their addresses
    for name, tensor in tensors.items():
        if not isinstance(tensor, rushlight.Tensor):
            raise ValueError(f"save_file: {name!r} is a {type(tensor).__name__}, not a tensor")
        if tensor.dtype not in _NAMES.values():
            raise ValueError(f"save_file: {name!r} is {tensor.dtype}, which .safetensors files cannot hold")
        address = tensor.untyped_storage().data_ptr()
        if tensor.numel() and owners.setdefault(address, name) != name:
            raise ValueError(
                f"save_file: {owners[address]!r} and {name!r} share memory, which .safetensors files cannot say; "
                "clone one of them, or use rushlight.save"
            )
        data = engine.contiguous(tensor.detach()._array).reshape(-1).view("u1")
        alive.append(data)
        entries[name] = _entry(library, tensor.dtype.name, list(tensor.shape), data)
    return bytes(library.serialize(entries, metadata))


def save_file(tensors: Mapping[str, Any], filename: str | os.PathLike, metadata: dict[str, str] | None = None) -> None:
    """Write named tensors to a file, whole or not at all. Errors: as `save`."""
    data = save(tensors, metadata)
    with replace_file(os.path.realpath(os.fspath(filename))) as stream:
        stream.write(data)


def _entry(library: Any, dtype: str, shape: list[int], data: Any) -> Any:
    """One tensor as the library takes it: by address since 0.8, as bytes before."""
    if hasattr(library, "TensorSpec"):
        address = data.__array_interface__["data"][0]
        return library.TensorSpec(dtype=dtype, shape=shape, data_ptr=address, data_len=data.nbytes)
    return {"dtype": dtype, "shape": shape, "data": data.tobytes()}


def load(data: bytes) -> dict[str, Any]:
    """Named tensors of a file's bytes, in the order of their names.

    Errors: safetensors.SafetensorError for a malformed file; ValueError for a dtype that tensors do not have here.
    """
    out = {}
    for name, entry in sorted(_library().deserialize(data)):
        dtype = _NAMES.get(entry["dtype"])
        if dtype is None:
            raise ValueError(f"load_file: {name!r} is {entry['dtype']}, which rushlight does not have")
        array = engine.from_buffer(bytearray(entry["data"]), engine.to_engine_dtype(dtype))
        out[name] = rushlight.Tensor._wrap(array.reshape(entry["shape"]))
    return out


def load_file(filename: str | os.PathLike, device: Any = "cpu") -> dict[str, Any]:
    """Named tensors of a file. Errors: as `load`; OSError; RuntimeError for a device other than the CPU."""
    rushlight.devices.check(device)
    with open(filename, "rb") as file:
        return load(file.read())
