"""Pooling over the trailing axes: max, average and adaptive, forward and backward. Sizes are tuples of 1 to 3 ints.

Float16 and bfloat16 are computed in float32, integers in int64.
"""

from __future__ import annotations

import numpy as np

from ... import _native
from .widen import as_type

__all__ = [
    "adaptive_avg_pool",
    "adaptive_avg_pool_grad",
    "adaptive_max_pool",
    "avg_pool",
    "avg_pool_grad",
    "gather_planes",
    "max_pool",
    "max_pool_grad",
    "max_pool_indices",
    "max_pool_take",
    "scatter_planes",
    "unpool_planes",
]

_NATIVE_TYPES = frozenset(map(np.dtype, (np.float32, np.float64, np.int64)))


def _known(a):
    """`a` in a dtype that the kernels know."""
    if a.dtype in _NATIVE_TYPES:
        return a
    return a.astype(np.int64 if a.dtype.kind in "iub" else np.float32)


def max_pool(a, *, kernel_size, stride, padding, dilation, output_size):
    """(maxima, winning taps): the taps (uint8 or int32) are only for the functions below."""
    y, taps = _native.max_pool(_known(a), kernel_size, stride, padding, dilation, output_size)
    return as_type(y, a.dtype), taps


def max_pool_indices(taps, *, kernel_size, stride, padding, dilation, input_size):
    """Flat int64 position of every maximum inside its plane."""
    return _native.max_pool_indices(taps, kernel_size, stride, padding, dilation, input_size)


def max_pool_grad(g, taps, *, kernel_size, stride, padding, dilation, input_size):
    """g summed onto the winners of zero planes."""
    grad = _native.max_pool_grad(_known(g), taps, kernel_size, stride, padding, dilation, input_size)
    return as_type(grad, g.dtype)


def max_pool_take(a, taps, *, kernel_size, stride, padding, dilation):
    """a at the winners: the transpose of max_pool_grad."""
    return as_type(_native.max_pool_take(_known(a), taps, kernel_size, stride, padding, dilation), a.dtype)


def avg_pool(a, *, kernel_size, stride, padding, output_size, count_include_pad, divisor):
    """Window means; `divisor` 0 means the number of cells (padding included or not)."""
    y = _native.avg_pool(_known(a), kernel_size, stride, padding, output_size, count_include_pad, divisor)
    return as_type(y, a.dtype)


def avg_pool_grad(g, *, kernel_size, stride, padding, input_size, count_include_pad, divisor):
    """The transpose of avg_pool."""
    grad = _native.avg_pool_grad(_known(g), kernel_size, stride, padding, input_size, count_include_pad, divisor)
    return as_type(grad, g.dtype)


def adaptive_avg_pool(a, *, output_size):
    """Means over windows floor(j in / out) .. ceil((j + 1) in / out)."""
    return as_type(_native.adaptive_avg_pool(_known(a), output_size), a.dtype)


def adaptive_avg_pool_grad(g, *, input_size):
    """The transpose of adaptive_avg_pool."""
    return as_type(_native.adaptive_avg_pool_grad(_known(g), input_size), g.dtype)


def adaptive_max_pool(a, *, output_size):
    """(maxima, flat int64 positions inside each plane) over the same windows."""
    y, indices = _native.adaptive_max_pool(_known(a), output_size)
    return as_type(y, a.dtype), indices


def gather_planes(a, indices, *, axes):
    """a at flat positions inside each plane of its last `axes` axes; 0 for positions outside."""
    return as_type(_native.gather_planes(_known(a), indices, axes), a.dtype)


def scatter_planes(g, indices, *, input_size):
    """g summed onto flat positions of zero planes: the transpose of gather_planes."""
    return as_type(_native.scatter_planes(_known(g), indices, input_size), g.dtype)


def unpool_planes(a, indices, *, output_size):
    """a written at flat positions of zero planes (the last of equal positions wins)."""
    lead = a.shape[: a.ndim - len(output_size)]
    out = np.zeros((*lead, int(np.prod(output_size))), a.dtype)
    count = int(np.prod(a.shape[len(lead) :]))
    np.put_along_axis(out, indices.reshape(*lead, count), a.reshape(*lead, count), axis=-1)
    return out.reshape(*lead, *output_size)
