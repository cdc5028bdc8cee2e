"""Reading `.pt` files as data: the zip format of PyTorch 1.6 and later, and the stream of pickles before it.

What a file may name is the table in `Globals`; what it may do with it is in unpickle.py.
"""

from __future__ import annotations

import abc
import collections
import mmap
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, BinaryIO

import rushlight
from rushlight.serialization import trusted as user
from rushlight.serialization.numpy_numbers import NumberType, number
from rushlight.serialization.storages import STORAGE_DTYPES, Storage, engine, fill, new_storage, swap_bytes, tensor_over
from rushlight.serialization.unpickle import Allowed, Global, Parser, check_key

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001
_MAX_NAME = 4096


class StorageType:
    """`torch.FloatStorage` and the like in a persistent id; dtype None for the untyped one."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype


class TypedStorage:
    """What a persistent id stands for: memory, and how to read it (None: bytes)."""

    def __init__(self, storage: Storage, dtype: Any, location: str) -> None:
        self.storage = storage
        self.dtype = dtype
        self.location = location


# what the calls in a checkpoint build


def _rebuild_tensor(storage: Any, offset: Any, size: Any, stride: Any) -> Any:
    if not isinstance(storage, TypedStorage):
        raise UnpicklingError(f"a tensor is built on a {type(storage).__name__}, not on a storage")
    return tensor_over(storage.storage, storage.dtype or rushlight.uint8, offset, size, stride)


def _rebuild_tensor_v2(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, metadata: Any = None
) -> Any:
    return _grad(_rebuild_tensor(storage, offset, size, stride), requires_grad)


def _rebuild_tensor_v3(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any, hooks: Any, dtype: Any, metadata: Any = None
) -> Any:
    if not isinstance(storage, TypedStorage) or not isinstance(dtype, rushlight.dtype):
        raise UnpicklingError("a tensor of the v3 form needs a storage and a dtype")
    return _grad(tensor_over(storage.storage, dtype, offset, size, stride), requires_grad)


def _grad(tensor: Any, requires_grad: Any) -> Any:
    if not isinstance(requires_grad, bool):
        raise UnpicklingError(f"requires_grad must be a bool, got {requires_grad!r:.100}")
    if requires_grad and not (tensor.is_floating_point() or tensor.is_complex()):
        raise UnpicklingError(f"a {tensor.dtype} tensor cannot require gradients")
    return tensor.requires_grad_() if requires_grad else tensor


def _rebuild_parameter(data: Any, requires_grad: Any, hooks: Any) -> Any:
    if not isinstance(data, rushlight.Tensor) or not isinstance(requires_grad, bool):
        raise UnpicklingError("a parameter is built from a tensor and a bool")
    if requires_grad and not (data.is_floating_point() or data.is_complex()):
        raise UnpicklingError(f"a {data.dtype} parameter cannot require gradients")
    return rushlight.nn.Parameter(data.detach(), requires_grad)


def _rebuild_parameter_with_state(data: Any, requires_grad: Any, hooks: Any, state: Any) -> Any:
    return _set_attributes(_rebuild_parameter(data, requires_grad, hooks), state)


def _rebuild_from_type(function: Any, kind: Any, args: Any, state: Any) -> Any:
    """A tensor with Python attributes."""
    if not isinstance(function, Global) or function.build is None or not isinstance(args, tuple):
        raise UnpicklingError("a tensor with attributes is built in an unknown way")
    if not isinstance(kind, Global) or kind.name not in ("torch.Tensor", "torch.nn.parameter.Parameter"):
        raise UnpicklingError("a checkpoint may hold tensors and parameters, but no other tensor class")
    return _set_attributes(function.build(*args), state)


def _set_attributes(tensor: Any, state: Any) -> Any:
    if isinstance(state, tuple) and len(state) == 2 and state[1] is None:
        state = state[0]
    if not isinstance(state, dict) or not all(isinstance(key, str) for key in state):
        raise UnpicklingError("a tensor's attributes must be a dict")
    for key, value in state.items():
        if key.startswith("_") or hasattr(type(tensor), key):
            raise UnpicklingError(f"a checkpoint may not set the attribute {key!r} of a tensor")
        setattr(tensor, key, value)
    return tensor


def _size(sizes: Any = ()) -> Any:
    if not isinstance(sizes, (tuple, list)) or not all(type(n) is int for n in sizes):
        raise UnpicklingError(f"torch.Size takes integers, got {sizes!r:.100}")
    return rushlight.Size(sizes)


def _device(*args: Any) -> Any:
    try:
        return rushlight.device(*args)
    except (RuntimeError, TypeError) as error:
        raise UnpicklingError(f"not a device: {error}") from error


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8"):
        raise UnpicklingError("bytes are stored as text in latin1")
    return text.encode(encoding)


def _items_of(kind: type) -> Callable[..., Any]:
    """`kind(iterable)` with elements that are cheap to hash."""

    def build(items: Any = ()) -> Any:
        if not isinstance(items, (list, tuple, set, frozenset)):
            raise UnpicklingError(f"{kind.__name__} is built from a {type(items).__name__}")
        for item in items:
            check_key(item)
        return kind(items)

    return build


def _ordered_dict(items: Any = ()) -> Any:
    out: collections.OrderedDict = collections.OrderedDict()
    for pair in items:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise UnpicklingError("an OrderedDict is built from pairs")
        check_key(pair[0])
        out[pair[0]] = pair[1]
    return out


def _bytearray(data: Any = b"") -> bytearray:
    if not isinstance(data, bytes):  # bytearray(10**12) would be an order for memory
        raise UnpicklingError("a bytearray is built from bytes")
    return bytearray(data)


def _empty_bytes() -> bytes:
    return b""


def _complex(real: Any, imag: Any) -> complex:
    if not isinstance(real, float) or not isinstance(imag, float):
        raise UnpicklingError("a complex number is built from two floats")
    return complex(real, imag)


_CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": _rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": _rebuild_tensor_v3,
    "torch._utils._rebuild_parameter": _rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": _rebuild_parameter_with_state,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch.Size": _size,
    "torch.device": _device,
    "collections.OrderedDict": _ordered_dict,
    "_codecs.encode": _encode,
}
for _module in ("builtins", "__builtin__"):
    _CALLS |= {
        f"{_module}.set": _items_of(set),
        f"{_module}.frozenset": _items_of(frozenset),
        f"{_module}.bytearray": _bytearray,
        f"{_module}.bytes": _empty_bytes,
        f"{_module}.complex": _complex,
    }
_CALLS["numpy.dtype"] = NumberType
for _module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    _CALLS[f"{_module}.scalar"] = number
_NAMES = {"torch.Tensor", "torch.nn.parameter.Parameter"}
_REFUSED = {
    "torch._utils._rebuild_sparse_tensor": "sparse tensors",
    "torch._utils._rebuild_qtensor": "quantized tensors",
    "torch._utils._rebuild_nested_tensor": "nested tensors",
    "torch._utils._rebuild_meta_tensor_no_storage": "tensors without data (device meta)",
}


def find_global(module: str, name: str) -> Any:
    """What the name stands for in a checkpoint.

    Errors: UnpicklingError naming the global when it is not in the table and was not allowed by the user.
    """
    full = f"{module}.{name}"
    if full in _CALLS:
        value = {"collections.OrderedDict": collections.OrderedDict}.get(full)
        return Global(full, _CALLS[full], value)
    if full in _NAMES:
        return Global(full)
    if module in ("torch", "torch.storage", "torch.cuda"):
        if name in STORAGE_DTYPES:
            return Global(full, value=StorageType(STORAGE_DTYPES[name]))
        if name == "UntypedStorage":
            return Global(full, value=StorageType(None))
    if module == "torch" and name in rushlight.dtypes.ALL:
        return rushlight.dtypes.ALL[name]
    allowed = user.lookup(full)
    if allowed is not None:
        return Allowed(allowed)
    if full in _REFUSED:
        raise UnpicklingError(f"the checkpoint holds {_REFUSED[full]} ({full}), which rushlight cannot read")
    raise UnpicklingError(
        f"the checkpoint names {full:.200}, which is not plain data. Checkpoints are read without running their code: "
        "tensors, numbers, text and plain containers only. Save model.state_dict() instead of the object, or, for a "
        "class that you trust, allow it first: rushlight.serialization.add_safe_globals([TheClass])."
    )


def _location(pid: tuple) -> str:
    return pid[3] if isinstance(pid[3], str) else "cpu"


class Reader(abc.ABC):
    """Turns persistent ids into storages, each read once, and applies `map_location`."""

    def __init__(self, map_location: Any) -> None:
        self._map_location = map_location
        self.storages: dict[str, TypedStorage] = {}

    def parse(self, data: bytes | memoryview, start: int = 0) -> Parser:
        parser = Parser(data, find_global, self.persistent, start)
        parser.allow(user.current())
        return parser

    @abc.abstractmethod
    def read(self, key: str, nbytes: int, dtype: Any) -> Storage:
        """Storage `key`, of at least `nbytes` bytes of `dtype` (None: bytes)."""

    def persistent(self, pid: Any) -> TypedStorage:
        if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage":
            raise UnpicklingError(f"unknown persistent id {pid!r:.100}")
        kind, key, count = pid[1], pid[2], pid[4]
        if not isinstance(kind, Global) or not isinstance(kind.value, StorageType):
            raise UnpicklingError("a storage's type must be one of torch's storage classes")
        if not isinstance(key, str) or type(count) is not int or not 0 <= count < 1 << 60:
            raise UnpicklingError(f"a storage is named {key!r:.100} with {count!r:.100} elements")
        dtype = kind.value.dtype
        nbytes = count * (1 if dtype is None else dtype.itemsize)
        found = self.storages.get(key)
        if found is None:
            storage = self.read(key, nbytes, dtype)
            found = TypedStorage(storage, dtype, _location(pid))
            self._relocate(found)
            self.storages[key] = found
        if found.storage.nbytes < nbytes:
            raise UnpicklingError(f"storage {key!r:.100} has {found.storage.nbytes} bytes, {nbytes} are asked for")
        return found if found.dtype is dtype else TypedStorage(found.storage, dtype, found.location)

    def _relocate(self, found: TypedStorage) -> None:
        """Where a storage goes; only the CPU exists, so this checks what the user asked for."""
        where, location = self._map_location, found.location
        if where is None:
            target = location
        elif callable(where):
            where(found.storage.tensor(), location)  # it returns a storage or None; both mean the CPU here
            target = "cpu"
        elif isinstance(where, dict):
            target = where.get(location, location)
        else:
            target = where
        target = str(target)
        if target.split(":")[0] != "cpu":
            raise RuntimeError(
                f"Attempting to deserialize object on {target}, but rushlight computes on the CPU. "
                "Please use load(..., map_location='cpu') to map the storages to the CPU."
            )


class ZipReader(Reader):
    """The zip format: NAME/data.pkl beside NAME/data/KEY, stored without compression."""

    def __init__(self, file: BinaryIO, size: int, map_location: Any, mapped: mmap.mmap | None) -> None:
        super().__init__(map_location)
        self._file = file
        self._size = size
        self._mapped = mapped
        try:
            entries = zipfile.ZipFile(file).infolist()
        except Exception as error:  # zipfile raises many classes on damaged files
            raise RuntimeError(f"the checkpoint is damaged: its zip directory cannot be read ({error})") from error
        self._entries: dict[str, zipfile.ZipInfo] = {}
        if sum(entry.file_size for entry in entries) > size:
            raise RuntimeError("the checkpoint is damaged: its entries are larger than the file")
        pickles = [entry.filename for entry in entries if entry.filename.endswith("data.pkl")]
        pickles = [name for name in pickles if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(pickles) != 1:
            script = any("/code/" in entry.filename or entry.filename.endswith("constants.pkl") for entry in entries)
            what = "a TorchScript archive" if script else "not a checkpoint"
            raise RuntimeError(f"the file is {what}: it holds {len(pickles)} entries named data.pkl, expected one")
        prefix = pickles[0][: -len("data.pkl")]
        if any(entry.filename == f"{prefix}constants.pkl" for entry in entries):
            raise RuntimeError("the file is a TorchScript archive (it holds code); rushlight reads state dicts")
        for entry in entries:
            if entry.filename in self._entries:
                raise RuntimeError(f"the checkpoint is damaged: entry {entry.filename!r:.100} appears twice")
            if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 0x41:
                raise RuntimeError(
                    f"entry {entry.filename!r:.100} is compressed or encrypted; checkpoints store their entries plainly"
                )
            self._entries[entry.filename] = entry
        self._prefix = prefix
        order = self._bytes("byteorder") if f"{prefix}byteorder" in self._entries else b"little"
        if order not in (b"little", b"big"):
            raise RuntimeError(f"the checkpoint is damaged: unknown byte order {order!r:.100}")
        self._swap = order.decode() != sys.byteorder

    def load(self) -> Any:
        return self.parse(self._bytes("data.pkl")).load()

    def _span(self, name: str) -> tuple[zipfile.ZipInfo, int]:
        """(entry, where its bytes start in the file)."""
        entry = self._entries.get(self._prefix + name)
        if entry is None:
            raise RuntimeError(f"the checkpoint is damaged: it has no entry {name!r:.100}")
        if not 0 <= entry.header_offset <= self._size - 30:
            raise RuntimeError(f"the checkpoint is damaged: entry {name!r:.100} lies outside of the file")
        self._file.seek(entry.header_offset)
        header = self._file.read(30)
        if len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise RuntimeError(f"the checkpoint is damaged: entry {name!r:.100} has no header")
        start = entry.header_offset + 30 + sum(struct.unpack("<HH", header[26:30]))
        if start + entry.file_size > self._size or entry.compress_size != entry.file_size:
            raise RuntimeError(f"the checkpoint ends early: entry {name!r:.100} is not all there")
        return entry, start

    def _bytes(self, name: str) -> bytes:
        entry, start = self._span(name)
        self._file.seek(start)
        data = self._file.read(entry.file_size)
        _check_crc(name, entry, data)
        return data

    def read(self, key: str, nbytes: int, dtype: Any) -> Storage:
        if len(key) > _MAX_NAME:
            raise UnpicklingError("a storage's name is too long")
        entry, start = self._span(f"data/{key}")
        if entry.file_size < nbytes:
            raise UnpicklingError(f"storage {key!r:.100} has {entry.file_size} bytes, {nbytes} are asked for")
        if self._mapped is not None and start % 64 == 0 and entry.file_size and not self._swap:
            window = memoryview(self._mapped)[start : start + entry.file_size]
            return Storage(engine.from_buffer(window, engine.to_engine_dtype(rushlight.uint8)))
        storage = new_storage(entry.file_size, dtype)
        self._file.seek(start)
        if storage.nbytes:
            view = memoryview(storage.bytes())
            _read_into(self._file, view)
            _check_crc(f"data/{key}", entry, view)
        if self._swap:
            swap_bytes(storage, dtype or rushlight.uint8)
        return storage


def _read_into(file: BinaryIO, view: memoryview) -> None:
    done = 0
    while done < len(view):
        if hasattr(file, "readinto"):
            count = file.readinto(view[done:])
        else:
            piece = file.read(len(view) - done)
            count = len(piece)
            view[done : done + count] = piece
        if not count:
            raise RuntimeError(f"the checkpoint ends early: {done} of {len(view)} bytes of a storage")
        done += count


def _check_crc(name: str, entry: zipfile.ZipInfo, data: Any) -> None:
    if zlib.crc32(data) != entry.CRC:
        raise RuntimeError(f"the checkpoint is damaged: wrong checksum of entry {name!r:.100}")


class LegacyReader(Reader):
    """The format before PyTorch 1.6: five pickles (magic number, version, system, object, keys), then the storages."""

    def __init__(self, data: bytes, map_location: Any) -> None:
        super().__init__(map_location)
        self._data = data
        self._sizes: dict[str, tuple[int, Any]] = {}
        self._total = 0

    def load(self) -> Any:
        at = 0
        head = []
        for _ in range(3):
            parser = self.parse(self._data, at)
            head.append(parser.load())
            at = parser.at
        magic, version, system = head
        if magic != _LEGACY_MAGIC:
            raise UnpicklingError("the file is no checkpoint: neither a zip archive nor PyTorch's magic number")
        if version != _LEGACY_PROTOCOL:
            raise UnpicklingError(f"unknown checkpoint version {version!r:.100}, expected {_LEGACY_PROTOCOL}")
        little = system.get("little_endian", True) if isinstance(system, dict) else True
        # The numbers come after the pickle that refers to them: build it once to learn the sizes, then fill in.
        parser = self.parse(self._data, at)
        value = parser.load()
        parser = self.parse(self._data, parser.at)
        keys = parser.load()
        at = parser.at
        if (
            not isinstance(keys, list)
            or sorted(map(str, keys)) != sorted(self.storages)
            or len(set(map(str, keys))) != len(keys)
        ):
            raise UnpicklingError("the checkpoint's list of storages differs from the storages its tensors use")
        for key in keys:
            at = self._fill(str(key), at, (sys.byteorder == "little") == bool(little))
        return value

    def _fill(self, key: str, at: int, native: bool) -> int:
        storage = self.storages[key].storage
        nbytes, dtype = self._sizes[key]
        if at + 8 + nbytes > len(self._data):
            raise RuntimeError(f"the checkpoint ends early: storage {key!r:.100} is not all there")
        count = int.from_bytes(self._data[at : at + 8], "little" if native == (sys.byteorder == "little") else "big")
        if count * (dtype or rushlight.uint8).itemsize != nbytes:
            raise UnpicklingError(f"storage {key!r:.100} has {count} elements, its tensors expect another number")
        fill(storage, memoryview(self._data)[at + 8 : at + 8 + nbytes])
        if not native:
            swap_bytes(storage, dtype or rushlight.uint8)
        return at + 8 + nbytes

    def read(self, key: str, nbytes: int, dtype: Any) -> Storage:
        self._total += nbytes
        if self._total > len(self._data):
            raise UnpicklingError(f"storage {key!r:.100} of {nbytes} bytes is larger than the file")
        self._sizes[key] = (nbytes, dtype)
        return new_storage(nbytes, dtype)

    def persistent(self, pid: Any) -> TypedStorage:
        whole = super().persistent(pid)
        view = pid[5] if len(pid) > 5 else None
        if view is None:
            return whole
        # (key, offset, size) in elements: a storage that is a window of another one.
        if not isinstance(view, tuple) or len(view) != 3 or not all(type(n) is int and n >= 0 for n in view[1:]):
            raise UnpicklingError(f"unknown storage window {view!r:.100}")
        itemsize = (whole.dtype or rushlight.uint8).itemsize
        first, last = view[1] * itemsize, (view[1] + view[2]) * itemsize
        if last > whole.storage.nbytes:
            raise UnpicklingError("a storage window lies outside of its storage")
        return TypedStorage(Storage(whole.storage.bytes()[first:last]), whole.dtype, whole.location)
