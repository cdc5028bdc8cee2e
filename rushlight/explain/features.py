"""What the layers of a model see: their outputs, kept by forward hooks, and pictures of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight


def feature_maps(model: Any, input: Any, names: Sequence[str]) -> dict[str, Any]:
    """The outputs of the named submodules in one call of `model` on `input`, without gradients.

    Errors: ValueError for a name that is no submodule, or that the call did not reach.
    Example:
        >>> from rushlight.vision.models import LeNet
        >>> maps = feature_maps(LeNet(), rushlight.zeros(1, 3, 32, 32), ["conv1", "conv2"])
        >>> tuple(maps["conv2"].shape)
        (1, 16, 10, 10)
    """
    modules = dict(model.named_modules())
    unknown = [name for name in names if name not in modules]
    if unknown:
        raise ValueError(f"feature_maps: no submodule {unknown[0]!r}; there are {', '.join(n for n in modules if n)}")
    found: dict[str, Any] = {}

    def keep(name: str):
        def hook(module: Any, args: tuple, output: Any) -> None:
            found[name] = output.detach()

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in names]
    try:
        with rushlight.no_grad():
            model(input)
    finally:
        for handle in handles:
            handle.remove()
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"feature_maps: {missing[0]!r} was not called")
    return {name: found[name] for name in names}


def to_unit(maps: Any) -> Any:
    """Each map (..., H, W) stretched to 0..1 for viewing; a constant map becomes 0."""
    low = maps.amin(dim=(-2, -1), keepdim=True)
    high = maps.amax(dim=(-2, -1), keepdim=True)
    span = high - low
    return (maps - low) / rushlight.where(span > 0, span, rushlight.ones_like(span))
