"""How gradients flow: the tape, the backward pass, in-place operations, custom functions. No op's math is here."""

from __future__ import annotations

import importlib

from . import graph
from .mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled

_LAZY = {
    "detect_anomaly": "anomaly",
    "set_detect_anomaly": "anomaly",
    "gradcheck": "gradcheck",
    "gradgradcheck": "gradcheck",
    "Variable": "variable",
}


def complete() -> None:
    """Add the names that need Tensor, which itself needs this package; called once Tensor is there."""
    from .backward import backward, grad
    from .function import Function, once_differentiable

    globals().update(backward=backward, grad=grad, Function=Function, once_differentiable=once_differentiable)


def __getattr__(name):
    """What few programs use is imported on first use."""
    if name == "functional":
        return importlib.import_module(".functional", __name__)
    if name == "anomaly_mode":
        return importlib.import_module(".anomaly", __name__)
    if name not in _LAZY:
        raise AttributeError(f"module 'rushlight.autograd' has no attribute '{name}'")
    value = getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    globals()[name] = value
    return value


__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "set_detect_anomaly",
    "set_grad_enabled",
]
