"""Special functions, comparison of tensors, complex numbers."""

from cases import E, Input, OpCase, S, bools, distinct, ints, positive, unit

SHAPES = ((3, 4), (), (0, 3), (2, 3, 5))


def above_one(*shape):
    return Input(shape, "positive")


def row(name, kind=lambda *s: Input(s), shift=0.0, **options):
    options.setdefault("ulp", 64)
    return OpCase(
        name, lambda m, x: getattr(m, name)(x + shift if shift else x), [S(kind(*s)) for s in SHAPES], **options
    )


def both(name, kind=lambda *s: Input(s), **options):
    samples = [S(kind(3, 4), kind(3, 4)), S(kind(3, 4), kind(4)), S(kind(), kind(2, 2)), S(kind(2, 1, 4), kind(3, 1))]
    mismatch = E(lambda m: getattr(m, name)(m.ones(2), m.ones(3)), "must match the size")
    return OpCase(name, lambda m, a, b: getattr(m, name)(a, b), samples, [mismatch], ulp=64, **options)


def whole(name, **options):
    return OpCase(
        name, lambda m, a, b: getattr(m, name)(a, b), [S(ints(3, 4), ints(4, low=0, high=5))], grad_order=0, **options
    )


def z(m, re, im):
    return m.view_as_complex(m.stack([re, im], -1))


def parts(m, *values):
    return [m.view_as_real(v) for v in values]


def pair(*shape):
    return [positive(*shape), positive(*shape)]


