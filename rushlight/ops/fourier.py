"""Fourier transforms, as torch.fft names them, on three ops: complex to complex, real to complex, complex to real.

X[k] = sum over x of a[x] exp(-2 pi i k x / n), by axis. The ops are real-linear maps; each gradient is the transpose.
Source: Cooley & Tukey 1965, "An algorithm for the machine calculation of complex Fourier series".
"""

from __future__ import annotations

import math

from .. import devices, dtypes
from ..autograd.op import Op, cpu, named, primitives
from ..dtypes import dtype_title
from ..errors import type_name, wrap_dim
from ..tensor import Tensor
from . import promote
from .result import into


class fft_c2c(Op):
    """The transform of complex numbers, forward or inverse."""

    inputs, save, grad_name = 1, (), "FftC2CBackward0"

    def forward(xp, a, *, axes, inverse, scale):
        return xp.fft_c2c(a, axes=axes, inverse=inverse, scale=scale)

    def backward(xp, g, saved, need, *, axes, inverse, scale):
        return (xp.fft_c2c(g, axes=axes, inverse=not inverse, scale=scale),)


class fft_r2c(Op):
    """The forward transform of real numbers: half a spectrum."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "FftR2CBackward0"

    def forward(xp, a, *, axes, scale):
        return xp.fft_r2c(a, axes=axes, scale=scale)

    def backward(xp, g, saved, need, *, axes, scale):
        return (xp.fft_r2c_grad(g, axes=axes, size=saved[0][axes[-1]], scale=scale),)


class fft_r2c_grad(Op):
    """The transpose of `fft_r2c`."""

    inputs, save, grad_name = 1, (), "FftR2CBackwardBackward0"

    def forward(xp, g, *, axes, size, scale):
        return xp.fft_r2c_grad(g, axes=axes, size=size, scale=scale)

    def backward(xp, gg, saved, need, *, axes, size, scale):
        return (xp.fft_r2c(gg, axes=axes, scale=scale),)


class fft_c2r(Op):
    """The inverse transform of half a spectrum: real numbers."""

    inputs, save, grad_name = 1, (), "FftC2RBackward0"

    def forward(xp, a, *, axes, size, scale):
        return xp.fft_c2r(a, axes=axes, size=size, scale=scale)

    def backward(xp, g, saved, need, *, axes, size, scale):
        return (xp.fft_c2r_grad(g, axes=axes, scale=scale),)


class fft_c2r_grad(Op):
    """The transpose of `fft_c2r`."""

    inputs, save, save_shape, grad_name = 1, (), (0,), "FftC2RBackwardBackward0"

    def forward(xp, g, *, axes, scale):
        return xp.fft_c2r_grad(g, axes=axes, scale=scale)

    def backward(xp, gg, saved, need, *, axes, scale):
        return (xp.fft_c2r(gg, axes=axes, size=saved[0][axes[-1]], scale=scale),)


# ---- arguments ------------------------------------------------------------------------------------------------------


def _check(input, name):
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type_name(input)}")
    if input.dtype.is_floating_point and input.dtype.itemsize < 4:
        raise RuntimeError(f"Unsupported dtype {dtype_title(input.dtype)}")


def _real(input, name):
    if input.dtype.is_complex:
        raise RuntimeError(f"{name} expects a real input tensor, but got {dtype_title(input.dtype)}")
    return promote.to_float(input)


def _complex(input):
    input = promote.to_float(input)
    wide = dtypes.complex128 if input.dtype.itemsize > 4 else dtypes.complex64
    return input if input.dtype.is_complex else promote.to_dtype(input, wide)


def _scale(norm, count, inverse) -> float:
    """The factor of one transform over `count` numbers."""
    if norm not in (None, "backward", "forward", "ortho"):
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    if norm == "ortho":
        return 1 / math.sqrt(count) if count else 1.0
    return 1 / count if count and inverse == (norm != "forward") else 1.0


def _axis(input, dim) -> int:
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, input._array.ndim)


def _axes(input, s, dim, name=None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(the axes, their sizes), by torch.fft's rules: all axes, or the last len(s), unless dim says which."""
    shape = input._array.shape
    sizes = None if s is None else (s,) if isinstance(s, int) else tuple(s)
    if dim is not None:
        axes = tuple([wrap_dim(d, len(shape)) for d in ((dim,) if isinstance(dim, int) else dim)])
        if len(set(axes)) < len(axes):
            raise RuntimeError("FFT dims must be unique")
        if sizes is not None and len(sizes) != len(axes):
            raise RuntimeError(
                f"When given, dim and shape arguments must have the same length: {len(axes)} and {len(sizes)}"
            )
    else:
        if sizes is not None and len(sizes) > len(shape):
            raise RuntimeError(f"Got shape with {len(sizes)} values but input tensor only has {len(shape)} dimensions.")
        axes = tuple(range(len(shape) - len(sizes), len(shape))) if sizes is not None else tuple(range(len(shape)))
    if name and not axes:
        raise RuntimeError(f"{name} must transform at least one axis")
    full = tuple([shape[a] for a in axes])
    sizes = full if sizes is None else tuple([n if s == -1 else s for s, n in zip(sizes, full)])
    return axes, sizes


