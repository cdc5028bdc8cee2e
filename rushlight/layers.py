"""Layer functions under their names in torch itself: torch.layer_norm, torch.batch_norm, torch.kl_div, ...

They are those of nn.functional, with the parameters in torch's order and reductions as numbers: 1 mean, 2 sum, others
(the default) none.
"""

from __future__ import annotations

from .arguments import checked
from .errors import broadcast_shapes
from .nn import functional as F
from .ops import conv, norm

__all__ = """batch_norm binary_cross_entropy_with_logits constant_pad_nd convolution cosine_embedding_loss group_norm
hinge_embedding_loss instance_norm kl_div layer_norm margin_ranking_loss norm_except_dim poisson_nll_loss rms_norm
triplet_margin_loss""".split()


def _reduction(number: int) -> str:
    return {1: "mean", 2: "sum"}.get(number, "none")


def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled):
    """nn.functional.batch_norm, its parameters in this order; cudnn_enabled says nothing on a CPU."""
    return norm.normalize_batch(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled):
    """nn.functional.instance_norm, its parameters in this order; cudnn_enabled says nothing on a CPU."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05, cudnn_enable=True):
    """nn.functional.layer_norm; cudnn_enable says nothing on a CPU."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05, cudnn_enabled=True):
    """nn.functional.group_norm; cudnn_enabled says nothing on a CPU."""
    return F.group_norm(input, num_groups, weight, bias, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """nn.functional.rms_norm."""
    return F.rms_norm(input, normalized_shape, weight, eps)


def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction=0):
    """nn.functional.binary_cross_entropy_with_logits, the reduction as a number. RuntimeError for shapes that clash."""
    broadcast_shapes(input.shape, target.shape)
    return F.binary_cross_entropy_with_logits(
        input, target, weight, reduction=_reduction(reduction), pos_weight=pos_weight
    )


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=0):
    """nn.functional.cosine_embedding_loss, the reduction as a number."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_reduction(reduction))


def hinge_embedding_loss(input, target, margin=1.0, reduction=0):
    """nn.functional.hinge_embedding_loss, the reduction as a number."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_reduction(reduction))


def kl_div(input, target, reduction=0, *, log_target=False):
    """nn.functional.kl_div, the reduction as a number; without the advice on "mean"."""
    loss = F.kl_div(input, target, reduction="none", log_target=log_target)
    return loss.mean() if reduction == 1 else loss.sum() if reduction == 2 else loss


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=0):
    """nn.functional.margin_ranking_loss, the reduction as a number."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_reduction(reduction))


def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """nn.functional.poisson_nll_loss, the reduction as a number."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_reduction(reduction))


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2, eps=1e-06, swap=False, reduction=0):
    """nn.functional.triplet_margin_loss, the reduction as a number."""
    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_reduction(reduction))


def constant_pad_nd(input, pad, value=0):
    """A border of `value` around the trailing axes; pad is (before, after) of the last, then of the one before it."""
    return F.pad(input, pad, "constant", value)


def convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups):
    """A convolution, or a transposed one, over 1 to 3 axes."""
    axes = len(weight.shape) - 2
    if transposed:
        function = (conv.conv_transpose1d, conv.conv_transpose2d, conv.conv_transpose3d)[axes - 1]
        return function(input, weight, bias, stride, padding, output_padding, groups, dilation)
    function = (conv.conv1d, conv.conv2d, conv.conv3d)[axes - 1]
    return function(input, weight, bias, stride, padding, dilation, groups)


def norm_except_dim(v, pow=2, dim=0):
    """The norms of `v` over all dimensions but one, which stay with size 1: what weight normalisation divides by."""
    if dim == -1:
        return v.norm(pow)
    others = [axis for axis in range(v.dim()) if axis != dim % v.dim()]
    return v.norm(pow, others, keepdim=True) if others else v.norm(pow, dim).reshape(())


globals().update({name: checked(globals()[name], name) for name in __all__})
