"""Plain NumPy losses in float64: the oracle of native/kernels/loss."""

import numpy as np

from tests.reference.softmax import log_softmax

PAIR_KINDS = ("mse", "l1", "smooth_l1", "huber")


def _reduce(loss, total, reduction):
    return {0: lambda: loss, 1: lambda: loss.sum() / total if total else np.nan, 2: lambda: loss.sum()}[reduction]()


def _one_hot(target, C, ignore):
    """(N, C, ...) with 1 at the target, and the mask (N, ...) of targets that count."""
    counts = target != ignore
    hot = np.moveaxis(np.eye(C)[np.where(counts, target, 0)], -1, 1)
    return hot * counts[:, None], counts


def _mix(target, C, weight, ignore, smoothing):
    """Coefficient of every -log p: (1 - smoothing) w_t at the target plus smoothing / C w_c everywhere."""
    hot, counts = _one_hot(target, C, ignore)
    w = np.ones(C) if weight is None else weight.astype(np.float64)
    w = w.reshape(1, C, *(1,) * (target.ndim - 1))
    return w * ((1 - smoothing) * hot + smoothing / C * counts[:, None]), (w * hot).sum()


def cross_entropy(x, target, weight, ignore, smoothing, reduction):
    """(loss, sum of the weights of the targets that count)."""
    coefficient, total = _mix(target, x.shape[1], weight, ignore, smoothing)
    return _reduce(-(coefficient * log_softmax(x, 1)).sum(1), total, reduction), total


def cross_entropy_grad(grad, x, target, weight, ignore, smoothing):
    """grad: one item per sample."""
    coefficient, _ = _mix(target, x.shape[1], weight, ignore, smoothing)
    p = np.exp(log_softmax(x, 1))
    return (p * coefficient.sum(1, keepdims=True) - coefficient) * grad.astype(np.float64)[:, None]


def nll_loss(x, target, weight, ignore, reduction):
    """(loss, sum of the weights of the targets that count)."""
    coefficient, total = _mix(target, x.shape[1], weight, ignore, 0)
    return _reduce(-(coefficient * x.astype(np.float64)).sum(1), total, reduction), total


def nll_loss_grad(grad, x, target, weight, ignore):
    """grad: one item per sample."""
    return -_mix(target, x.shape[1], weight, ignore, 0)[0] * grad.astype(np.float64)[:, None]


def pair_loss(x, y, kind, parameter, reduction):
    """mse, l1, smooth_l1 (beta) or huber (delta)."""
    d = x.astype(np.float64) - y.astype(np.float64)
    a = np.abs(d)
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = [
            lambda: d * d,
            lambda: a,
            lambda: np.where(a < parameter, 0.5 * a * a / parameter, a - 0.5 * parameter),
            lambda: np.where(a <= parameter, 0.5 * a * a, parameter * (a - 0.5 * parameter)),
        ][kind]()
    return _reduce(loss, loss.size, reduction)


def pair_loss_grad(grad, x, y, kind, parameter, scale):
    """Derivative by x."""
    d = x.astype(np.float64) - y.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = [
            lambda: 2 * d,
            lambda: np.sign(d),
            lambda: np.where(np.abs(d) < parameter, d / parameter, np.sign(d)),
            lambda: np.clip(d, -parameter, parameter),
        ][kind]()
    return slope * grad * scale
