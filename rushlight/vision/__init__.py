"""torchvision's names: datasets, models, transforms, utils."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PARTS = ("datasets", "models", "transforms", "utils")

__all__ = list(_PARTS)


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PARTS])
