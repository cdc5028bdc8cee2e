"""Discrete Fourier transforms, by NumPy's mixed-radix transform; results in C order, in the input's precision.

Sums are unscaled but for `scale`; `inverse` turns the sign of the exponent. In real transforms, the last of `axes` is
the one of which only the first n // 2 + 1 frequencies are kept. The `_grad` functions are the transposes.
"""

from __future__ import annotations

import numpy as np

__all__ = ["fft_c2c", "fft_c2r", "fft_c2r_grad", "fft_r2c", "fft_r2c_grad"]


def _scaled(a: np.ndarray, scale: float) -> np.ndarray:
    a = np.ascontiguousarray(a)
    if scale != 1:
        a *= a.dtype.type(scale)
    return a


def fft_c2c(a: np.ndarray, *, axes: tuple[int, ...], inverse: bool, scale: float) -> np.ndarray:
    """sum over x of a[x] exp(-2 pi i k x / n) (inverse: +), along each axis."""
    for axis in axes:
        a = np.fft.ifft(a, axis=axis, norm="forward") if inverse else np.fft.fft(a, axis=axis)
    return _scaled(a.copy() if not axes else a, scale)


def fft_r2c(a: np.ndarray, *, axes: tuple[int, ...], scale: float) -> np.ndarray:
    """The forward transform of real numbers, half of the last axis."""
    return fft_c2c(np.fft.rfft(a, axis=axes[-1]), axes=axes[:-1], inverse=False, scale=scale)


def fft_r2c_grad(g: np.ndarray, *, axes: tuple[int, ...], size: int, scale: float) -> np.ndarray:
    """The transpose of `fft_r2c`: real; the last axis has `size` numbers."""
    g = fft_c2c(g, axes=axes[:-1], inverse=True, scale=scale)
    widths = [(0, 0)] * g.ndim
    widths[axes[-1]] = (0, size - g.shape[axes[-1]])
    return np.ascontiguousarray(np.fft.ifft(np.pad(g, widths), axis=axes[-1], norm="forward").real)


def fft_c2r(a: np.ndarray, *, axes: tuple[int, ...], size: int, scale: float) -> np.ndarray:
    """The inverse transform of half a spectrum to real numbers, `size` of them along the last axis."""
    a = fft_c2c(a, axes=axes[:-1], inverse=True, scale=scale)
    return np.ascontiguousarray(np.fft.irfft(a, size, axis=axes[-1], norm="forward"))


def fft_c2r_grad(g: np.ndarray, *, axes: tuple[int, ...], scale: float) -> np.ndarray:
    """The transpose of `fft_c2r`: frequencies that stand for their mirror images too count twice."""
    result = fft_r2c(g, axes=axes, scale=scale)
    doubled = (slice(None),) * axes[-1] + (slice(1, (g.shape[axes[-1]] + 1) // 2),)
    result[doubled] *= 2
    return result
