"""The plain NumPy form of every elementwise map: the long tail of dtypes that have no kernel.

`rushlight._native` calls these by name when an input is neither float32 nor float64 (nor int32 or int64 where a kernel
takes them), or when dtypes are mixed. They take and give what the kernels do: arrays or Python numbers, which count at
the arrays' dtype; parameters by name; `out`; always an array back; no floating-point warnings. float16 and bfloat16 are
computed in float32 where NumPy has no function for them.
"""

import builtins
from collections.abc import Callable
from functools import wraps
from typing import Any

import ml_dtypes
import numpy as np

from . import special

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_narrow = (np.dtype(np.float16), BFLOAT16)


def _arrays(inputs: tuple[Any, ...]) -> list[np.ndarray]:
    """The inputs as arrays; a Python number becomes a 0-d array of the first array's dtype (integers wrap)."""
    like = next((x.dtype for x in reversed(inputs) if isinstance(x, np.ndarray | np.generic)), None)
    result = []
    for x in inputs:
        if isinstance(x, np.ndarray | np.generic) or like is None:
            result.append(np.asarray(x))
        elif isinstance(x, int) and like.kind in "iu":
            wrapped = x & ((1 << (8 * like.itemsize)) - 1)
            result.append(np.asarray(wrapped, dtype=f"u{like.itemsize}").view(like))
        else:
            result.append(np.asarray(x).astype(like))
    return result


def _finish(result: Any, out: np.ndarray | None) -> np.ndarray:
    if out is None:
        return np.asarray(result)
    np.copyto(out, result, casting="unsafe")
    return out


def _map(
    inputs: int, function: Callable[..., Any], *, widen: bool = False, **defaults: float
) -> Callable[..., np.ndarray]:
    """`function` on arrays as a map. widen: compute narrow floats in float32 and round once."""

    @wraps(function)
    def run(*args: Any, out: np.ndarray | None = None, **params: Any) -> np.ndarray:
        if len(args) == inputs + 1:
            *args, out = args  # type: ignore[assignment]
        if len(args) != inputs:
            raise TypeError(f"{function.__name__}: expected {inputs} inputs, got {len(args)}")
        given = {**defaults, **{name: value for name, value in params.items() if value is not None}}
        with np.errstate(all="ignore"):
            arrays = _arrays(tuple(args))
            dtype = arrays[-1].dtype
            if widen and dtype in _narrow:
                wide = [x.astype(np.float32) if x.dtype in _narrow else x for x in arrays]
                result = np.asarray(function(*wide, **given))
                if result.dtype == np.float32:
                    result = result.astype(dtype)
            else:
                result = function(*arrays, **given)
            return _finish(result, out)

    return run


def _is_float(x: np.ndarray) -> bool:
    return x.dtype.kind in "fc" or x.dtype in _narrow


def _numbers(x: np.ndarray) -> Any:
    """A parameter's type for arrays like `x`: so that integer arrays keep their dtype."""
    return x.dtype.type


def _mul(a, b):
    return a & b if a.dtype == bool and b.dtype == bool else np.multiply(a, b)


def _sub(a, b):
    return np.bitwise_xor(a, b) if a.dtype == bool and b.dtype == bool else np.subtract(a, b)


def _neg(a):
    return np.negative(a.view(np.int8)).view(bool) if a.dtype == bool else np.negative(a)


def _add_scaled(a, b, alpha):
    return a + _numbers(b)(alpha) * b


def _floor_divide(a, b):
    return np.floor_divide(a, b)


def _int_divisor(name: str, b: np.ndarray) -> None:
    if b.dtype.kind in "iu" and not np.all(b):
        raise RuntimeError(f"ZeroDivisionError: {name}: integer division by zero")


def _checked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(a, b):
        _int_divisor(name, b)
        return function(a, b)

    run.__name__ = name
    return run


