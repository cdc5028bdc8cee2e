"""Spectra of short pieces of a signal: stft, and istft, its inverse by overlapping sums.

Source: Griffin & Lim 1984, "Signal estimation from modified short-time Fourier transform".
"""

from __future__ import annotations

import math
import warnings

from .. import dtypes
from ..autograd.op import cpu, primitives, public
from ..dtypes import dtype_title
from ..errors import brackets
from ..tensor import Tensor
from . import fourier
from .complex_parts import view_as_real
from .elementwise import mul
from .padding import EDGES


def _no_window(name, why):
    warnings.warn(
        f"{name}: without a window the pieces are cut out as they are, which {why}. Pass window=torch.hann_window(n); "
        "window=torch.ones(n) keeps the rectangle without this warning.",
        UserWarning,
        stacklevel=4,
    )


def _centred(input, pad_mode, width):
    """(B, n) with a border of `width` at both ends."""
    n = input._array.shape[-1]
    pairs = ((width, width),)
    if pad_mode == "constant":
        return primitives.pad_constant(input, padding=((0, 0), *pairs), value=0)
    if pad_mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"stft: unrecognised padding mode {pad_mode}")
    if (pad_mode == "reflect" and width >= n) or (pad_mode == "circular" and width > n):
        raise RuntimeError(
            f"stft: padding size should be less than the corresponding input dimension, but got padding ({width}, "
            f"{width}) for a signal of length {n}; use a smaller n_fft or center=False"
        )
    return EDGES[pad_mode, 1](input, padding=pairs)


def _full_window(window, win_length, n_fft, like):
    """The window with zeros around it, n_fft long; None for ones."""
    if window is None:
        if win_length == n_fft:
            return None
        window = Tensor._wrap(cpu.full((win_length,), value=1, dtype=like._array.dtype))
    if win_length == n_fft:
        return window
    left = (n_fft - win_length) // 2
    return primitives.pad_constant(window, padding=((left, n_fft - win_length - left),), value=0)


