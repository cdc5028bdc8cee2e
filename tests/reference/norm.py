"""Plain NumPy normalisation in float64: the oracle of native/kernels/norm."""

import numpy as np


def _channel_axes(x):
    return (0, *range(2, x.ndim)), (1, -1, *(1,) * (x.ndim - 2))


def batch_stats(x):
    """Mean and biased variance of every channel (axis 1)."""
    axes, _ = _channel_axes(x)
    wide = x.astype(np.float64)
    return wide.mean(axes), wide.var(axes)


def batch_norm(x, mean, rstd, weight, bias):
    """(x - mean) * rstd * weight + bias, per channel."""
    _, shape = _channel_axes(x)
    y = (x.astype(np.float64) - mean.reshape(shape)) * rstd.reshape(shape)
    y = y if weight is None else y * weight.reshape(shape)
    return y if bias is None else y + bias.reshape(shape)


def batch_norm_grad(grad, x, mean, rstd, weight, batch):
    """(grad_x, grad_weight, grad_bias); batch: mean and rstd are functions of x."""
    axes, shape = _channel_axes(x)
    wide = grad.astype(np.float64)
    z = batch_norm(x, mean, rstd, None, None)
    h = wide if weight is None else wide * weight.reshape(shape)
    if batch:
        h = h - h.mean(axes, keepdims=True) - z * (h * z).mean(axes, keepdims=True)
    return h * rstd.reshape(shape), (wide * z).sum(axes), wide.sum(axes)


def layer_norm(x, weight, bias, axes, eps):
    """(y, mean, rstd) over the last `axes` axes; the statistics are flat."""
    rows = x.astype(np.float64).reshape(int(np.prod(x.shape[: x.ndim - axes])), int(np.prod(x.shape[x.ndim - axes :])))
    mean, rstd = rows.mean(1), 1 / np.sqrt(rows.var(1) + eps)
    y = ((rows - mean[:, None]) * rstd[:, None]).reshape(x.shape)
    y = y if weight is None else y * weight
    return (y if bias is None else y + bias), mean, rstd


def layer_norm_grad(grad, x, mean, rstd, weight, axes):
    """(grad_x, grad_weight, grad_bias), the latter two flat."""
    shape = (len(mean), int(np.prod(x.shape[x.ndim - axes :])))
    g, z = grad.astype(np.float64).reshape(shape), (x.astype(np.float64).reshape(shape) - mean[:, None]) * rstd[:, None]
    h = g if weight is None else g * weight.reshape(1, -1)
    grad_x = rstd[:, None] * (h - h.mean(1, keepdims=True) - z * (h * z).mean(1, keepdims=True))
    return grad_x.reshape(x.shape), (g * z).sum(0), g.sum(0)
