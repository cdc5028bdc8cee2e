"""Elementwise ops: arithmetic, powers, exponentials, comparisons, rounding, selection.

`unary` and `binary` are the tables: name, backward, PyTorch's name of the node.
"""

from __future__ import annotations

import math

from ..autograd.inplace import apply_inplace
from ..autograd.op import METHODS, Op, OpType, cpu, named, primitives, public, shortcut
from ..dtypes import bool_, can_cast, dtype_title
from ..errors import broadcast_shapes
from ..tensor import Tensor
from . import promote
from .result import into


def holomorphic(backward):
    """`backward`, written for real numbers, for complex ones too: the gradient is g times the conjugated derivative."""

    def run(xp, g, saved, need, **attrs):
        if g.dtype.kind != "c":
            return backward(xp, g, saved, need, **attrs)
        grads = backward(xp, xp.conj(g), saved, need, **attrs)
        return tuple([None if grad is None else xp.conj(grad) for grad in grads])

    return run


def _unary_backward(backward):
    def run(xp, g, saved, need):
        if g.dtype.kind == "c":
            return (xp.conj(backward(xp, xp.conj(g), *saved)),)
        return (backward(xp, g, *saved),)

    return run


def unary(name, backward=None, *, grad_name=None, saves="input", floats=True, inplace=True, out=True, aliases=()):
    """Define a unary op. backward(xp, g, x) or, with saves="output", backward(xp, g, y).

    floats: integer input is computed in the default float type.
    """

    kernel = getattr(cpu, name)

    def forward(xp, a, out=None):
        return kernel(a) if out is None else kernel(a, out=out)

    body = {
        "name": name,
        "inputs": 1,
        "save": (0,) if saves == "input" else (),
        "save_output": saves == "output",
        "grad_name": grad_name or name.title().replace("_", "") + "Backward0",
        "forward": forward,
        "kernel": kernel,
        "out": out,
    }
    if backward is not None:
        body["backward"] = _unary_backward(backward)
    op = OpType(name, (Op,), body)

    def function(input, *, out=None):
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
        result = op(promote.to_float(input) if floats else input)
        return result if out is None else into(out, result)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name} of every element."
    for public_name in (name, *aliases):
        public(method=True, name=public_name)(function)
    if inplace:
        define_inplace(op, name, aliases, needs_float=floats)
    return function


def define_inplace(op, name, aliases=(), needs_float=False):
    """The `name_` method of a unary op."""

    def method(self):
        if needs_float and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise RuntimeError(
                f"result type {dtype_title(promote.to_float(self.detach()).dtype)} can't be cast to the desired "
                f"output type {dtype_title(self.dtype)}"
            )
        return apply_inplace(op, self)

    method.__name__ = name + "_"
    method.__doc__ = f"In-place {name}."
    if op.kernel is not None and op.out:
        method = shortcut("inplace_unary", name)(method)
    for public_name in (name, *aliases):
        public(method=public_name + "_", function=False)(method)
    public(name=name + "_")(method)


# binary functions of a tensor and a tensor or number whose plainest calls go straight to the op
_BY_KERNEL = frozenset("mul floor_divide remainder fmod pow eq ne lt le gt ge".split())


def binary(
    name,
    backward=None,
    *,
    grad_names=None,
    saves=(0, 1),
    floats=False,
    compare=False,
    inplace=True,
    aliases=(),
    factors=False,
    out=True,
):
    """Define a broadcasting binary op. backward(xp, g, need, *saved) returns the two gradients before summing to shape.

    grad_names: PyTorch's names of the node for (tensor, number), (tensor, tensor) and (number, tensor) operands, where
    they differ. factors: each operand is kept only if the other needs a gradient.
    """

    kernel = getattr(cpu, name)

    def forward(xp, a, b, out=None):
        return kernel(a, b) if out is None else kernel(a, b, out=out)

    body = {
        "name": name,
        "inputs": 2,
        "save": saves,
        "saves_other": 0 if factors else None,
        "grad_name": grad_names or name.title().replace("_", "") + "Backward0",
        "broadcast": True,
        "forward": forward,
        "kernel": kernel,
        "out": out and not compare,
    }
    if backward is not None:
        body["backward"] = holomorphic(lambda xp, g, saved, need: backward(xp, g, need, *saved))
    op = OpType(name, (Op,), body)

    def function(input, other, *, out=None):
        a, b = promote.pair(input, other, name)
        if floats:
            a, b = _floating(a), _floating(b)
        _check_shapes(a, b)
        result = op(a, b)
        return result if out is None else into(out, result)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{name} of two tensors (or a tensor and a number), broadcast."
    if name in _BY_KERNEL:
        function = shortcut("comparison" if compare else "binary", name)(function)
    for public_name in (name, *aliases):
        public(method=True, name=public_name)(function)
    if inplace:
        method = inplace_binary(op, name, floats, compare)
        for public_name in (name, *aliases):
            public(method=public_name + "_", function=False)(method)
    return function


