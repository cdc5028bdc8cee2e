"""Switches of the whole library that PyTorch code sets: determinism, precision of products, default device, ...

rushlight's kernels give the same result on every run and compute float32 in float32: most switches are only kept.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

from . import devices
from .devices import device as Device

__all__ = """are_deterministic_algorithms_enabled get_default_device get_deterministic_debug_mode
get_float32_matmul_precision get_file_path is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled
set_default_device set_deterministic_debug_mode set_float32_matmul_precision set_flush_denormal set_warn_always typename
use_deterministic_algorithms""".split()

_state: dict[str, Any] = {"deterministic": 0, "precision": "highest", "warn_always": False}
_MODES = ("default", "warn", "error")


def use_deterministic_algorithms(mode, *, warn_only=False) -> None:
    """Ask for operations that give the same result on every run; all of rushlight's do."""
    _state["deterministic"] = 0 if not mode else 1 if warn_only else 2


def are_deterministic_algorithms_enabled() -> bool:
    """Whether use_deterministic_algorithms(True) was called."""
    return bool(_state["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether use_deterministic_algorithms(True, warn_only=True) was called."""
    return _state["deterministic"] == 1


def set_deterministic_debug_mode(debug_mode) -> None:
    """0 or "default": off; 1 or "warn"; 2 or "error". TypeError and RuntimeError for other values."""
    if not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError(f"invalid value of debug_mode, expected one of `default`, `warn`, `error`: {debug_mode}")
        debug_mode = _MODES.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _state["deterministic"] = int(debug_mode)


def get_deterministic_debug_mode() -> int:
    """0, 1 (warn) or 2 (error)."""
    return int(_state["deterministic"])


def set_float32_matmul_precision(precision: str) -> None:
    """How precise float32 products are at least: "highest", "high" or "medium". On a CPU they always are the highest.

    An unknown word warns and changes nothing.
    """
    if not isinstance(precision, str):
        raise RuntimeError(f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}")
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"set_float32_matmul_precision: {precision} is not one of 'highest', 'high', 'medium'; nothing is changed",
            stacklevel=2,
        )
        return
    _state["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What set_float32_matmul_precision was last called with."""
    return str(_state["precision"])


def set_flush_denormal(mode: bool) -> bool:
    """Whether numbers below the smallest normal one could be made 0: False, rushlight always keeps them."""
    return False


def set_warn_always(b: bool) -> None:
    """Whether warnings that PyTorch gives once come every time; kept and read back."""
    if not isinstance(b, bool):
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _state["warn_always"] = b


def is_warn_always_enabled() -> bool:
    """What set_warn_always was last called with."""
    return bool(_state["warn_always"])


def set_default_device(device) -> None:
    """Where new tensors live: the CPU. RuntimeError for other devices; None for the default."""
    if device is not None:
        devices.check(device)


def get_default_device() -> Device:
    """Where new tensors live."""
    return devices.CPU


def get_file_path(*path_components: str) -> str:
    """The path of a file below the package's folder. RuntimeError if there is none."""
    path = os.path.join(os.path.dirname(__file__), *path_components)
    if not os.path.exists(path):
        raise RuntimeError(f"File path {path} does not exist")
    return path


def typename(obj, /) -> str:
    """The name of a tensor's type (torch.FloatTensor), or the module and name of an object's class or of a function."""
    from .tensor import Tensor

    if isinstance(obj, Tensor):
        return obj.type()
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None) or ""
    name = getattr(named, "__qualname__", "")
    return name if module in ("", "builtins") else f"{module}.{name}"
