"""Sorting, order statistics, distinct values, counting."""

from cases import E, OpCase, S, distinct, ints

GRID = [S(distinct(3, 4)), S(distinct(2, 5, 3)), S(distinct(0, 3))]
FULL = GRID[:2]


def quiet(m, x, q, **options):
    return m.quantile(x, q, **options), x.quantile(0.5)


def search(m, x, v):
    rows, v = x.sort()[0].contiguous(), v.contiguous()
    right = m.searchsorted(rows, v, right=True, out_int32=True)
    return m.searchsorted(rows, v), right, m.bucketize(v, rows[0])


def refused(name, **options):
    return E(lambda m: getattr(m, name)(m.ones(2, 3), dim=2, **options), "out of range")


CASES = [
    OpCase(
        "sort",
        lambda m, x: (m.sort(x), x.sort(0, descending=True), m.sort(x, dim=1, stable=True)),
        GRID,
        [refused("sort")],
    ),
    OpCase(
        "sort_ties",
        lambda m, x: (
            m.sort(x, stable=True),
            m.sort(x, stable=True, descending=True, dim=0),
            m.argsort(x, stable=True),
        ),
        [S(ints(6, 9, low=0, high=3)), S(ints())],
        grad_order=0,
        covers=("argsort",),
    ),
    OpCase(
        "sort_nan",
        lambda m, x: (m.sort(m.where(x > 0, x, m.nan)).values, m.topk(m.where(x > 0, x, m.nan), 2).values),
        [S(distinct(3, 8))],
        grad_order=0,
    ),
    OpCase("msort", lambda m, x: (m.msort(x), x.msort()), GRID[:2]),
    OpCase(
        "topk",
        lambda m, x: (m.topk(x, 2), x.topk(2, dim=0, largest=False), m.topk(x, 1)),
        FULL + [S(distinct(2, 40))],
        [
            refused("topk", k=1),
            E(lambda m: m.topk(m.ones(3), 4), "out of range"),
            E(lambda m: m.topk(m.ones(3), -1)),
            E(lambda m: m.topk(m.ones(3), 1.5)),
        ],
    ),
    OpCase(
        "kthvalue",
        lambda m, x: (m.kthvalue(x, 2), x.kthvalue(1, 0, keepdim=True)),
        FULL,
        [E(lambda m: m.kthvalue(m.ones(3), 4)), E(lambda m: m.kthvalue(m.ones(3), 0)), refused("kthvalue", k=1)],
    ),
    OpCase("median", lambda m, x: (m.median(x), x.median(0), m.median(x, -1, keepdim=True)), FULL, [refused("median")]),
    OpCase(
        "nanmedian",
        lambda m, x: (m.nanmedian(x), x.nanmedian(1), m.nanmedian(m.where(x > 0, x, m.nan))),
        [S(distinct(3, 5))],
    ),
    OpCase(
        "median_nan",
        lambda m, x: (m.median(m.where(x > -1, x, m.nan)), m.median(m.where(x > -1, x, m.nan), 0).values),
        [S(distinct(3, 5))],
        grad_order=0,
    ),
    OpCase("mode", lambda m, x: m.mode(x)[0] * 1, [S(ints(4, 9, low=0, high=4))], [refused("mode")], grad_order=0),
    OpCase("mode_gradient", lambda m, x: x.mode(0), [S(distinct(3, 4))]),
    OpCase(
        "quantile",
        quiet,
        [S(distinct(3, 5), q=0.3), S(distinct(3, 5), q=0.6, dim=1), S(distinct(3, 5), q=0.6, dim=0, keepdim=True)]
        + [S(distinct(4, 5), q=0.37, dim=0, interpolation=i) for i in ("lower", "higher", "midpoint", "nearest")],
        [
            E(lambda m: m.quantile(m.ones(3), 1.5), "range"),
            E(lambda m: m.quantile(m.arange(3), 0.5), "float or double"),
            E(lambda m: m.quantile(m.ones(0), 0.5), "non-empty"),
            E(lambda m: m.quantile(m.ones(3), 0.5, interpolation="x")),
        ],
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "quantiles",
        lambda m, x: (
            m.quantile(x, m.tensor([0.1, 0.5, 1.0], dtype=x.dtype), dim=1),
            m.nanquantile(m.where(x > -1, x, m.nan), m.tensor([0.25, 0.75], dtype=x.dtype), dim=0, keepdim=True),
        ),
        [S(distinct(3, 5))],
        ulp=32,
        grad_fn=False,
        covers=("nanquantile",),
    ),
    OpCase(
        "unique",
        lambda m, x: (m.unique(x), *m.unique(x, return_inverse=True, return_counts=True), x.unique(dim=0)),
        [S(ints(4, 5, low=0, high=4)), S(ints(3, 2, low=0, high=1))],
        grad_order=0,
    ),
    OpCase(
        "unique_consecutive",
        lambda m, x: (
            m.unique_consecutive(x),
            *m.unique_consecutive(x, return_inverse=True, return_counts=True),
            x.unique_consecutive(dim=0),
        ),
        [S(ints(6, 2, low=0, high=2))],
        grad_order=0,
    ),
    OpCase(
        "searchsorted",
        search,
        [S(ints(3, 6), ints(3, 4))],
        [
            E(lambda m: m.searchsorted(m.ones(2), m.ones(2), side="x")),
            E(lambda m: m.searchsorted(m.ones(2, 3), m.ones(3, 3))),
            E(lambda m: m.bucketize(m.ones(2), m.ones(2, 2))),
        ],
        covers=("bucketize",),
        grad_order=0,
    ),
    OpCase(
        "bincount",
        lambda m, x, w: (m.bincount(x), m.bincount(x, w), x.bincount(minlength=9)),
        [S(ints(12, low=0, high=5), (12,))],
        [
            E(lambda m: m.bincount(m.ones(2))),
            E(lambda m: m.bincount(m.tensor([-1]))),
            E(lambda m: m.bincount(m.tensor([1]), minlength=-1)),
            E(lambda m: m.bincount(m.tensor([[1]]))),
            E(lambda m: m.bincount(m.tensor([1]), m.ones(2))),
        ],
        grad_order=0,
    ),
    OpCase(
        "histc",
        lambda m, x: (m.histc(x, 5), x.histc(4, -1, 1)),
        [S(distinct(3, 40))],
        [
            E(lambda m: m.histc(m.ones(2), 0)),
            E(lambda m: m.histc(m.arange(3))),
            E(lambda m: m.histc(m.ones(2), 3, 2, 1)),
        ],
        grad_order=0,
    ),
]
