"""Questions about tensors and dtypes: is_tensor, numel, result_type, can_cast, ... (torch-level functions)."""

from __future__ import annotations

from . import dtypes
from .size import Size
from .tensor import Tensor

__all__ = [
    "is_tensor",
    "is_storage",
    "is_floating_point",
    "is_complex",
    "is_nonzero",
    "is_inference",
    "is_same_size",
    "is_signed",
    "get_device",
    "numel",
    "set_default_tensor_type",
    "result_type",
    "can_cast",
    "broadcast_shapes",
]


def is_tensor(obj) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj) -> bool:
    """Whether `obj` is a storage object."""
    from .storage import UntypedStorage

    return isinstance(obj, UntypedStorage)


def is_floating_point(input) -> bool:
    """Whether the dtype is a real floating-point one."""
    return input.is_floating_point()


def is_complex(input) -> bool:
    """Whether the dtype is complex."""
    return input.is_complex()


def is_inference(input) -> bool:
    """Whether the tensor was made in inference mode: False, rushlight keeps no separate inference tensors."""
    return input.is_inference()


def is_same_size(input, other) -> bool:
    """Whether the shapes are equal."""
    return input.is_same_size(other)


def is_signed(input) -> bool:
    """Whether the dtype has negative numbers."""
    return input.is_signed()


def get_device(input) -> int:
    """The number of the device: -1, the CPU."""
    return input.get_device()


def is_nonzero(input) -> bool:
    """Whether the only element is not 0. RuntimeError for more than one."""
    return bool(input)


def numel(input) -> int:
    """Number of elements."""
    return input.numel()


def set_default_tensor_type(t) -> None:
    """Set the default float type by a legacy type (FloatTensor, DoubleTensor) or its name."""
    name = t if isinstance(t, str) else t.__name__
    name = name.removeprefix("torch.").removesuffix("Tensor")
    dtypes.set_default_dtype({d.legacy_name: d for d in dtypes.ALL.values()}[name])


def result_type(tensor1, tensor2):
    """The dtype an arithmetic operation on the two would give."""
    from .ops import promote

    return promote.result_type(tensor1, tensor2)


def can_cast(from_, to) -> bool:
    """Whether a result of dtype `from_` may be written into a tensor of dtype `to`."""
    return dtypes.can_cast(from_, to)


def broadcast_shapes(*shapes):
    """The shape that all of `shapes` broadcast to."""
    from .errors import broadcast_shapes as broadcast

    return Size(broadcast(*[(s,) if isinstance(s, int) else s for s in shapes]))
