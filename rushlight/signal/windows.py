"""Windows under the names of torch.signal.windows: M values, symmetric, or one period of M + 1 (sym=False).

With t = 0, 1, ..., M - 1 and N = M - 1, or M for sym=False. dtype: float32 or float64. Errors: ValueError for M < 0,
other dtypes, layouts or parameters that make no window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from .. import devices, dtypes
from .. import engine as engines
from ..layouts import strided
from ..tensor import Tensor

cpu = engines.cpu

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _window(name: str, M: int, options: dict, values: Callable, alone: float = 1.0) -> Tensor:  # noqa: N803
    """values(t, N) for the places t, in float64; a window of one value is `alone`."""
    dtype = options.pop("dtype")
    layout, device, requires_grad = (options.pop(key) for key in ("layout", "device", "requires_grad"))
    sym = options.pop("sym")
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not None and layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    if dtype not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    devices.check(device)
    places = cpu.arange(0, M, 1, cpu.to_engine_dtype(dtypes.float64))
    array = values(places, M - 1 if sym else M) if M > 1 else cpu.add(places, alone)
    result = Tensor._wrap(cpu.cast(array, cpu.to_engine_dtype(dtype)))
    return result.requires_grad_() if requires_grad else result


def _options(sym, dtype, layout, device, requires_grad) -> dict:
    return {"sym": sym, "dtype": dtype, "layout": layout, "device": device, "requires_grad": requires_grad}


def _gauss(distance, scale):
    """exp(-(distance / scale)^2 / 2)"""
    ratio = cpu.div(distance, float(scale))
    return cpu.exp(cpu.mul(cpu.mul(ratio, ratio), -0.5))


def exponential(
    M,  # noqa: N803
    *,
    center=None,
    tau=1.0,
    sym=True,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
):
    """exp(-|t - center| / tau), the centre N / 2 unless given (only for sym=False)."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def values(t, n):
        middle = n / 2 if center is None else float(center)
        return cpu.exp(cpu.div(cpu.abs(cpu.sub(t, middle)), -float(tau)))

    alone = math.exp(-abs(float(center or 0.0)) / tau)
    return _window("exponential", M, _options(sym, dtype, layout, device, requires_grad), values, alone)


def cosine(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """sin(pi (t + 1/2) / (N + 1))"""

    def values(t, n):
        return cpu.sin(cpu.mul(cpu.add(t, 0.5), math.pi / (n + 1)))

    return _window("cosine", M, _options(sym, dtype, layout, device, requires_grad), values)


def gaussian(M, *, std=1.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """exp(-((t - N / 2) / std)^2 / 2)"""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    options = _options(sym, dtype, layout, device, requires_grad)
    return _window("gaussian", M, options, lambda t, n: _gauss(cpu.sub(t, n / 2), std))


def kaiser(M, *, beta=12.0, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """I0(beta sqrt(1 - (2 t / N - 1)^2)) / I0(beta)"""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def values(t, n):
        place = cpu.sub(cpu.mul(t, 2.0 / n), 1.0)
        inside = cpu.sqrt(cpu.maximum(cpu.sub(1.0, cpu.mul(place, place)), 0.0))
        top = cpu.full((1,), value=float(beta), dtype=t.dtype)
        return cpu.div(cpu.i0(cpu.mul(inside, float(beta))), cpu.i0(top))

    return _window("kaiser", M, _options(sym, dtype, layout, device, requires_grad), values)


def general_cosine(
    M,  # noqa: N803
    *,
    a: Iterable,
    sym=True,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
):
    """sum over k of (-1)^k a[k] cos(2 pi k t / N)"""
    options = _options(sym, dtype, layout, device, requires_grad)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = [float(weight) for weight in a]
    if not weights:
        raise ValueError("Coefficients cannot be empty")

    def values(t, n):
        total = cpu.mul(t, 0.0)
        for k, weight in enumerate(weights):
            total = cpu.add(total, cpu.mul(cpu.cos(cpu.mul(t, 2 * math.pi * k / n)), (-1) ** k * weight))
        return total

    return _window("general_cosine", M, options, values)


def general_hamming(
    M,  # noqa: N803
    *,
    alpha=0.54,
    sym=True,
    dtype=None,
    layout=None,
    device=None,
    requires_grad=False,
):
    """alpha - (1 - alpha) cos(2 pi t / N)"""
    return general_cosine(
        M, a=[alpha, 1 - alpha], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def hamming(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """0.54 - 0.46 cos(2 pi t / N)"""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """(1 - cos(2 pi t / N)) / 2"""
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def blackman(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """0.42 - 0.5 cos(2 pi t / N) + 0.08 cos(4 pi t / N)"""
    return general_cosine(
        M, a=[0.42, 0.5, 0.08], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def bartlett(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """1 - |2 t / N - 1|"""

    def values(t, n):
        return cpu.sub(1.0, cpu.abs(cpu.sub(cpu.mul(t, 2.0 / n), 1.0)))

    return _window("bartlett", M, _options(sym, dtype, layout, device, requires_grad), values)


def nuttall(M, *, sym=True, dtype=None, layout=None, device=None, requires_grad=False):  # noqa: N803
    """general_cosine with 0.3635819, 0.4891775, 0.1365995, 0.0106411 (Nuttall 1981)."""
    return general_cosine(
        M,
        a=[0.3635819, 0.4891775, 0.1365995, 0.0106411],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )
