"""Plain NumPy softmax in float64: the oracle of native/kernels/softmax."""

import numpy as np


def softmax(x, axis):
    """exp(x - max) / sum."""
    wide = x.astype(np.float64)
    e = np.exp(wide - wide.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def log_softmax(x, axis):
    """x - max - log(sum exp(x - max))."""
    wide = x.astype(np.float64)
    shifted = wide - wide.max(axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))


def softmax_grad(grad, y, axis):
    """y (g - sum g y)."""
    g, y = grad.astype(np.float64), y.astype(np.float64)
    return y * (g - (g * y).sum(axis, keepdims=True))


def log_softmax_grad(grad, y, axis):
    """g - exp(y) sum g."""
    g = grad.astype(np.float64)
    return g - np.exp(y.astype(np.float64)) * g.sum(axis, keepdims=True)