def _int_pow(a, b):
    """Integer powers as PyTorch has them: a negative exponent gives 1 for base 1, +-1 for base -1 and 0 otherwise."""
    if a.dtype.kind not in "iu" or b.dtype.kind != "i" or not np.any(b < 0):
        return np.power(a, b)
    positive = np.power(a, np.where(b < 0, 0, b))
    parity = np.where(b & 1, a, np.ones_like(a))
    return np.where(b >= 0, positive, np.where(np.abs(a) == 1, parity, np.zeros_like(a)))


def _sign(a):
    if a.dtype == bool:
        return a.copy()
    if a.dtype.kind == "c":
        return np.where(a == 0, a, a / np.abs(a)).astype(a.dtype)
    return np.where(np.isnan(a), np.zeros_like(a), np.sign(a)) if _is_float(a) else np.sign(a)


def _clamp(a, min, max):
    if min == -np.inf and max == np.inf:
        return a.copy()
    if min != -np.inf:
        a = np.maximum(a, _arrays((a, min))[1]) if _is_float(a) else np.maximum(a, _bound(a, min))
    if max != np.inf:
        a = np.minimum(a, _arrays((a, max))[1]) if _is_float(a) else np.minimum(a, _bound(a, max))
    return a


def _bound(a, value):
    """An integer bound within the dtype's range."""
    info = np.iinfo(a.dtype) if a.dtype != bool else None
    if info is not None:
        value = builtins.min(builtins.max(int(value), info.min), info.max)
    return np.asarray(value).astype(a.dtype)


def _lerp(a, b, weight):
    return np.where(np.abs(weight) < 0.5, a + weight * (b - a), b - (b - a) * (1 - weight))


def _nan_to_num(a, nan, posinf, neginf):
    numbers = [_numbers(a)(value) for value in (nan, posinf, neginf)]
    return np.where(np.isnan(a), numbers[0], np.where(a == np.inf, numbers[1], np.where(a == -np.inf, numbers[2], a)))


def _logaddexp(a, b):
    high, low = np.maximum(a, b), np.minimum(a, b)
    return np.where((a == b) & np.isinf(a), a, high + np.log1p(np.exp(low - high)))


def _sigmoid(a):
    return 1 / (1 + np.exp(-a))


def _libm(name: str) -> Callable[..., Any]:
    import math

    return np.vectorize(getattr(math, name), otypes=[float])


def _erf(a):
    return _libm("erf")(a).astype(a.dtype)


def _erfc(a):
    return _libm("erfc")(a).astype(a.dtype)


def _lgamma(a):
    import math

    def one(x: float) -> float:
        if math.isinf(x) or (x <= 0 and x == math.floor(x)):
            return math.inf
        return math.lgamma(x)

    return np.vectorize(one, otypes=[float])(a).astype(a.dtype)


def _cdf(a):
    return 0.5 * (1 + _erf(a * 0.7071067811865476))


def _gelu_grad(g, a):
    return g * (_cdf(a) + a * np.exp(-0.5 * a * a) * 0.3989422804014327)


def _tanh_terms(a):
    k = 0.7978845608028654
    return np.tanh(k * (a + 0.044715 * a**3)), k * (1 + 3 * 0.044715 * a * a)


def _gelu_tanh(a):
    return 0.5 * a * (1 + _tanh_terms(a)[0])


def _gelu_tanh_grad(g, a):
    t, slope = _tanh_terms(a)
    return g * (0.5 * (1 + t) + 0.5 * a * (1 - t * t) * slope)


def _elu(a, alpha, scale, input_scale):
    return np.where(a > 0, scale * a, scale * alpha * np.expm1(input_scale * a))


def _elu_grad(g, a, alpha, scale, input_scale):
    return g * np.where(a > 0, scale, scale * alpha * input_scale * np.exp(input_scale * a))


def _softplus(a, beta, threshold):
    return np.where(a * beta > threshold, a, np.log1p(np.exp(a * beta)) / beta)


def _softplus_grad(g, a, beta, threshold):
    return np.where(a * beta > threshold, g, g * _sigmoid(a * beta))


