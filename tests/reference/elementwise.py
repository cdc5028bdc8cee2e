"""Elementwise functions in plain NumPy, in the precision of their arguments (call with float64 or longdouble)."""

import math

import numpy as np

erf = np.vectorize(math.erf, otypes=[np.float64])
erfc = np.vectorize(math.erfc, otypes=[np.float64])
lgamma = np.vectorize(lambda x: math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x), otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x, beta=1.0, threshold=20.0):
    return np.where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


def gelu(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


UNARY = {
    "neg": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "square": np.square,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "reciprocal": lambda x: 1 / x,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "frac": lambda x: x - np.trunc(x),
    "round": np.rint,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "erf": erf,
    "erfc": erfc,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "lgamma": lgamma,
    "relu": lambda x: np.where(x < 0, 0, x),
    "silu": lambda x: x * sigmoid(x),
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "leaky_relu": lambda x: np.where(x > 0, x, x * 0.01),
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "softplus": softplus,
    "log_sigmoid": lambda x: -softplus(-x, threshold=np.inf),
    "hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "mish": lambda x: x * np.tanh(softplus(x, threshold=np.inf)),
}

BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "fmax": np.fmax,
    "fmin": np.fmin,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "fmod": np.fmod,
    "pow": np.power,
    "atan2": np.arctan2,
}

COMPARISON = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}

# name of the gradient kernel -> (the function, its derivative's argument: "input" or "output")
GRADIENTS = {
    "relu_grad": ("relu", "output"),
    "sigmoid_grad": ("sigmoid", "output"),
    "tanh_grad": ("tanh", "output"),
    "silu_grad": ("silu", "input"),
    "gelu_grad": ("gelu", "input"),
    "gelu_tanh_grad": ("gelu_tanh", "input"),
    "leaky_relu_grad": ("leaky_relu", "input"),
    "elu_grad": ("elu", "input"),
    "softplus_grad": ("softplus", "input"),
    "log_sigmoid_grad": ("log_sigmoid", "input"),
    "hardsigmoid_grad": ("hardsigmoid", "input"),
    "hardswish_grad": ("hardswish", "input"),
    "mish_grad": ("mish", "input"),
}


def derivative(function, x, step=1e-5):
    """Central difference; its own error is about step^2 + eps / step, 1e-10 in float64."""
    return (function(x + step) - function(x - step)) / (2 * step)
