"""The special functions of torch.special that torch itself does not have, and frexp, igamma, igammac.

Those without a derivative in PyTorch (Bessel's of the first kinds, the polynomials) have none here either.
"""

from __future__ import annotations

import math

from .. import dtypes
from ..autograd.inplace import apply_inplace
from ..autograd.op import Op, cpu, named, primitives, public
from ..errors import broadcast_shapes
from ..tensor import Tensor
from . import promote
from .result import into, named_result


def _finish(result, out):
    return result if out is None else into(out, result)


def _op(op_name, backward, node_name, takes=1):
    """An op by the engine's function of its name. backward(xp, g, need, *inputs, output)."""

    class Special(Op):
        name, inputs, save_output, grad_name, broadcast = op_name, takes, True, node_name, takes > 1

        def forward(xp, *arrays):
            return getattr(xp, op_name)(*arrays)

        def backward(xp, g, saved, need):
            return backward(xp, g, need, *saved)

    return Special


def _plain(name, doc):
    """A function without a derivative."""
    kernel = getattr(cpu, name)

    def function(input, *, out=None):
        return _finish(Tensor._wrap(kernel(promote.to_float(input)._array)), out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


def _smooth(name, backward, node_name, doc):
    """A function with a derivative: backward(xp, g, x, y)."""
    op = _op(name, lambda xp, g, need, x, y: (backward(xp, g, x, y),), node_name)

    def function(input, *, out=None):
        return _finish(op(promote.to_float(input)), out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


# ---- parts of a number ----------------------------------------------------------------------------------------------


class frexp_op(Op):
    """(mantissa, exponent)"""

    name, inputs, outputs, save, save_output, grad_name = "frexp", 1, 2, (), True, "FrexpBackward0"
    non_differentiable = (1,)

    def forward(xp, a):
        return xp.frexp(a)

    def backward(xp, g, saved, need):
        exponent = saved[1]
        return (xp.div(g[0], xp.exp2(_like(xp, exponent, g[0]))),)


def _like(xp, whole, other):
    if xp.differentiable:
        return promote.to_dtype(whole, other.dtype)
    return xp.cast(whole, dtype=other.dtype)


@public(method=True)
def frexp(input, *, out=None):
    """(mantissa, exponent) with input = mantissa * 2^exponent, 0.5 <= |mantissa| < 1; 0, inf and NaN have exponent 0.

    The exponent is int32. Errors: RuntimeError for types that are no real floating-point ones.
    """
    if not input.dtype.is_floating_point:
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    mantissa, exponent = primitives.frexp(input)
    if out is None:
        return named_result("frexp", mantissa=mantissa, exponent=exponent)
    if out[1].dtype is not dtypes.int32:
        raise RuntimeError(
            f"torch.frexp() expects exponent to have int dtype but got {dtypes.dtype_word(out[1].dtype)}"
        )
    return named_result("frexp_out", mantissa=into(out[0], mantissa), exponent=into(out[1], exponent))


# ---- the normal distribution ----------------------------------------------------------------------------------------

erfcx = _smooth(
    "erfcx",
    lambda xp, g, x, y: xp.mul(g, xp.sub(xp.mul(xp.mul(x, y), 2), 2 / math.sqrt(math.pi))),
    "SpecialErfcxBackward0",
    "exp(x^2) erfc(x), which does not underflow.",
)


def _hazard(xp, x):
    """density / distribution of the normal distribution."""
    return xp.div(math.sqrt(2 / math.pi), xp.erfcx(xp.mul(x, -math.sqrt(0.5))))


log_ndtr = _smooth(
    "log_ndtr",
    lambda xp, g, x, y: xp.mul(g, _hazard(xp, x)),
    "SpecialLogNdtrBackward0",
    "The logarithm of the normal distribution function, exact in the tails.",
)
ndtri = _smooth(
    "ndtri",
    lambda xp, g, x, y: xp.mul(g, xp.mul(xp.exp(xp.mul(xp.mul(y, y), 0.5)), math.sqrt(2 * math.pi))),
    "SpecialNdtriBackward0",
    "The inverse of the normal distribution function; NaN outside [0, 1].",
)


def ndtr(input, *, out=None):
    """The normal distribution function: erfc(-x / sqrt 2) / 2."""
    x = promote.to_float(input) * -math.sqrt(0.5)
    return _finish(named(primitives.erfc(x) * 0.5, "MulBackward1"), out)


class entr_op(Op):
    """-x log x, 0 at 0, -inf below."""

    name, inputs, grad_name = "entr", 1, "SpecialEntrBackward0"

    def forward(xp, a):
        value = xp.neg(xp.mul(a, xp.log(a)))
        below = xp.where(xp.lt(a, 0), -math.inf, xp.mul(a, 0.0))
        return xp.where(xp.logical_or(xp.gt(a, 0), xp.isnan(a)), value, xp.where(xp.eq(a, 0), 0.0, below))

    def backward(xp, g, saved, need):
        return (xp.neg(xp.mul(g, xp.add(xp.log(saved[0]), 1))),)


def entr(input, *, out=None):
    """-x log x; 0 at 0, -inf below."""
    return _finish(primitives.entr(promote.to_float(input)), out)


# ---- Bessel's functions ---------------------------------------------------------------------------------------------

bessel_j0 = _plain("bessel_j0", "Bessel's function of the first kind, order 0.")
bessel_j1 = _plain("bessel_j1", "Bessel's function of the first kind, order 1.")
bessel_y0 = _plain("bessel_y0", "Bessel's function of the second kind, order 0; NaN below 0.")
bessel_y1 = _plain("bessel_y1", "Bessel's function of the second kind, order 1; NaN below 0.")
modified_bessel_k0 = _plain("modified_bessel_k0", "The modified Bessel function of the second kind, order 0.")
modified_bessel_k1 = _plain("modified_bessel_k1", "The modified Bessel function of the second kind, order 1.")
scaled_modified_bessel_k0 = _plain("scaled_modified_bessel_k0", "modified_bessel_k0 times exp(x).")
scaled_modified_bessel_k1 = _plain("scaled_modified_bessel_k1", "modified_bessel_k1 times exp(x).")
spherical_bessel_j0 = _plain("spherical_bessel_j0", "sin(x) / x.")


def _over(xp, y, x, at_zero):
    """y / x, and the limit at 0."""
    zero = xp.eq(x, 0)
    return xp.where(zero, at_zero, xp.div(y, xp.where(zero, xp.add(xp.mul(x, 0), 1), x)))


i0e = _smooth(
    "i0e",
    lambda xp, g, x, y: xp.mul(g, xp.sub(xp.i1e(x), xp.mul(xp.sign(x), y))),
    "SpecialI0EBackward0",
    "The modified Bessel function of the first kind, order 0, times exp(-|x|).",
)
i1 = _smooth(
    "i1",
    lambda xp, g, x, y: xp.mul(g, xp.sub(xp.i0(x), _over(xp, y, x, 0.5))),
    "SpecialI1Backward0",
    "The modified Bessel function of the first kind, order 1.",
)
i1e = _smooth(
    "i1e",
    lambda xp, g, x, y: xp.mul(g, xp.sub(xp.i0e(x), xp.add(xp.mul(xp.sign(x), y), _over(xp, y, x, 0.5)))),
    "SpecialI1EBackward0",
    "The modified Bessel function of the first kind, order 1, times exp(-|x|).",
)


def modified_bessel_i0(input, *, out=None):
    """The modified Bessel function of the first kind, order 0; without a derivative: see i0."""
    return _finish(Tensor._wrap(cpu.i0(promote.to_float(input)._array)), out)


def modified_bessel_i1(input, *, out=None):
    """The modified Bessel function of the first kind, order 1; without a derivative: see i1."""
    return _finish(Tensor._wrap(cpu.i1(promote.to_float(input)._array)), out)


# ---- two operands ---------------------------------------------------------------------------------------------------


def _both(input, other, name):
    """Two floating-point tensors of one dtype."""
    a, b = promote.pair(input, other, name)
    like = a if isinstance(a, Tensor) else b
    a, b = (v if isinstance(v, Tensor) else Tensor._scalar(v, like) for v in (a, b))
    broadcast_shapes(a._array.shape, b._array.shape)
    return promote.to_float(a), promote.to_float(b)


def _by_operands(result, input, other, name):
    """The node's name: PyTorch counts tensors 0, a number first 1, a number second 2."""
    number = 1 if not isinstance(input, Tensor) else 2 if not isinstance(other, Tensor) else 0
    return named(result, f"{name}{number}")


class xlog1py_op(Op):
    """a log(1 + b), 0 where a is 0."""

    name, inputs, grad_name, broadcast = "xlog1py", 2, "SpecialXlog1PyBackward0", True

    def forward(xp, a, b):
        product = xp.mul(a, xp.log1p(b))
        return xp.where(xp.logical_and(xp.eq(a, 0), xp.logical_not(xp.isnan(b))), xp.mul(xp.eq(b, b), a), product)

    def backward(xp, g, saved, need):
        a, b = saved
        first = None
        if need[0]:
            zero = xp.logical_and(xp.eq(a, 0), xp.le(b, -1))
            first = xp.where(zero, xp.mul(g, 0), xp.mul(g, xp.log1p(b)))
        return first, xp.mul(g, xp.div(a, xp.add(b, 1))) if need[1] else None


def xlog1py(input, other, *, out=None):
    """input * log(1 + other); 0 where input is 0, unless other is NaN. Operands: tensors or one number."""
    a, b = _both(input, other, "special_xlog1py")
    return _finish(_by_operands(primitives.xlog1py(a, b), input, other, "SpecialXlog1PyBackward"), out)


def _zeta_backward(xp, g, need, s, q, y):
    if need[0]:
        raise NotImplementedError("the derivative for 'zeta' is not implemented.")
    return None, xp.mul(g, xp.neg(xp.mul(s, xp.zeta(xp.add(s, 1), q))))


_zeta = _op("zeta", _zeta_backward, "SpecialZetaBackward0", 2)


def zeta(input, other, *, out=None):
    """Hurwitz's zeta: sum over k >= 0 of (other + k)^-input; inf for input 1, NaN below. Gradient: of other."""
    a, b = _both(input, other, "special_zeta")
    return _finish(_by_operands(_zeta(a, b), input, other, "SpecialZetaBackward"), out)


def _gamma_slope(xp, g, a, x):
    """g x^(a - 1) exp(-x) / gamma(a)"""
    logarithm = xp.sub(xp.sub(xp.mul(xp.sub(a, 1), xp.log(x)), x), xp.lgamma(a))
    return xp.mul(g, xp.exp(logarithm))


def _incomplete(op_name, sign):
    def slope(xp, g, need, a, x, y):
        if need[0]:
            raise NotImplementedError(f"the derivative for '{op_name}: input' is not implemented.")
        grad = _gamma_slope(xp, g, a, x)
        return None, xp.neg(grad) if sign < 0 else grad

    return _op(op_name, slope, op_name.title() + "Backward0", 2)


_igamma, _igammac = _incomplete("igamma", 1), _incomplete("igammac", -1)


def _gamma_operands(input, other, name):
    dtype = promote.result_type(input, other)
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{dtypes.dtype_title(dtype)}'")
    return _both(input, other, name)


@public(method=True)
def igamma(input, other, *, out=None):
    """The lower incomplete gamma function, 1 / gamma(a) times the integral of t^(a-1) exp(-t) from 0 to x.

    a: input, x: other, both not negative, else NaN. Gradient: of other.
    Errors: NotImplementedError for types that are no real floating-point ones, and for a gradient of input.
    """
    return _finish(_igamma(*_gamma_operands(input, other, "igamma")), out)


@public(method=True)
def igammac(input, other, *, out=None):
    """1 - igamma(input, other): the upper incomplete gamma function. Gradient and errors as there."""
    return _finish(_igammac(*_gamma_operands(input, other, "igammac")), out)


def _in_place(name, op):
    def method(self, other):
        return apply_inplace(op, self, other)

    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f"In-place {name}."
    public(method=name + "_", function=False)(method)


_in_place("igamma", _igamma)
_in_place("igammac", _igammac)


# ---- orthogonal polynomials -----------------------------------------------------------------------------------------


def _polynomial(name):
    """p_n(x) for tensors, or a tensor and a number."""
    kernel = getattr(cpu, name)

    def function(input, n, *, out=None):
        x, degree = _both(input, n, "special_" + name)
        return _finish(Tensor._wrap(kernel(x._array, degree._array)), out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{kernel.__doc__} Degrees are cut to whole numbers; 0 for negative ones; no derivative."
    return function


chebyshev_polynomial_t = _polynomial("chebyshev_polynomial_t")
chebyshev_polynomial_u = _polynomial("chebyshev_polynomial_u")
chebyshev_polynomial_v = _polynomial("chebyshev_polynomial_v")
chebyshev_polynomial_w = _polynomial("chebyshev_polynomial_w")
shifted_chebyshev_polynomial_t = _polynomial("shifted_chebyshev_polynomial_t")
shifted_chebyshev_polynomial_u = _polynomial("shifted_chebyshev_polynomial_u")
shifted_chebyshev_polynomial_v = _polynomial("shifted_chebyshev_polynomial_v")
shifted_chebyshev_polynomial_w = _polynomial("shifted_chebyshev_polynomial_w")
hermite_polynomial_h = _polynomial("hermite_polynomial_h")
hermite_polynomial_he = _polynomial("hermite_polynomial_he")
laguerre_polynomial_l = _polynomial("laguerre_polynomial_l")
legendre_polynomial_p = _polynomial("legendre_polynomial_p")
