"""Special functions: error functions, gamma functions, trigonometry and its inverses, guarded logarithms."""

from __future__ import annotations

import math

from ..autograd.inplace import apply_inplace
from ..autograd.op import METHODS, Op, cpu, named, primitives, public
from ..dtypes import dtype_title
from ..tensor import Tensor
from . import promote
from .elementwise import (
    _check_shapes,
    binary,
    define_inplace,
    fit_operand,
    mul,
    pow,
    sub,
    unary,
)
from .result import into

_TWO_OVER_ROOT_PI = 2 / math.sqrt(math.pi)


def _gauss(xp, g, x):
    return xp.mul(xp.mul(g, _TWO_OVER_ROOT_PI), xp.exp(xp.neg(xp.mul(x, x))))


def _one_minus_square(xp, x):
    return xp.sub(1, xp.mul(x, x))


erf = unary("erf", _gauss)
erfc = unary("erfc", lambda xp, g, x: xp.neg(_gauss(xp, g, x)))
erfinv = unary(
    "erfinv",
    lambda xp, g, y: xp.mul(xp.mul(g, math.sqrt(math.pi) / 2), xp.exp(xp.mul(y, y))),
    saves="output",
)
exp2 = unary("exp2", lambda xp, g, y: xp.mul(g, xp.mul(y, math.log(2))), saves="output")
tan = unary("tan", lambda xp, g, y: xp.mul(g, xp.add(xp.mul(y, y), 1)), saves="output")
asin = unary("asin", lambda xp, g, x: xp.mul(g, xp.rsqrt(_one_minus_square(xp, x))), aliases=("arcsin",))
acos = unary("acos", lambda xp, g, x: xp.neg(xp.mul(g, xp.rsqrt(_one_minus_square(xp, x)))), aliases=("arccos",))
atan = unary("atan", lambda xp, g, x: xp.div(g, xp.add(xp.mul(x, x), 1)), aliases=("arctan",))
sinh = unary("sinh", lambda xp, g, x: xp.mul(g, xp.cosh(x)))
cosh = unary("cosh", lambda xp, g, x: xp.mul(g, xp.sinh(x)))
asinh = unary("asinh", lambda xp, g, x: xp.mul(g, xp.rsqrt(xp.add(xp.mul(x, x), 1))), aliases=("arcsinh",))
acosh = unary("acosh", lambda xp, g, x: xp.mul(g, xp.rsqrt(xp.sub(xp.mul(x, x), 1))), aliases=("arccosh",))
atanh = unary("atanh", lambda xp, g, x: xp.div(g, _one_minus_square(xp, x)), aliases=("arctanh",))
frac = unary("frac", lambda xp, g: g, saves=None, floats=False)
lgamma = unary("lgamma", lambda xp, g, x: xp.mul(g, xp.digamma(x)))
digamma = unary("digamma", lambda xp, g, x: xp.mul(g, xp.polygamma(x, n=1)))
i0 = unary("i0", lambda xp, g, x: xp.mul(g, xp.i1(x)), out=False)
signbit = unary("signbit", floats=False, inplace=False, out=False)


class polygamma_op(Op):
    """The n-th derivative of digamma."""

    name, inputs, grad_name = "polygamma", 1, "PolygammaBackward0"

    def forward(xp, a, *, n):
        return xp.polygamma(a, n=n)

    def backward(xp, g, saved, need, *, n):
        return (xp.mul(g, xp.polygamma(saved[0], n=n + 1)),)


