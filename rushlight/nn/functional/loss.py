"""Losses as functions. `reduction` is "mean" (default), "sum" or "none"; size_average and reduce are its old spelling.

(size_average, reduce): (True or None, True or None) is mean, (False, True or None) sum, reduce=False none; a
UserWarning says so.
"""

from __future__ import annotations

import warnings

from ...autograd.mode import mode
from ...dtypes import bool_, dtype_title
from ...errors import broadcast_shapes
from ...ops import loss as ops
from ...ops.norm import p_norm_of
from ...ops.softmax import along
from ...tensor import Tensor

__all__ = """binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss cross_entropy gaussian_nll_loss
hinge_embedding_loss huber_loss kl_div l1_loss margin_ranking_loss mse_loss nll_loss poisson_nll_loss smooth_l1_loss
soft_margin_loss triplet_margin_loss""".split()


def legacy_reduction(size_average, reduce, emit_warning=True) -> str:
    """The reduction that the old arguments mean, with a UserWarning."""
    averaged = True if size_average is None else size_average
    reduced = True if reduce is None else reduce
    reduction = "none" if not reduced else "mean" if averaged else "sum"
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    return reduction


def _reduction(reduction, size_average=None, reduce=None) -> str:
    if size_average is not None or reduce is not None:
        return legacy_reduction(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _reduce(loss, reduction):
    return loss.mean() if reduction == "mean" else loss.sum() if reduction == "sum" else loss


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target]: logits (N, C), (N, C, d1, ...) or (C,), targets class numbers or probabilities.

    Class numbers: int64 (N,), (N, d1, ...) or (); those equal to ignore_index drop out, and a mean divides by the sum
    of the targets' weights. Probabilities: a float tensor of the logits' shape; a mean divides by the samples.
    label_smoothing s mixes s / C into every class. Errors: IndexError for a class number out of range; RuntimeError for
    a wrong shape, weight or smoothing outside [0, 1].
    """
    reduction = _reduction(reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if input.ndim > 1 and target.ndim and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
        )
    if input._array.shape == target._array.shape:
        return _probability_loss(input, target, weight, ignore_index, reduction, label_smoothing)
    return ops.class_loss(
        "cross_entropy",
        input,
        target,
        weight,
        ignore_index,
        label_smoothing,
        reduction,
        "log_softmax_lastdim_kernel_impl",
    )


def _probability_loss(input, target, weight, ignore_index, reduction, label_smoothing):
    if not target.is_floating_point():
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {dtype_title(target.dtype)}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    axis = 0 if input.ndim == 1 else 1
    C = input.shape[axis]
    if weight is not None and (weight.ndim != 1 or weight.numel() != C):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {C} classes or no classes but got weight "
            f"tensor of shape: {list(weight.shape)}"
        )
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / C
    terms = along("log_softmax", input, axis, None, "log_softmax") * target
    if weight is not None:
        terms = terms * weight.reshape((1,) * axis + (C,) + (1,) * (input.ndim - axis - 1))
    if reduction == "none":
        return -terms.sum(axis)
    total = -terms.sum()
    return total / (input.numel() // C if C else 1) if reduction == "mean" else total


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight[target] * input[target]: input log-probabilities (N, C), (N, C, d1, ...) or (C,), targets class numbers.

    Targets equal to ignore_index drop out; a mean divides by the sum of the targets' weights. Errors: IndexError for a
    class number out of range; ValueError and RuntimeError for shapes.
    """
    reduction = _reduction(reduction, size_average, reduce)
    if input.ndim > 1 and target.ndim and input.shape[0] != target.shape[0]:
        raise ValueError(
            f"Expected input batch_size ({input.shape[0]}) to match target batch_size ({target.shape[0]})."
        )
    _constant("nll_loss", weight=weight)
    return ops.class_loss("nll_loss", input, target, weight, ignore_index, 0.0, reduction, "nll_loss_out_frame")


def _warn_about_shapes(input, target, level=3):
    if input._array.shape != target._array.shape:
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=level,
        )


def _constant(name, **tensors):
    """RuntimeError for a tensor that the loss is not differentiated with respect to, but that requires grad."""
    for word, tensor in tensors.items():
        if tensor is not None and tensor.requires_grad and mode.enabled:
            raise RuntimeError(
                f"{name}(): not differentiable with respect to argument '{word}', which requires grad; use "
                f"{word}.detach()"
            )


