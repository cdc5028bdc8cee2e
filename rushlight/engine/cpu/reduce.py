"""Reductions."""

from __future__ import annotations

import builtins

import numpy as np

__all__ = "sum mean amax amin prod argmax argmin any all cumsum".split()


def _wrap(function):
    def f(a, *, axes, keepdims):
        return np.asarray(function(a, axis=axes, keepdims=keepdims))

    return f


sum, mean, amax, amin, prod = map(_wrap, (np.sum, np.mean, np.max, np.min, np.prod))
any, all = map(_wrap, (np.any, np.all))


def argmax(a, *, axis, keepdims):
    return np.asarray(np.argmax(a, axis=axis, keepdims=keepdims))


def argmin(a, *, axis, keepdims):
    return np.asarray(np.argmin(a, axis=axis, keepdims=keepdims))


def cumsum(a, *, axis):
    return np.cumsum(a, axis=axis)