@public()
def polygamma(n, input, *, out=None):
    """The n-th derivative of digamma at `input`. RuntimeError for n < 0."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    input = promote.to_float(input)
    result = digamma(input) if n == 0 else primitives.polygamma(input, n=n)
    return result if out is None else into(out, result)


METHODS["polygamma"] = lambda self, n: polygamma(n, self)


def _factor(name, factor, grad_name):
    """A unary function that multiplies by a number."""

    def function(input, *, out=None):
        result = named(mul(promote.to_float(input), factor), grad_name)
        return result if out is None else into(out, result)

    function.__name__ = name
    function.__doc__ = f"input * {factor}."
    public(method=True)(function)
    METHODS[name + "_"] = lambda self: self.mul_(factor)
    public(name=name + "_")(METHODS[name + "_"])


_factor("deg2rad", math.pi / 180, "Deg2RadBackward0")
_factor("rad2deg", 180 / math.pi, "Rad2DegBackward0")


class sinc_op(Op):
    """sin(pi x) / (pi x), 1 at 0."""

    name, inputs, grad_name = "sinc", 1, "SincBackward0"

    def forward(xp, a):
        x = xp.mul(a, math.pi)
        return xp.where(xp.eq(a, 0), xp.add(xp.mul(a, 0), 1), xp.div(xp.sin(x), x))

    def backward(xp, g, saved, need):
        (a,) = saved
        x = xp.mul(a, math.pi)
        slope = xp.div(xp.sub(xp.mul(x, xp.cos(x)), xp.sin(x)), xp.mul(x, a))
        return (xp.mul(g, xp.where(xp.eq(a, 0), xp.mul(a, 0), slope)),)


class logit_op(Op):
    """log(x / (1 - x)), the input first moved into [eps, 1 - eps] if eps is given."""

    name, inputs, grad_name = "logit", 1, "LogitBackward0"

    def forward(xp, a, *, eps):
        x = a if eps is None else xp.clamp(a, min=eps, max=1 - eps)
        return xp.logit(x)

    def backward(xp, g, saved, need, *, eps):
        (a,) = saved
        slope = xp.div(g, xp.mul(a, xp.sub(1, a)))
        if eps is None:
            return (slope,)
        return (xp.where(xp.logical_and(xp.ge(a, eps), xp.le(a, 1 - eps)), slope, xp.mul(g, 0)),)


class nan_to_num_op(Op):
    """NaN and infinities replaced by numbers."""

    name, inputs, grad_name = "nan_to_num", 1, "NanToNumBackward0"

    def forward(xp, a, *, nan, posinf, neginf):
        return xp.nan_to_num(a, nan=nan, posinf=posinf, neginf=neginf)

    def backward(xp, g, saved, need, *, nan, posinf, neginf):
        return (xp.where(xp.isfinite(saved[0]), g, xp.mul(g, 0)),)


def _with_inplace(op, name, function):
    public(method=True, name=name)(function)
    define_inplace(op, name, needs_float=True)


def sinc(input, *, out=None):
    """sin(pi x) / (pi x), 1 at 0."""
    result = primitives.sinc(promote.to_float(input))
    return result if out is None else into(out, result)


_with_inplace(primitives.sinc, "sinc", sinc)


@public(method=True)
def logit(input, eps=None, *, out=None):
    """log(x / (1 - x)); with eps, x is first moved into [eps, 1 - eps]."""
    result = primitives.logit(promote.to_float(input), eps=eps)
    return result if out is None else into(out, result)


@public(method="logit_", name="logit_")
def _logit_(self, eps=None):
    """In-place logit."""
    return apply_inplace(primitives.logit, self, eps=eps)


@public(method=True)
def nan_to_num(input, nan=0.0, posinf=None, neginf=None, *, out=None):
    """NaN as `nan`, infinities as the numbers given or the dtype's largest and lowest."""
    if input.dtype.category < 2:
        result = primitives.clone(input)
    else:
        result = primitives.nan_to_num(input, **_replacements(input.dtype, nan, posinf, neginf))
    return result if out is None else into(out, result)


def _replacements(dtype, nan, posinf, neginf):
    largest = promote.dtypes.FInfo(dtype).max
    return {
        "nan": 0.0 if nan is None else float(nan),
        "posinf": largest if posinf is None else float(posinf),
        "neginf": -largest if neginf is None else float(neginf),
    }


@public(method="nan_to_num_", name="nan_to_num_")
def _nan_to_num_(self, nan=0.0, posinf=None, neginf=None):
    """In-place nan_to_num."""
    if self.dtype.category < 2:
        return self
    return apply_inplace(primitives.nan_to_num, self, **_replacements(self.dtype, nan, posinf, neginf))


# ---- two operands
# -----------------------------------------------------------------------------------------------------