@public(method=True)
def stft(
    input,
    n_fft,
    hop_length=None,
    win_length=None,
    window=None,
    center=True,
    pad_mode="reflect",
    normalized=False,
    onesided=None,
    return_complex=None,
    align_to_window=None,
):
    """Spectra of overlapping pieces: X[k, m] = sum over x of window[x] input[m hop + x] exp(-2 pi i k x / n_fft).

    Shapes: (n,) or (B, n) -> (..., n_fft // 2 + 1, frames), all n_fft frequencies unless onesided (the default for real
    input); real pairs in a last dimension without return_complex. hop_length: n_fft // 4 unless given. center: the
    signal is first extended by n_fft // 2 at both ends, as pad_mode says. normalized: divided by sqrt(n_fft).
    Errors: RuntimeError for sizes that do not fit, or real input without return_complex.
    """
    dtype = input.dtype
    real = not dtype.is_complex and (window is None or not window.dtype.is_complex)
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if window is None:
        _no_window("stft", "smears each frequency over its neighbours")
    if return_complex is None:
        if real:
            raise RuntimeError(
                "stft: return_complex must be given for real inputs; pass return_complex=True for a complex result"
            )
        return_complex = True
    elif not return_complex:
        warnings.warn(
            "stft: return_complex=False is deprecated; use return_complex=True, and torch.view_as_real on the result "
            "if real pairs are wanted.",
            UserWarning,
            stacklevel=2,
        )
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"stft: expected a tensor of floating point or complex values, got {dtype_title(dtype)}")
    shape = input._array.shape
    if len(shape) not in (1, 2):
        raise RuntimeError(f"stft: expected a 1D or 2D tensor, got {brackets(shape)}")
    if center and align_to_window is not None:
        raise RuntimeError("stft: align_to_window should only be set when center=False")
    signal = input if len(shape) == 2 else input.unsqueeze(0)
    if center:
        signal = _centred(signal, pad_mode, n_fft // 2)
    length = signal._array.shape[1]
    if not 0 < n_fft <= length:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {length}, the length of the signal, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, but got hop_length={hop}")
    _check_window("stft", window, width, n_fft)
    if onesided and not real:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    onesided = real if onesided is None else onesided
    if align_to_window:  # pieces of the window's length start at the signal's first number
        cut = (n_fft - width) // 2
        signal = primitives.pad_constant(signal, padding=((0, 0), (cut, n_fft - width - cut)), value=0)
    pieces = primitives.unfold(signal, axis=1, size=n_fft, step=hop)  # (B, frames, n_fft)
    full = _full_window(window, width, n_fft, input)
    if full is not None:
        pieces = mul(pieces, full)
    scale = 1 / math.sqrt(n_fft) if normalized else 1.0
    if pieces.dtype.is_complex or not onesided:
        wide = dtypes.complex128 if pieces.dtype in (dtypes.float64, dtypes.complex128) else dtypes.complex64
        spectrum = fourier.fft_c2c(pieces.to(wide), axes=(2,), inverse=False, scale=scale)
    else:
        spectrum = fourier.fft_r2c(pieces, axes=(2,), scale=scale)
    spectrum = spectrum.transpose(1, 2)
    if len(shape) == 1:
        spectrum = spectrum.squeeze(0)
    return spectrum if return_complex else view_as_real(spectrum)


def _check_window(name, window, width, n_fft):
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{name}: expected 0 < win_length <= n_fft={n_fft}, but got win_length={width}")
    if window is not None and window._array.shape != (width,):
        raise RuntimeError(
            f"{name}: expected a 1D window tensor of size equal to win_length={width}, but got window with size "
            f"{brackets(window.shape)}"
        )


@public(method=True)
def istft(
    input,
    n_fft,
    hop_length=None,
    win_length=None,
    window=None,
    center=True,
    normalized=False,
    onesided=None,
    length=None,
    return_complex=False,
):
    """The signal whose `stft` is closest to the input: windowed inverse transforms added up, divided by window^2's sum.

    Shapes: (n_fft // 2 + 1, frames) or (B, ...) -> (n,) or (B, n), with n_fft frequencies unless onesided; n is
    hop_length (frames - 1), or `length` if given. The other arguments as for stft.
    Errors: RuntimeError for real input, sizes that do not fit, or where the squared windows add up to 0.
    """
    if not input.dtype.is_complex:
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if window is None:
        _no_window("istft", "inverts only what stft made without one")
    elif window.dtype.is_complex and not return_complex:
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    shape = input._array.shape
    if len(shape) not in (2, 3):
        raise RuntimeError(f"istft: expected a tensor with 2 or 3 dimensions, but got {brackets(shape)}")
    if not input._array.size:
        raise RuntimeError("istft: input tensor cannot be empty.")
    onesided = shape[-2] != n_fft if onesided is None else onesided
    wanted = n_fft // 2 + 1 if onesided else n_fft
    if shape[-2] != wanted:
        raise RuntimeError(
            f"istft: expected the frequency dimension (3rd to the last) of the input tensor to be {wanted} (n_fft="
            f"{n_fft}, onesided={bool(onesided)}), but got {shape[-2]}"
        )
    if not 0 < hop <= width:
        raise RuntimeError(f"istft: expected 0 < hop_length <= win_length={width}, but got hop_length={hop}")
    _check_window("istft", window, width, n_fft)
    if return_complex and onesided:
        raise RuntimeError("Cannot have onesided output if window or input is complex")
    spectrum = (input if len(shape) == 3 else input.unsqueeze(0)).transpose(1, 2)  # (B, frames, frequencies)
    frames = spectrum._array.shape[1]
    scale = 1 / math.sqrt(n_fft) if normalized else 1 / n_fft
    if return_complex:
        pieces = fourier.fft_c2c(spectrum, axes=(2,), inverse=True, scale=scale)
    else:
        spectrum = spectrum[..., : n_fft // 2 + 1]
        pieces = fourier.fft_c2r(spectrum, axes=(2,), size=n_fft, scale=scale)
    real = dtypes.float64 if input.dtype is dtypes.complex128 else dtypes.float32
    ones = Tensor._wrap(cpu.full((width,), value=1, dtype=cpu.to_engine_dtype(real)))
    full = _full_window(ones if window is None else window, width, n_fft, pieces)
    pieces = mul(pieces, full)
    total = n_fft + hop * (frames - 1)
    signal = _overlapped(pieces, total, n_fft, hop)
    squares = mul(full, full)
    weights = _overlapped(squares.expand(1, frames, n_fft), total, n_fft, hop)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - n_fft // 2 if center else total
    signal, weights = signal[:, start:end], weights[:, start:end]
    smallest = float(cpu.item(cpu.amin(cpu.abs(weights._array), axes=(0, 1), keepdims=False))) if end > start else 1.0
    if not smallest > 1e-11:
        raise RuntimeError(
            f"istft: window overlap add min is {smallest}: the windows leave gaps; use a smaller hop_length"
        )
    signal = signal / weights
    missing = 0 if length is None else length - signal._array.shape[1]
    if missing > 0:
        warnings.warn(
            f"istft: the length of the signal is {length - missing}, {missing} zeros were added at its end.",
            UserWarning,
            stacklevel=2,
        )
        signal = primitives.pad_constant(signal, padding=((0, 0), (0, missing)), value=0)
    return signal if len(shape) == 3 else signal.squeeze(0)


def _overlapped(pieces, total, size, hop):
    """(B, frames, size) added up at their places: (B, total)."""
    batch = pieces._array.shape[0]
    return primitives.unfold_grad(pieces, input_shape=(batch, total), axis=1, size=size, step=hop)
