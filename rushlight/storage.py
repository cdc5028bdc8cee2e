"""The memory behind tensors, as `tensor.untyped_storage()` and `tensor.storage()` show it."""

from __future__ import annotations

from .autograd.op import cpu


def _root(array):
    """The array that owns the memory."""
    while cpu.is_array(array.base):
        array = array.base
    return array


class UntypedStorage:
    """The bytes that a tensor and its views share."""

    def __init__(self, tensor):
        self._root = _root(tensor._array)

    def data_ptr(self) -> int:
        return self._root.__array_interface__["data"][0]

    def nbytes(self) -> int:
        return self._root.nbytes

    size = __len__ = nbytes

    @property
    def device(self):
        from .devices import CPU

        return CPU

    def __eq__(self, other) -> bool:
        return isinstance(other, UntypedStorage) and other.data_ptr() == self.data_ptr()

    def __hash__(self) -> int:
        return hash(self.data_ptr())

    def tolist(self) -> list:
        return list(self._root.reshape(-1).view("u1").tolist())


class TypedStorage(UntypedStorage):
    """The elements that a tensor and its views share."""

    def __init__(self, tensor):
        super().__init__(tensor)
        self.dtype = tensor.dtype

    def __len__(self) -> int:
        return self._root.size

    def size(self) -> int:  # type: ignore[override]
        return self._root.size

    def tolist(self) -> list:
        return self._root.reshape(-1).tolist()

    def __getitem__(self, index):
        return self._root.reshape(-1)[index].item()