def _copysign_backward(xp, g, need, a, b):
    grad = None
    if need[0]:
        if xp.differentiable:
            ratio = primitives.div(primitives.copysign(a, b).detach(), a)
        else:
            ratio = xp.div(xp.copysign(a, b), a)
        grad = xp.mul(g, xp.where(xp.eq(a, 0), xp.mul(g, 0), ratio))
    return grad, xp.mul(g, 0) if need[1] else None


copysign = binary(
    "copysign",
    _copysign_backward,
    grad_names=("CopysignBackward1", "CopysignBackward0", "CopysignBackward1"),
    floats=True,
)


def _hypot_backward(xp, g, need, a, b):
    length = xp.hypot(a, b)
    safe = xp.where(xp.eq(length, 0), xp.add(length, 1), length)
    return (xp.mul(g, xp.div(a, safe)) if need[0] else None, xp.mul(g, xp.div(b, safe)) if need[1] else None)


hypot = binary("hypot", _hypot_backward)
nextafter = binary("nextafter", lambda xp, g, need, a, b: _refuse("nextafter"), grad_names=("NotImplemented",) * 3)


def _refuse(name):
    raise RuntimeError(f"derivative for aten::{name} is not implemented")


def _ignoring_nan(compare):
    def backward(xp, g, need, a, b):
        """The one chosen takes all; where equal, the first."""
        first = xp.logical_or(getattr(xp, compare)(a, b), xp.isnan(b))
        zero = xp.mul(g, 0)
        return xp.where(first, g, zero) if need[0] else None, xp.where(first, zero, g) if need[1] else None

    return backward


fmax = binary("fmax", _ignoring_nan("ge"), inplace=False)
fmin = binary("fmin", _ignoring_nan("le"), inplace=False)
gcd = binary("gcd", out=False)
public(name="gcd_")(METHODS["gcd_"])
lcm = binary("lcm", out=False)
public(name="lcm_")(METHODS["lcm_"])


def _shift(name, public_name):
    binary(name)
    for form in (name, name + "_"):
        METHODS[form.replace(name, public_name)] = METHODS.pop(form)
    from ..autograd.op import PUBLIC

    function = PUBLIC.pop(name)
    public(name=public_name)(function)
    METHODS[{"left_shift": "__lshift__", "right_shift": "__rshift__"}[name]] = function


_shift("left_shift", "bitwise_left_shift")
_shift("right_shift", "bitwise_right_shift")


def _log_of_sum(base):
    power = "exp" if base == "e" else "exp2"
    title = "LogaddexpBackward0" if base == "e" else "Logaddexp2Backward0"

    class LogAddExp(Op):
        """log(exp(a) + exp(b)) without overflow, to base e or 2."""

        name, inputs, grad_name, broadcast = "logaddexp" + ("" if base == "e" else "2"), 2, title, True

        def forward(xp, a, b):
            if base == "e":
                return xp.logaddexp(a, b)
            top = xp.maximum(a, b)
            low = xp.minimum(a, b)
            rest = xp.mul(xp.log1p(xp.exp2(xp.sub(low, top))), 1 / math.log(2))
            return xp.where(xp.logical_and(xp.eq(a, b), xp.isinf(a)), a, xp.add(top, rest))

        def backward(xp, g, saved, need):
            a, b = saved
            raised = getattr(xp, power)
            return (
                xp.div(g, xp.add(raised(xp.sub(b, a)), 1)) if need[0] else None,
                xp.div(g, xp.add(raised(xp.sub(a, b)), 1)) if need[1] else None,
            )

    op = LogAddExp

    def function(input, other, *, out=None):
        a, b = promote.pair(input, other, op.name)
        _check_shapes(a, b)
        result = op(promote.to_float(a), promote.to_float(b))
        return result if out is None else into(out, result)

    function.__name__ = op.name
    function.__doc__ = f"log of the sum of powers, to base {base}, without overflow."
    return public(method=True)(function)


logaddexp, logaddexp2 = _log_of_sum("e"), _log_of_sum("2")


