"""Reductions."""

from cases import E, OpCase, S, bools, distinct, ints, positive

GRID = [S((3, 4, 5)), S((1, 7)), S(())]


def over_dims(name, kind=lambda *s: tuple(s), **options):
    f = lambda m, x, name=name: (getattr(m, name)(x, 0), getattr(m, name)(x, -1, keepdim=True), getattr(x, name)(dim=0))  # noqa: E731
    return OpCase(
        name,
        f,
        [S(kind(3, 4, 5)), S(kind(2, 7))],
        [E(lambda m: getattr(m, name)(m.ones(2, 3), 2), "out of range")],
        **options,
    )


CASES = [
    OpCase("sum", lambda m, x: (m.sum(x), x.sum(-1), x.sum(0, keepdim=True)), GRID),
    OpCase(
        "sum_dims",
        lambda m, x: (x.sum((0, 2)), m.sum(x, dim=(-1, 0), keepdim=True)),
        [S((3, 4, 5)), S((0, 2, 3))],
        [E(lambda m: m.ones(2, 3).sum((0, 0)), "multiple times")],
    ),
    OpCase("sum_int", lambda m, x: (x.sum(), x.sum(0), (x > 0).sum()), [S(ints(3, 4))], grad_order=0),
    OpCase(
        "mean",
        lambda m, x: (m.mean(x), x.mean(-1), x.mean((0, 1), keepdim=True)),
        [S((3, 4, 5)), S((2, 3))],
        [E(lambda m: m.ones(2, dtype=m.int64).mean(), "floating point")],
    ),
    over_dims("amax", distinct),
    over_dims("amin", distinct),
    OpCase("max", lambda m, x: (m.max(x), x.max(0), m.max(x, -1, keepdim=True)), [S(distinct(3, 4))], covers=("min",)),
    OpCase("min", lambda m, x: (m.min(x), x.min(0), m.min(x, -1, keepdim=True)), [S(distinct(3, 4))]),
    over_dims("argmax", distinct, grad_order=0),
    over_dims("argmin", distinct, grad_order=0),
    OpCase("arg_all", lambda m, x: (x.argmax(), m.argmin(x)), [S(distinct(3, 4))], grad_order=0),
    OpCase("prod", lambda m, x: (m.prod(x), x.prod(0), x.prod(-1, keepdim=True)), [S(positive(3, 4))]),
    OpCase("prod_zero", lambda m, x: (x * m.tensor([1.0, 0.0, 1.0, 1.0], dtype=x.dtype)).prod(1), [S(positive(3, 4))]),
    OpCase(
        "any",
        lambda m, x: (m.any(x), x.any(0), x.any(-1, keepdim=True)),
        [S(bools(3, 4)), S(bools(0, 2))],
        grad_order=0,
    ),
    OpCase(
        "all",
        lambda m, x: (m.all(x), x.all(0), x.all(-1, keepdim=True)),
        [S(bools(3, 4)), S(bools(0, 2))],
        grad_order=0,
    ),
    OpCase("cumsum", lambda m, x: (m.cumsum(x, 0), x.cumsum(-1)), [S((3, 4))]),
    OpCase(
        "var",
        lambda m, x: (m.var(x), x.var(0), x.var(-1, unbiased=False), x.var((0, 1), correction=0, keepdim=True)),
        [S((3, 4))],
        ulp=16,
    ),
    OpCase("std", lambda m, x: (m.std(x), x.std(0, keepdim=True)), [S((3, 4))], ulp=16),
    OpCase("logsumexp", lambda m, x: m.logsumexp(x, 1), [S((3, 4))], ulp=16),
]
