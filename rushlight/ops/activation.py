"""Activations beyond relu, sigmoid and tanh (those are in `elementwise`).

Each has a kernel for its value and one for its gradient, f(a) and f_grad(g, a). `_activation` defines the two ops; the
gradient of f_grad needs the second derivative, written in plain steps (None for piecewise linear functions).
"""

from __future__ import annotations

import math

from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, OpType, primitives, public
from ..dtypes import dtype_title, float32, float64
from ..tensor import Tensor
from .promote import fitting

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805
_ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
_CUBIC = 0.044715
_LARGE = 1e30  # numbers below this fit into every type that activations compute in


def _activation(name, grad_name, second=None, *, kernel=None, grad_kernel=None):
    """Ops `name` and `name`_grad on engine functions `kernel` and `grad_kernel`; second(xp, a, **attrs) = f''(a)."""
    kernel = kernel or name
    grad_kernel = grad_kernel or kernel + "_grad"

    def grad_backward(xp, gg, saved, need, **attrs):
        g, a = saved
        grad_a = None
        if need[1]:
            t = xp.mul(gg, g)
            grad_a = xp.mul(t, 0.0) if second is None else xp.mul(t, second(xp, a, **attrs))
        return getattr(xp, grad_kernel)(gg, a, **attrs) if need[0] else None, grad_a

    if not hasattr(primitives, grad_kernel):
        body = {
            "__doc__": f"g times the derivative of {kernel} at a.",
            "inputs": 2,
            "grad_name": grad_name.removesuffix("0") + "Backward0",
            "forward": lambda xp, g, a, **attrs: getattr(xp, grad_kernel)(g, a, **attrs),
            "backward": grad_backward,
        }
        OpType(grad_kernel, (Op,), body)
    body = {
        "__doc__": f"{name} of every element.",
        "grad_name": grad_name,
        "forward": lambda xp, a, **attrs: getattr(xp, kernel)(a, **attrs),
        "backward": lambda xp, g, saved, need, **attrs: (getattr(xp, grad_kernel)(g, saved[0], **attrs),),
    }
    return OpType(name, (Op,), body)


def _inside(xp, a, low, high):
    return xp.logical_and(xp.gt(a, low), xp.lt(a, high))


def _gelu_second(xp, a, *, approximate):
    if approximate == "none":  # p(a) (2 - a^2), p the normal density
        density = xp.mul(xp.exp(xp.mul(xp.mul(a, a), -0.5)), 1 / math.sqrt(2 * math.pi))
        return xp.mul(density, xp.sub(2.0, xp.mul(a, a)))
    square = xp.mul(a, a)
    t = xp.tanh(xp.mul(xp.mul(a, xp.add(xp.mul(square, _CUBIC), 1.0)), _ROOT_2_OVER_PI))
    du = xp.mul(xp.add(xp.mul(square, 3 * _CUBIC), 1.0), _ROOT_2_OVER_PI)
    ddu = xp.mul(a, 6 * _CUBIC * _ROOT_2_OVER_PI)
    slope = xp.sub(1.0, xp.mul(t, t))
    curve = xp.sub(ddu, xp.mul(xp.mul(t, xp.mul(du, du)), 2.0))
    return xp.mul(slope, xp.add(du, xp.mul(xp.mul(a, curve), 0.5)))


def _silu_second(xp, a):
    s = xp.sigmoid(a)
    slope = xp.mul(s, xp.sub(1.0, s))
    return xp.mul(slope, xp.add(xp.mul(a, xp.sub(1.0, xp.mul(s, 2.0))), 2.0))


def _elu_second(xp, a, *, alpha, scale, input_scale):
    power = xp.mul(
        xp.exp(xp.mul(xp.minimum(a, xp.mul(a, 0.0)), input_scale)), scale * alpha * input_scale * input_scale
    )
    return xp.where(xp.ge(a, 0.0), xp.mul(a, 0.0), power)  # 0 at 0, as in PyTorch


def _softplus_second(xp, a, *, beta, threshold):
    s = xp.sigmoid(xp.mul(a, beta))
    slope = xp.mul(xp.mul(s, xp.sub(1.0, s)), beta)
    return xp.where(xp.gt(xp.mul(a, beta), threshold), xp.mul(slope, 0.0), slope)


def _log_sigmoid_second(xp, a):
    s = xp.sigmoid(a)
    return xp.mul(s, xp.sub(s, 1.0))


def _hardswish_second(xp, a):
    zero = xp.mul(a, 0.0)
    return xp.where(_inside(xp, a, -3.0, 3.0), xp.add(zero, 1 / 3), zero)


