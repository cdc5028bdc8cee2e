"""Noise in the forward pass: dropout and its kin, bernoulli, poisson, normal around given means, multinomial."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.inplace import apply_inplace
from ..autograd.mode import no_grad
from ..autograd.op import Op, OpType, cpu, primitives, public
from ..dtypes import dtype_title
from ..errors import broadcast_shapes
from ..random import handle_of
from ..tensor import Tensor
from .result import into
from .sampling import (
    _check_std,
    _dtype,
    _filled,
    _not_implemented,
    _number,
    _require_floating,
    _shape,
    bernoulli_,
    check_probabilities,
    normal_,
    normals,
    require_tensor,
    zeros_like_gradient,
)

_xp: Any = cpu
_SELU_LIMIT = 1.7580993408473766  # -(alpha * scale) of SELU is what alpha_dropout drops to


# -- dropout -----------------------------------------------------------------------------------------------------------


class masked(Op):
    """input * noise, where the noise is a constant that broadcasts to the input."""

    inputs = 2
    save = (1,)
    out = True
    grad_name = "MulBackward0"

    def forward(xp, input, noise, *, out=None):
        return xp.mul(input, noise) if out is None else xp.mul(input, noise, out=out)

    def backward(xp, g, saved, need):
        return xp.mul(g, saved[0]), None


class shifted(Op):
    """input * noise + shift: one entry of the tape, noise and shift constants."""

    inputs = 3
    save = (1,)
    grad_name = "AddBackward0"

    def forward(xp, input, noise, shift):
        return xp.add(xp.mul(input, noise), shift)

    def backward(xp, g, saved, need):
        return xp.mul(g, saved[0]), None, None


class native_dropout_op(Op):
    """input * mask * scale, and the mask."""

    name = "native_dropout"
    inputs = 2
    outputs = 2
    save = (1,)
    non_differentiable = (1,)
    grad_name = "NativeDropoutBackward0"

    def forward(xp, input, noise):
        return xp.mul(input, noise), xp.ne(noise, 0)

    def backward(xp, g, saved, need):
        return xp.mul(g[0], saved[0]), None


def _drop(input: Tensor, p: float, train: bool, *, feature=False, alpha=False, inplace=False) -> Tensor:
    """The four dropouts; the input itself where there is nothing to drop."""
    require_tensor("dropout", input)
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    if p == 0 or not train or input._array.size == 0:
        return input
    if feature and input.ndim < 2 and p != 1:
        raise RuntimeError(
            f"Feature dropout requires at least 2 dimensions in the input, got shape {tuple(input.shape)}"
        )
    if input.dtype.is_complex and p != 1:
        raise _not_implemented("bernoulli_scalar_cpu_", input.dtype)
    if not input.dtype.is_floating_point and p != 1:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {dtype_title(input.dtype)}: dropout expects a "
            "floating-point input"
        )
    array = input._array
    if p == 1:
        return _apply(masked, input, _xp.zeros((), array.dtype), inplace=inplace)
    draw = {"p": p, "generator": handle_of(None), "feature": feature}
    if not alpha:
        return _apply(masked, input, _xp.dropout_noise(array, **draw), inplace=inplace)
    scale = 1 / math.sqrt((_SELU_LIMIT * _SELU_LIMIT * p + 1) * (1 - p))
    kept = _xp.dropout_noise(array, one=1.0, **draw)
    shift = _xp.add(_xp.mul(_xp.add(kept, -1.0), _SELU_LIMIT * scale), _SELU_LIMIT * scale * p)
    return _apply(shifted, input, _xp.mul(kept, scale), shift, inplace=inplace)


def _apply(op, input, *constants, inplace: bool) -> Tensor:
    tensors = [Tensor._wrap(array) for array in constants]
    return apply_inplace(op, input, *tensors) if inplace else op(input, *tensors)


@public()
def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Zero each element with probability p and scale the others by 1 / (1 - p); the input itself unless `train`.

    Errors: RuntimeError for p outside [0, 1] and for integer inputs.
    Source: Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    """
    return _drop(input, p, train)


@public()
def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place `dropout`."""
    return _drop(input, p, train, inplace=True)


@public()
def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout` of whole channels: one draw per (N, C) of an input (N, C, ...)."""
    return _drop(input, p, train, feature=True)


