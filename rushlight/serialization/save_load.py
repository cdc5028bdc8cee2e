"""`save` and `load`: objects to and from `.pt` files."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from rushlight.serialization.pickle_writer import Writer
from rushlight.serialization.storages import STORAGE_NAMES
from rushlight.serialization.torch_checkpoint import LegacyReader, ZipReader
from rushlight.serialization.zip_writer import ALIGNMENT, ZipWriter

_PROTOCOL = 2


def save(
    obj: Any,
    f: str | os.PathLike | BinaryIO,
    pickle_module: Any = None,
    pickle_protocol: int = _PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
) -> None:
    """Write `obj` (tensors, parameters, numbers, text, plain containers) to a path or a binary file object.

    PyTorch reads the file with `torch.load(f)`. Tensors that share memory share it again after loading. A path is
    written whole or not at all: to a temporary file beside it, which takes its place once it is on the disk.

    Errors: pickle.PicklingError for an object that is not data (a Module: save its state_dict); ValueError for another
    pickle protocol or format; OSError from the file system.
    """
    if pickle_module is not None or pickle_protocol != _PROTOCOL:
        raise ValueError("save: pickle_module and pickle_protocol cannot be chosen; files are written with protocol 2")
    if not _use_new_zipfile_serialization:
        raise ValueError("save: only the zip format is written (the older one can be read)")
    if hasattr(f, "write"):
        _write(obj, f, "archive")  # type: ignore[arg-type]
        return
    path = os.path.realpath(os.fspath(f))  # type: ignore[arg-type]
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    with replace_file(path) as stream:
        _write(obj, stream, os.path.splitext(os.path.basename(path))[0] or "archive")


@contextlib.contextmanager
def replace_file(path: str) -> Iterator[BinaryIO]:
    """A stream whose content becomes the file `path` when the block ends well, and vanishes when it does not."""
    folder = os.path.dirname(path) or "."
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {folder} does not exist.")
    temporary = os.path.join(folder, f".{os.path.basename(path)[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    if hasattr(os, "O_DIRECTORY"):  # the new name is on the disk once its folder is
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _write(obj: Any, stream: BinaryIO, name: str) -> None:
    storages: dict[int, tuple[str, Any, str | None]] = {}  # address -> key, bytes, type

    def storage_of(tensor: Any) -> tuple[str, str, int] | None:
        root = tensor.untyped_storage()
        # Storages without memory have no address of their own.
        identity = root.data_ptr() if root.nbytes() else -len(storages) - 1
        kind = STORAGE_NAMES.get(tensor.dtype)
        if identity not in storages:
            flat = _flat(root._root)
            if flat is None:
                return None
            storages[identity] = (str(len(storages)), flat, kind)
        key, flat, first_kind = storages[identity]
        # PyTorch reads a storage as the type it meets first; tensors of other types must name theirs themselves.
        if kind is None or kind != first_kind:
            return "torch.storage.UntypedStorage", key, flat.nbytes
        return f"torch.{kind}", key, flat.nbytes // tensor.dtype.itemsize

    data = Writer(storage_of).dump(obj)
    archive = ZipWriter(stream)
    archive.add(f"{name}/data.pkl", data)
    archive.add(f"{name}/.format_version", b"1")
    archive.add(f"{name}/.storage_alignment", str(ALIGNMENT).encode())
    archive.add(f"{name}/byteorder", sys.byteorder.encode())
    for key, flat, _ in storages.values():
        archive.add(f"{name}/data/{key}", flat)
    archive.add(f"{name}/version", b"3\n")
    archive.finish()


def _flat(root: Any) -> Any:
    """The bytes of an array that owns its memory in the order in which they lie there, or None if it has gaps."""
    flat = root.ravel(order="K").view("u1")
    return (
        flat if flat.nbytes == 0 or flat.__array_interface__["data"][0] == root.__array_interface__["data"][0] else None
    )


def load(
    f: str | os.PathLike | BinaryIO,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,  # noqa: A002
    **pickle_load_args: Any,
) -> Any:
    """Read a `.pt` file of PyTorch's or ours, from a path or a binary file object that can seek.

    The file is data: tensors, parameters, numbers, text and plain containers are built, nothing in it is run, whatever
    `weights_only` says. A class of your own can be let in with `serialization.add_safe_globals`. `map_location` may be
    anything that means the CPU; it is needed for files that were saved on another device. With `mmap=True` tensors stay
    in the file until they are used (private to this process: writing to them leaves the file as it is).

    Errors: pickle.UnpicklingError for content that is refused or malformed; RuntimeError for a damaged archive, or a
    device that is not there; EOFError for an empty file; ValueError for mmap with something that is not a path.
    """
    if pickle_module is not None or pickle_load_args.keys() - {"encoding"}:
        raise ValueError("load: pickle_module and its arguments cannot be chosen; files are parsed as data")
    if hasattr(f, "read"):
        if mmap:
            raise ValueError("f must be a file path in order to use the mmap argument")
        if not hasattr(f, "seek") or not hasattr(f, "tell"):
            raise AttributeError("load: a file object must have read, seek and tell; read it into io.BytesIO first")
        return _load(f, map_location, None)  # type: ignore[arg-type]
    with open(os.fspath(f), "rb") as file:  # type: ignore[arg-type]
        return _load(file, map_location, _map(file) if mmap else None)


def _map(file: BinaryIO) -> Any:
    if os.fstat(file.fileno()).st_size == 0:
        return None
    return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)


def _load(file: BinaryIO, map_location: Any, mapped: Any) -> Any:
    start = file.tell()
    head = file.read(4)
    if not head:
        raise EOFError("load: the file is empty")
    if head == b"PK\3\4":
        if start:  # offsets in a zip archive count from its beginning
            file.seek(start)
            file, start = io.BytesIO(file.read()), 0
        size = file.seek(0, os.SEEK_END)
        return ZipReader(file, size, map_location, mapped).load()
    file.seek(start)
    data = file.read()
    if data[257:262] == b"ustar":
        raise RuntimeError(
            "load: the tar format of PyTorch before 0.1.12 is not supported; load and save it there again"
        )
    return LegacyReader(data, map_location).load()
