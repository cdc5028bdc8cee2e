"""Plain NumPy convolution and its two gradients, one tap at a time, for any number of spatial axes.

Sums are accumulated in the arrays' own dtype; give float64 arrays for an oracle of float32 kernels. Padding with zeros
is explicit, so a gradient that is infinite meets those zeros as a full sum would.
"""

import itertools

import numpy as np


def output_size(size, kernel, stride, padding, dilation):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def _taps(kernel):
    return itertools.product(*(range(k) for k in kernel))


def _window(tap, out, stride, dilation):
    """Slices of the padded input that tap `tap` meets, one per spatial axis."""
    return tuple(
        slice(t * d, t * d + (o - 1) * s + 1, s) for t, o, s, d in zip(tap, out, stride, dilation, strict=True)
    )


def _padded(x, padding):
    return np.pad(x, [(0, 0), (0, 0)] + [(p, p) for p in padding])


def _by_group(x, axis, groups):
    return np.split(x, groups, axis=axis)


def conv(x, w, b=None, *, stride, padding, dilation, groups):
    """out[n, o, q] = b[o] + sum over c, t of w[o, c, t] * x[n, c, q * stride - padding + t * dilation]"""
    out = tuple(output_size(*sizes) for sizes in zip(x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True))
    xp = _padded(x, padding)
    result = np.zeros((x.shape[0], w.shape[0], *out), x.dtype)
    parts = zip(_by_group(result, 1, groups), _by_group(xp, 1, groups), _by_group(w, 0, groups), strict=True)
    for y, xg, wg in parts:  # y is a view of result
        for tap in _taps(w.shape[2:]):
            window = xg[(..., *_window(tap, out, stride, dilation))]
            y += np.einsum("oc,nc...->no...", wg[(slice(None), slice(None), *tap)], window)
    if b is not None:
        result += b.reshape(-1, *(1,) * len(out))
    return result


def conv_grad_input(g, w, b=None, *, input_shape, stride, padding, dilation, groups):
    """The transpose of `conv` in x, plus b[c]: the transposed convolution."""
    out = g.shape[2:]
    xp = _padded(np.zeros(input_shape, g.dtype), padding)
    parts = zip(_by_group(xp, 1, groups), _by_group(g, 1, groups), _by_group(w, 0, groups), strict=True)
    for xg, gg, wg in parts:
        for tap in _taps(w.shape[2:]):
            xg[(..., *_window(tap, out, stride, dilation))] += np.einsum(
                "oc,no...->nc...", wg[(slice(None), slice(None), *tap)], gg
            )
    inner = tuple(slice(p, p + n) for p, n in zip(padding, input_shape[2:], strict=True))
    result = np.ascontiguousarray(xp[(..., *inner)])
    if b is not None:
        result += b.reshape(-1, *(1,) * len(out))
    return result


def conv_grad_weight(g, x, *, weight_shape, stride, padding, dilation, groups):
    """The transpose of `conv` in w."""
    out = g.shape[2:]
    xp = _padded(x, padding)
    result = np.zeros(weight_shape, g.dtype)
    parts = zip(_by_group(result, 0, groups), _by_group(xp, 1, groups), _by_group(g, 1, groups), strict=True)
    for wg, xg, gg in parts:
        for tap in _taps(weight_shape[2:]):
            window = xg[(..., *_window(tap, out, stride, dilation))]
            axes = [0, *range(2, g.ndim)]
            wg[(slice(None), slice(None), *tap)] = np.tensordot(gg, window, axes=(axes, axes))
    return result
