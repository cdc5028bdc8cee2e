"""Every elementwise function, by type and size: small, in cache, out of it."""

from __future__ import annotations

from .measure import Row

ROWS: list[Row] = []
SIZES = {"4K": 1 << 12, "256K": 1 << 18, "16M": 1 << 24}
FLOATS = ("float32", "float64")
INTS = ("int32", "int64")
NARROW = ("bfloat16", "float16")

UNARY = """
exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh atanh
erf erfc erfinv lgamma digamma sqrt rsqrt reciprocal square abs neg sign floor ceil round trunc frac sigmoid logit
""".split()
ACTIVATIONS = """
relu gelu silu mish elu selu celu softplus logsigmoid hardswish hardsigmoid hardtanh leaky_relu
relu6 softsign tanhshrink
""".split()
BINARY = """
add sub mul div pow atan2 fmod remainder floor_divide hypot logaddexp maximum minimum fmax fmin copysign lt eq
""".split()
OTHERS = {
    "acosh": lambda lib, x, y: lib.acosh(x + 1),
    "mul by number": lambda lib, x, y: x * 2.5,
    "pow 2.5": lambda lib, x, y: x**2.5,
    "clamp": lambda lib, x, y: x.clamp(0.25, 0.75),
    "lerp": lambda lib, x, y: x.lerp(y, 0.3),
    "addcmul": lambda lib, x, y: lib.addcmul(x, x, y, value=0.5),
    "addcdiv": lambda lib, x, y: lib.addcdiv(x, x, y, value=0.5),
    "where": lambda lib, x, y: lib.where(x < y, x, y),
    "masked_fill": lambda lib, x, y: x.masked_fill(x < y, 0.0),
    "isnan": lambda lib, x, y: x.isnan(),
    "nan_to_num": lambda lib, x, y: lib.nan_to_num(x),
    "all below 2": lambda lib, x, y: (x < 2).all(),
    "count_nonzero": lambda lib, x, y: lib.count_nonzero(x),
    "allclose": lambda lib, x, y: lib.allclose(x, x),
    "cumsum": lambda lib, x, y: x.cumsum(0),
    "cumprod": lambda lib, x, y: x.cumprod(0),
    "sort": lambda lib, x, y: x.sort(),
    "argsort": lambda lib, x, y: x.argsort(),
    "topk 10": lambda lib, x, y: x.topk(10),
    "unique": lambda lib, x, y: x.unique(),
}
SLOW = ("sort", "argsort", "unique")  # seconds at 16M
INTEGER = {
    "add": lambda lib, x, y: x + y,
    "mul": lambda lib, x, y: x * y,
    "div": lambda lib, x, y: x / y,
    "floor_divide": lambda lib, x, y: x // y,
    "remainder": lambda lib, x, y: x % y,
    "pow 3": lambda lib, x, y: x**3,
    "and": lambda lib, x, y: x & y,
    "shift": lambda lib, x, y: x << 2,
    "clamp": lambda lib, x, y: x.clamp(2, 50),
    "eq": lambda lib, x, y: x == y,
    "where": lambda lib, x, y: lib.where(x < y, x, y),
    "abs": lambda lib, x, y: x.abs(),
    "cumsum": lambda lib, x, y: x.cumsum(0),
    "sort": lambda lib, x, y: x.sort(),
    "bincount": lambda lib, x, y: lib.bincount(x),
}
HALF = {
    "add": lambda lib, x, y: x + y,
    "mul": lambda lib, x, y: x * y,
    "div": lambda lib, x, y: x / y,
    "exp": lambda lib, x, y: x.exp(),
    "sqrt": lambda lib, x, y: x.sqrt(),
    "tanh": lambda lib, x, y: x.tanh(),
    "relu": lambda lib, x, y: x.relu(),
    "gelu": lambda lib, x, y: lib.nn.functional.gelu(x),
    "lt": lambda lib, x, y: x < y,
    "sum": lambda lib, x, y: x.sum(),
}
BOOL = {
    "and": lambda lib, x, y: x & y,
    "or": lambda lib, x, y: x | y,
    "not": lambda lib, x, y: ~x,
    "logical_and": lambda lib, x, y: lib.logical_and(x, y),
    "any": lambda lib, x, y: x.any(),
    "all": lambda lib, x, y: x.all(),
    "sum": lambda lib, x, y: x.sum(),
    "nonzero": lambda lib, x, y: x.nonzero(),
}
TYPES = (*FLOATS, *NARROW, *INTS, "int16", "uint8", "bool")


def row(name, dtype, label, n, call, high=1):
    """One line; x and y are uniform on [0, high), plus 1/100 (so that no divisor is 0) or, for integers, 1."""

    def prepare(lib):
        lib.manual_seed(0)
        t = getattr(lib, dtype)
        if dtype == "bool":
            x, y = lib.rand(n) < 0.5, lib.rand(n) < 0.5
        else:
            low = 1 if dtype in INTS else 0.01
            x, y = ((lib.rand(n) * (high - 2 * low) + low).to(t) for _ in range(2))
        return lambda: call(lib, x, y)

    ROWS.append(Row(f"{name} {dtype} {label}", prepare, dtype=dtype))


def named(name, inputs=1):
    """lib.NAME or lib.nn.functional.NAME as call(lib, x, y)."""

    def call(lib, x, y):
        function = getattr(lib, name, None) or getattr(lib.nn.functional, name)
        return function(x) if inputs == 1 else function(x, y)

    return call


for _label, _n in SIZES.items():
    for _type in FLOATS:
        for _name in UNARY + ACTIVATIONS:
            row(_name, _type, _label, _n, named(_name))
        for _name in BINARY:
            row(_name, _type, _label, _n, named(_name, 2))
        for _name, _call in OTHERS.items():
            if _label != "16M" or _name not in SLOW:
                row(_name, _type, _label, _n, _call)
    for _types, _calls, _high in ((INTS, INTEGER, 100), (NARROW, HALF, 1), (("bool",), BOOL, 1)):
        for _type in _types:
            for _name, _call in _calls.items():
                if _label != "16M" or _name not in SLOW:
                    row(_name, _type, _label, _n, _call, _high)
    for _from in TYPES:
        for _to in TYPES:
            if _from != _to:
                _cast = lambda lib, x, y, to=_to: x.to(getattr(lib, to))  # noqa: E731
                row(f"to {_to} from", _from, _label, _n, _cast, 100)
