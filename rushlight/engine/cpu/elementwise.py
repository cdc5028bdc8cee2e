"""Elementwise functions of the CPU engine.

Arrays, or Python numbers taken at the arrays' dtype; arrays broadcast; `out` (last, or by name) receives the result and
may be one of the inputs; parameters by name. The result is a new array laid out in memory as its inputs are. float32,
float64 and for arithmetic and comparisons int32 and int64 run natively, everything else in NumPy.

div is true division (of floats: the op converts integers first). floor_divide rounds to minus infinity, remainder has
the divisor's sign and fmod the dividend's; integer division by zero raises RuntimeError. maximum, minimum and
clamp hand NaN on.
"""

import builtins
from typing import Any

import numpy as np

from rushlight import _native
from rushlight.engine.cpu import elementwise_numpy

__all__ = """
abs acos acosh add add_scaled addcdiv addcmul asin asinh atan atan2 atanh bitwise_and bitwise_not bitwise_or
bitwise_xor cast ceil clamp clamp_grad copysign cos cosh digamma div elu elu_grad eq erf erfc erfinv exp exp2
expm1 floor floor_divide fmax fmin fmod frac ge gelu gelu_grad gelu_tanh gelu_tanh_grad gt hardsigmoid
hardsigmoid_grad hardswish hardswish_grad hardtanh_grad hypot isfinite isinf isnan le leaky_relu leaky_relu_grad
left_shift lerp lgamma log log10 log1p log2 log_sigmoid log_sigmoid_grad logaddexp logical_and logical_not
logical_or logical_xor logit lt maximum minimum mish mish_grad mul nan_to_num ne neg nextafter pow reciprocal
relu relu_grad remainder right_shift round rsqrt sigmoid sigmoid_grad sign signbit silu silu_grad sin sinh
softplus softplus_grad sqrt square sub tan tanh tanh_grad threshold threshold_grad trunc where
""".split()

_native.set_elementwise_fallbacks(elementwise_numpy.FALLBACKS)
_native.set_bfloat16(elementwise_numpy.BFLOAT16)

# arithmetic
add = _native.add
sub = _native.sub
mul = _native.mul
div = _native.div
add_scaled = _native.add_scaled
maximum = _native.maximum
minimum = _native.minimum
fmax = _native.fmax
fmin = _native.fmin
floor_divide = _native.floor_divide
remainder = _native.remainder
fmod = _native.fmod
copysign = _native.copysign
neg = _native.neg
abs = _native.abs
sign = _native.sign
square = _native.square
sqrt = _native.sqrt
rsqrt = _native.rsqrt
reciprocal = _native.reciprocal
floor = _native.floor
ceil = _native.ceil
trunc = _native.trunc
frac = _native.frac
nan_to_num = _native.nan_to_num
lerp = _native.lerp
addcmul = _native.addcmul
addcdiv = _native.addcdiv

# mathematics
exp = _native.exp
exp2 = _native.exp2
expm1 = _native.expm1
log = _native.log
log2 = _native.log2
log10 = _native.log10
log1p = _native.log1p
tanh = _native.tanh
sigmoid = _native.sigmoid
erf = _native.erf
erfc = _native.erfc
sin = _native.sin
cos = _native.cos
tan = _native.tan
asin = _native.asin
acos = _native.acos
atan = _native.atan
atan2 = _native.atan2
sinh = _native.sinh
cosh = _native.cosh
asinh = _native.asinh
acosh = _native.acosh
atanh = _native.atanh
lgamma = _native.lgamma
digamma = _native.digamma
erfinv = _native.erfinv
hypot = _native.hypot
logaddexp = _native.logaddexp
logit = _native.logit

# activations and their gradients: (g, y) for relu, sigmoid and tanh, (g, a) for the others
relu = _native.relu
relu_grad = _native.relu_grad
sigmoid_grad = _native.sigmoid_grad
tanh_grad = _native.tanh_grad
silu = _native.silu
silu_grad = _native.silu_grad
gelu_tanh = _native.gelu_tanh
gelu_tanh_grad = _native.gelu_tanh_grad
leaky_relu = _native.leaky_relu
leaky_relu_grad = _native.leaky_relu_grad
elu = _native.elu
elu_grad = _native.elu_grad
softplus = _native.softplus
softplus_grad = _native.softplus_grad
log_sigmoid = _native.log_sigmoid
log_sigmoid_grad = _native.log_sigmoid_grad
clamp_grad = _native.clamp_grad
hardtanh_grad = _native.hardtanh_grad
hardsigmoid = _native.hardsigmoid
hardsigmoid_grad = _native.hardsigmoid_grad
hardswish = _native.hardswish
hardswish_grad = _native.hardswish_grad
mish = _native.mish
mish_grad = _native.mish_grad
threshold = _native.threshold
threshold_grad = _native.threshold_grad

