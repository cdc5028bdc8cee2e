"""Losses with fused kernels: cross-entropy and NLL by class number, and the pairwise ones.

`reduction` is "none", "mean" or "sum". nll_loss is linear in its input, so nll_loss_grad needs only its shape, and
the two are each other's transpose; the second derivative of cross_entropy goes through log_softmax and nll_loss_grad.
"""

from __future__ import annotations

import math

from ..autograd.op import Op, OpType, primitives
from ..dtypes import dtype_title
from ..errors import brackets
from . import promote

# ---- class losses ----------------------------------------------------------------------------------------------------


def _cross_entropy_forward(xp, input, target, weight, **attrs):
    return xp.cross_entropy_forward(input, target, weight, **attrs)


def _cross_entropy_backward(xp, g, saved, need, **attrs):
    input, target, weight, total, lse = saved
    if not xp.differentiable:
        return xp.cross_entropy_grad(g, input, target, weight, total, lse, **attrs), None, None
    y = xp.log_softmax(input, axis=1)
    h = xp.nll_loss_grad(g, target, weight, total, input_shape=tuple(input.shape), **attrs)
    return xp.log_softmax_grad(h, y, axis=1), None, None


def _nll_forward(xp, input, target, weight, **attrs):
    return xp.nll_loss_forward(input, target, weight, **attrs)


def _nll_backward(xp, g, saved, need, **attrs):
    target, weight, total, shape = saved
    return xp.nll_loss_grad(g, target, weight, total, input_shape=tuple(shape), **attrs), None, None


_VARIANTS = (("", "NllLossBackward0"), ("2d", "NllLoss2DBackward0"), ("_view", "ViewBackward0"))
for _suffix, _name in (*_VARIANTS, ("_smooth", "AddBackward0")):
    OpType(
        "cross_entropy" + _suffix,
        (Op,),
        {
            "__doc__": "-(1 - s) w_t log p_t - s / C sum_c w_c log p_c with p the softmax over axis 1.",
            "inputs": 3,
            "aux": 2,
            "grad_name": _name,
            "forward": _cross_entropy_forward,
            "backward": _cross_entropy_backward,
        },
    )
for _suffix, _name in _VARIANTS:
    OpType(
        "nll_loss" + _suffix,
        (Op,),
        {
            "__doc__": "-w_t x_t, of input (N, C, ...) and targets (N, ...).",
            "inputs": 3,
            "aux": 1,
            "save": (1, 2),
            "save_shape": (0,),
            "grad_name": _name,
            "forward": _nll_forward,
            "backward": _nll_backward,
        },
    )


class nll_loss_grad(Op):
    """The transpose of nll_loss."""

    inputs, save, grad_name = 4, (1, 2), "NllLossBackwardBackward0"

    def forward(xp, g, target, weight, total, **attrs):
        return xp.nll_loss_grad(g, target, weight, total, **attrs)

    def backward(xp, gg, saved, need, *, input_shape, **attrs):
        target, weight = saved
        return xp.nll_loss(gg, target, weight, **attrs), None, None, None


def _check_weight(weight, input, C):
    if weight is None:
        return
    if weight.ndim != 1 or weight.numel() != C:
        raise RuntimeError(
            f"weight tensor should be defined either for all {C} classes or no classes but got weight tensor of "
            f"shape: {brackets(weight.shape)}"
        )
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {dtype_title(input.dtype)} but found {dtype_title(weight.dtype)} (weight)"
        )


