"""Running and summary statistics, norms, differences."""

from cases import E, OpCase, S, distinct, ints, positive

GRID = [S(distinct(3, 4)), S(distinct(2, 5, 3))]


def out_of_range(name, *args):
    return E(lambda m: getattr(m, name)(m.ones(2, 3), *args, dim=2), "out of range")


CASES = [
    OpCase(
        "cumprod",
        lambda m, x: (m.cumprod(x, 0), x.cumprod(-1)),
        [*GRID, S((0, 3)), S(())],
        [out_of_range("cumprod")],
        ulp=32,
    ),
    OpCase(
        "cumprod_zero",
        lambda m, x: (x * m.tensor([1.0, 0.0, 2.0, 0.0], dtype=x.dtype)).cumprod(1),
        [S(positive(3, 4))],
        ulp=32,
    ),
    OpCase("cummax", lambda m, x: (m.cummax(x, 0), x.cummax(-1)), GRID, [out_of_range("cummax")]),
    OpCase("cummin", lambda m, x: (m.cummin(x, 0), x.cummin(-1)), GRID),
    OpCase(
        "logcumsumexp",
        lambda m, x: (m.logcumsumexp(x, 0), x.logcumsumexp(-1)),
        GRID,
        [out_of_range("logcumsumexp"), E(lambda m: m.logcumsumexp(m.arange(3), 0))],
        ulp=64,
    ),
    OpCase("cumprod_", lambda m, x: x.cumprod_(0), [S(positive(3, 4))], grad_order=1, grad_fn=False, ulp=32),
    OpCase("cumsum_", lambda m, x: x.cumsum_(0), [S(positive(3, 4))], grad_order=1, grad_fn=False),
    OpCase(
        "norm",
        lambda m, x, p: (m.norm(x, p), x.norm(p, dim=0), m.norm(x, p, dim=(0, 1), keepdim=True)),
        [S(distinct(3, 4), p=p) for p in (2, 1, 3, 2.5, 0.5, float("inf"), float("-inf"), 0, "fro")],
        [E(lambda m: m.norm(m.arange(3))), E(lambda m: m.norm(m.ones(0), float("inf")))],
        ulp=64,
    ),
    OpCase("norm_zero", lambda m, x: ((x * 0).norm(), (x * 0).norm(3)), [S((3, 4))], grad_order=1),
    OpCase("dist", lambda m, a, b: (m.dist(a, b), a.dist(b, 1), m.dist(a, b, 3)), [S((3, 4), (3, 4))], ulp=64),
    OpCase(
        "renorm",
        lambda m, x: m.renorm(x, 2, 0, 1.0),
        [S(distinct(3, 4))],
        [
            E(lambda m: m.renorm(m.ones(3), 2, 0, 1.0)),
            E(lambda m: m.renorm(m.ones(3, 3), -1, 0, 1.0)),
            E(lambda m: m.renorm(m.ones(3, 3), 2, 0, -1.0)),
        ],
        ulp=64,
    ),
    OpCase(
        "nansum",
        lambda m, x: (m.nansum(m.where(x > 0, x, m.nan)), x.nansum(0), m.nansum(x, 1, keepdim=True)),
        [S(distinct(3, 4))],
        grad_fn=False,
    ),
    OpCase(
        "nanmean",
        lambda m, x: (m.nanmean(m.where(x > 0, x, m.nan)), x.nanmean(0)),
        [S(distinct(3, 4))],
        [E(lambda m: m.nanmean(m.arange(3)))],
        grad_fn=False,
    ),
    OpCase(
        "count_nonzero",
        lambda m, x: (m.count_nonzero(x), x.count_nonzero(0), m.count_nonzero(x, (0, 1))),
        [S(ints(3, 4)), S((2, 3))],
        grad_order=0,
    ),
    OpCase(
        "aminmax",
        lambda m, x: (m.aminmax(x), x.aminmax(dim=0), m.aminmax(x, dim=-1, keepdim=True)),
        GRID[:1],
        [E(lambda m: m.aminmax(m.ones(0)))],
    ),
    OpCase(
        "diff",
        lambda m, x: (m.diff(x), x.diff(dim=0), m.diff(x, n=2), m.diff(x, prepend=x, append=x)),
        [S((3, 4))],
        [E(lambda m: m.diff(m.tensor(1.0))), E(lambda m: m.diff(m.ones(3), n=-1))],
    ),
    OpCase(
        "trapezoid",
        lambda m, y, x: (m.trapezoid(y), m.trapezoid(y, x), m.trapz(y, dx=0.5, dim=0), m.cumulative_trapezoid(y, x)),
        [S((3, 4), (4,))],
        covers=("cumulative_trapezoid",),
        grad_fn=False,
        ulp=16,
    ),
    OpCase(
        "cov",
        lambda m, x: (m.cov(x), m.cov(x, correction=0), m.cov(x[0]), m.cov(x, fweights=m.arange(1, 6))),
        [S((3, 5))],
        [E(lambda m: m.cov(m.ones(2, 2, 2)))],
        grad_fn=False,
        ulp=64,
    ),
    OpCase("corrcoef", lambda m, x: m.corrcoef(x), [S((3, 5))], grad_fn=False, ulp=64, grad_order=1),
]
