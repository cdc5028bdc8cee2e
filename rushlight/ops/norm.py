"""Batch and layer normalisation.

The fused backward uses the statistics that forward saved. They depend on the input, so under create_graph the gradient
is written out from the input again (`_plain_grad`): the composition that the fused kernel stands for.
"""

from __future__ import annotations

import math

from ..autograd.inplace import bump
from ..autograd.op import Op, primitives
from ..dtypes import dtype_title, float32
from ..errors import brackets, wrap_dims


def _plain_grad(xp, g, x, weight, mean, rstd, axes, shape, eps, own_statistics, need):
    """Gradients for (x, weight, bias) of (x - mean) * rstd * weight + bias, in differentiable steps.

    axes: what the statistics are taken over; shape: that of the affine parameters, ready to broadcast.
    own_statistics: mean and rstd belong to x, so they are computed from it here.
    """
    affine_axes = tuple(i for i in range(len(x.shape)) if i >= len(shape) or shape[i] == 1)
    if own_statistics:
        centred = xp.sub(x, xp.mean(x, axes=axes, keepdims=True))
        rstd = xp.rsqrt(xp.add(xp.mean(xp.mul(centred, centred), axes=axes, keepdims=True), eps))
    else:
        centred = xp.sub(x, xp.reshape(mean, shape=shape))
        rstd = xp.reshape(rstd, shape=shape)
    z = xp.mul(centred, rstd)
    grads: list = [None, None, None]
    if need[0]:
        h = g if weight is None else xp.mul(g, xp.reshape(weight, shape=shape))
        if own_statistics:
            h = xp.sub(
                xp.sub(h, xp.mean(h, axes=axes, keepdims=True)),
                xp.mul(z, xp.mean(xp.mul(h, z), axes=axes, keepdims=True)),
            )
        grads[0] = xp.mul(h, rstd)
    flat = tuple(n for i, n in enumerate(x.shape) if i not in affine_axes)
    if need[1]:
        grads[1] = xp.reshape(xp.sum(xp.mul(g, z), axes=affine_axes, keepdims=False), shape=flat)
    if need[2]:
        grads[2] = xp.reshape(xp.sum(g, axes=affine_axes, keepdims=False), shape=flat)
    return tuple(grads)


def _same_type(xp, value, like):
    """`value` in the dtype of `like`, differentiably (mixed precision only)."""
    if value is None or value._array.dtype == like._array.dtype:
        return value
    return xp.cast(value, dtype=like._array.dtype, source=value._array.dtype)


def _plain_grad_mixed(xp, g, x, weight, mean, rstd, axes, shape, eps, own_statistics, need):
    """_plain_grad when the parameters are wider than the input: all of it in the parameters' type."""
    wide = mean
    typed = [_same_type(xp, v, wide) for v in (g, x, weight)]
    grads = _plain_grad(xp, *typed, mean, rstd, axes, shape, eps, own_statistics, need)
    affine = x if weight is None else weight
    return tuple(v if v is None else _same_type(xp, v, x if i == 0 else affine) for i, v in enumerate(grads))


class batch_norm(Op):
    """(x - mean) * rstd * weight + bias per channel, by the batch's statistics (training) or the running ones."""

    inputs, save, aux, grad_name = 3, (0, 1), 2, "NativeBatchNormBackward0"

    def forward(xp, input, weight, bias, *, running_mean, running_var, training, momentum, eps):
        if training:
            return xp.batch_norm_train(
                input, weight, bias, running_mean=running_mean, running_var=running_var, momentum=momentum, eps=eps
            )
        mean = xp.clone(running_mean)  # what backward needs, whatever happens to the buffers until then
        rstd = xp.rstd_of(running_var, eps=eps)
        return xp.batch_norm_apply(input, mean, rstd, weight, bias), mean, rstd

    def backward(xp, g, saved, need, *, training, eps, **_):
        x, weight, mean, rstd = saved
        if xp.differentiable:
            axes = tuple(i for i in range(len(x.shape)) if i != 1)
            shape = tuple(n if i == 1 else 1 for i, n in enumerate(x.shape))
            return _plain_grad_mixed(xp, g, x, weight, mean, rstd, axes, shape, eps, training, need)
        return xp.batch_norm_grad(g, x, mean, rstd, weight, batch=training, need=need)


class layer_norm(Op):
    """(x - mean) * rstd * weight + bias over the last `axes` axes."""

    inputs, save, aux, grad_name = 3, (0, 1), 2, "NativeLayerNormBackward0"

    def forward(xp, input, weight, bias, *, axes, eps):
        return xp.layer_norm_forward(input, weight, bias, axes=axes, eps=eps)

    def backward(xp, g, saved, need, *, axes, eps):
        x, weight, mean, rstd = saved
        if xp.differentiable:
            ndim = len(x.shape)
            last = tuple(range(ndim - axes, ndim))
            shape = (1,) * (ndim - axes) + tuple(x.shape[ndim - axes :])
            return _plain_grad_mixed(xp, g, x, weight, mean, rstd, last, shape, eps, True, need)
        return xp.layer_norm_grad(g, x, mean, rstd, weight, axes=axes, need=need)


