"""Writing plain data and tensors as a protocol-2 pickle that PyTorch's `load(weights_only=True)` reads."""

from __future__ import annotations

import collections
import struct
from collections.abc import Callable
from pickle import PicklingError
from typing import Any

import rushlight

_BATCH = 1000


class Writer:
    """Encodes one object. `storage(tensor)` names its storage: (type, key, number of elements).

    Errors: PicklingError for an object that is not plain data.
    """

    def __init__(self, storage: Callable[[Any], tuple[str, str, int] | None]) -> None:
        self._storage = storage
        self._out = bytearray()
        self._memo: dict[Any, int] = {}
        self._keep: list[Any] = []  # objects named by id in the memo must live

    def dump(self, value: Any) -> bytes:
        self._out += b"\x80\x02"
        try:
            self._save(value)
        except RecursionError:
            raise PicklingError("save: the object is nested too deeply") from None
        return bytes(self._out) + b"."

    # memo

    def _remember(self, key: Any) -> None:
        index = len(self._memo)
        self._memo[key] = index
        self._out += b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index)

    def _recall(self, key: Any) -> bool:
        index = self._memo.get(key)
        if index is None:
            return False
        self._out += b"h" + bytes([index]) if index < 256 else b"j" + struct.pack("<I", index)
        return True

    # values

    def _save(self, value: Any) -> None:
        save = _SAVERS.get(type(value))
        if save is not None:
            save(self, value)
        elif isinstance(value, rushlight.Tensor):
            self._shared(value, self._tensor)
        elif isinstance(value, rushlight.nn.Module):
            raise PicklingError(
                f"save: {type(value).__name__} is a module, and files hold data, not code. Save its state instead: "
                "save(module.state_dict(), path); to restore, build the module and call load_state_dict(load(path))."
            )
        elif isinstance(value, (bool, int, float, str)) and not hasattr(value, "item"):
            base = next(kind for kind in (bool, int, float, str) if isinstance(value, kind))
            _SAVERS[base](self, base(value))
        elif isinstance(value, tuple) and hasattr(value, "_fields"):
            self._shared(value, self._tuple)  # named tuples lose their names, which would need their class
        elif hasattr(value, "item") and getattr(value, "shape", None) == ():
            self._save(value.item())  # a NumPy number
        else:
            raise PicklingError(
                f"save: cannot store a {type(value).__module__}.{type(value).__qualname__}; files hold tensors, "
                "numbers, text and plain containers (dict, list, tuple, set). Convert it to one of these first."
            )

    def _shared(self, value: Any, save: Callable[[Any], None]) -> None:
        if not self._recall(id(value)):
            self._keep.append(value)
            save(value)

    def _integer(self, value: int) -> None:
        if 0 <= value < 256:
            self._out += b"K" + bytes([value])
        elif 0 <= value < 65536:
            self._out += b"M" + struct.pack("<H", value)
        elif -(1 << 31) <= value < 1 << 31:
            self._out += b"J" + struct.pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            if len(data) > 255:
                raise PicklingError("save: an integer has more than 255 bytes")
            self._out += b"\x8a" + bytes([len(data)]) + data

    def _string(self, value: str) -> None:
        if self._recall(("text", value)):
            return
        data = value.encode("utf-8", "surrogatepass")
        self._out += b"X" + struct.pack("<I", len(data)) + data
        self._remember(("text", value))

    def _global(self, name: str) -> None:
        if self._recall(("global", name)):
            return
        module, _, attribute = name.rpartition(".")
        self._out += f"c{module}\n{attribute}\n".encode()
        self._remember(("global", name))

    def _call(self, name: str, *args: Any) -> None:
        self._global(name)
        self._plain_tuple(args)
        self._out += b"R"

    def _plain_tuple(self, items: tuple) -> None:
        if len(items) > 3:
            self._out += b"("
        for item in items:
            item() if isinstance(item, _Later) else self._save(item)
        self._out += (b")", b"\x85", b"\x86", b"\x87")[len(items)] if len(items) < 4 else b"t"

    def _tuple(self, value: tuple) -> None:
        self._plain_tuple(tuple(value))
        if self._memo.get(id(value)) is not None:
            # Saving the items saved this tuple (it contains itself): drop the second copy for the first.
            self._out += b"0"
            self._recall(id(value))
        elif value:
            self._remember(id(value))

    def _list(self, value: list) -> None:
        self._out += b"]"
        self._remember(id(value))
        self._items(value)

    def _items(self, value: list) -> None:
        for start in range(0, len(value), _BATCH):
            self._out += b"("
            for item in value[start : start + _BATCH]:
                self._save(item)
            self._out += b"e"

    def _set_items(self, value: dict) -> None:
        pairs = list(value.items())
        for start in range(0, len(pairs), _BATCH):
            self._out += b"("
            for key, item in pairs[start : start + _BATCH]:
                self._save(key)
                self._save(item)
            self._out += b"u"

    def _dict(self, value: dict) -> None:
        self._out += b"}"
        self._remember(id(value))
        self._set_items(value)

    def _ordered_dict(self, value: collections.OrderedDict) -> None:
        self._call("collections.OrderedDict")
        self._remember(id(value))
        self._set_items(value)
        if vars(value):  # a state dict's _metadata
            self._save(vars(value))
            self._out += b"b"

    def _bytes(self, value: bytes) -> None:
        self._call("_codecs.encode", value.decode("latin1"), "latin1")

    def _set(self, value: set | frozenset) -> None:
        kind = "frozenset" if isinstance(value, frozenset) else "set"
        self._call(f"__builtin__.{kind}", list(value))

    # tensors

    def _tensor(self, value: Any) -> None:
        """`_rebuild_parameter` around, or just, `_rebuild_tensor_v2(storage, offset, size, stride, grad, hooks)`."""
        if value.grad_fn is not None:
            value = value.detach()
            value.requires_grad_()
        if isinstance(value, rushlight.nn.Parameter):
            data = value.detach()
            self._call("torch._utils._rebuild_parameter", _Later(lambda: self._data(data)), value.requires_grad, _HOOKS)
        else:
            self._data(value)
        self._remember(id(value)) if id(value) not in self._memo else None

    def _data(self, value: Any) -> None:
        found = self._storage(value)
        if found is None:  # a window on somebody else's memory with gaps: store its elements alone
            value = value.detach().clone().requires_grad_(value.requires_grad)
            self._keep.append(value)
            found = self._storage(value)
            assert found is not None
        kind, key, count = found
        storage = _Later(lambda: self._persistent(kind, key, count))
        size, stride, grad = tuple(value.shape), tuple(value.stride()), value.requires_grad
        if kind == "torch.storage.UntypedStorage":
            self._call(
                "torch._utils._rebuild_tensor_v3",
                storage,
                value.storage_offset(),
                size,
                stride,
                grad,
                _HOOKS,
                value.dtype,
            )
        else:
            self._call("torch._utils._rebuild_tensor_v2", storage, value.storage_offset(), size, stride, grad, _HOOKS)

    def _persistent(self, kind: str, key: str, count: int) -> None:
        self._plain_tuple(("storage", _Later(lambda: self._global(kind)), key, "cpu", count))
        self._out += b"Q"