CASES = [
    *[row(n) for n in ("erf", "erfc", "exp2", "tan", "atan", "sinh", "cosh", "asinh", "deg2rad", "rad2deg")],
    *[row(n, unit) for n in ("asin", "acos", "atanh", "erfinv")],
    row("frac", distinct, ulp=4),
    row("acosh", positive, shift=1.0, ulp=256),
    row("sinc", distinct, ulp=256),
    row("lgamma", positive, ulp=256, grad_order=1),
    row("digamma", positive, ulp=256, grad_order=0),  # PyTorch's own trigamma has ten digits: tests below
    OpCase("digamma_anywhere", lambda m, x: m.digamma(x * 3 - 4), [S(distinct(4, 7))], ulp=2048, grad_order=0),
    OpCase(
        "polygamma",
        lambda m, x: (m.polygamma(0, x), m.polygamma(2, x), x.polygamma(3)),
        [S(positive(3, 4))],
        [E(lambda m: m.polygamma(-1, m.ones(2)), "negative n")],
        ulp=2048,
        grad_fn=False,
        grad_order=1,
    ),
    OpCase(
        "mvlgamma",
        lambda m, x: m.mvlgamma(x + 2, 3),
        [S(positive(3, 4))],
        [E(lambda m: m.mvlgamma(m.ones(2), 0))],
        ulp=512,
        grad_order=1,
    ),
    row("i0", unit, grad_order=0),
    OpCase("logit", lambda m, x: (m.logit(x / 4 + 0.1), x.logit(0.2)), [S(positive(3, 4))], ulp=64),
    OpCase(
        "nan_to_num",
        lambda m, x: (m.nan_to_num(x / 0.0), x.nan_to_num(1.0), m.nan_to_num(x * m.nan, 2.0)),
        [S(distinct(3, 4))],
        grad_order=1,
    ),
    OpCase("logit_", lambda m, x: x.logit_(0.1), [S(positive(3, 4))], grad_order=1, ulp=64),
    OpCase("nan_to_num_", lambda m, x: x.nan_to_num_(), [S(distinct(3, 4))]),
    OpCase("signbit", lambda m, x: m.signbit(x), [S(distinct(3, 4)), S(ints(3, 4))], grad_order=0),
    both("copysign", distinct, grad_order=1),
    both("hypot", positive),
    both("fmax", distinct),
    both("fmin", distinct),
    both("logaddexp"),
    both("logaddexp2"),
    both("nextafter", grad_order=0),
    both("xlogy", positive),
    OpCase(
        "xlogy_zero",
        lambda m, x: (m.xlogy(x * 0, x), m.xlogy(x, 2.0), m.xlogy(2.0, x)),
        [S(positive(3, 4))],
        grad_order=1,
    ),
    OpCase(
        "fmax_nan", lambda m, x: (m.fmax(x, x / 0.0 * 0.0), m.fmin(x * m.nan, x)), [S(distinct(3, 4))], grad_order=0
    ),
    OpCase(
        "logaddexp_inf",
        lambda m: m.logaddexp(m.tensor([m.inf, -m.inf, 1.0, m.nan]), m.tensor([m.inf, -m.inf, -m.inf, 0.0])),
        [S()],
        grad_order=0,
    ),
    OpCase(
        "float_power",
        lambda m, a, b: (m.float_power(a, b), a.float_power(2)),
        [S(positive(3, 4), (4,))],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "heaviside",
        lambda m, x: m.heaviside(x, m.full((), 0.5, dtype=x.dtype)),
        [S(distinct(3, 4))],
        [E(lambda m: m.heaviside(m.ones(2), m.ones(2, dtype=m.float64)), "different dtypes")],
        grad_order=0,
    ),
    OpCase("ldexp", lambda m, x: m.ldexp(x, m.tensor([1, 2, 3, 0])), [S((3, 4))], grad_fn=False),
    OpCase("positive", lambda m, x: m.positive(x) * 2, [S((3, 4))], [E(lambda m: m.positive(m.ones(2, dtype=m.bool)))]),
    whole("gcd"),
    whole("lcm"),
    whole("bitwise_left_shift"),
    whole("bitwise_right_shift"),
    OpCase("shift_operators", lambda m, a: (a << 2, a >> 1), [S(ints(3, 4))], grad_order=0),
    OpCase(
        "isclose",
        lambda m, a: (
            m.isclose(a, a + 1e-9),
            m.isclose(a, a * 1.1),
            m.isclose(a / 0, a / 0),
            a.isclose(a * m.nan, equal_nan=True),
        ),
        [S(distinct(3, 4))],
        [E(lambda m: m.isclose(m.ones(2), m.ones(2).double())), E(lambda m: m.isclose(m.ones(2), m.ones(2), rtol=-1))],
        grad_order=0,
    ),
    OpCase(
        "allclose",
        lambda m, a: m.tensor([m.allclose(a, a), a.allclose(a + 1), m.equal(a, a), m.equal(a, a + 1), a.equal(a[:1])]),
        [S((3, 4))],
        [E(lambda m: m.equal(m.ones(2), 3)), E(lambda m: m.allclose(m.ones(2), m.ones(3)))],
        covers=("equal",),
        grad_order=0,
    ),
    OpCase(
        "isin",
        lambda m, a, b: (m.isin(a, b), m.isin(a, b, invert=True), m.isin(a, 2), m.isin(a, b[:0])),
        [S(ints(3, 4), ints(4))],
        grad_order=0,
    ),
    OpCase(
        "isposinf",
        lambda m, x: (m.isposinf(x / 0), x.isneginf(), m.isneginf(x / 0), m.isreal(x)),
        [S(distinct(3, 4)), S(ints(3))],
        covers=("isneginf", "isreal"),
        grad_order=0,
    ),
    # complex numbers: values and gradients through their real and imaginary parts
    OpCase(
        "complex_arithmetic",
        lambda m, a, b, c, d: parts(
            m,
            z(m, a, b) + z(m, c, d),
            z(m, a, b) - z(m, c, d),
            z(m, a, b) * z(m, c, d),
            z(m, a, b) / z(m, c, d),
            z(m, a, b) * 2.0,
            z(m, a, b) / (1 + 2j),
            z(m, a, b) * c,
        ),
        [S(*pair(3, 4), *pair(3, 4)), S(*pair(3, 4), *pair(4))],
        ulp=64,
    ),
    OpCase(
        "complex_matmul",
        lambda m, a, b, c, d: parts(m, z(m, a, b) @ z(m, c, d)),
        [S(*pair(3, 4), *pair(4, 2)), S(*pair(2, 3, 4), *pair(2, 4, 5))],
        ulp=64,
    ),
    OpCase(
        "complex_abs",
        lambda m, a, b: (z(m, a, b).abs(), m.angle(z(m, a, b))),
        [S(*pair(3, 4))],
        ulp=64,
        covers=("angle",),
    ),
    OpCase(
        "complex_functions",
        lambda m, a, b: parts(
            m,
            z(m, a, b).exp(),
            m.log(z(m, a, b)),
            z(m, a, b).sqrt(),
            m.sin(z(m, a, b)),
            m.tanh(z(m, a, b)),
            z(m, a, b).sum(0),
            z(m, a, b).mean(),
            z(m, a, b).square(),
            m.reciprocal(z(m, a, b)),
            z(m, a, b) ** 2,
        ),
        [S(*pair(3, 4))],
        ulp=256,
        grad_fn=False,
    ),
    OpCase(
        "conj",
        lambda m, a, b: parts(
            m, m.conj(z(m, a, b)).resolve_conj(), m.conj_physical(z(m, a, b)), z(m, a, b).adjoint().resolve_conj()
        ),
        [S(*pair(3, 4))],
        covers=("resolve_conj", "resolve_neg", "is_conj", "is_neg", "adjoint"),
        grad_fn=False,
    ),
    OpCase(
        "real",
        lambda m, a, b: (m.real(z(m, a, b)), z(m, a, b).imag, m.real(a) * 2),
        [S(*pair(3, 4))],
        [E(lambda m: m.imag(m.ones(2)), "non-complex")],
        covers=("imag", "view_as_real", "view_as_complex"),
    ),
    OpCase(
        "view_as_complex_errors",
        lambda m, x: x * 1,
        [S((2,))],
        [
            E(lambda m: m.view_as_complex(m.ones(3)), "size 2"),
            E(lambda m: m.view_as_complex(m.ones(2, 2).t()), "stride 1"),
            E(lambda m: m.view_as_real(m.ones(2)), "complex tensors"),
            E(lambda m: m.view_as_complex(m.ones(2, dtype=m.int64))),
        ],
    ),
    OpCase("sgn", lambda m, a, b: (m.view_as_real(m.sgn(z(m, a, b))), a.sgn()), [S(*pair(3, 4))], ulp=64),
    OpCase("polar", lambda m, a, b: parts(m, m.polar(a, b)), [S(*pair(3, 4))], ulp=64, grad_order=0),
    OpCase(
        "H",
        lambda m, a, b: parts(m, m.complex(a, b).H.resolve_conj(), m.complex(a, b).mH.resolve_conj()),
        [S(*pair(3, 4))],
        [E(lambda m: m.ones(2).H, "only supported on matrices"), E(lambda m: m.ones(2, 2, 2).H, "mH")],
        covers=("mH",),
    ),
    OpCase("angle_real", lambda m, x: m.angle(x), [S(distinct(3, 4)), S(ints(4))], grad_order=0),
    OpCase("isreal_bool", lambda m, b: m.isreal(b), [S(bools(3, 4))], grad_order=0),
    OpCase(
        "in place by name",
        lambda m, x: (
            m.ldexp_(x.clone(), m.tensor(2.0, dtype=x.dtype)),
            (x + 2).mvlgamma_(2),
        ),
        [S(positive(3, 4))],
        [E(lambda m: m.tensor([1, 2]).ldexp_(m.tensor(2)))],
        covers=("ldexp_", "mvlgamma_"),
        ulp=256,
        grad_order=1,
    ),
    OpCase(
        "heaviside_",
        lambda m, x: x.heaviside_(m.tensor(0.5, dtype=x.dtype)),
        [S(ints(3, 4))],
        grad_order=0,
    ),
]
