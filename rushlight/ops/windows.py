"""Windows for signals: hann, hamming, blackman, bartlett, kaiser."""

from __future__ import annotations

import math

from .. import devices, dtypes
from ..autograd.op import cpu, public
from ..dtypes import dtype_title
from ..errors import type_name
from ..tensor import Tensor


def _positions(name: str, length, periodic, dtype, device):
    """0, 1, ..., length - 1 divided by the last place (periodic: by length), in float64; and the result's dtype."""
    devices.check(device)
    if isinstance(length, bool) or not isinstance(length, int):
        raise TypeError(f"{name}(): argument 'window_length' (position 1) must be int, not {type_name(length)}")
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype_title(dtype)}")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    last = length if periodic else length - 1
    places = cpu.arange(0, length, 1, cpu.to_engine_dtype(dtypes.float64))
    return (cpu.div(places, float(last)) if length > 1 else cpu.add(places, 0.5)), dtype


def _made(array, dtype, requires_grad):
    result = Tensor._wrap(cpu.cast(array, cpu.to_engine_dtype(dtype)))
    return result.requires_grad_() if requires_grad else result


def _cosine_sum(places, weights):
    """sum over k of (-1)^k weights[k] cos(2 pi k t)."""
    total = cpu.add(cpu.mul(places, 0.0), weights[0])
    for k, weight in enumerate(weights[1:], 1):
        wave = cpu.mul(cpu.cos(cpu.mul(places, 2 * math.pi * k)), (-1) ** k * weight)
        total = cpu.add(total, wave)
    return total


def _cosine(name, weights, doc):
    """A window that is a sum of cosines."""

    def function(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
        places, dtype = _positions(name, window_length, periodic, dtype, device)
        return _made(_cosine_sum(places, weights), dtype, requires_grad)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    public()(function)


_cosine("hann_window", (0.5, 0.5), "(1 - cos(2 pi t)) / 2, t = k / n, or k / (n - 1) unless periodic.")
_cosine(
    "blackman_window",
    (0.42, 0.5, 0.08),
    "0.42 - 0.5 cos(2 pi t) + 0.08 cos(4 pi t), t = k / n, or k / (n - 1) unless periodic.",
)


@public()
def hamming_window(
    window_length,
    periodic=True,
    alpha=0.54,
    beta=0.46,
    *,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
):
    """alpha - beta cos(2 pi t), t = k / n, or k / (n - 1) unless periodic."""
    places, dtype = _positions("hamming_window", window_length, periodic, dtype, device)
    return _made(_cosine_sum(places, (alpha, beta) if window_length > 1 else (1.0, 0.0)), dtype, requires_grad)


@public()
def bartlett_window(window_length, periodic=True, *, dtype=None, layout=None, device=None, requires_grad=False):
    """1 - |2 t - 1|, t = k / n, or k / (n - 1) unless periodic."""
    places, dtype = _positions("bartlett_window", window_length, periodic, dtype, device)
    return _made(cpu.sub(1.0, cpu.abs(cpu.sub(cpu.mul(places, 2.0), 1.0))), dtype, requires_grad)


@public()
def kaiser_window(
    window_length, periodic=True, beta=12.0, *, dtype=None, layout=None, device=None, requires_grad=False
):
    """I0(beta sqrt(1 - (2 t - 1)^2)) / I0(beta), t = k / n, or k / (n - 1) unless periodic."""
    places, dtype = _positions("kaiser_window", window_length, periodic, dtype, device)
    centred = cpu.sub(cpu.mul(places, 2.0), 1.0)
    inside = cpu.sqrt(cpu.maximum(cpu.sub(1.0, cpu.mul(centred, centred)), 0.0))
    top = cpu.i0(cpu.full((1,), value=float(beta), dtype=places.dtype))
    return _made(cpu.div(cpu.i0(cpu.mul(inside, float(beta))), top), dtype, requires_grad)