def inplace_binary(op, name, floats=False, compare=False):
    def method(self, other):
        if compare:  # computed as bool, written as 0 and 1
            pair = promote.pair(self.detach(), other, name)
            _check_shapes(*pair)
            return self.copy_(op(*pair))
        other = fit_operand(self, other, name, floats)
        return apply_inplace(op, self, other)

    method.__name__ = name + "_"
    method.__doc__ = f"In-place {name}."
    if compare or name not in _BY_KERNEL:
        return method
    return shortcut("inplace_binary" if name == "mul" else "inplace_division", name)(method)


def fit_operand(self, other, name, floats=False):
    """`other` in the dtype of `self`; RuntimeError when the result's type does not fit into `self`."""
    dtype = promote.result_type(self, promote._number(other, name, 2))
    if floats and dtype.category < 2:
        dtype = promote.dtypes.get_default_dtype()
    _check_written(dtype, self.dtype)
    if isinstance(other, Tensor):
        _check_shapes(self, other)
    return promote._operand(promote._number(other, name, 2), self.dtype)


def _check_written(dtype, to):
    """RuntimeError when a result of type `dtype` may not be written into a tensor of type `to`."""
    if dtype is not to and not can_cast(dtype, to):
        raise RuntimeError(
            f"result type {dtype_title(dtype)} can't be cast to the desired output type {dtype_title(to)}"
        )


def _floating(value):
    return promote.to_float(value) if isinstance(value, Tensor) else float(value) if isinstance(value, int) else value


def _check_shapes(a, b):
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        left, right = a._array.shape, b._array.shape
        if left != right:
            broadcast_shapes(left, right)


# ---- the tables
# -------------------------------------------------------------------------------------------------------


def _no_save(name, backward, **options):
    """A unary op whose gradient needs neither input nor output."""
    return unary(name, lambda xp, g: backward(xp, g), saves=None, **options)


neg = _no_save("neg", lambda xp, g: xp.neg(g), floats=False, aliases=("negative",))
_real_abs = unary("abs", lambda xp, g, x: xp.mul(g, xp.sign(x)), floats=False)
sign = _no_save("sign", lambda xp, g: xp.zeros_like(g), floats=False)
exp = unary("exp", lambda xp, g, y: xp.mul(g, y), saves="output")
expm1 = unary("expm1", lambda xp, g, y: xp.mul(g, xp.add(y, 1)), saves="output")
log = unary("log", lambda xp, g, x: xp.div(g, x))
log1p = unary("log1p", lambda xp, g, x: xp.div(g, xp.add(x, 1)))
log2 = unary("log2", lambda xp, g, x: xp.div(g, xp.mul(x, math.log(2))))
log10 = unary("log10", lambda xp, g, x: xp.div(g, xp.mul(x, math.log(10))))
sqrt = unary("sqrt", lambda xp, g, y: xp.div(g, xp.mul(y, 2)), saves="output")
rsqrt = unary("rsqrt", lambda xp, g, y: xp.mul(xp.mul(g, -0.5), xp.mul(y, xp.mul(y, y))), saves="output")
reciprocal = unary("reciprocal", lambda xp, g, y: xp.neg(xp.mul(g, xp.mul(y, y))), saves="output")
square = unary("square", lambda xp, g, x: xp.mul(g, xp.mul(x, 2)), grad_name="PowBackward0", floats=False)
sin = unary("sin", lambda xp, g, x: xp.mul(g, xp.cos(x)))
cos = unary("cos", lambda xp, g, x: xp.neg(xp.mul(g, xp.sin(x))))
tanh = unary("tanh", lambda xp, g, y: xp.tanh_grad(g, y), saves="output")
sigmoid = unary("sigmoid", lambda xp, g, y: xp.sigmoid_grad(g, y), saves="output")
relu = unary("relu", lambda xp, g, y: xp.relu_grad(g, y), saves="output", floats=False)
floor = _no_save("floor", lambda xp, g: xp.zeros_like(g), floats=False)
ceil = _no_save("ceil", lambda xp, g: xp.zeros_like(g), floats=False)
trunc = _no_save("trunc", lambda xp, g: xp.zeros_like(g), floats=False, aliases=("fix",))
isnan = unary("isnan", floats=False, inplace=False, out=False)
isinf = unary("isinf", floats=False, inplace=False, out=False)
isfinite = unary("isfinite", floats=False, inplace=False, out=False)
logical_not = unary("logical_not", floats=False, inplace=False, out=False)
bitwise_not = unary("bitwise_not", floats=False)