def class_loss(name, input, target, weight, ignore_index, label_smoothing, reduction, kernel):
    """cross_entropy or nll_loss of (N, C), (N, C, d1, ...) or (C,) with class numbers (N,), (N, d1, ...) or ()."""
    shape = tuple(input._array.shape)
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    kind = target.dtype.name
    if kind not in ("int64", "uint8"):
        raise RuntimeError(f"expected target dtype to be Long or Byte, but got {dtype_title(target.dtype)}")
    if input.dtype.category != 2:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(input.dtype)}'")
    wanted = tuple(target._array.shape)
    single = len(shape) == 1
    if single:
        if wanted not in ((), (1,)):
            raise ValueError(f"Expected input batch_size (1) to match target batch_size ({wanted[0]}).")
        _check_weight(weight, input, shape[0])
        input, target = input.reshape(1, shape[0]), target.reshape(1)
    else:
        if len(shape) == 2 and len(wanted) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if not wanted or shape[0] != wanted[0]:
            count = wanted[0] if wanted else 1
            raise ValueError(f"Expected input batch_size ({shape[0]}) to match target batch_size ({count}).")
        if shape[2:] != wanted[1:]:
            if len(shape) == 4 and len(wanted) == 3 and name == "nll_loss":
                raise RuntimeError(f"size mismatch (got input: {brackets(shape)} , target: {brackets(wanted)})")
            raise RuntimeError(f"Expected target size {brackets((shape[0], *shape[2:]))}, got {brackets(wanted)}")
        _check_weight(weight, input, shape[1])
    if kind == "uint8":
        target = target.long()
    variant = ""  # they differ in the node's name only
    if label_smoothing:
        variant = "_smooth"
    elif len(shape) > 2:
        variant = "_view" if reduction == "none" and len(shape) != 4 else "2d"
    loss = getattr(primitives, name + variant)(
        input,
        target,
        weight,
        ignore_index=int(ignore_index),
        label_smoothing=float(label_smoothing),
        reduction=reduction,
    )
    return loss.reshape(()) if single and reduction == "none" else loss


# ---- pairwise losses -------------------------------------------------------------------------------------------------


def _pair_forward(xp, a, b, **attrs):
    return xp.pair_loss(a, b, **attrs)


def _pair_backward(xp, g, saved, need, **attrs):
    grad = xp.pair_loss_grad(g, *saved, **attrs)
    return grad if need[0] else None, xp.neg(grad) if need[1] else None


def _pair_op(name, grad_name):
    body = {
        "__doc__": "A loss of two tensors of one shape, item by item.",
        "inputs": 2,
        "grad_name": grad_name,
        "forward": _pair_forward,
        "backward": _pair_backward,
    }
    return OpType(name, (Op,), body)


for _name, _grad_name in (("mse", "MseLoss"), ("smooth_l1", "SmoothL1Loss"), ("huber", "HuberLoss")):
    _pair_op(_name + "_loss", _grad_name + "Backward0")
for _reduction, _grad_name in (("none", "Abs"), ("mean", "Mean"), ("sum", "Sum")):
    _pair_op("l1_loss_" + _reduction, _grad_name + "Backward0")


def _slope(xp, d, kind, parameter):
    """Derivative of the loss by d = a - b."""
    if kind == "mse":
        return xp.mul(d, 2.0)
    sign = xp.sign(d)
    if kind == "l1":
        return sign
    if kind == "smooth_l1":
        return xp.where(xp.lt(xp.abs(d), parameter), xp.div(d, parameter), sign)
    return xp.where(xp.le(xp.abs(d), parameter), d, xp.mul(sign, parameter))


def _curvature(xp, t, d, kind, parameter):
    """t times the second derivative of the loss by d."""
    if kind == "mse":
        return xp.mul(t, 2.0)
    zero = xp.mul(t, 0.0)
    if kind == "l1":
        return zero
    if kind == "smooth_l1":
        return xp.where(xp.lt(xp.abs(d), parameter), xp.div(t, parameter), zero)
    return xp.where(xp.le(xp.abs(d), parameter), t, zero)


class pair_loss_grad(Op):
    """g * scale * d loss / d a."""

    inputs, grad_name = 3, "PairLossBackwardBackward0"

    def forward(xp, g, a, b, **attrs):
        return xp.pair_loss_grad(g, a, b, **attrs)

    def backward(xp, gg, saved, need, *, kind, parameter, reduction):
        g, a, b = saved
        d = xp.sub(a, b)
        if reduction == "mean":
            count = 1
            for n in a.shape:
                count *= n
            gg = xp.mul(gg, 1.0 / count if count else 0.0)
        grad_g = grad_a = None
        if need[0]:
            grad_g = xp.mul(gg, _slope(xp, d, kind, parameter))
            if len(g.shape) != len(a.shape):  # one number for the whole sum
                grad_g = xp.sum(grad_g, axes=tuple(range(len(a.shape))), keepdims=False)
        if need[1] or need[2]:
            grad_a = _curvature(xp, xp.mul(gg, g), d, kind, parameter)
        return grad_g, grad_a if need[1] else None, xp.neg(grad_a) if need[2] else None


