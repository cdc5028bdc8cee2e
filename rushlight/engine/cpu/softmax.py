"""Softmax and its logarithm along one axis, forward and backward."""

from __future__ import annotations

from ... import _native
from .widen import as_type, wide

__all__ = ["log_softmax", "log_softmax_grad", "softmax", "softmax_grad"]


def _run(kernel, axis, *arrays):
    """The kernel on float32 or float64, a 0-d array as one item."""
    last = arrays[-1]
    if last.ndim and last.dtype.char in "fd":
        return kernel(*arrays, axis)
    if last.ndim == 0:
        return _run(kernel, 0, *[a.reshape(1) for a in arrays]).reshape(())
    return as_type(kernel(*map(wide, arrays), axis), last.dtype)


def softmax(a, *, axis):
    """exp(a - max) / sum along `axis`."""
    return _run(_native.softmax, axis, a)


def log_softmax(a, *, axis):
    """a - max - log(sum exp(a - max)) along `axis`."""
    return _run(_native.log_softmax, axis, a)


def softmax_grad(g, y, *, axis):
    """y (g - sum g y), y the softmax."""
    return _run(_native.softmax_grad, axis, g, y)


def log_softmax_grad(g, y, *, axis):
    """g - exp(y) sum g, y the log-softmax."""
    return _run(_native.log_softmax_grad, axis, g, y)