class relu_grad(Op):
    """g where the output y of relu is positive, else 0."""

    inputs, save, grad_name = 2, (1,), "ThresholdBackwardBackward0"

    def forward(xp, g, y):
        return xp.relu_grad(g, y)

    def backward(xp, gg, saved, need):
        (y,) = saved
        return (xp.relu_grad(gg, y), xp.zeros_like(gg) if need[1] else None)  # zeros, not None, as in PyTorch


class sigmoid_grad(Op):
    """g * y * (1 - y)."""

    inputs, grad_name = 2, "SigmoidBackwardBackward0"

    def forward(xp, g, y):
        return xp.sigmoid_grad(g, y)

    @holomorphic
    def backward(xp, gg, saved, need):
        g, y = saved
        return (
            xp.sigmoid_grad(gg, y) if need[0] else None,
            xp.mul(xp.mul(gg, g), xp.sub(1, xp.mul(y, 2))) if need[1] else None,
        )


class tanh_grad(Op):
    """g * (1 - y * y)."""

    inputs, grad_name = 2, "TanhBackwardBackward0"

    def forward(xp, g, y):
        return xp.tanh_grad(g, y)

    @holomorphic
    def backward(xp, gg, saved, need):
        g, y = saved
        return (
            xp.tanh_grad(gg, y) if need[0] else None,
            xp.mul(xp.mul(gg, g), xp.mul(y, -2)) if need[1] else None,
        )


_add = binary("add", lambda xp, g, need: (g, g), saves=())
_sub = binary(
    "sub",
    lambda xp, g, need: (g, xp.neg(g) if need[1] else None),
    saves=(),
    grad_names=("SubBackward0", "SubBackward0", "RsubBackward1"),
)
mul = binary(
    "mul",
    lambda xp, g, need, a, b: (xp.mul(g, b) if need[0] else None, xp.mul(g, a) if need[1] else None),
    aliases=("multiply",),
    factors=True,
)
_div = binary(
    "div",
    lambda xp, g, need, a, b: (
        xp.div(g, b) if need[0] else None,
        xp.neg(xp.div(xp.mul(g, a), xp.mul(b, b))) if need[1] else None,
    ),
    floats=True,
)


def _pow_backward(xp, g, need, a, b):
    grad_a = grad_b = None
    if need[0]:
        if isinstance(b, (int, float)):
            grad_a = xp.mul(g, 0) if b == 0 else xp.mul(g, xp.mul(xp.pow(a, b - 1), b))
        else:
            grad_a = xp.mul(g, xp.where(xp.eq(b, 0), xp.mul(b, 0), xp.mul(b, xp.pow(a, xp.sub(b, 1)))))
    if need[1]:
        power = xp.pow(a, b)
        logarithm = (
            math.log(a)
            if isinstance(a, (int, float)) and a > 0
            else (-math.inf if isinstance(a, (int, float)) else None)
        )
        if logarithm is None:
            zero = xp.mul(a, 0)
            at_zero = xp.logical_and(xp.eq(a, 0), xp.ge(b, 0))
            grad_b = xp.mul(g, xp.where(at_zero, zero, xp.mul(power, xp.log(a))))
        elif logarithm == -math.inf:
            grad_b = xp.mul(g, xp.where(xp.ge(b, 0), xp.mul(b, 0), xp.mul(power, logarithm)))
        else:
            grad_b = xp.mul(g, xp.mul(power, logarithm))
    return grad_a, grad_b


pow = binary("pow", _pow_backward, grad_names=("PowBackward0", "PowBackward1", "PowBackward2"))


