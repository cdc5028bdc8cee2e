"""Convolution and its two gradients, for one to three spatial axes.

float32 and float64 run on the native kernels, float16 and bfloat16 in float32. Integer and complex arrays go the plain
way, one kernel tap at a time.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from ... import _native

__all__ = ["col2im", "conv", "conv_grad_input", "conv_grad_weight", "im2col"]


def conv(x, w, b=None, *, stride, padding, dilation, groups, relu=False):
    """out[n, o, q] = b[o] + sum over c, t of w[o, c, t] * x[n, c, q * stride - padding + t * dilation]"""
    if x.dtype.char in "fd":
        return _native.conv(x, w, b, stride, padding, dilation, groups, relu)
    if _is_half(x):
        out = _native.conv(*_single(x, w, b), stride, padding, dilation, groups, relu)
        return out.astype(x.dtype)
    sizes = zip(x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True)
    size = tuple([(i + 2 * p - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in sizes])
    out = np.zeros((x.shape[0], w.shape[0], *size), x.dtype)
    if b is not None:
        out += b.reshape(-1, *(1,) * len(size))
    padded = _pad(x, padding)
    for y, xg, wg in zip(_split(out, 1, groups), _split(padded, 1, groups), _split(w, 0, groups), strict=True):
        for tap, window in _windows(xg, w.shape[2:], size, stride, dilation):
            y += np.einsum("oc,nc...->no...", wg[_at(tap)], window)
    return np.maximum(out, 0) if relu else out


def conv_grad_input(g, w, b=None, *, input_shape, stride, padding, dilation, groups):
    """The gradient of conv's input for the output gradient g; with b[c] added it is the transposed convolution of g."""
    if g.dtype.char in "fd":
        return _native.conv_grad_input(g, w, b, input_shape, stride, padding, dilation, groups)
    if _is_half(g):
        out = _native.conv_grad_input(*_single(g, w, b), input_shape, stride, padding, dilation, groups)
        return out.astype(g.dtype)
    padded = _pad(np.zeros(input_shape, g.dtype), padding)
    for xg, gg, wg in zip(_split(padded, 1, groups), _split(g, 1, groups), _split(w, 0, groups), strict=True):
        for tap, window in _windows(xg, w.shape[2:], g.shape[2:], stride, dilation):
            window += np.einsum("oc,no...->nc...", wg[_at(tap)], gg)
    inner = [slice(p, p + n) for p, n in zip(padding, input_shape[2:], strict=True)]
    out = np.ascontiguousarray(padded[_at(inner)])
    if b is not None:
        out += b.reshape(-1, *(1,) * len(inner))
    return out


def conv_grad_weight(g, x, *, weight_shape, stride, padding, dilation, groups):
    """The gradient of conv's weight for the output gradient g."""
    if g.dtype.char in "fd":
        return _native.conv_grad_weight(g, x, weight_shape, stride, padding, dilation, groups)
    if _is_half(g):
        out = _native.conv_grad_weight(*_single(g, x), weight_shape, stride, padding, dilation, groups)
        return out.astype(g.dtype)
    out = np.zeros(weight_shape, g.dtype)
    padded = _pad(x, padding)
    axes = [0, *range(2, g.ndim)]
    for wg, gg, xg in zip(_split(out, 0, groups), _split(g, 1, groups), _split(padded, 1, groups), strict=True):
        for tap, window in _windows(xg, weight_shape[2:], g.shape[2:], stride, dilation):
            wg[_at(tap)] = np.tensordot(gg, window, axes=(axes, axes))
    return out


def im2col(x, *, kernel, stride, padding, dilation):
    """Every window of (N, C, *size) or (C, *size) as a column: (N, C * prod(kernel), number of windows)."""
    if x.ndim == len(kernel) + 1:
        return im2col(x[None], kernel=kernel, stride=stride, padding=padding, dilation=dilation)[0]
    sizes = zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    size = tuple([(i + 2 * p - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in sizes])
    out = np.empty((*x.shape[:2], *kernel, *size), x.dtype)
    for tap, window in _windows(_pad(x, padding), kernel, size, stride, dilation):
        out[_at(tap)] = window
    return out.reshape(x.shape[0], x.shape[1] * math.prod(kernel), math.prod(size))


def col2im(columns, *, size, kernel, stride, padding, dilation):
    """The transpose of im2col: sums the columns back into (N, C, *size) or (C, *size)."""
    if columns.ndim == 2:
        return col2im(columns[None], size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation)[0]
    sizes = zip(size, kernel, stride, padding, dilation, strict=True)
    count = tuple([(i + 2 * p - d * (k - 1) - 1) // s + 1 for i, k, s, p, d in sizes])
    batch, channels = columns.shape[0], columns.shape[1] // math.prod(kernel)
    columns = columns.reshape(batch, channels, *kernel, *count)
    padded = np.zeros((batch, channels, *[i + 2 * p for i, p in zip(size, padding, strict=True)]), columns.dtype)
    for tap, window in _windows(padded, kernel, count, stride, dilation):
        window += columns[_at(tap)]
    inner = [slice(p, p + i) for p, i in zip(padding, size, strict=True)]
    return np.ascontiguousarray(padded[_at(inner)])


def _at(spatial):
    """An index of every batch entry and channel (every output and input channel of a weight)."""
    return (slice(None), slice(None), *spatial)


def _is_half(a) -> bool:
    return a.dtype.itemsize == 2 and a.dtype.kind in "fV"  # bfloat16 is a type of ml_dtypes


def _single(*arrays):
    return [None if a is None else a.astype(np.float32) for a in arrays]


def _pad(x, padding):
    return np.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])


def _split(a, axis, groups):
    return np.split(a, groups, axis=axis)


def _windows(x, kernel, size, stride, dilation):
    """(tap, view of the padded input x that this tap meets) for every tap."""
    for tap in itertools.product(*map(range, kernel)):
        window = [
            slice(t * d, max(0, t * d + (o - 1) * s + 1), s)
            for t, o, s, d in zip(tap, size, stride, dilation, strict=True)
        ]
        yield tap, x[_at(window)]
