"""Normalisation as functions."""

from __future__ import annotations

import math

from ...autograd.inplace import check_writable
from ...dtypes import dtype_title
from ...errors import brackets
from ...layouts import format_of
from ...ops import norm, pool
from ...tensor import Tensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize", "rms_norm"]


def _require_several(shape, what):
    """ValueError unless every channel has more than one value."""
    count = shape[0]
    for size in shape[2:]:
        count *= size
    if count == 1:
        raise ValueError(f"Expected more than 1 {what} when training, got input size torch.Size({brackets(shape)})")


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise every channel (axis 1) of (N, C, ...).

    y = (x - mean) / sqrt(var + eps) * weight + bias. With `training`, mean and (biased) variance are the batch's, and
    the running statistics, if given, move by `momentum` towards its mean and unbiased variance; otherwise the running
    ones are used. Errors: ValueError for one value per channel in training, RuntimeError for another count of channels.
    Source: Ioffe & Szegedy 2015, arXiv:1502.03167.
    """
    if training:
        _require_several(input._array.shape, "value per channel")
        if eps <= 0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    return norm.normalize_batch(input, running_mean, running_var, weight, bias, training, momentum, eps)


def layer_norm(
    input: Tensor,
    normalized_shape,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise over the trailing axes `normalized_shape`, then scale and shift.

    y = (x - mean) / sqrt(var + eps) * weight + bias (biased variance). Errors: RuntimeError when the trailing axes, or
    those of weight or bias, differ from `normalized_shape`. Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450.
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
    return norm.normalize_layer(input, shape, weight, bias, eps)


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05
) -> Tensor:
    """Normalise each of `num_groups` groups of channels of each sample of (N, C, ...), then scale and shift by channel.

    Errors: RuntimeError unless num_groups divides C. Source: Wu & He 2018, arXiv:1803.08494.
    """
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0 or shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{brackets(shape)} and num_groups={num_groups}"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(value.shape) != (shape[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {brackets(value.shape)} and input of shape {brackets(shape)}"
            )
        if value is not None and value.dtype is not input.dtype and value.dtype.name != "float32":
            raise RuntimeError(
                f"group_norm(): mixed dtype (CPU): expect parameter to have scalar type of Float, got {name} of "
                f"{value.dtype}"
            )
    groups = input.reshape(shape[0], num_groups, shape[1] // num_groups * math.prod(shape[2:]))
    y = norm.normalize_layer(groups, groups.shape[2:], None, None, eps).reshape(shape)
    per_channel = (1, shape[1], *(1,) * (len(shape) - 2))
    if weight is not None:
        y = y * weight.reshape(per_channel)
    y = y if bias is None else y + bias.reshape(per_channel)
    return y.contiguous(memory_format=format_of(input._array))


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Normalise every channel of every sample of (N, C, ...) by itself.

    With use_input_stats, running statistics (if given) move towards the mean over the batch of the samples' statistics;
    otherwise they are used. Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022.
    """
    shape = tuple(input.shape)
    if not use_input_stats:
        return norm.normalize_batch(input, running_mean, running_var, weight, bias, False, momentum, eps)
    spatial = 1
    for size in shape[2:]:
        spatial *= size
    if spatial == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size torch.Size({brackets(shape)})"
        )
    N, C = shape[:2]
    running: list = []
    for statistic in (running_mean, running_var):
        if statistic is not None:
            check_writable(statistic)
        running.append(None if statistic is None else statistic.detach().repeat(N))
    mean, var = running
    y = norm.normalize_batch(input.reshape(1, N * C, *shape[2:]), mean, var, None, None, True, momentum, eps)
    y = y.reshape(shape)
    per_channel = (1, C, *(1,) * (len(shape) - 2))
    if weight is not None:
        y = y * weight.reshape(per_channel)
    if bias is not None:
        y = y + bias.reshape(per_channel)
    for statistic, moved in zip((running_mean, running_var), running):  # last: a call that fails changes nothing
        if statistic is not None:
            statistic.copy_(moved.reshape(N, C).mean(0))
    return y


def rms_norm(input: Tensor, normalized_shape, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """x / sqrt(mean of x^2 over the trailing axes + eps) * weight; eps None is the dtype's machine epsilon.

    Source: Zhang & Sennrich 2019, arXiv:1910.07467.
    """
    from ... import finfo

    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    shape = tuple(input.shape)
    if not wanted or shape[len(shape) - len(wanted) :] != wanted:
        expected = "[" + ", ".join(["*", *map(str, wanted)]) + "]"
        raise RuntimeError(
            f"Given normalized_shape={brackets(wanted)}, expected input with shape {expected}, but got input of "
            f"size{brackets(shape)}"
        )
    if weight is not None and tuple(weight.shape) != wanted:
        raise RuntimeError(
            f"Expected weight to be of same shape as normalized_shape, but got weight of shape "
            f"{brackets(weight.shape)} and normalized_shape = {brackets(wanted)}"
        )
    if input.dtype.category < 2:
        raise NotImplementedError(f"\"rms_norm\" not implemented for '{dtype_title(input.dtype)}'")
    axes = tuple(range(len(shape) - len(wanted), len(shape)))
    if eps is None:
        eps = finfo(input.dtype).eps
    y = input * (input * input).mean(axes, keepdim=True).add(eps).rsqrt()
    return y if weight is None else y * weight


def normalize(input: Tensor, p: float = 2.0, dim=1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """Divide by the p-norm along `dim`, or by eps where that is larger."""
    from ... import div

    if isinstance(p, (str, complex)):
        raise RuntimeError(f"normalize(): expected a real number as the order of the norm, got {p!r}")
    size = norm.p_norm_of(input, p, dim, keepdim=True).clamp_min(eps)
    return div(input, size.expand_as(input), out=out)


def local_response_norm(input: Tensor, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha / size * sum of squares over `size` neighbouring channels)^beta, of (N, C, ...).

    Channel c sums over c - size // 2 .. c + (size - 1) // 2, zeros outside.
    Source: Krizhevsky, Sutskever & Hinton 2012 (section 3.3).
    """
    if input.dim() < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.dim()} dimensions)")
    if input.numel() == 0:
        return input
    from .padding import pad

    N, C = input.shape[:2]
    squares = (input * input).reshape(N, 1, C, -1)
    padded = pad(squares, (0, 0, size // 2, (size - 1) // 2))
    mean = pool.avg_pool(2, padded, (size, 1), 1, 0, False, True, None)
    return input / (mean.reshape(input.shape) * alpha + k) ** beta
