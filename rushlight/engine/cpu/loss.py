"""Losses with kernels of their own: cross-entropy and NLL by class numbers, and pairwise losses.

Class losses: input (N, C, ...), int64 targets (N, ...), weight (C,) or None. `reduction` is "none", "mean" or "sum"; a
mean divides by the total weight of the targets that count. Target out of range: IndexError.
"""

from __future__ import annotations

import numpy as np

from ... import _native
from .widen import as_type, wide

__all__ = [
    "cross_entropy_forward",
    "cross_entropy_grad",
    "nll_loss",
    "nll_loss_forward",
    "nll_loss_grad",
    "pair_loss",
    "pair_loss_grad",
]

_REDUCTION = {"none": 0, "mean": 1, "sum": 2}
_PAIR_KIND = {"mse": 0, "l1": 1, "smooth_l1": 2, "huber": 3}


def cross_entropy_forward(a, target, weight, *, ignore_index, label_smoothing, reduction):
    """(loss, total weight, log sum exp per sample)."""
    x = wide(a)
    loss, total, lse = _native.cross_entropy(
        x, target, as_type(weight, x.dtype), ignore_index, label_smoothing, _REDUCTION[reduction]
    )
    return as_type(loss, a.dtype), total, lse


def cross_entropy_grad(g, a, target, weight, total, lse, *, ignore_index, label_smoothing, reduction):
    """Gradient for the input."""
    x = wide(a)
    divisor = total if reduction == "mean" else None
    grad = _native.cross_entropy_grad(
        as_type(g, x.dtype), x, target, as_type(weight, x.dtype), lse, divisor, ignore_index, label_smoothing
    )
    return as_type(grad, a.dtype)


def _smoothing(target, weight, like, ignore_index, label_smoothing):
    """label_smoothing / C * weight, at every class of every sample that counts."""
    C = like.shape[1]
    counts = np.expand_dims((target != ignore_index).astype(like.dtype), 1)
    w = np.ones(C, like.dtype) if weight is None else weight.astype(like.dtype)
    return counts * (w * (label_smoothing / C)).reshape(1, C, *(1,) * (like.ndim - 2))


def nll_loss_forward(a, target, weight, *, ignore_index, label_smoothing, reduction):
    """(loss, total weight): -weight_t a_t, mixed with the weighted sum over all classes when smoothing."""
    x = wide(a)
    w = as_type(weight, x.dtype)
    if not label_smoothing:
        loss, total = _native.nll_loss(x, target, w, ignore_index, _REDUCTION[reduction])
        return as_type(loss, a.dtype), total
    each, _ = _native.nll_loss(x, target, w, ignore_index, 0)
    _, total = _native.nll_loss(x, target, w, ignore_index, 1)
    spread = _smoothing(target, w, x, ignore_index, label_smoothing)
    each = (1 - label_smoothing) * each - (spread * x).sum(1)
    loss = {"none": lambda: each, "mean": lambda: each.sum() / total, "sum": lambda: each.sum()}[reduction]()
    return np.asarray(loss, a.dtype), total


def nll_loss(a, target, weight, *, ignore_index, label_smoothing, reduction):
    """nll_loss_forward's loss."""
    return nll_loss_forward(
        a, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    )[0]


def nll_loss_grad(g, target, weight, total, *, input_shape, ignore_index, label_smoothing, reduction):
    """Gradient for the input, which the loss depends on linearly: only its shape is needed."""
    grad = wide(g)
    w = as_type(weight, grad.dtype)
    divisor = as_type(total, grad.dtype) if reduction == "mean" else None
    like = np.broadcast_to(np.zeros((), grad.dtype), input_shape)
    out = _native.nll_loss_grad(grad, like, target, w, divisor, ignore_index)
    if label_smoothing:
        outer = grad if divisor is None else grad / divisor
        outer = np.expand_dims(outer, 1) if outer.ndim else outer
        out = (1 - label_smoothing) * out - _smoothing(target, w, like, ignore_index, label_smoothing) * outer
    return as_type(out, g.dtype)


def pair_loss(a, b, *, kind, parameter, reduction):
    """ "mse", "l1", "smooth_l1" (parameter beta) or "huber" (parameter delta) between arrays of one shape."""
    x = wide(a)
    loss = as_type(_native.pair_loss(x, wide(b), _PAIR_KIND[kind], parameter, _REDUCTION[reduction]), a.dtype)
    return loss if reduction != "none" else _native.laid_out(loss, a, b)


def pair_loss_grad(g, a, b, *, kind, parameter, reduction):
    """Gradient for `a`; the one for `b` is its negative."""
    x = wide(a)
    scale = 1.0 / x.size if reduction == "mean" and x.size else 1.0
    grad = _native.pair_loss_grad(as_type(g, x.dtype), x, wide(b), _PAIR_KIND[kind], parameter, scale)
    return as_type(grad, a.dtype)
