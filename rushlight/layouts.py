"""`strided`, `contiguous_format`, ...: values that torch code passes around; rushlight's tensors are strided."""

from __future__ import annotations


class layout:  # noqa: N801
    """A memory layout; `strided` is the one that tensors have."""

    def __init__(self, name: str):
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self):
        return self._name


class memory_format:  # noqa: N801
    """An axis order in memory."""

    def __init__(self, name: str):
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self):
        return self._name


strided = layout("strided")
sparse_coo = layout("sparse_coo")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
