"""Activations as functions. `inplace=True` overwrites the input and returns it."""

from __future__ import annotations

import warnings

from ...dtypes import FInfo, dtype_title
from ...errors import wrap_dim
from ...ops import activation as ops
from ...ops.activation import run
from ...ops.elementwise import relu as _relu
from ...ops.promote import fitting
from ...ops.softmax import along
from ...tensor import Tensor

__all__ = """celu celu_ elu elu_ gelu glu gumbel_softmax hardshrink hardsigmoid hardswish hardtanh hardtanh_ leaky_relu
leaky_relu_ log_softmax logsigmoid mish prelu relu relu6 relu_ rrelu rrelu_ selu selu_ sigmoid silu softmax softmin
softplus softshrink softsign tanh tanhshrink threshold threshold_""".split()

celu, hardshrink, prelu, rrelu, selu, threshold = (
    getattr(ops, name) for name in "celu hardshrink prelu rrelu selu threshold".split()
)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(0, x)."""
    return input.relu_() if inplace else _relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(0, x), 6)."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x clipped to [min_val, max_val]. Errors: ValueError when min_val > max_val."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input.dtype.category == 2:
        return run("hardtanh", input, inplace=inplace, min_val=float(min_val), max_val=float(max_val))
    low, high = fitting(min_val, input.dtype), fitting(max_val, input.dtype)
    return run("hardtanh", input, inplace=inplace, min_val=low, max_val=high)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where positive, else negative_slope * x."""
    return run("leaky_relu", input, kernel="leaky_relu_cpu", inplace=inplace, negative_slope=float(negative_slope))


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (exp(x) - 1)."""
    return ops.elu(input, alpha, inplace)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x P(x), P the normal cumulative probability; approximate="tanh" for the usual approximation.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415.
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return run("gelu", input, kernel="GeluKernelImpl", approximate=approximate)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return run("silu", input, kernel="silu_cpu", inplace=inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(softplus(x)). Source: Misra 2019, arXiv:1908.08681."""
    return run("mish", input, kernel="mish_cpu", inplace=inplace)


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""
    return run("softplus", input, kernel="softplus_cpu", beta=float(beta), threshold=float(threshold))


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), stably."""
    return run("log_sigmoid", input, kernel="log_sigmoid_cpu")


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1 / 2 clipped to [0, 1]."""
    return run("hardsigmoid", input, kernel="hardsigmoid_cpu", inplace=inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x hardsigmoid(x)."""
    return run("hardswish", input, kernel="hardswish_cpu", inplace=inplace)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved towards 0 by lambd. Errors: RuntimeError for a negative lambd."""
    if input.dtype.is_floating_point and not 0 <= lambd <= FInfo(input.dtype).max:
        raise RuntimeError(
            f"softshrink(): lambda must be in range [0, {FInfo(input.dtype).max:g}] for input dtype "
            f"{dtype_title(input.dtype)}, but found {lambd:g}"
        )
    return run("softshrink", input, kernel="softshrink_check", lambd=float(lambd))


def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()


def tanh(input: Tensor) -> Tensor:
    """(e^x - e^-x) / (e^x + e^-x)."""
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e^-x)."""
    return input.sigmoid()


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """First half times sigmoid of the second half along `dim`. Errors: RuntimeError for an odd size."""
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = wrap_dim(dim, input.ndim)
    if input.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {input.shape[axis]}")
    return run("glu", input, kernel="glu_cpu", axis=axis)


def _inplace(function):
    def method(input: Tensor, *args, **kwargs) -> Tensor:
        return function(input, *args, inplace=True, **kwargs)

    method.__wrapped__ = function  # its signature
    method.__name__ = method.__qualname__ = function.__name__ + "_"
    method.__doc__ = f"In-place {function.__name__}."
    return method


celu_, elu_, hardtanh_, leaky_relu_, relu_, rrelu_, selu_, threshold_ = map(
    _inplace, (celu, elu, hardtanh, leaky_relu, relu, rrelu, selu, threshold)
)


def _implicit_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The old choice when dim is left out: 0 for 0, 1 and 3 dimensions, else 1."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """exp(x) / sum exp(x) along `dim`; UserWarning without dim."""
    if dim is None:
        dim = _implicit_dim("softmax", input.dim(), _stacklevel)
    return along("softmax", input, dim, dtype, "softmax")


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """softmax(-x) along `dim`; UserWarning without dim."""
    if dim is None:
        dim = _implicit_dim("softmin", input.dim(), _stacklevel)
    return along("softmax", -input, dim, dtype, "softmax")


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype=None) -> Tensor:
    """log(softmax(x)) along `dim`, stably; UserWarning without dim."""
    if dim is None:
        dim = _implicit_dim("log_softmax", input.dim(), _stacklevel)
    return along("log_softmax", input, dim, dtype, "log_softmax")


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((x + Gumbel noise) / tau); hard: the one-hot of its maximum forward, its gradient backward.

    Source: Jang, Gu & Poole 2016, arXiv:1611.01144.
    """
    from ... import zeros_like

    gumbels = -zeros_like(logits).exponential_().log()
    soft = softmax((logits + gumbels) / tau, dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = zeros_like(logits).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
