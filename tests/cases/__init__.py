"""One table of cases per op family: `tests/cases/<family>.py` holds CASES, a list of OpCase.

A case's `call(m, *tensors)` is written once and run with m = torch (the oracle) and m = rushlight.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Input:
    """How to draw one tensor: a shape and what the values look like."""

    shape: tuple[int, ...]
    kind: str = "normal"  # normal | positive | unit (inside (-1, 1)) | int | bool | distinct
    low: int = -5
    high: int = 6

    def draw(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        if self.kind == "int":
            return rng.integers(self.low, self.high, self.shape)
        if self.kind == "bool":
            return rng.integers(0, 2, self.shape).astype(bool)
        if self.kind == "positive":
            values = rng.uniform(0.3, 3.0, self.shape)
        elif self.kind == "unit":
            values = rng.uniform(-0.9, 0.9, self.shape)
        elif self.kind == "distinct":  # no ties, gaps well above rounding, none near zero
            count = int(np.prod(self.shape))
            values = (rng.permutation(count) - count / 2 + 0.25).reshape(self.shape) / max(count, 1) * 4
        else:
            values = rng.standard_normal(self.shape)
        return values.astype(dtype)


def positive(*shape):
    return Input(shape, "positive")


def unit(*shape):
    return Input(shape, "unit")


def distinct(*shape):
    return Input(shape, "distinct")


def ints(*shape, low=-5, high=6):
    return Input(shape, "int", low, high)


def bools(*shape):
    return Input(shape, "bool")


class S:
    """One sample: tensors (shapes or Inputs) and keyword arguments for `call`."""

    def __init__(self, *tensors, **kwargs):
        self.tensors = tuple(t if isinstance(t, Input) else Input(tuple(t)) for t in tensors)
        self.kwargs = kwargs

    def __repr__(self) -> str:
        words = [f"{t.kind[0]}{'x'.join(map(str, t.shape)) or '0d'}" for t in self.tensors]
        return "-".join(words + [f"{k}={v}" for k, v in self.kwargs.items()]).replace(" ", "")


class E:
    """A call that must fail: `call(m)` raises PyTorch's exception class; `match` is a pattern of our message."""

    def __init__(self, call: Callable[[Any], Any], match: str = ""):
        self.call = call
        self.match = match


@dataclasses.dataclass
class OpCase:
    name: str
    call: Callable[..., Any]
    samples: list[S]
    errors: list[E] = dataclasses.field(default_factory=list)
    covers: tuple[str, ...] = ()  # further public names and methods that this case exercises
    grad_order: int = 2  # 0: no gradient
    dtypes: tuple[str, ...] = ("float32", "float64")
    length: Callable[[S], int] = lambda s: max([int(np.prod(t.shape)) for t in s.tensors] or [1])  # longest sum
    ulp: float = 4.0  # rounding steps per element of the computation, on top of the length of its sums
    grad_fn: bool = True  # the printed node is PyTorch's

    def __repr__(self) -> str:
        return self.name


def all_cases() -> list[OpCase]:
    cases: list[OpCase] = []
    for module in pkgutil.iter_modules(__path__):
        cases += importlib.import_module(f"{__name__}.{module.name}").CASES
    return cases
