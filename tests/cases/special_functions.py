"""torch.special: what torch itself does not have, the shared names, and the incomplete gamma functions.

Where PyTorch's own values are only good to some digits (Bessel's functions, igamma), they are compared loosely here and
closely with mpmath in tests/test_special.py.
"""

from cases import E, Input, OpCase, S, distinct, ints, positive, unit


def row(name, kind=distinct, scale=1.0, shift=0.0, **options):
    options.setdefault("ulp", 256)
    errors = [
        E(lambda m: getattr(m.special, name)(1.0), "must be Tensor"),
        E(lambda m: getattr(m.special, name)(m.ones(2), m.ones(2), m.ones(2), 3, 4), ""),
    ]
    return OpCase(
        f"special.{name}",
        lambda m, x: getattr(m.special, name)(x * scale + shift if scale != 1 or shift else x),
        [S(kind(3, 4)), S(kind()), S(kind(0, 3)), S(kind(2, 3, 5))],
        errors,
        **options,
    )


def rough(name, kind=distinct, scale=5.0, shift=0.0, digits=6):
    """A function of which PyTorch's values have only some digits, without derivative."""
    return row(name, kind, scale, shift, grad_order=0, ulp=10.0**-digits / 2.0**-52, dtypes=("float64",))


def polynomial(name):
    def call(m, x, n):
        p = getattr(m.special, name)
        return p(x * 1.2, n), p(x, 3), p(x[:1], n[0]), p(m.linspace(-1, 1, 5, dtype=x.dtype), 4), p(0.3, n)

    samples = [S(unit(3, 4), ints(3, 4, low=-1, high=7))]
    errors = [E(lambda m: getattr(m.special, name)(m.ones(2), m.ones(3)), "must match the size")]
    return OpCase(f"special.{name}", call, samples, errors, grad_order=0, ulp=2048)


def shared(name, kind=positive, call=None, **options):
    call = call or (lambda m, x: getattr(m.special, name)(x))
    options.setdefault("ulp", 256)
    options.setdefault("grad_order", 1)
    return OpCase(f"special.{name}", call, [S(kind(3, 4))], **options)


def second_only(function):
    """A gradient for the second operand only."""
    return lambda m, a, b: (
        getattr(m.special, function)(a.detach(), b),
        getattr(m, {"gammainc": "igamma", "gammaincc": "igammac"}[function])(a.detach(), b),
    )


CASES = [
    row("entr", positive),
    OpCase(
        "special.entr anywhere",
        lambda m, x: m.special.entr(m.cat([x, m.tensor([0.0, m.nan, m.inf], dtype=x.dtype)])),
        [S(distinct(7))],
        grad_order=0,
    ),
    row("erfcx", ulp=512),
    row("ndtr", ulp=256),
    row("log_ndtr", scale=3.0, ulp=1024),
    row("ndtri", lambda *s: Input(s, "unit"), 0.5, 0.5, ulp=4096, dtypes=("float64",)),
    row("i0e", ulp=512, grad_order=1),
    row("i1", ulp=512, grad_order=1),
    row("i1e", ulp=512, grad_order=1),
    *[rough(n) for n in ("bessel_j0", "bessel_j1", "modified_bessel_i0", "modified_bessel_i1", "spherical_bessel_j0")],
    *[
        rough(n, positive)
        for n in """bessel_y0 bessel_y1 modified_bessel_k0 modified_bessel_k1 scaled_modified_bessel_k0
        scaled_modified_bessel_k1""".split()
    ],
    *[
        polynomial(n)
        for n in """chebyshev_polynomial_t chebyshev_polynomial_u chebyshev_polynomial_v chebyshev_polynomial_w
        hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p
        shifted_chebyshev_polynomial_t shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v
        shifted_chebyshev_polynomial_w""".split()
    ],
    OpCase(
        "special.xlog1py",
        lambda m, a, b: (
            m.special.xlog1py(a, b),
            m.special.xlog1py(a, 2.0),
            m.special.xlog1py(2.0, b),
            m.special.xlog1py(a * 0, b - b - 1),
        ),
        [S((3, 4), positive(3, 4)), S((4,), positive(2, 4))],
        [E(lambda m: m.special.xlog1py(1.0, 2.0))],
        ulp=64,
        grad_order=1,
    ),
    OpCase(
        "special.zeta",
        lambda m, a, q: (m.special.zeta(a.detach() + 1, q), m.special.zeta(2.5, q), m.special.zeta(a.detach() - 4, q)),
        [S(positive(3, 4), positive(3, 4)), S(positive(4), positive(2, 4))],
        ulp=1e6,  # PyTorch's zeta has ten digits
        dtypes=("float64",),
        grad_order=1,
    ),
    *[
        OpCase(
            f"special.{name}",
            second_only(name),
            [S(positive(3, 4), positive(3, 4)), S(positive(4), positive(2, 4))],
            [
                E(lambda m, name=name: getattr(m.special, name)(m.ones(2).long(), m.ones(2).long()), "not implemented"),
                E(lambda m, name=name: getattr(m.special, name)(m.ones(2), 1.0), "must be Tensor"),
            ],
            covers=({"gammainc": "igamma", "gammaincc": "igammac"}[name],),
            ulp=1024,
        )
        for name in ("gammainc", "gammaincc")
    ],
    OpCase(
        "igamma_",
        lambda m, a, b: (a.clone().igamma_(b), a.igammac_(b)),
        [S(positive(4), positive(4))],
        grad_order=0,
        covers=("igammac_",),
        ulp=512,
    ),  # fmt: skip
    *[shared(n) for n in "erf erfc exp2 expit expm1 gammaln log1p sinc".split()],
    *[shared(n, grad_order=0) for n in "digamma psi".split()],
    shared("i0", unit),
    shared("round", grad_fn=False),
    shared("erfinv", unit),
    shared("logit", lambda *s: positive(*s), lambda m, x: m.special.logit(x / 4)),
    shared("log_softmax", call=lambda m, x: m.special.log_softmax(x, 1)),
    shared("softmax", call=lambda m, x: m.special.softmax(x, dim=0)),
    shared("logsumexp", call=lambda m, x: m.special.logsumexp(x, (0, 1))),
    shared("multigammaln", call=lambda m, x: m.special.multigammaln(x + 2, 3), grad_order=0),
    shared("polygamma", call=lambda m, x: m.special.polygamma(2, x), grad_order=0, ulp=2048),
    shared("xlogy", call=lambda m, x: m.special.xlogy(x, x + 1)),
]
