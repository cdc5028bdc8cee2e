"""`device("cpu")`, `device("cuda:1")`: where a tensor lives, as a value."""

from __future__ import annotations

_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)
_KNOWN = frozenset(_TYPES.split(", "))


class device:  # noqa: N801  (PyTorch's name)
    """A device: `device("cuda:1")`, `device("cuda", 1)`; has `.type` and `.index` (None if not given)."""

    __module__ = "torch"
    __slots__ = ("type", "index")
    type: str
    index: int | None

    def __init__(self, type, index: int | None = None):  # noqa: A002
        if isinstance(type, device):
            type, index = type.type, type.index
        elif isinstance(type, int) and not isinstance(type, bool):
            if type >= 0:
                accelerator(type)
            raise RuntimeError(f"Device index must not be negative, got {type}")
        elif isinstance(type, str):
            type, index = _parse(type, index)
        else:
            raise TypeError(f"device(): argument 'type' must be a string or a device, not {type.__class__.__name__}")
        if index is not None and index < 0:
            raise RuntimeError(f"Device index must not be negative, got {index}")
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name, value):
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        check(self)
        return self

    def __exit__(self, *error) -> None:
        """Nothing is to be undone: there is one device."""

    def __reduce__(self):
        return (_made, (self.type, self.index))  # by name `device` is torch's, which may be another class


def _made(kind: str, index: int | None) -> device:
    return device(kind, index)


def _parse(text: str, index: int | None) -> tuple[str, int | None]:
    kind, colon, number = text.partition(":")
    if kind not in _KNOWN:
        raise RuntimeError(
            f"Expected one of {_TYPES} device type at start of device string: {kind}"
            if kind
            else "Device string must not be empty"
        )
    if colon:
        if index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {text}")
        if not number.isdigit() or (len(number) > 1 and number[0] == "0"):
            raise RuntimeError(f"Invalid device string: '{text}'")
        index = int(number)
    return kind, index


CPU = device("cpu")


def accelerator(value) -> None:
    """RuntimeError: a number of a device, or a request that only makes sense for one, but there is none."""
    if not isinstance(value, (str, int, device)) or isinstance(value, bool):
        raise TypeError(f"argument 'device' must be torch.device, not {value.__class__.__name__}")
    raise RuntimeError(f"Cannot access accelerator device when none is available: device {value!r}; use device='cpu'")


def check(value) -> device:
    """`value` (None, text or a device) as a device this build can compute on; a clear error for the others."""
    if value is None:
        return CPU
    if isinstance(value, int) and not isinstance(value, bool):
        accelerator(value)
    wanted = value if isinstance(value, device) else device(value)
    if wanted.type == "cpu":
        return CPU
    if wanted.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled: rushlight computes on the CPU; use device='cpu'")
    raise NotImplementedError(f"device {wanted} is not available: rushlight computes on the CPU; use device='cpu'")