# comparison and choice
eq = _native.eq
ne = _native.ne
lt = _native.lt
le = _native.le
gt = _native.gt
ge = _native.ge
isnan = _native.isnan
isinf = _native.isinf
isfinite = _native.isfinite
where = _native.where

cast = _native.cast  # cast(a, *, dtype): always a copy


def gelu(a: np.ndarray, *, approximate: str = "none") -> np.ndarray:
    """a * P(a), P the normal distribution's cumulative probability; approximate="tanh": its tanh approximation."""
    return _native.gelu_tanh(a) if approximate == "tanh" else _native.gelu(a)


def gelu_grad(g: np.ndarray, a: np.ndarray, *, approximate: str = "none") -> np.ndarray:
    """g * gelu'(a)."""
    return _native.gelu_tanh_grad(g, a) if approximate == "tanh" else _native.gelu_grad(g, a)


def pow(a: Any, b: Any, out: np.ndarray | None = None) -> np.ndarray:
    """a to the power b. Floats with the usual small exponents take a multiplication or a root instead."""
    if isinstance(b, int | float) and not isinstance(b, bool) and isinstance(a, np.ndarray) and a.dtype.kind == "f":
        if b == 2:
            return _native.square(a, out)
        if b == 1:
            return _native.mul(a, 1, out)
        if b == 3:
            return _native.mul(_native.square(a), a, out)
        if b == -1:
            return _native.reciprocal(a, out)
        if b == -0.5:
            return _native.rsqrt(a, out)
        if b == 0.5:
            return _native.sqrt(a, out)
        if b == -2:
            return _native.reciprocal(_native.square(a), out)
    return _native.pow(a, b, out)


_EXACT = 1 << 53  # up to here every integer is a double


def clamp(
    a: np.ndarray, *, min: float | None = None, max: float | None = None, out: np.ndarray | None = None
) -> np.ndarray:
    """min(max(a, min), max), None for no bound; NaN stays, and a NaN bound makes everything NaN."""
    if a.dtype.kind == "i" and any([isinstance(bound, int) and not -_EXACT <= bound <= _EXACT for bound in (min, max)]):
        # the kernel takes its bounds as doubles; integers that are none go one by one
        if min is not None:
            a = _native.maximum(a, int(min), out)
        return a if max is None else _native.minimum(a, int(max), out)
    return _native.clamp(a, out, min=min, max=max)


def round(a: np.ndarray, out: np.ndarray | None = None, *, decimals: int = 0) -> np.ndarray:
    """To `decimals` decimal places, halves to even."""
    if decimals == 0:
        return _native.round(a, out)
    scale = 10.0 ** builtins.abs(decimals)
    if decimals > 0:
        return _native.div(_native.round(_native.mul(a, scale)), scale, out)
    return _native.mul(_native.round(_native.div(a, scale)), scale, out)


def _with_numpy(function: np.ufunc):
    def run(*inputs: Any, out: np.ndarray | None = None) -> np.ndarray:
        arrays = elementwise_numpy._arrays(inputs)
        try:
            if out is not None:
                return function(*arrays, out=out, casting="unsafe")
            return _native.laid_out(np.asarray(function(*arrays)), *arrays)
        except TypeError:
            kinds = ", ".join(str(array.dtype) for array in arrays)
            raise NotImplementedError(f"\"{function.__name__}_cpu\" not implemented for '{kinds}'") from None

    return run


logical_and = _with_numpy(np.logical_and)
logical_or = _with_numpy(np.logical_or)
logical_xor = _with_numpy(np.logical_xor)
logical_not = _with_numpy(np.logical_not)
bitwise_and = _with_numpy(np.bitwise_and)
bitwise_or = _with_numpy(np.bitwise_or)
bitwise_xor = _with_numpy(np.bitwise_xor)
bitwise_not = _with_numpy(np.invert)
left_shift = _with_numpy(np.left_shift)
right_shift = _with_numpy(np.right_shift)
signbit = _with_numpy(np.signbit)
nextafter = _with_numpy(np.nextafter)
