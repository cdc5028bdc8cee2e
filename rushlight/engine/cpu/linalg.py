"""Matrix products. float32 and float64 run on our kernels, half types through float32, the rest on NumPy."""

from __future__ import annotations

import numpy as np

from ... import _native

__all__ = ["matmul", "linear", "addmm", "outer", "trace", "trace_grad"]

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def _is_half(dtype) -> bool:
    return dtype.itemsize == 2 and (dtype.kind == "f" or dtype.name == "bfloat16")


def _matmul(a, b):
    """Dtypes without a kernel."""
    if _is_half(a.dtype):
        return _native.matmul(a.astype(np.float32), b.astype(np.float32)).astype(a.dtype)
    return np.asarray(np.matmul(a, b))


# matmul(a, b): a @ b by NumPy's rules: 1-D operands are vectors, leading dimensions broadcast. Strides are read in
# place.
matmul = _native.matmul


def _linear(input, weight, bias, relu):
    """Dtypes without a kernel."""
    if _is_half(input.dtype):
        bias = None if bias is None else bias.astype(np.float32)
        wide = _native.linear(input.astype(np.float32), weight.astype(np.float32), bias, int(relu))
        return wide.astype(input.dtype)
    out = np.matmul(input, weight.T)
    if bias is not None:
        out = out + bias
    return np.maximum(out, 0) if relu else np.asarray(out)


# linear(input, weight, bias, *, activation=None): input (..., in) @ weight (out, in).T + bias (out,), then relu if
# asked. bias may be None.
linear = _native.linear
_native.set_gemm_fallbacks(_matmul, _linear)


def addmm(input, a, b, *, beta, alpha):
    """beta * input + alpha * (a @ b) for matrices; with beta == 0, NaN and inf of `input` do not count."""
    dtype = a.dtype
    if _is_half(dtype):
        return addmm(*(x.astype(np.float32) for x in (input, a, b)), beta=beta, alpha=alpha).astype(dtype)
    if dtype is _FLOAT32 or dtype is _FLOAT64:
        if beta == 0:
            input = np.zeros((1,), dtype)
        elif beta != 1 or input.ndim == 0:
            input = np.atleast_1d(input * dtype.type(beta))
        return _native.addmm(input, a, b, alpha)
    out = np.matmul(a, b)
    if alpha != 1:
        out = out * dtype.type(alpha)
    if beta != 0:
        out = out + (input if beta == 1 else input * dtype.type(beta))
    return np.asarray(out)


def outer(a, b):
    """a (m,) and b (n,) -> a_i * b_j (m, n)."""
    return np.multiply(a[:, None], b)


def trace(a):
    """The sum of a matrix's diagonal."""
    return np.asarray(np.trace(a))


def trace_grad(g, *, shape):
    """g on the diagonal of a matrix of `shape`."""
    grad = np.zeros(shape, g.dtype)
    np.fill_diagonal(grad[: shape[1]], g)  # of the square part: NumPy would start again below it
    return grad