def _check_parameters(op, input, *parameters):
    """Parameters have the input's dtype, or are float32 beside half precision."""
    same = input._array.dtype
    if same.kind == "f" and all([p is None or p._array.dtype is same for p in parameters]):
        return
    dtype = input.dtype
    if dtype.category != 2:
        raise NotImplementedError(f"\"{op}\" not implemented for '{dtype_title(dtype)}'")
    for p in parameters:
        if p is None or p.dtype is dtype or (p.dtype is float32 and dtype.name in ("float16", "bfloat16")):
            continue
        raise RuntimeError(
            f"{op}: mixed dtype (CPU): expect parameter to have scalar type of {dtype_title(dtype)}, "
            f"got {dtype_title(p.dtype)}"
        )


def normalize_batch(input, running_mean, running_var, weight, bias, training, momentum, eps):
    """Batch normalisation of (N, C, ...); moves the running statistics when training."""
    shape = input._array.shape
    channels = shape[1] if len(shape) > 1 else 0
    named = (("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias))
    for name, value in named:
        if value is None:
            if name.startswith("running") and not training:
                raise RuntimeError(f"{name} must be defined in evaluation mode")
        elif value._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {value.numel()}")
    if len(shape) < 2:
        raise RuntimeError(f"batch_norm: expected an input (N, C, ...), but got shape {brackets(shape)}")
    for name, value in named[:2]:
        if value is not None and value.requires_grad:
            raise RuntimeError(f"batch_norm is not differentiable with respect to '{name}', but it requires grad")
    _check_parameters("batch_norm", input, weight, bias, running_mean, running_var)
    y = primitives.batch_norm(
        input,
        weight,
        bias,
        running_mean=None if running_mean is None else running_mean._array,
        running_var=None if running_var is None else running_var._array,
        training=training,
        momentum=float(momentum),
        eps=float(eps),
    )
    if training:
        for running in (running_mean, running_var):
            if running is not None:
                bump(running)
    return y


def normalize_layer(input, normalized_shape, weight, bias, eps):
    """Layer normalisation over the trailing `normalized_shape`."""
    shape = tuple(input._array.shape)
    wanted = tuple(int(n) for n in normalized_shape)
    axes = len(wanted)
    if not axes:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    for name, value in (("weight", weight), ("bias", bias)):
        if value is not None and tuple(value.shape) != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{brackets(value.shape)} and normalized_shape = {brackets(wanted)}"
            )
    if len(shape) < axes or shape[len(shape) - axes :] != wanted:
        expected = "[" + ", ".join(["*", *map(str, wanted)]) + "]"
        raise RuntimeError(
            f"Given normalized_shape={brackets(wanted)}, expected input with shape {expected}, but got input of "
            f"size{brackets(shape)}"
        )
    _check_parameters("layer_norm", input, weight, bias)
    return primitives.layer_norm(input, weight, bias, axes=axes, eps=float(eps))


class p_norm(Op):
    """(sum |x|^p)^(1/p) over `axes`, kept as size 1; p = 0 counts; the gradient is 0 where the norm is."""

    save_output, grad_name = True, "LinalgVectorNormBackward0"

    def forward(xp, a, *, p, axes):
        size = xp.abs(a)
        if p == math.inf:
            return xp.amax(size, axes=axes, keepdims=True)
        if p == -math.inf:
            return xp.amin(size, axes=axes, keepdims=True)
        if p == 0:  # how many are not zero
            return xp.sum(xp.cast(xp.ne(a, 0.0), dtype=a.dtype), axes=axes, keepdims=True)
        if p == 2:
            return xp.sqrt(xp.sum(xp.mul(a, a), axes=axes, keepdims=True))
        if p == 1:
            return xp.sum(size, axes=axes, keepdims=True)
        return xp.pow(xp.sum(xp.pow(size, p), axes=axes, keepdims=True), 1.0 / p)

    def backward(xp, g, saved, need, *, p, axes):
        a, y = saved
        if p == 0:
            return (xp.mul(a, 0.0),)
        zero = xp.eq(y, 0.0)
        safe = xp.where(zero, xp.add(xp.mul(y, 0.0), 1.0), y)
        g = xp.where(zero, xp.mul(g, 0.0), g)
        if p == 2:
            return (xp.mul(a, xp.div(g, safe)),)
        if p == 1:
            return (xp.mul(g, xp.sign(a)),)
        if p in (math.inf, -math.inf):  # shared equally by the elements that reach it
            reaches = xp.eq(xp.abs(a), y)
            ones = xp.where(reaches, xp.add(xp.mul(a, 0.0), 1.0), xp.mul(a, 0.0))
            share = xp.div(g, xp.sum(ones, axes=axes, keepdims=True))
            return (xp.mul(xp.mul(ones, xp.sign(a)), share),)
        ratio = xp.pow(xp.div(xp.abs(a), safe), p - 1)
        return (xp.mul(xp.mul(ratio, xp.sign(a)), g),)


def p_norm_of(input, p, dim, keepdim=False):
    """The p-norm of `input` over one dimension or several."""
    axes = wrap_dims(dim, input.ndim)
    y = primitives.p_norm(input, p=float(p), axes=axes)
    if keepdim:
        return y
    return y.reshape(tuple(n for i, n in enumerate(input.shape) if i not in axes))