_KERNEL = {"mse": "mse_cpu", "l1": "l1_cpu", "smooth_l1": "smooth_l1_cpu", "huber": "huber_cpu"}


def pair_loss(kind, input, target, reduction, parameter=0.0):
    """The loss `kind` of two tensors, which broadcast and are promoted to one dtype."""
    input, target = promote.same(input, target)
    if input.dtype.category < 2:
        if kind == "l1" and reduction != "mean":
            loss = (input - target).abs()
            return loss if reduction == "none" else loss.sum()
        if kind == "l1":
            raise RuntimeError(
                "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
                f"Got: {dtype_title(input.dtype)}"
            )
        raise NotImplementedError(f"\"{_KERNEL[kind]}\" not implemented for '{dtype_title(input.dtype)}'")
    if input._array.shape != target._array.shape:
        from .shape import broadcast_tensors

        input, target = broadcast_tensors(input, target)
    name = f"l1_loss_{reduction}" if kind == "l1" else kind + "_loss"
    return getattr(primitives, name)(input, target, kind=kind, parameter=float(parameter), reduction=reduction)


# ---- binary cross-entropy --------------------------------------------------------------------------------------------


def _reduced(xp, loss, reduction):
    if reduction == "none":
        return loss
    return (xp.mean if reduction == "mean" else xp.sum)(loss, axes=tuple(range(len(loss.shape))), keepdims=False)


def _spread(xp, g, shape, reduction):
    """The gradient of every item's loss, from that of the reduced loss."""
    if reduction == "none":
        return g
    if reduction == "mean":
        g = xp.div(g, float(max(math.prod(shape), 1)))
    return xp.expand(xp.reshape(g, shape=(1,) * len(shape)), shape=tuple(shape))


class binary_cross_entropy(Op):
    """-(t log p + (1 - t) log(1 - p)), the logarithms clamped at -100."""

    inputs, grad_name = 2, "BinaryCrossEntropyBackward0"

    def forward(xp, p, t, *, reduction):
        log_p = xp.clamp(xp.log(p), min=-100.0, max=None)
        log_q = xp.clamp(xp.log1p(xp.neg(p)), min=-100.0, max=None)
        return _reduced(xp, xp.sub(xp.mul(xp.sub(t, 1.0), log_q), xp.mul(t, log_p)), reduction)

    def backward(xp, g, saved, need, *, reduction):
        p, t = saved
        g = _spread(xp, g, p.shape, reduction)
        grad_p = grad_t = None
        if need[0]:
            product = xp.clamp(xp.mul(p, xp.sub(1.0, p)), min=1e-12, max=None)
            grad_p = xp.div(xp.mul(g, xp.sub(p, t)), product)
        if need[1]:
            grad_t = xp.mul(g, xp.sub(xp.log1p(xp.neg(p)), xp.log(p)))
        return grad_p, grad_t


class binary_cross_entropy_with_logits(Op):
    """(1 - t) x + (1 + (w - 1) t) log(1 + e^-x), w the weight of positives (or None)."""

    inputs, grad_name = 3, "BinaryCrossEntropyWithLogitsBackward0"

    def forward(xp, x, t, w, *, reduction):
        log_p = xp.log_sigmoid(x)
        scale = None if w is None else xp.add(xp.mul(xp.sub(w, 1.0), t), 1.0)
        loss = xp.sub(xp.mul(xp.sub(1.0, t), x), log_p if scale is None else xp.mul(scale, log_p))
        return _reduced(xp, loss, reduction)

    def backward(xp, g, saved, need, *, reduction):
        x, t, w = saved
        g = _spread(xp, g, x.shape, reduction)
        p = xp.sigmoid(x)
        grad_x = grad_t = grad_w = None
        if need[0]:  # (1 - t) p - w t (1 - p)
            positive = t if w is None else xp.mul(t, w)
            inner = xp.sub(xp.mul(xp.sub(xp.add(positive, 1.0), t), p), positive)
            grad_x = xp.mul(g, inner)
        if need[1] or need[2]:
            log_p = xp.log_sigmoid(x)
            if need[1]:
                slope = xp.neg(x) if w is None else xp.sub(xp.neg(x), xp.mul(xp.sub(w, 1.0), log_p))
                grad_t = xp.mul(g, slope)
            if need[2]:
                grad_w = xp.neg(xp.mul(g, xp.mul(t, log_p)))
        return grad_x, grad_t, grad_w