def _mish_second(xp, a):
    s, w = xp.sigmoid(a), xp.tanh(xp.softplus(a, beta=1.0, threshold=20.0))
    flat = xp.sub(1.0, xp.mul(w, w))
    dw = xp.mul(flat, s)
    ddw = xp.sub(xp.mul(dw, xp.sub(1.0, s)), xp.mul(xp.mul(xp.mul(w, dw), s), 2.0))
    return xp.add(xp.mul(dw, 2.0), xp.mul(a, ddw))


_activation("gelu", "GeluBackward0", _gelu_second)
_activation("silu", "SiluBackward0", _silu_second)
_activation("mish", "MishBackward0", _mish_second)
_activation("leaky_relu", "LeakyReluBackward0")
_activation("elu", "EluBackward0", _elu_second)
_activation("celu", "CeluBackward0", _elu_second, kernel="elu")
_activation("softplus", "SoftplusBackward0", _softplus_second)
_activation("log_sigmoid", "LogSigmoidBackward0", _log_sigmoid_second)
_activation("hardsigmoid", "HardsigmoidBackward0")
_activation("hardswish", "HardswishBackward0", _hardswish_second)


class hardtanh(Op):
    """Clip to [min_val, max_val]; no gradient at the bounds."""

    grad_name, out = "HardtanhBackward0", True

    def forward(xp, a, *, min_val, max_val, out=None):
        return xp.clamp(a, min=min_val, max=max_val) if out is None else xp.clamp(a, min=min_val, max=max_val, out=out)

    def backward(xp, g, saved, need, *, min_val, max_val):
        return (xp.hardtanh_grad(g, saved[0], min_val=min_val, max_val=max_val),)


class hardtanh_grad(Op):
    """g strictly between the bounds, else 0."""

    inputs, grad_name = 2, "HardtanhBackwardBackward0"
    save = (1,)

    def forward(xp, g, a, *, min_val, max_val):
        return xp.hardtanh_grad(g, a, min_val=min_val, max_val=max_val)

    def backward(xp, gg, saved, need, *, min_val, max_val):
        return (
            xp.hardtanh_grad(gg, saved[0], min_val=min_val, max_val=max_val),
            xp.mul(gg, 0.0) if need[1] else None,
        )


class threshold_op(Op):
    """a where it is above the threshold, else value."""

    name, grad_name = "threshold", "ThresholdBackward0"

    def forward(xp, a, *, threshold, value):
        return xp.threshold(a, threshold=threshold, value=value)

    def backward(xp, g, saved, need, *, threshold, value):
        return (xp.threshold_grad(g, saved[0], threshold=threshold),)


class threshold_grad(Op):
    """g where a is above the threshold, else 0."""

    inputs, save, grad_name = 2, (1,), "ThresholdBackwardBackward0"

    def forward(xp, g, a, *, threshold):
        return xp.threshold_grad(g, a, threshold=threshold)

    def backward(xp, gg, saved, need, *, threshold):
        return xp.threshold_grad(gg, saved[0], threshold=threshold), xp.mul(gg, 0.0) if need[1] else None


def _shrink_backward(xp, g, saved, need, *, lambd):
    return (xp.where(xp.le(xp.abs(saved[0]), lambd), xp.mul(g, 0.0), g),)


class hardshrink_op(Op):
    """a where |a| > lambd, else 0."""

    name, grad_name = "hardshrink", "HardshrinkBackward0"
    backward = _shrink_backward

    def forward(xp, a, *, lambd):
        return xp.where(xp.le(xp.abs(a), lambd), xp.mul(a, 0), a)


class softshrink_op(Op):
    """a moved towards 0 by lambd."""

    name, grad_name = "softshrink", "SoftshrinkBackward0"
    backward = _shrink_backward

    def forward(xp, a, *, lambd):
        moved = xp.sub(a, xp.clamp(a, min=-lambd, max=lambd))
        return xp.where(xp.le(xp.abs(a), lambd), xp.mul(a, 0), moved)


class prelu_op(Op):
    """a where positive, else weight * a; the weight broadcasts."""

    name, inputs, broadcast, grad_name = "prelu", 2, True, "PreluKernelBackward0"

    def forward(xp, a, weight):
        return xp.where(xp.gt(a, 0), a, xp.mul(a, weight))

    def backward(xp, g, saved, need):
        a, weight = saved
        positive = xp.gt(a, 0.0)
        return (
            xp.where(positive, g, xp.mul(g, weight)) if need[0] else None,
            xp.where(positive, xp.mul(g, 0.0), xp.mul(g, a)) if need[1] else None,
        )