def _extremum_backward(compare):
    def backward(xp, g, need, a, b):
        """Where equal, each takes half."""
        g_half = xp.mul(g, 0.5)
        equal = xp.eq(a, b)
        first = xp.where(equal, g_half, xp.where(getattr(xp, compare)(a, b), g, xp.mul(g, 0)))
        return first if need[0] else None, xp.sub(g, first) if need[1] else None

    return backward


maximum = binary("maximum", _extremum_backward("gt"), inplace=False)
minimum = binary("minimum", _extremum_backward("lt"), inplace=False)
atan2 = binary(
    "atan2",
    lambda xp, g, need, a, b: (
        xp.mul(g, xp.div(b, xp.add(xp.mul(a, a), xp.mul(b, b)))) if need[0] else None,
        xp.neg(xp.mul(g, xp.div(a, xp.add(xp.mul(a, a), xp.mul(b, b))))) if need[1] else None,
    ),
    floats=True,
    aliases=("arctan2",),
)


def _no_derivative(xp, g, need, a, b):
    raise RuntimeError("derivative for aten::floor_divide is not implemented")


floor_divide = binary("floor_divide", _no_derivative, grad_names=("NotImplemented", "NotImplemented", "NotImplemented"))
remainder = binary(
    "remainder",
    lambda xp, g, need, a, b: (g, xp.neg(xp.mul(g, xp.floor(xp.div(a, b)))) if need[1] else None),
    grad_names=("RemainderBackward0", "RemainderBackward1", "RemainderBackward1"),
)
fmod = binary(
    "fmod",
    lambda xp, g, need, a, b: (g, xp.neg(xp.mul(g, xp.trunc(xp.div(a, b)))) if need[1] else None),
    grad_names=("FmodBackward0", "FmodBackward1", "FmodBackward1"),
)
eq = binary("eq", compare=True)
ne = binary("ne", compare=True, aliases=("not_equal",))
lt = binary("lt", compare=True, aliases=("less",))
le = binary("le", compare=True, aliases=("less_equal",))
gt = binary("gt", compare=True, aliases=("greater",))
ge = binary("ge", compare=True, aliases=("greater_equal",))
logical_and = binary("logical_and", compare=True)
logical_or = binary("logical_or", compare=True)
logical_xor = binary("logical_xor", compare=True)
bitwise_and = binary("bitwise_and")
bitwise_or = binary("bitwise_or")
bitwise_xor = binary("bitwise_xor")


@public(method="logical_not_", function=False)
def _logical_not_(self):
    """In-place logical_not."""
    return self.copy_(logical_not(self))


@public(method=True)
def abs(input, *, out=None):  # noqa: A001
    """|input|; of complex numbers their length."""
    if isinstance(input, Tensor) and input.dtype.is_complex:
        result = primitives.complex_abs(input)
        return result if out is None else into(out, result)
    return _real_abs(input, out=out)


public(method=True, name="absolute")(abs)
METHODS["absolute_"] = METHODS["abs_"]


@public(method=True)
@shortcut("binary", "add")
def add(input, other, *, alpha=1, out=None):
    """input + alpha * other, broadcast."""
    if alpha != 1 or alpha is True:
        other = scaled(input, other, alpha, "add")
    return _add(input, other, out=out)


def _refuse_bool(*operands):
    for value in operands:
        if isinstance(value, bool) or (isinstance(value, Tensor) and value.dtype is bool_):
            raise RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
                "mask, use the `~` or `logical_not()` operator instead."
            )


@public(method=True)
@shortcut("binary", "sub")
def sub(input, other, *, alpha=1, out=None):
    """input - alpha * other, broadcast."""
    _refuse_bool(input, other)
    if alpha != 1 or alpha is True:
        other = scaled(input, other, alpha, "sub")
    return _sub(input, other, out=out)


public(method=True, name="subtract")(sub)