def _weighted(loss, weight, reduction):
    """Reduce per-item losses with per-item weights: the mean divides by the sum of the weights."""
    loss = loss * weight
    if reduction == "mean":
        return loss.sum() / weight.expand_as(loss).sum()
    return loss.sum() if reduction == "sum" else loss


def _pair(kind, input, target, reduction, weight):
    """A loss of pairs of elements, each with its weight if there are any."""
    _warn_about_shapes(input, target, 4)
    if kind == "l1" and bool_ in (input.dtype, target.dtype):
        raise RuntimeError("l1_loss(): Subtraction, the `-` operator, with a bool tensor is not supported.")
    if weight is not None:
        return _weighted(ops.pair_loss(kind, input, target, "none"), weight, reduction)
    return ops.pair_loss(kind, input, target, reduction)


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)^2. UserWarning when the shapes differ (they broadcast)."""
    return _pair("mse", input, target, _reduction(reduction, size_average, reduce), weight)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|. UserWarning when the shapes differ (they broadcast)."""
    return _pair("l1", input, target, _reduction(reduction, size_average, reduce), weight)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """With d = |input - target|: d^2 / (2 beta) where d < beta, else d - beta / 2."""
    _warn_about_shapes(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    if not beta >= 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta, got {beta}")
    if beta == 0:
        return ops.pair_loss("l1", input, target, reduction)
    return ops.pair_loss("smooth_l1", input, target, reduction, beta)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """With d = |input - target|: d^2 / 2 where d <= delta, else delta (d - delta / 2)."""
    _warn_about_shapes(input, target)
    reduction = _reduction(reduction)
    if not delta > 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta, got {delta}")
    if weight is not None:
        return _reduce(ops.pair_loss("huber", input, target, "none", delta) * weight, reduction)
    return ops.pair_loss("huber", input, target, reduction, delta)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-weight (t log p + (1 - t) log(1 - p)) of probabilities, the logarithms clamped at -100.

    Errors: ValueError when the shapes differ; RuntimeError for probabilities outside [0, 1].
    """
    reduction = _reduction(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    _constant("binary_cross_entropy", weight=weight)
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {dtype_title(target.dtype)} but expected {dtype_title(input.dtype)}")
    if input.numel() and not (((input >= 0) & (input <= 1)).all().item() or input.isnan().any().item()):
        raise RuntimeError("all elements of input should be between 0 and 1")
    if weight is None:
        return ops.primitives.binary_cross_entropy(input, target, reduction=reduction)
    return _reduce(ops.primitives.binary_cross_entropy(input, target, reduction="none") * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """binary_cross_entropy of sigmoid(input), stably; pos_weight multiplies the positive term.

    Errors: ValueError when the shapes differ.
    """
    reduction = _reduction(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    if input.dtype.category < 2:
        raise NotImplementedError(f"\"log_sigmoid_cpu\" not implemented for '{dtype_title(input.dtype)}'")
    if target.dtype.category < 2:
        raise RuntimeError(
            f"binary_cross_entropy_with_logits(): result type {dtype_title(input.dtype)} can't be cast to the desired "
            f"output type {dtype_title(target.dtype)}, the target's; use target.to(input.dtype)"
        )
    if pos_weight is not None:
        shape = broadcast_shapes(input.shape, pos_weight.shape)
        input, target, pos_weight = (t.expand(shape) for t in (input, target, pos_weight))
    loss = ops.primitives.binary_cross_entropy_with_logits
    if weight is None:
        return loss(input, target, pos_weight, reduction=reduction)
    return _reduce(loss(input, target, pos_weight, reduction="none") * weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log target - input), input log-probabilities; "batchmean" divides the sum by input.size(0)."""
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(size_average, reduce)
    elif reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    batchmean = reduction == "batchmean"
    reduction = "sum" if batchmean else _reduction(reduction)
    if log_target:
        loss = target.exp() * (target - input)
    else:
        positive = target > 0  # 0 log 0 is 0
        safe = target.where(positive, target * 0 + 1)
        loss = target * safe.log() - target * input
    loss = _reduce(loss, reduction)
    return loss / input.shape[0] if batchmean and input.ndim else loss


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-08,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - t x (log_input) or x - t log(x + eps); full adds Stirling's approximation of log t! for t > 1."""
    import math

    reduction = _reduction(reduction, size_average, reduce)
    if full and target.dtype is bool_:
        raise RuntimeError("poisson_nll_loss(): full=True needs a target of numbers, got a bool tensor")
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        large = target.where(target > 1, target * 0 + 1)
        stirling = large * large.log() - large + 0.5 * (large * (2 * math.pi)).log()
        loss = loss + stirling.where(target > 1, stirling * 0)
    return _reduce(loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-06,
    reduction: str = "mean",
) -> Tensor:
    """(log max(var, eps) + (input - target)^2 / max(var, eps)) / 2; full adds log(2 pi) / 2."""
    import math

    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        spread: Tensor = input.detach() * 0 + var
    else:
        if not isinstance(var, Tensor):
            raise TypeError(f"gaussian_nll_loss(): argument 'var' must be Tensor or float, not {type(var).__name__}")
        if var.dtype.category < 2:
            raise RuntimeError(
                f"gaussian_nll_loss(): result type Float can't be cast to the desired output type of var, "
                f"{dtype_title(var.dtype)}"
            )
        spread = var
        if var.numel() and bool((var < 0).any()):
            raise ValueError("var has negative entry/entries")
    if tuple(spread.shape) != tuple(input.shape):
        if tuple(input.shape[:-1]) == tuple(spread.shape):
            spread = spread.unsqueeze(-1)
        elif tuple(input.shape[:-1]) != tuple(spread.shape[:-1]) or spread.shape[-1] != 1:
            raise ValueError("var is of incorrect size")
    reduction = _reduction(reduction)
    floored = spread + (
        spread.detach().clamp(min=eps) - spread.detach()
    )  # the gradient passes, as if nothing was clamped
    loss = 0.5 * (floored.log() + (input - target) ** 2 / floored)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduce(loss, reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """input where target is 1, max(0, margin - input) where it is -1."""
    reduction = _reduction(reduction, size_average, reduce)
    if input.dtype.category < 2:
        margin = int(margin)  # as PyTorch, which computes in the input's type
    margin = float(margin) if isinstance(margin, bool) else margin
    zero = input * 0
    positive = input.where(target != -1, zero)
    negative = (margin - input).clamp(min=0).where(target != 1, zero)
    return _reduce(positive + negative, reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target * input))."""
    from .activation import softplus

    reduction = _reduction(reduction, size_average, reduce)
    _constant("soft_margin_loss", target=target)
    if broadcast_shapes(input.shape, target.shape) != tuple(input.shape):
        raise RuntimeError(
            f"soft_margin_loss(): output with shape {list(input.shape)} doesn't match the broadcast shape: the target "
            f"has shape {list(target.shape)}"
        )
    return _reduce(softplus(-target * input), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -target (input1 - input2) + margin)."""
    reduction = _reduction(reduction, size_average, reduce)
    if input1.dim() != input2.dim() or input1.dim() != target.dim():
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _reduce((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1; along axis 1 (0 for vectors)."""
    reduction = _reduction(reduction, size_average, reduce)
    axis = target.dim()
    if axis > 1:
        raise RuntimeError(
            f"cosine_embedding_loss(): 0D or 1D target tensor expected, multi-target not supported, got {axis}D"
        )
    eps = 1e-12
    dot = (input1 * input2).sum(axis)
    size = ((input1 * input1).sum(axis) + eps) * ((input2 * input2).sum(axis) + eps)
    cosine = dot / size.sqrt()
    zero = cosine * 0
    loss = (1 - cosine).where(target == 1, zero) + (cosine - margin).clamp(min=0).where(target == -1, zero)
    return _reduce(loss, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-06,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, |a - p + eps| - |a - n + eps| + margin), p-norms over the last axis; swap takes min(|a - n|, |p - n|)."""
    reduction = _reduction(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss(): margin must be greater than 0, got {margin}")
    near = p_norm_of(anchor - positive + eps, p, -1)
    far = p_norm_of(anchor - negative + eps, p, -1)
    if swap:
        far = far.minimum(p_norm_of(positive - negative + eps, p, -1))
    return _reduce((near - far + margin).clamp(min=0), reduction)