class xlogy_op(Op):
    """a * log(b), 0 where a is 0."""

    name, inputs, grad_name, broadcast = "xlogy", 2, "XlogyBackward0", True

    def forward(xp, a, b):
        product = xp.mul(a, xp.log(b))
        return xp.where(xp.logical_and(xp.eq(a, 0), xp.logical_not(xp.isnan(b))), xp.mul(xp.eq(b, b), a), product)

    def backward(xp, g, saved, need):
        a, b = saved
        first = None
        if need[0]:
            zero = xp.logical_and(xp.eq(a, 0), xp.le(b, 0))
            first = xp.where(zero, xp.mul(g, 0), xp.mul(g, xp.log(b)))
        return first, xp.mul(g, xp.div(a, b)) if need[1] else None


def _tensors(input, other, name):
    """Both operands as floating-point tensors of one dtype."""
    a, b = promote.pair(input, other, name)
    like = a if isinstance(a, Tensor) else b
    a, b = (v if isinstance(v, Tensor) else Tensor._scalar(v, like) for v in (a, b))
    return promote.to_float(a), promote.to_float(b)


@public(method=True)
def xlogy(input, other, *, out=None):
    """input * log(other); 0 where input is 0, unless other is NaN."""
    a, b = _tensors(input, other, "xlogy")
    _check_shapes(a, b)
    title = "XlogyBackward2" if not isinstance(other, Tensor) else "XlogyBackward0"
    result = named(primitives.xlogy(a, b), title if isinstance(input, Tensor) else "XlogyBackward1")
    return result if out is None else into(out, result)


@public(method="xlogy_", name="xlogy_")
def _xlogy_(self, other):
    """In-place xlogy."""
    other = fit_operand(self, other, "xlogy_", floats=True)
    return apply_inplace(primitives.xlogy, self, other if isinstance(other, Tensor) else Tensor._scalar(other, self))


@public(method=True)
def float_power(input, exponent, *, out=None):
    """input ** exponent in double precision."""
    wide = promote.dtypes.float64
    for value in (input, exponent):
        if isinstance(value, complex) or (isinstance(value, Tensor) and value.dtype.is_complex):
            wide = promote.dtypes.complex128
    a, b = (promote.to_dtype(v, wide) if isinstance(v, Tensor) else v for v in (input, exponent))
    result = pow(a, float(b) if isinstance(b, int) else b)
    return result if out is None else into(out, result)


@public(method="float_power_", function=False)
def _float_power_(self, exponent):
    """In-place float_power; the tensor must be float64 or complex128."""
    if self.dtype not in (promote.dtypes.float64, promote.dtypes.complex128):
        raise RuntimeError(
            f"the base given to float_power_ has dtype {dtype_title(self.dtype)} but the operation's result requires "
            "dtype Double"
        )
    return self.pow_(exponent)


@public(method=True)
def heaviside(input, values, *, out=None):
    """0 below 0, 1 above 0, `values` at 0. RuntimeError unless the dtypes agree; no derivative."""
    if input.dtype is not values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    x, v = input.detach(), values.detach()
    _check_shapes(x, v)
    step = promote.to_dtype(primitives.gt(x, Tensor._scalar(0, x)), input.dtype)
    result = primitives.where(primitives.eq(x, Tensor._scalar(0, x)), v, step)
    return result if out is None else into(out, result)


@public(method=True)
def ldexp(input, other, *, out=None):
    """input * 2 ** other."""
    result = mul(input, pow(2.0, promote.to_float(other)))
    return result if out is None else into(out, result)


@public(method=True)
def positive(input):
    """The tensor itself. RuntimeError for bool."""
    if input.dtype is promote.dtypes.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@public(method=True)
def mvlgamma(input, p, *, out=None):
    """The multivariate log-gamma function: p (p - 1) / 4 log(pi) + sum of lgamma(x - i / 2), i = 0 .. p - 1."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    input = promote.to_float(input)
    halves = Tensor._wrap(cpu.mul(cpu.arange(0, p, 1, input._array.dtype), 0.5))
    result = lgamma(sub(input.unsqueeze(-1), halves)).sum(-1)
    result = named(result + p * (p - 1) / 4 * math.log(math.pi), "MvlgammaBackward0")
    return result if out is None else into(out, result)
