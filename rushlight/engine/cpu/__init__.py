"""The CPU engine: every primitive of `engine/interface.py`, on NumPy arrays, with native kernels where time goes.

Each family is one file; its `__all__` names the primitives. A name is defined once.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

FAMILIES = (
    "dtypes creation copying shape slicing joining rearrange elementwise reduce index linalg "
    "factor conv padding pool norm softmax loss special fourier bessel probability "
    "polynomials sorting random optimizer"
).split()
LATE = ("fourier", "bessel", "probability", "polynomials")  # imported when one of their names is first asked for

differentiable = False  # as `xp` in a backward: plain arrays, nothing is recorded


if TYPE_CHECKING:  # the families' names are collected at run time

    def __getattr__(name: str) -> Any: ...


def _collect(families) -> None:
    namespace = sys.modules[__name__]
    for family in families:
        module = importlib.import_module(f"{__name__}.{family}")
        for name in module.__all__:
            setattr(namespace, name, getattr(module, name))


_collect([family for family in FAMILIES if family not in LATE])

if not TYPE_CHECKING:

    def __getattr__(name: str):
        if not name.startswith("__"):
            _collect(LATE)
        try:
            return globals()[name]
        except KeyError:
            raise AttributeError(f"module 'rushlight.engine.cpu' has no attribute '{name}'") from None