@public()
def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place `feature_dropout`."""
    return _drop(input, p, train, feature=True, inplace=True)


@public()
def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout that keeps mean 0 and variance 1: dropped elements become -1.758, then everything is scaled and shifted.

    output = a * (input or -s) + a * p * s,  s = 1.7580993408473766,  a = 1 / sqrt((1 - p) * (1 + p * s^2))
    Source: Klambauer et al. 2017, arXiv:1706.02515.
    """
    return _drop(input, p, train, alpha=True)


@public()
def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place `alpha_dropout`."""
    return _drop(input, p, train, alpha=True, inplace=True)


@public()
def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout` of whole channels."""
    return _drop(input, p, train, feature=True, alpha=True)


@public()
def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """In-place `feature_alpha_dropout`."""
    return _drop(input, p, train, feature=True, alpha=True, inplace=True)


@public()
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """`dropout` and its bool mask."""
    if not 0 <= p <= 1:
        raise RuntimeError(f"native_dropout: probability has to be between 0 and 1, but got {p:g}")
    array = input._array
    if train is None or train:
        keep = 1 - p
        one = 0.0 if keep == 0 else 1 / keep
        noise = _xp.dropout_noise(array, p=p, generator=handle_of(None), one=one)
    else:
        noise = _xp.full(array.shape, value=1.0, dtype=array.dtype)
    return primitives.native_dropout(input, Tensor._wrap(noise))


# -- distributions around a tensor -------------------------------------------------------------------------------------


def _constant(name: str, grad_name: str):
    """An op whose output does not depend on its input as far as gradients go: they are zeros."""

    def forward(xp, input, *, draw):
        return draw(input)

    def backward(xp, g, saved, need, *, draw):
        return (zeros_like_gradient(xp, g),)

    return OpType(name, (Op,), {"save": (), "grad_name": grad_name, "forward": forward, "backward": backward})


def _contiguous_like(array):
    return _xp.empty(array.shape, array.dtype)


_BERNOULLI = _constant("bernoulli", "BernoulliBackward0")
_POISSON = _constant("poisson", "PoissonBackward0")


@public(method=True)
def bernoulli(input: Tensor, p: float | None = None, *, generator=None, out: Tensor | None = None) -> Tensor:
    """1 with the probability each element of `input` states (or with probability p), else 0; of the input's dtype.

    Errors: RuntimeError for probabilities outside [0, 1]; NotImplementedError for integer probabilities.
    """
    require_tensor("bernoulli", input)
    handle = handle_of(generator, "bernoulli")
    if p is not None:
        if isinstance(p, Tensor) and not p._array.ndim and p.dtype.category < 2:
            p = float(p.item())
        with no_grad():
            drawn = bernoulli_(Tensor._wrap(_contiguous_like(input._array)), p, generator=generator)._array
        result = _BERNOULLI(input, draw=lambda a: drawn)
    else:
        check_probabilities(input)
        result = _BERNOULLI(input, draw=lambda a: _xp.fill_bernoulli_each(_contiguous_like(a), a, generator=handle))
    return result if out is None else into(out, result)


@public()
def poisson(input: Tensor, generator=None) -> Tensor:
    """A Poisson number for each rate in `input`, of its dtype.

    Errors: RuntimeError for a negative rate; NotImplementedError for integer dtypes.
    Source: Hoermann 1993, "The transformed rejection method for generating Poisson random variables".
    """
    require_tensor("poisson", input)
    handle = handle_of(generator, "poisson")
    _require_floating(input.dtype, "poisson_cpu")
    if not _xp.all_between(input._array, low=0.0, high=math.inf):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return _POISSON(input, draw=lambda a: _xp.poisson(a, generator=handle))


class normal_op(Op):
    """Normal numbers drawn around `mean` with `std` beforehand; gradients of zeros."""

    name = "normal"
    inputs = 2
    save = ()
    broadcast = True
    grad_name = "NormalBackward1"

    def forward(xp, mean, std, *, drawn):
        return drawn

    def backward(xp, g, saved, need, *, drawn):
        zeros = zeros_like_gradient(xp, g)
        return zeros if need[0] else None, zeros if need[1] else None


