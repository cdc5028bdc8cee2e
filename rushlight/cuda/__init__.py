"""`rushlight.cuda`: there is none in this build, and everything here says so as torch.cuda does without a GPU."""

from __future__ import annotations

import importlib

_MISSING = "Torch not compiled with CUDA enabled: rushlight computes on the CPU"


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def is_initialized() -> bool:
    return False


def manual_seed(seed: int) -> None:
    """Does nothing without a GPU."""


def manual_seed_all(seed: int) -> None:
    """Does nothing without a GPU."""


def empty_cache() -> None:
    """Does nothing without a GPU."""


def is_bf16_supported(including_emulation: bool = True) -> bool:
    return False


def _refuse(name: str):
    def function(*args, **kwargs):
        raise AssertionError(_MISSING)

    function.__name__ = name
    function.__doc__ = f"AssertionError: {_MISSING}."
    return function


current_device = _refuse("current_device")
get_device_name = _refuse("get_device_name")
get_device_properties = _refuse("get_device_properties")
get_device_capability = _refuse("get_device_capability")
set_device = _refuse("set_device")
synchronize = _refuse("synchronize")
init = _refuse("init")


def __getattr__(name):
    if name == "amp":
        return importlib.import_module(".amp", __name__)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