class _Later:
    """An argument that is written by a function."""

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write

    def __call__(self) -> None:
        self._write()


_HOOKS: collections.OrderedDict = collections.OrderedDict()

_SAVERS: dict[type, Callable[[Writer, Any], None]] = {
    type(None): lambda w, v: w._out.extend(b"N"),
    bool: lambda w, v: w._out.extend(b"\x88" if v else b"\x89"),
    int: Writer._integer,
    float: lambda w, v: w._out.extend(b"G" + struct.pack(">d", v)),
    complex: lambda w, v: w._call("__builtin__.complex", v.real, v.imag),
    str: Writer._string,
    bytes: lambda w, v: w._bytes(v),
    bytearray: lambda w, v: w._call("__builtin__.bytearray", bytes(v)),
    tuple: lambda w, v: w._shared(v, w._tuple),
    list: lambda w, v: w._shared(v, w._list),
    dict: lambda w, v: w._shared(v, w._dict),
    collections.OrderedDict: lambda w, v: w._shared(v, w._ordered_dict),
    set: lambda w, v: w._set(v),
    frozenset: lambda w, v: w._set(v),
    rushlight.Size: lambda w, v: w._call("torch.Size", tuple(v)),
    rushlight.device: lambda w, v: w._call("torch.device", *((v.type,) if v.index is None else (v.type, v.index))),
    rushlight.dtype: lambda w, v: w._global(f"torch.{v.name}"),
}