@public()
def normal(mean, std=1.0, size=None, *, generator=None, out=None, dtype=None, layout=None, device=None,
           requires_grad=False, pin_memory=False) -> Tensor:  # fmt: skip
    """Normal numbers: `mean` and `std` are numbers (then `size` is needed) or tensors that broadcast.

    Errors: RuntimeError for std < 0; NotImplementedError for integer means; TypeError without sizes.
    """
    if not isinstance(mean, Tensor) and not isinstance(std, Tensor):
        if size is None:
            raise TypeError(
                f"normal() received an invalid combination of arguments - got ({type(mean).__name__}, "
                f"{type(std).__name__}): two numbers need size="
            )
        if hasattr(size, "__index__"):
            raise TypeError(f"normal(): argument 'size' must be tuple of ints, not {type(size).__name__}")
        shape = _shape("normal", (size,))
        dtype = _dtype(dtype, out)
        mean, std = _number("normal", "mean", 0, mean), _number("normal", "std", 1, std)
        _check_std(std)
        return _filled(shape, dtype, device, requires_grad, out, normals(dtype, generator, "normal", mean, std))
    if size is not None and not isinstance(mean, Tensor) and not std._array.ndim and not std.requires_grad:
        return normal(mean, std.item(), size, generator=generator, out=out, dtype=dtype, layout=layout, device=device,
                      requires_grad=requires_grad, pin_memory=pin_memory)  # fmt: skip
    if isinstance(std, Tensor):
        if std.dtype.is_complex:
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if not _xp.all_between(std._array, low=0.0, high=math.inf):
            raise RuntimeError("normal expects all elements of std >= 0.0")
    else:
        std = _number("normal", "std", 1, std)
        _check_std(std)
    if size is not None:
        raise TypeError(
            "normal() received an invalid combination of arguments: size= goes with two numbers, not tensors"
        )
    shape = broadcast_shapes(*(t.shape for t in (mean, std) if isinstance(t, Tensor)))
    source = mean if isinstance(mean, Tensor) else std
    _require_floating(source.dtype, "normal_kernel_cpu", complex_too=True)
    with no_grad():
        result = Tensor._wrap(_xp.empty(shape, source._array.dtype))
        if isinstance(std, Tensor):
            normal_(result, generator=generator).mul_(std).add_(mean)
        else:
            normal_(result, 0.0, std, generator=generator).add_(mean)
    result = primitives.normal(mean, std, drawn=result._array)
    return result if out is None else into(out, result)


@public(method=True)
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator=None, out: Tensor | None = None
) -> Tensor:
    """Indices drawn in proportion to the weights in each row of `input` (n,) or (rows, n): int64 (..., num_samples).

    Errors: RuntimeError for integer, non-finite or negative weights, rows of sum 0, other numbers of dimensions, and
    fewer weights than samples without replacement.
    """
    require_tensor("multinomial", input)
    handle = handle_of(generator, "multinomial")
    if input.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim, got shape {tuple(input.shape)}")
    if not input.dtype.is_floating_point:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {dtype_title(input.dtype)}"
        )
    categories = input.shape[-1]
    if num_samples <= 0:
        raise RuntimeError(f"multinomial: cannot sample n_sample <= 0 samples, got {num_samples}")
    if not replacement and num_samples > categories:
        raise RuntimeError(
            "multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement, got "
            f"{num_samples} samples of {categories}"
        )
    weights = input._array if input.ndim == 2 else input._array.reshape(1, categories)
    _check_weights(weights, by_rows=replacement and num_samples > 1)
    draw = _xp.categorical if replacement and num_samples > 1 else _xp.gumbel_choice
    indices = draw(weights, samples=num_samples, generator=handle)
    result = Tensor._wrap(indices if input.ndim == 2 else indices.reshape(num_samples))
    return result if out is None else into(out, result)


def _check_weights(weights, by_rows: bool) -> None:
    fault = _xp.weights_fault(weights)
    if fault == "zero":
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if fault and not by_rows:
        raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
    if fault:
        entry = "< 0" if fault == "negative" else "= infinity or NaN"
        raise RuntimeError(f"invalid multinomial distribution (encountering probability entry {entry})")