class glu_op(Op):
    """First half times sigmoid of the second half, along an axis."""

    name, grad_name = "glu", "GluBackward0"

    def forward(xp, a, *, axis):
        half = a.shape[axis] // 2
        first = xp.slice(a, axis=axis, start=0, stop=half, step=1)
        return xp.mul(first, xp.sigmoid(xp.slice(a, axis=axis, start=half, stop=2 * half, step=1)))

    def backward(xp, g, saved, need, *, axis):
        (a,) = saved
        half = a.shape[axis] // 2
        first = xp.slice(a, axis=axis, start=0, stop=half, step=1)
        gate = xp.sigmoid(xp.slice(a, axis=axis, start=half, stop=2 * half, step=1))
        grad_gate = xp.mul(xp.mul(g, first), xp.mul(gate, xp.sub(1.0, gate)))
        return (xp.concat([xp.mul(g, gate), grad_gate], axis=axis),)


def run(op, input, *, kernel=None, inplace=False, **attrs):
    """Apply an activation op to a float tensor, in place if asked; `kernel` names it in the error for other dtypes."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{op}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    if kernel is not None and input.dtype.category != 2:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype_title(input.dtype)}'")
    for value in attrs.values():
        if type(value) is float and not -_LARGE < value < _LARGE:
            fitting(value, input.dtype if input.dtype is float64 else float32)
    if inplace:
        return apply_inplace(getattr(primitives, op), input, **attrs)
    return getattr(primitives, op)(input, **attrs)


# ---- public functions of the package ---------------------------------------------------------------------------------


def elu(input, alpha=1.0, inplace=False):
    return run("elu", input, kernel="elu_cpu", inplace=inplace, alpha=float(alpha), scale=1.0, input_scale=1.0)


@public()
def celu(input, alpha=1.0, inplace=False):
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    alpha = float(alpha)
    return run("celu", input, kernel="elu_cpu", inplace=inplace, alpha=alpha, scale=1.0, input_scale=1 / alpha)


@public()
def selu(input, inplace=False):
    """scale * (x if x > 0 else alpha (exp(x) - 1)) with the two constants that keep mean 0 and variance 1."""
    return run("elu", input, kernel="elu_cpu", inplace=inplace, alpha=SELU_ALPHA, scale=SELU_SCALE, input_scale=1.0)


@public()
def threshold(input, threshold, value, inplace=False):
    """x where x > threshold, else value."""
    if input.dtype.category < 2:
        threshold, value = fitting(threshold, input.dtype), fitting(value, input.dtype)
    return run("threshold", input, inplace=inplace, threshold=float(threshold), value=float(value))


@public(method=True)
def hardshrink(input, lambd=0.5):
    """x where |x| > lambd, else 0."""
    return run("hardshrink", input, kernel="hardshrink_cpu", lambd=float(lambd))


@public(method=True)
def prelu(input, weight):
    """x where positive, else weight * x; one weight, or one per channel (axis 1).

    Errors: RuntimeError when the number of weights is neither 1 nor the number of channels.
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}")
    if weight.numel() != 1:
        if input.ndim == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = input.shape[1] if input.ndim > 1 else 1
        if channels != weight.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {weight.numel()} and "
                f"channel size = {channels}."
            )
        weight = weight.reshape((1, channels) + (1,) * (input.ndim - 2))
    elif weight.ndim != input.ndim:
        weight = weight.reshape((1,) * input.ndim)
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {dtype_title(input.dtype)} and {dtype_title(weight.dtype)}"
        )
    return primitives.prelu(input, weight)


@public()
def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """x where positive, else r x: r uniform in [lower, upper] per element when training, their mean otherwise."""
    for name, bound in (("lower", lower), ("upper", upper)):
        if training and not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {name} bound must be finite, got {bound}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        slope = (lower + upper) / 2
        return run("leaky_relu", input, kernel="leaky_relu_cpu", inplace=inplace, negative_slope=slope)
    from ..autograd.mode import no_grad
    from ..creation import empty

    with no_grad():  # one draw per element that is not positive, in order
        negative = input <= 0
        noise = input.detach() * 0 + 1
        count = int(negative.sum().item())
        if count:
            from ..dtypes import float64

            draws = empty(count, dtype=float64).uniform_(lower, upper)
            noise[negative] = draws.to(input.dtype)
    return input.mul_(noise) if inplace else input * noise


def _inplace(function):
    def method(input, *args, **kwargs):
        return function(input, *args, inplace=True, **kwargs)

    method.__wrapped__ = function  # its signature
    method.__name__ = function.__name__ + "_"
    method.__doc__ = f"In-place {function.__name__}."
    return method


for _function in (celu, selu, threshold, rrelu):
    public(name=_function.__name__ + "_")(_inplace(_function))