def _sized(input, axes, sizes):
    """Cut or filled with zeros at the end, to `sizes` along `axes`."""
    for n in sizes:
        if n < 1:
            raise RuntimeError(f"Invalid number of data points ({n}) specified")
    widths = [(0, 0)] * input._array.ndim
    for axis, n in zip(axes, sizes):
        widths[axis] = (0, n - input._array.shape[axis])
    if any(width for _, width in widths):
        return primitives.pad_constant(input, padding=tuple(widths), value=0)
    return input


# ---- the transforms of axes, from which all functions come ----------------------------------------------------------


def _c2c(input, axes, sizes, norm, inverse):
    input = _sized(_complex(input), axes, sizes)
    scale = _scale(norm, math.prod(sizes), inverse)
    return primitives.fft_c2c(input, axes=axes, inverse=inverse, scale=scale)


def _r2c(input, axes, sizes, norm, inverse):
    """inverse: the conjugate, with the scale of an inverse."""
    input = _sized(input, axes, sizes)
    result = primitives.fft_r2c(input, axes=axes, scale=_scale(norm, math.prod(sizes), inverse))
    return result.conj() if inverse else result


def _c2r(input, axes, sizes, norm, inverse):
    """inverse=False: of the conjugate, with the scale of a forward transform."""
    input = _complex(input)
    if not inverse:
        input = input.conj()
    last = sizes[-1]
    scale = _scale(norm, math.prod(sizes), inverse)
    if last < 1:
        raise RuntimeError(f"Invalid number of data points ({last}) specified")
    input = _sized(input, axes, (*sizes[:-1], last // 2 + 1))
    return primitives.fft_c2r(input, axes=axes, size=last, scale=scale)


def _finish(result, out, name):
    if out is None:
        return result
    if out.dtype.is_complex != result.dtype.is_complex:
        kind = "complex" if result.dtype.is_complex else "floating point"
        raise RuntimeError(f"{name} expects a {kind} output tensor, but got {dtype_title(out.dtype)}")
    return into(out, result)


# ---- one axis -------------------------------------------------------------------------------------------------------

_NORMS = "norm: a forward transform is divided by n with 'forward', an inverse with 'backward' (None), both by sqrt(n) "


def _one(name, run, formula):
    def function(input, n=None, dim=-1, norm=None, *, out=None):
        _check(input, "fft_" + name)
        axis = _axis(input, dim)
        return _finish(run(input, axis, input._array.shape[axis] if n is None else n, n, norm), out, name)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""{formula}

    The input is cut or filled with zeros to n numbers along `dim`. {_NORMS}with 'ortho'.
    Errors: RuntimeError for n < 1, half precision or an unknown norm; IndexError for a dim that is not there.
    """
    return function


def _full_spectrum(inverse, name):
    def run(input, axis, size, n, norm):
        result = _c2c(input, (axis,), (size,), norm, inverse)
        if input.dtype.is_complex:
            return result
        return named(result, "ConjBackward0" if inverse else "FftR2CBackward0")

    return run


fft = _one(
    "fft",
    _full_spectrum(False, "fft"),
    "X[k] = sum over x of a[x] exp(-2 pi i k x / n) along a dimension: (..., n, ...) -> the same, complex.",
)
ifft = _one(
    "ifft",
    _full_spectrum(True, "ifft"),
    "a[x] = 1/n sum over k of X[k] exp(2 pi i k x / n) along a dimension: (..., n, ...) -> the same, complex.",
)
rfft = _one(
    "rfft",
    lambda input, axis, size, n, norm: _r2c(_real(input, "rfft"), (axis,), (size,), norm, False),
    "The first n // 2 + 1 frequencies of `fft` of real numbers: (..., n, ...) -> (..., n // 2 + 1, ...).",
)
irfft = _one(
    "irfft",
    lambda input, axis, size, n, norm: _c2r(input, (axis,), (2 * (size - 1) if n is None else n,), norm, True),
    "The inverse of `rfft`: n real numbers (by default 2 (m - 1)) from m = n // 2 + 1 frequencies.",
)
hfft = _one(
    "hfft",
    lambda input, axis, size, n, norm: _c2r(input, (axis,), (2 * (size - 1) if n is None else n,), norm, False),
    "The `fft` of a Hermitian signal, of which m = n // 2 + 1 numbers are given: n real numbers.",
)
ihfft = _one(
    "ihfft",
    lambda input, axis, size, n, norm: _r2c(_real(input, "ihfft"), (axis,), (size,), norm, True),
    "The inverse of `hfft`: the first n // 2 + 1 numbers of `ifft` of real numbers.",
)


# ---- several axes ---------------------------------------------------------------------------------------------------


def _complete(run, name):
    def transform(input, s, dim, norm):
        axes, sizes = _axes(input, s, dim)
        return run(input, axes, sizes, norm)

    return transform


def _half(name, inverse):
    def transform(input, s, dim, norm):
        if input.dtype.is_complex and not inverse:
            raise RuntimeError(f"rfftn expects a real-valued input tensor, but got {dtype_title(input.dtype)}")
        if input.dtype.is_complex:
            raise RuntimeError(f"Only supports floating-point dtypes, but found: {dtype_title(input.dtype)}")
        axes, sizes = _axes(input, s, dim, name)
        result = _r2c(promote.to_float(input), axes, sizes, norm, inverse)
        return named(result, "FftC2CBackward0") if inverse and len(axes) > 1 else result

    return transform


def _to_real(name, inverse):
    def transform(input, s, dim, norm):
        axes, sizes = _axes(input, s, dim, name)
        if s is None or (s if isinstance(s, int) else s[-1]) == -1:
            sizes = (*sizes[:-1], 2 * (input._array.shape[axes[-1]] - 1))
        return _c2r(input, axes, sizes, norm, inverse)

    return transform


def _several(name, transform, meaning):
    """(the function of two dimensions, the function of any number)."""

    def two(input, s=None, dim=(-2, -1), norm=None, *, out=None):
        _check(input, f"fft_{name}2")
        return _finish(transform(input, s, dim, norm), out, name + "2")

    def many(input, s=None, dim=None, norm=None, *, out=None):
        _check(input, f"fft_{name}n")
        return _finish(transform(input, s, dim, norm), out, name + "n")

    for function, word, where in ((two, name + "2", "the last two"), (many, name + "n", "all, or the last len(s)")):
        function.__name__ = function.__qualname__ = word
        function.__doc__ = f"""{meaning} over several dimensions: {where} unless `dim` names them.

        s: the sizes that they are cut or filled with zeros to, -1 for as they are. {_NORMS}with 'ortho', n the
        product of the sizes. Errors: RuntimeError for sizes < 1, half precision, dims that repeat.
        """
    return two, many


fft2, fftn = _several("fft", _complete(lambda x, a, n, norm: _c2c(x, a, n, norm, False), "fft"), "`fft`")
ifft2, ifftn = _several("ifft", _complete(lambda x, a, n, norm: _c2c(x, a, n, norm, True), "ifft"), "`ifft`")
rfft2, rfftn = _several("rfft", _half("rfftn", False), "`rfft` of the last dimension and `fft` of the others,")
irfft2, irfftn = _several("irfft", _to_real("irfftn", True), "The inverse of `rfftn`,")
hfft2, hfftn = _several("hfft", _to_real("hfftn", False), "The transform of a Hermitian signal, to real numbers,")
ihfft2, ihfftn = _several("ihfft", _half("ihfftn", True), "The inverse of `hfftn`, from real numbers,")


# ---- frequencies ----------------------------------------------------------------------------------------------------


def _frequencies(name, first, count, n, d, out, dtype, device, requires_grad):
    devices.check(device)
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(f"{name} requires a floating point or complex dtype")
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    places = cpu.arange(0, count, 1, cpu.to_engine_dtype(dtypes.float64))
    places = cpu.where(cpu.ge(places, float(first)), cpu.sub(places, float(n)), places)
    step = 1 / (n * d) if n * d else math.inf
    kind = cpu.to_engine_dtype(dtype)
    result = Tensor._wrap(cpu.mul(cpu.cast(places, kind), step))
    if out is not None:
        return into(out, result)
    return result.requires_grad_() if requires_grad else result


def fftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequencies of `fft`'s results: 0, 1, ..., (n - 1) // 2, -(n // 2), ..., -1, divided by n d."""
    return _frequencies("fftfreq", (n + 1) // 2, n, n, d, out, dtype, device, requires_grad)


def rfftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequencies of `rfft`'s results: 0, 1, ..., n // 2, divided by n d."""
    return _frequencies("rfftfreq", n + 1, n // 2 + 1, n, d, out, dtype, device, requires_grad)


def _shift(input, dim, sign):
    axes = tuple(range(input._array.ndim)) if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    axes = tuple([wrap_dim(axis, input._array.ndim) for axis in axes])
    sizes = [input._array.shape[axis] for axis in axes]
    shifts = tuple([n // 2 if sign > 0 else (n + 1) // 2 for n in sizes])
    return primitives.roll(input, shifts=shifts, axes=axes)


def fftshift(input, dim=None):
    """Frequency 0 moved from the first place to the middle, along some dimensions or all."""
    return _shift(input, dim, 1)


def ifftshift(input, dim=None):
    """The inverse of `fftshift`."""
    return _shift(input, dim, -1)
