"""Batch and layer normalisation. Statistics and parameters may be wider than the input (float32 beside float16)."""

from __future__ import annotations

import numpy as np

from ... import _native
from .widen import as_type, wide

__all__ = [
    "batch_norm_apply",
    "batch_norm_grad",
    "batch_norm_train",
    "layer_norm_forward",
    "layer_norm_grad",
    "rstd_of",
]


def _in_place(running, dtype):
    """An array that the kernel may update, and whether it has to be copied back."""
    if running is None or (running.dtype == dtype and running.flags.carray):
        return running, False
    return np.ascontiguousarray(running, dtype), True


def batch_norm_train(a, weight, bias, *, running_mean, running_var, momentum, eps):
    """(y, mean, rstd) with the batch's own statistics per channel (axis 1); moves the running ones in place."""
    x = wide(a)
    mean, copy_mean = _in_place(running_mean, x.dtype)
    var, copy_var = _in_place(running_var, x.dtype)
    affine = [as_type(v, x.dtype) for v in (weight, bias)]
    y, batch_mean, rstd = _native.batch_norm_train(x, *affine, eps, mean, var, momentum)
    if copy_mean:
        np.copyto(running_mean, mean, casting="unsafe")
    if copy_var:
        np.copyto(running_var, var, casting="unsafe")
    return as_type(y, a.dtype), batch_mean, rstd


def rstd_of(var, *, eps):
    """1 / sqrt(var + eps)."""
    return np.asarray(1 / np.sqrt(wide(var) + wide(var).dtype.type(eps)))


def batch_norm_apply(a, mean, rstd, weight, bias):
    """(a - mean) * rstd * weight + bias per channel."""
    x = wide(a)
    return as_type(_native.batch_norm_apply(x, *[as_type(v, x.dtype) for v in (mean, rstd, weight, bias)]), a.dtype)


def batch_norm_grad(g, a, mean, rstd, weight, *, batch, need):
    """Gradients for input, weight and bias (None where not needed); batch: mean and rstd are the input's own."""
    x = wide(a)
    typed = [as_type(v, x.dtype) for v in (mean, rstd, weight)]
    grads = _native.batch_norm_grad(as_type(g, x.dtype), x, *typed, batch, *need)
    affine = a.dtype if weight is None else weight.dtype
    return as_type(grads[0], a.dtype), as_type(grads[1], affine), as_type(grads[2], affine)


def layer_norm_forward(a, weight, bias, *, axes, eps):
    """(y, mean, rstd) over the last `axes` axes."""
    x = wide(a)
    y, mean, rstd = _native.layer_norm(x, as_type(weight, x.dtype), as_type(bias, x.dtype), axes, eps)
    return as_type(y, a.dtype), mean, rstd


def layer_norm_grad(g, a, mean, rstd, weight, *, axes, need):
    """Gradients for input, weight and bias (None where not needed)."""
    x = wide(a)
    grads = _native.layer_norm_grad(as_type(g, x.dtype), x, mean, rstd, as_type(weight, x.dtype), axes, *need)
    shape = a.shape[a.ndim - axes :]
    affine = a.dtype if weight is None else weight.dtype
    flat = [None if v is None else as_type(v, affine).reshape(shape) for v in grads[1:]]
    return as_type(grads[0], a.dtype), *flat