def _mish_gate(a):
    e = np.exp(np.minimum(a, 20))
    return e * (e + 2) / (e * (e + 2) + 2)


def _mish_grad(g, a):
    t = _mish_gate(a)
    return g * (t + a * (1 - t * t) * _sigmoid(a))


def _zeros_unless(condition, g):
    return np.where(condition, g, np.zeros_like(g))


def _hard_gate(a):
    return np.minimum(np.maximum(a + 3, 0), 6)


def _cast(out: np.ndarray, a: np.ndarray) -> np.ndarray:
    """out[...] = a, converted as PyTorch converts: complex to real drops the imaginary part, NaN to bool is True."""
    with np.errstate(all="ignore"):
        if a.dtype.kind == "c" and out.dtype.kind != "c" and out.dtype != bool:
            a = a.real
        np.copyto(out, a, casting="unsafe")
    return out


FALLBACKS: dict[str, Callable[..., np.ndarray]] = {
    "add": _map(2, np.add),
    "sub": _map(2, _sub),
    "mul": _map(2, _mul),
    "div": _map(2, np.true_divide),
    "add_scaled": _map(2, _add_scaled, alpha=1),
    "maximum": _map(2, np.maximum),
    "minimum": _map(2, np.minimum),
    "fmax": _map(2, np.fmax),
    "fmin": _map(2, np.fmin),
    "floor_divide": _map(2, _checked("floor_divide", np.floor_divide)),
    "remainder": _map(2, _checked("remainder", np.remainder)),
    "fmod": _map(2, _checked("fmod", np.fmod)),
    "copysign": _map(2, np.copysign),
    "nan_to_num": _map(1, _nan_to_num, nan=0.0, posinf=np.inf, neginf=-np.inf),
    "neg": _map(1, _neg),
    "abs": _map(1, np.abs),
    "sign": _map(1, _sign),
    "square": _map(1, lambda a: a * a),
    "sqrt": _map(1, np.sqrt),
    "rsqrt": _map(1, lambda a: 1 / np.sqrt(a), widen=True),
    "reciprocal": _map(1, lambda a: 1 / a, widen=True),
    "floor": _map(1, np.floor),
    "ceil": _map(1, np.ceil),
    "trunc": _map(1, np.trunc),
    "frac": _map(1, lambda a: a - np.trunc(a)),
    "round": _map(1, np.rint),
    "clamp": _map(1, _clamp, min=-np.inf, max=np.inf),
    "lerp": _map(3, _lerp, widen=True),
    "addcmul": _map(3, lambda a, b, c, value: a + _numbers(a)(value) * b * c, value=1),
    "addcdiv": _map(3, lambda a, b, c, value: a + _numbers(a)(value) * b / c, value=1),
    "exp": _map(1, np.exp),
    "exp2": _map(1, np.exp2),
    "expm1": _map(1, np.expm1),
    "log": _map(1, np.log),
    "log2": _map(1, np.log2),
    "log10": _map(1, np.log10),
    "log1p": _map(1, np.log1p),
    "tanh": _map(1, np.tanh),
    "sigmoid": _map(1, _sigmoid, widen=True),
    "erf": _map(1, _erf, widen=True),
    "erfc": _map(1, _erfc, widen=True),
    "pow": _map(2, _int_pow),
    "sin": _map(1, np.sin),
    "cos": _map(1, np.cos),
    "tan": _map(1, np.tan),
    "asin": _map(1, np.arcsin),
    "acos": _map(1, np.arccos),
    "atan": _map(1, np.arctan),
    "atan2": _map(2, np.arctan2),
    "sinh": _map(1, np.sinh),
    "cosh": _map(1, np.cosh),
    "asinh": _map(1, np.arcsinh),
    "acosh": _map(1, np.arccosh),
    "atanh": _map(1, np.arctanh),
    "lgamma": _map(1, _lgamma, widen=True),
    "digamma": _map(1, special.digamma),
    "erfinv": _map(1, special.erfinv),
    "hypot": _map(2, np.hypot, widen=True),
    "logaddexp": _map(2, _logaddexp, widen=True),
    "logit": _map(1, lambda a: np.log(a / (1 - a)), widen=True),
    "relu": _map(1, lambda a: np.maximum(a, np.zeros((), a.dtype))),
    "relu_grad": _map(2, lambda g, y: _zeros_unless(~(y <= 0), g)),
    "sigmoid_grad": _map(2, lambda g, y: g * (y * (1 - y)), widen=True),
    "tanh_grad": _map(2, lambda g, y: g * (1 - y * y), widen=True),
    "silu": _map(1, lambda a: a * _sigmoid(a), widen=True),
    "silu_grad": _map(2, lambda g, a: g * _sigmoid(a) * (1 + a * (1 - _sigmoid(a))), widen=True),
    "gelu": _map(1, lambda a: a * _cdf(a), widen=True),
    "gelu_grad": _map(2, _gelu_grad, widen=True),
    "gelu_tanh": _map(1, _gelu_tanh, widen=True),
    "gelu_tanh_grad": _map(2, _gelu_tanh_grad, widen=True),
    "leaky_relu": _map(
        1, lambda a, negative_slope: np.where(a > 0, a, a * negative_slope), widen=True, negative_slope=0.01
    ),
    "leaky_relu_grad": _map(
        2, lambda g, a, negative_slope: np.where(a > 0, g, g * negative_slope), widen=True, negative_slope=0.01
    ),
    "elu": _map(1, _elu, widen=True, alpha=1, scale=1, input_scale=1),
    "elu_grad": _map(2, _elu_grad, widen=True, alpha=1, scale=1, input_scale=1),
    "softplus": _map(1, _softplus, widen=True, beta=1, threshold=20),
    "softplus_grad": _map(2, _softplus_grad, widen=True, beta=1, threshold=20),
    "log_sigmoid": _map(1, lambda a: np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))), widen=True),
    "log_sigmoid_grad": _map(2, lambda g, a: g * _sigmoid(-a), widen=True),
    "clamp_grad": _map(2, lambda g, a, min, max: _zeros_unless((a >= min) & (a <= max), g), min=-np.inf, max=np.inf),
    "hardtanh_grad": _map(
        2, lambda g, a, min_val, max_val: _zeros_unless(~((a <= min_val) | (a >= max_val)), g), min_val=-1, max_val=1
    ),
    "hardsigmoid": _map(1, lambda a: _hard_gate(a) / 6, widen=True),
    "hardsigmoid_grad": _map(2, lambda g, a: _zeros_unless((a > -3) & (a < 3), g / 6), widen=True),
    "hardswish": _map(1, lambda a: a * _hard_gate(a) / 6, widen=True),
    "hardswish_grad": _map(2, lambda g, a: np.where(a <= -3, 0 * g, np.where(a < 3, g * (a / 3 + 0.5), g)), widen=True),
    "mish": _map(1, lambda a: a * _mish_gate(a), widen=True),
    "mish_grad": _map(2, _mish_grad, widen=True),
    "threshold": _map(
        1, lambda a, threshold, value: np.where(a <= threshold, _numbers(a)(value), a), threshold=0, value=0
    ),
    "threshold_grad": _map(2, lambda g, a, threshold: _zeros_unless(~(a <= threshold), g), threshold=0),
    "eq": _map(2, np.equal),
    "ne": _map(2, np.not_equal),
    "lt": _map(2, np.less),
    "le": _map(2, np.less_equal),
    "gt": _map(2, np.greater),
    "ge": _map(2, np.greater_equal),
    "isnan": _map(1, np.isnan),
    "isinf": _map(1, np.isinf),
    "isfinite": _map(1, np.isfinite),
    "cast": _cast,
}


def where(condition: Any, a: Any, b: Any, out: np.ndarray | None = None) -> np.ndarray:
    """np.where with Python numbers taken at the arrays' dtype."""
    a, b = _arrays((a, b))
    return _finish(np.where(condition, a, b), out)


FALLBACKS["where"] = where
