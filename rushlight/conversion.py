"""The arguments of `to`, which Tensor and Module share: to(dtype), to(device), to(device, dtype), to(other)."""

from __future__ import annotations

from . import devices, dtypes
from .engine import TensorRecord
from .errors import type_name
from .layouts import memory_format

_FORMS = {
    "device": ("device", "dtype", "non_blocking", "copy"),
    "dtype": ("dtype", "non_blocking", "copy"),
    "other": ("other", "non_blocking", "copy"),
}
_PYTHON_TYPES = {float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool_, complex: dtypes.complex128}


def parse_to(args, kwargs):
    """(device, dtype, copy, memory_format) of a call of `to`; device and dtype are None where none is asked for.

    Errors: TypeError for arguments that fit none of the forms, RuntimeError for devices that do not exist.
    """
    if len(args) == 1 and not kwargs and type(args[0]) is dtypes.DType:  # the commonest form
        return None, args[0], False, None
    values = _bound(args, kwargs)
    other, device, dtype = values.get("other"), values.get("device"), values.get("dtype")
    if other is not None:
        return other.device, other.dtype, values.get("copy", False), values.get("memory_format")
    if device is not None:
        if type(device) is int:
            device = device if device >= 0 else devices.device(device)
            devices.accelerator(device)
        device = devices.device(device)
    return device, _PYTHON_TYPES.get(dtype, dtype), values.get("copy", False), values.get("memory_format")


def _bound(args, kwargs) -> dict:
    """The arguments by name."""
    first = args[0] if args else None
    if "tensor" in kwargs and "other" not in kwargs:  # Module.to's name
        kwargs = {("other" if key == "tensor" else key): value for key, value in kwargs.items()}
    if isinstance(first, dtypes.DType) or (isinstance(first, type) and first in _PYTHON_TYPES):
        form = "dtype"
    elif isinstance(first, TensorRecord) or "other" in kwargs:
        form = "other"
    else:
        form = "device"
    names = _FORMS[form]
    if len(args) > len(names):
        raise _no_form(args, kwargs)
    values = dict(zip(names, args))
    for name, value in kwargs.items():
        if name in values or (name not in names and name != "memory_format"):
            raise _no_form(args, kwargs)
        values[name] = value
    for name, value in values.items():
        if not _fits(name, value):
            raise _no_form(args, kwargs)
    return values


def _fits(name, value) -> bool:
    if name == "device":
        return value is None or isinstance(value, (str, devices.device)) or type(value) is int
    if name == "dtype":
        return value is None or isinstance(value, dtypes.DType) or (isinstance(value, type) and value in _PYTHON_TYPES)
    if name == "other":
        return isinstance(value, TensorRecord)
    if name == "memory_format":
        return value is None or isinstance(value, memory_format)
    return isinstance(value, bool)


def _no_form(args, kwargs) -> TypeError:
    given = ", ".join([type_name(value) for value in args] + [f"{key}={type_name(v)}" for key, v in kwargs.items()])
    return TypeError(
        f"to() received an invalid combination of arguments - got ({given}), but expected one of: (device, dtype, "
        "non_blocking, copy), (dtype, non_blocking, copy), (other, non_blocking, copy), each with memory_format="
    )
