"""Softmax and its logarithm along one axis, forward and backward."""

from __future__ import annotations

from ... import _native
from .widen import as_type, wide

__all__ = ["log_softmax", "log_softmax_grad", "softmax", "softmax_grad"]


def softmax(a, *, axis):
    """exp(a - max) / sum along `axis`."""
    x = wide(a)
    return _native.softmax(x, axis) if x is a else as_type(_native.softmax(x, axis), a.dtype)


def log_softmax(a, *, axis):
    """a - max - log(sum exp(a - max)) along `axis`."""
    x = wide(a)
    return _native.log_softmax(x, axis) if x is a else as_type(_native.log_softmax(x, axis), a.dtype)


def softmax_grad(g, y, *, axis):
    """y (g - sum g y), y the softmax."""
    return as_type(_native.softmax_grad(wide(g), wide(y), axis), y.dtype)


def log_softmax_grad(g, y, *, axis):
    """g - exp(y) sum g, y the log-softmax."""
    return as_type(_native.log_softmax_grad(wide(g), wide(y), axis), y.dtype)