def scaled(input, other, alpha, name):
    integral = all(
        not isinstance(v, (float, complex)) and (not isinstance(v, Tensor) or v.dtype.category < 2)
        for v in (input, other)
    )
    if isinstance(alpha, (float, complex)) and integral:
        raise RuntimeError(
            f"{name}(): For integral input tensors, argument alpha must not be a floating point number, got {alpha}"
        )
    dtype = promote.result_type(input, other)
    if isinstance(alpha, complex) and not dtype.is_complex:
        raise RuntimeError(
            f"{name}(): For non-complex input tensors, argument alpha must not be a complex number, got {alpha}"
        )
    if isinstance(alpha, bool) and dtype is not bool_:
        raise RuntimeError(f"{name}(): Boolean alpha only supported for Boolean results, got alpha={alpha}")
    alpha = promote.fitting(alpha, dtype)
    return mul(other, alpha) if isinstance(other, Tensor) else other * alpha


@public(method="add_", function=False)
@shortcut("inplace_binary", "add")
def _add_(self, other, *, alpha=1):
    """In-place add."""
    if _one_kernel(self, other) and _plain(alpha) and alpha != 1:
        _check_shapes(self, other)
        return apply_inplace(primitives.add_scaled, self, other, alpha=alpha)
    if alpha != 1 or alpha is True:
        other = scaled(self, other, alpha, "add_")
    return apply_inplace(primitives.add, self, fit_operand(self, other, "add_"))


@public(method="sub_", function=False)
@shortcut("inplace_binary", "sub")
def _sub_(self, other, *, alpha=1):
    """In-place sub."""
    if _one_kernel(self, other) and _plain(alpha) and alpha != 1:
        _check_shapes(self, other)
        return apply_inplace(primitives.sub_scaled, self, other, alpha=alpha)
    if alpha != 1 or alpha is True:
        _refuse_bool(self, other)
        other = scaled(self, other, alpha, "sub_")
    _refuse_bool(self, other)
    return apply_inplace(primitives.sub, self, fit_operand(self, other, "sub_"))


METHODS["subtract_"] = _sub_


@public()
def rsub(input, other, *, alpha=1):
    """other - alpha * input."""
    return named(sub(other, input, alpha=alpha), "RsubBackward0" if isinstance(other, Tensor) else "RsubBackward1")


_ROUNDING = "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{}'"


@public(method=True)
@shortcut("binary", "div")
def div(input, other, *, rounding_mode=None, out=None):
    """input / other: true division, or rounded towards zero ("trunc") or down ("floor")."""
    if rounding_mode is None:
        return _div(input, other, out=out)
    if rounding_mode in ("floor", "trunc"):
        dtype = promote.result_type(input, other)
        if dtype is bool_ or dtype.is_complex:
            raise NotImplementedError(f"\"div_{rounding_mode}_cpu\" not implemented for '{dtype_title(dtype)}'")
    if rounding_mode == "floor":
        result = floor_divide(input, other)
    elif rounding_mode == "trunc":
        a, b = promote.pair(input, other, "div")
        tensor = a if isinstance(a, Tensor) else b
        result = trunc(_div(a, b)) if tensor.dtype.category >= 2 else _truncated(a, b)
    else:
        raise RuntimeError(_ROUNDING.format(rounding_mode))
    return result if out is None else into(out, result)


def _truncated(a, b):
    """Integer division towards zero: the exact multiple below |a|."""
    rest = fmod(a, b)
    return floor_divide(sub(a, rest), b)


for _name in ("divide", "true_divide"):
    public(method=True, name=_name)(div)


@public(method="div_", function=False)
@shortcut("inplace_division", "div")
def _div_(self, other, *, rounding_mode=None):
    """In-place div."""
    if rounding_mode is None:
        return apply_inplace(primitives.div, self, fit_operand(self, other, "div_", floats=True))
    result = div(self, other, rounding_mode=rounding_mode)
    _check_written(result.dtype, self.dtype)
    return self.copy_(result)


METHODS["divide_"] = METHODS["true_divide_"] = _div_


def _plain(value) -> bool:
    """Whether a number is one of float32 and float64 as it is, without a look at its type."""
    kind = type(value)
    return (kind is float or kind is int) and (-3e38 < value < 3e38 or value - value != 0)


def _one_kernel(first, *others) -> bool:
    """Whether the operands go through one kernel: tensors of float32 or of float64."""
    dtype = first._array.dtype
    return dtype.char in "fd" and all([isinstance(v, Tensor) and v._array.dtype == dtype for v in others])


class add_scaled(Op):
    """a + alpha * b."""

    inputs, save, grad_name, broadcast, out = 2, (), "AddBackward0", True, True

    def forward(xp, a, b, *, alpha, out=None):
        return xp.add_scaled(a, b, alpha=alpha) if out is None else xp.add_scaled(a, b, alpha=alpha, out=out)

    def backward(xp, g, saved, need, *, alpha):
        return g, xp.mul(g, alpha) if need[1] else None


