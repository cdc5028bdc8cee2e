"""Elementwise ops."""

from cases import E, OpCase, S, bools, distinct, ints, positive, unit

SHAPES = [S((3, 4)), S(()), S((0, 3)), S((2, 3, 5))]


def unary(name, sample=None, **options):
    samples = [S(sample(3, 4)), S(sample()), S(sample(0, 3)), S(sample(2, 3, 5))] if sample else SHAPES
    return OpCase(name, lambda m, x, name=name: getattr(m, name)(x), samples, **options)


def pairs(kind=lambda *shape: tuple(shape)):
    return [
        S(kind(3, 4), kind(3, 4)),
        S(kind(3, 4), kind(4)),
        S(kind(2, 1, 4), kind(3, 1)),
        S(kind(), kind(2, 2)),
        S(kind(2, 3, 4, 5), kind(3, 1, 1)),
        S(kind(0, 3), kind(3)),
    ]


def binary(name, kind=lambda *shape: tuple(shape), **options):
    mismatch = E(lambda m: getattr(m, name)(m.ones(2), m.ones(3)), "must match the size")
    return OpCase(name, lambda m, a, b, name=name: getattr(m, name)(a, b), pairs(kind), [mismatch], **options)


CASES = [
    *[unary(n) for n in ("neg", "exp", "expm1", "sin", "cos", "tanh", "sigmoid")],
    *[unary(n, distinct) for n in ("abs", "sign", "relu")],
    *[unary(n, positive) for n in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal")],
    unary("square"),
    *[unary(n, distinct, grad_order=1) for n in ("floor", "ceil", "trunc", "round")],
    *[unary(n, grad_order=0) for n in ("isnan", "isinf", "isfinite", "logical_not")],
    binary("add"),
    binary("sub"),
    binary("mul"),
    binary("div", positive),
    binary("pow", positive),
    binary("maximum", distinct),
    binary("minimum", distinct),
    binary("atan2", positive),
    *[
        binary(n, grad_order=0)
        for n in ("eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor")
    ],
    OpCase("floor_divide", lambda m, a, b: m.floor_divide(a, b), pairs(positive), grad_order=0),
    binary("remainder", positive),
    binary("fmod", positive),
    OpCase("add_scaled", lambda m, a, b: m.add(a, b, alpha=2.5) - m.sub(b, a, alpha=0.5), [S((3, 4), (4,))]),
    OpCase(
        "scalars",
        lambda m, x: (x + 1, 2 - x, x * 3, 1.5 / x, x / 2, x**2, x**0.5, x**-1, 2**x, -x, x % 0.7),
        [S(positive(3, 4)), S(positive())],
    ),
    OpCase(
        "integers",
        lambda m, a, b: (a + b, a - b, a * b, a / 3, a + 0.5, a // 3, a % 3, -a, a**2, a & b, a | b, a ^ b, ~a),
        [S(ints(3, 4), ints(4))],
        grad_order=0,
    ),
    OpCase(
        "division_modes",
        lambda m, a, b: (m.div(a, b, rounding_mode="floor"), m.div(a, b, rounding_mode="trunc")),
        [S(ints(4, 5), ints(5, low=1)), S((4, 5), positive(5))],
        grad_order=0,
    ),
    OpCase(
        "bitwise_not",
        lambda m, a: m.bitwise_not(a),
        [S(ints(3, 4)), S(bools(5))],
        grad_order=0,
        covers=("bitwise_and", "bitwise_or", "bitwise_xor"),
    ),
    OpCase("where", lambda m, c, a, b: m.where(c, a, b), [S(bools(3, 4), (3, 4), (4,)), S(bools(3, 1), (), (3, 4))]),
    OpCase(
        "clamp",
        lambda m, x: (m.clamp(x, -0.5, 0.5), m.clamp(x, min=0.1), x.clamp(max=0.1), x.clamp_min(0), x.clamp_max(0)),
        [S(distinct(3, 4)), S(distinct(0, 2))],
    ),
    OpCase("lerp", lambda m, a, b: m.lerp(a, b, 0.3), [S((3, 4), (3, 4))], covers=("lerp_",)),
    OpCase("addcmul", lambda m, a, b, c: m.addcmul(a, b, c, value=0.5), [S((3, 4), (3, 4), (4,))]),
    OpCase("addcdiv", lambda m, a, b, c: m.addcdiv(a, b, c, value=0.5), [S((3, 4), (3, 4), positive(4))]),
    OpCase(
        "add_",
        lambda m, a, b, alpha=1: a.add_(b, alpha=alpha),
        [S((3, 4), (3, 4)), S((3, 4), (4,)), S((3, 4), (4,), alpha=-0.5)],
        [
            E(lambda m: m.ones(2).add_(m.ones(3, 2)), "doesn't match the broadcast shape"),
            E(lambda m: m.ones(2, dtype=m.int64).add_(1.5), "can't be cast"),
            E(lambda m: m.ones(2, requires_grad=True).add_(1), "leaf Variable"),
        ],
    ),
    OpCase(
        "sub_",
        lambda m, a, b: a.sub_(b, alpha=2),
        [S((3, 4), (4,))],
        [E(lambda m: m.ones(2, dtype=m.bool) - m.ones(2, dtype=m.bool), "bool")],
    ),
    OpCase("mul_", lambda m, a, b: a.mul_(b), [S((3, 4), (3, 4)), S((3, 4), ())]),
    OpCase("div_", lambda m, a, b: a.div_(b), [S((3, 4), positive(4))]),
    OpCase("pow_", lambda m, a, b: a.pow_(b), [S(positive(3, 4), positive(3, 4))]),
    OpCase("exp_", lambda m, a: a.exp_(), [S((3, 4))]),
    OpCase("relu_", lambda m, a: a.relu_(), [S(distinct(3, 4))]),
    OpCase("sigmoid_", lambda m, a: a.sigmoid_(), [S((3, 4))]),
    OpCase("tanh_", lambda m, a: a.tanh_(), [S(unit(3, 4))]),
    OpCase("clamp_", lambda m, a: a.clamp_(-0.5, 0.5), [S(distinct(3, 4))]),
    OpCase("to", lambda m, x: (x.double() * 2, x.float() * 2, x.to(m.float64)), [S((3, 4))], grad_fn=False),
]
