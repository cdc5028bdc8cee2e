"""`strided`, `contiguous_format`, `channels_last`, ...: layouts, and what a memory_format argument means.

Tensors are strided. A memory format is an order of the dimensions in memory: N, C, H, W for contiguous_format,
N, H, W, C for channels_last; preserve_format stands for the order of the tensor that is copied.
"""

from __future__ import annotations

from .engine import cpu


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

_RANKS = {"channels_last": 4, "channels_last_3d": 5}


def order_of(format, ndim: int, op: str) -> str | None:  # noqa: A002
    """A memory_format argument as the engine names orders: "contiguous", "channels_last"; None to preserve.

    Errors: TypeError for anything but a memory format, RuntimeError where the tensor has not the format's rank.
    """
    if format is None or format is preserve_format:
        return None
    if format is contiguous_format:
        return "contiguous"
    if not isinstance(format, memory_format):
        raise TypeError(f"{op}(): argument 'memory_format' must be torch.memory_format, not {type(format).__name__}")
    rank = _RANKS[format._name]
    if ndim != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {format._name} format: {op}() got {ndim} dimensions")
    return "channels_last"


def is_in(format, array) -> bool:  # noqa: A002
    """Whether an engine array is contiguous in a memory format; False where it has not the format's rank."""
    if format is channels_last or format is channels_last_3d:
        return array.ndim == _RANKS[format._name] and cpu.is_channels_last(array)
    order_of(format, array.ndim, "is_contiguous")
    return cpu.is_contiguous(array)


def format_of(array) -> memory_format:
    """The memory format that the strides of an engine array suggest."""
    if not cpu.suggests_channels_last(array):
        return contiguous_format
    return channels_last if array.ndim == 4 else channels_last_3d


def resized(array, format):  # noqa: A002
    """The memory of a contiguous array, with the strides of a memory format (None: as it is).

    Errors: RuntimeError for preserve_format and where the array has not the format's rank.
    """
    if format is None:
        return array
    order = order_of(format, array.ndim, "resize_")
    if order is None:
        raise RuntimeError("resize_(): unsupported memory format preserve_format; expected a format with an order")
    strides = cpu.strides_of(cpu.empty_ordered(array.shape, array.dtype, order=order))
    return cpu.as_strided(array, shape=array.shape, strides=strides, offset=None)