class sub_scaled(Op):
    """a - alpha * b."""

    inputs, save, grad_name, broadcast, out = 2, (), "SubBackward0", True, True

    def forward(xp, a, b, *, alpha, out=None):
        return xp.add_scaled(a, b, alpha=-alpha) if out is None else xp.add_scaled(a, b, alpha=-alpha, out=out)

    def backward(xp, g, saved, need, *, alpha):
        return g, xp.mul(g, -alpha) if need[1] else None


class cast(Op):
    """Convert to another dtype."""

    inputs, save, grad_name = 1, (), "ToCopyBackward0"

    def forward(xp, a, *, dtype, source):
        return xp.cast(a, dtype=dtype)

    def backward(xp, g, saved, need, *, dtype, source):
        return (xp.cast(g, dtype=source, source=dtype) if xp.differentiable else xp.cast(g, dtype=source),)


class where(Op):
    """a where the condition holds, else b."""

    inputs, save, grad_name, broadcast = 3, (0,), "WhereBackward0", True
    kernel = cpu.where

    def forward(xp, condition, a, b):
        return xp.where(condition, a, b)

    def backward(xp, g, saved, need):
        (condition,) = saved
        return (
            None,
            xp.where(condition, g, xp.mul(g, 0)) if need[1] else None,
            xp.where(condition, xp.mul(g, 0), g) if need[2] else None,
        )


@public(name="where", method=False)
def where_function(condition, input=None, other=None, *, out=None):
    """input where condition holds, else other (broadcast); with one argument, the indices of its nonzero elements."""
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if input is None or other is None:
        raise TypeError("where() takes a condition, or a condition and both 'input' and 'other'")
    if condition.dtype is not bool_:
        if condition.dtype.category != 1 or condition.dtype.name != "uint8":
            raise RuntimeError(
                f"where expected condition to be a boolean tensor, but got a tensor with dtype "
                f"{dtype_title(condition.dtype)}"
            )
        condition = ne(condition, 0)
    a, b = input, other
    if not (isinstance(a, Tensor) and isinstance(b, Tensor) and a._array.dtype is b._array.dtype):
        dtype = promote.result_type(input, other)
        a, b = (
            promote.to_dtype(v, dtype)
            if isinstance(v, Tensor)
            else Tensor._wrap(cpu.full((), value=promote.fitting(v, dtype), dtype=cpu.to_engine_dtype(dtype)))
            for v in (input, other)
        )
    shape = condition._array.shape
    if shape != a._array.shape or shape != b._array.shape:
        broadcast_shapes(shape, a._array.shape, b._array.shape)
    result = primitives.where(condition, a, b)
    return result if out is None else into(out, result)


@public(method="where", function=False)
def _where_method(self, condition, other):
    """self where condition holds, else other."""
    return where_function(condition, self, other)


class round_to_integer(Op):
    """Nearest integer, halves to even."""

    name, inputs, save, grad_name, out = "round", 1, (), "RoundBackward0", True

    def forward(xp, a, out=None):
        return xp.round(a) if out is None else xp.round(a, out=out)

    def backward(xp, g, saved, need):
        return (xp.zeros_like(g),)


@public(method=True)
def round(input, *, decimals=0, out=None):  # noqa: A001
    """Round to the nearest integer (halves to even), or to `decimals` places."""
    if decimals:
        if input.dtype.category < 2:
            raise NotImplementedError(
                f"\"round_cpu\" not implemented for '{dtype_title(input.dtype)}' with decimals={decimals}"
            )
        scale = 10.0 ** builtin_abs(decimals) if builtin_abs(decimals) <= 308 else math.inf
        scaled_input = mul(input, scale) if decimals > 0 else _div(input, scale)
        result = primitives.round(scaled_input)
        result = _div(result, scale) if decimals > 0 else mul(result, scale)
    else:
        result = primitives.round(input)
    return result if out is None else into(out, result)


def builtin_abs(value):
    return -value if value < 0 else value


@public(method="round_", function=False)
def _round_(self, *, decimals=0):
    """In-place round."""
    return apply_inplace(primitives.round, self) if not decimals else self.copy_(round(self, decimals=decimals))
