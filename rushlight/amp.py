"""`autocast` and `GradScaler`: scripts written for mixed precision run; the computation itself stays in float32.

`autocast` keeps the state that such scripts ask for (dtype, enabled) and converts nothing: on this build's CPU kernels
narrow types are not faster.
"""

from __future__ import annotations

import functools
import math
from typing import Any

from .autograd.mode import no_grad
from .devices import device
from .dtypes import DType, bfloat16, float16
from .errors import warn_caller

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]

_enabled: list[bool] = [False]


def is_autocast_available(device_type: str) -> bool:
    return device_type == "cpu"


def is_autocast_enabled(device_type: str = "cpu") -> bool:
    return device_type == "cpu" and _enabled[-1]


def get_autocast_dtype(device_type: str) -> DType:
    return bfloat16 if device_type == "cpu" else float16


class autocast:  # noqa: N801  (PyTorch's name)
    """A block (or decorated function) in which PyTorch may compute in `dtype`; here all keep their own types.

    Errors: RuntimeError for an unknown device type. Warns, and is disabled, for one that this build has not.
    """

    def __init__(
        self, device_type: str, dtype: DType | None = None, enabled: bool = True, cache_enabled: bool | None = None
    ):
        self.device = device(device_type).type
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        if enabled and self.device != "cpu":
            warn_caller(f"autocast: device type '{self.device}' is not available; autocast is disabled")
            enabled = False
        self._enabled = bool(enabled)

    def __enter__(self) -> autocast:
        _enabled.append(self._enabled)
        return self

    def __exit__(self, *error: Any) -> None:
        _enabled.pop()

    def __call__(self, function):
        @functools.wraps(function)
        def run(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return run


def custom_fwd(fwd=None, *, device_type: str = "cpu", cast_inputs=None):
    """Decorates forward of a custom Function; nothing is to be done where autocast converts nothing."""
    return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs) if fwd is None else fwd


def custom_bwd(bwd=None, *, device_type: str = "cpu"):
    """Decorates backward of a custom Function; see `custom_fwd`."""
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd


class GradScaler:
    """Scales the loss so that small gradients survive a narrow type; skips steps with infinite or NaN gradients.

        scaler.scale(loss).backward()
        scaler.step(optimizer)       # unscales the gradients first
        scaler.update()              # halves the scale after such a step, doubles it after growth_interval good ones

    Disabled (`enabled=False`, or for a device that this build has not) it hands everything on unchanged.
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ):
        if enabled and device != "cpu":
            warn_caller(f"GradScaler: device '{device}' is not available; the scaler is disabled")
            enabled = False
        if enabled and growth_factor <= 1:
            raise AssertionError(f"GradScaler: growth_factor must be greater than 1, got {growth_factor}")
        if enabled and backoff_factor >= 1:
            raise AssertionError(f"GradScaler: backoff_factor must be less than 1, got {backoff_factor}")
        self._on = bool(enabled)
        self._scale = float(init_scale)
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval, self._good_steps = growth_interval, 0
        self._finite: dict[int, bool] = {}  # optimizers whose gradients are unscaled, and whether those are finite

    def is_enabled(self) -> bool:
        return self._on

    def get_scale(self) -> float:
        return self._scale if self._on else 1.0

    def scale(self, outputs):
        """A tensor, or a list or tuple of them, times the scale."""
        if not self._on:
            return outputs
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(output) for output in outputs])
        return outputs * self._scale

    @no_grad()
    def unscale_(self, optimizer) -> None:
        """Divide the optimizer's gradients by the scale, e.g. before clipping them; once between two updates."""
        if not self._on:
            return
        if id(optimizer) in self._finite:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        finite = True
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.grad.mul_(1 / self._scale)
                    finite = finite and math.isfinite(parameter.grad.abs().sum().item())
        self._finite[id(optimizer)] = finite

    def step(self, optimizer, *args, **kwargs):
        """optimizer.step(), unless a gradient is infinite or NaN."""
        if not self._on:
            return optimizer.step(*args, **kwargs)
        if id(optimizer) not in self._finite:
            self.unscale_(optimizer)
        return optimizer.step(*args, **kwargs) if self._finite[id(optimizer)] else None

    def update(self, new_scale=None) -> None:
        """Adapt the scale to what happened since the last call, or set it."""
        if not self._on:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._finite:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif not all(self._finite.values()):
            self._scale, self._good_steps = self._scale * self._backoff_factor, 0
        else:
            self._good_steps += 1
            if self._good_steps == self._growth_interval:
                self._scale, self._good_steps = self._scale * self._growth_factor, 0
        self._finite = {}

    def state_dict(self) -> dict:
        if not self._on:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._good_steps,
        }

    def load_state_dict(self, state_dict: dict) -> None:
        """Errors: RuntimeError for the empty state of a disabled scaler."""
        if not self._on:
            return
        if not state_dict:
            raise RuntimeError("GradScaler.load_state_dict: the state is empty; it was saved by a disabled scaler")
        self._scale, self._good_steps = float(state_dict["scale"]), state_dict["_growth_tracker"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
