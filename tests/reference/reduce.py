"""Reductions in plain NumPy; call with a wider type than the kernel's."""

import numpy as np

REDUCTIONS = {
    "sum": lambda a, axis, keep: a.sum(axis=axis, keepdims=keep),
    "mean": lambda a, axis, keep: a.mean(axis=axis, keepdims=keep),
    "prod": lambda a, axis, keep: a.prod(axis=axis, keepdims=keep),
    "amax": lambda a, axis, keep: a.max(axis=axis, keepdims=keep),
    "amin": lambda a, axis, keep: a.min(axis=axis, keepdims=keep),
    "norm2": lambda a, axis, keep: np.sqrt((a * a).sum(axis=axis, keepdims=keep)),
    "var": lambda a, axis, keep: a.var(axis=axis, keepdims=keep, ddof=1),
}
