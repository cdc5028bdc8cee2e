"""Gradient health: how large gradients are, layer by layer."""

from __future__ import annotations

import dataclasses
import math
from typing import Any


@dataclasses.dataclass(frozen=True)
class Health:
    """One parameter after backward: norms of gradient and values, and what their ratio suggests."""

    name: str
    gradient_norm: float
    value_norm: float
    verdict: str


def gradient_health(model: Any, vanishing: float = 1e-7, exploding: float = 1e3) -> list[Health]:
    """A row per parameter that requires grad, in order of registration, after `backward()`.

    The verdict is "no gradient" (nothing reached it), "not finite", "zero", "vanishing" or "exploding" (gradient norm
    over value norm, or the gradient norm alone for values of norm 0, below or above the limits), else "ok".
    """
    rows = []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        value = _norm(parameter)
        if parameter.grad is None:
            rows.append(Health(name, math.nan, value, "no gradient"))
            continue
        norm = _norm(parameter.grad)
        ratio = norm / value if value > 0 else norm
        if not math.isfinite(norm):
            verdict = "not finite"
        elif norm == 0:
            verdict = "zero"
        else:
            verdict = "vanishing" if ratio < vanishing else "exploding" if ratio > exploding else "ok"
        rows.append(Health(name, norm, value, verdict))
    return rows


def _norm(tensor: Any) -> float:
    """Euclidean norm in double precision."""
    values = tensor.detach().double()
    return math.sqrt(float((values * values).sum().item()))
