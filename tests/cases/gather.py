"""Gather and scatter."""

from cases import E, OpCase, S, distinct, ints
from cases.factor import old

CASES = [
    OpCase(
        "gather",
        lambda m, x, i: (m.gather(x, 1, i), x.gather(-1, i)),
        [S((3, 5), ints(3, 2, low=0, high=5))],
        [
            E(lambda m: m.gather(m.ones(2, 2), 1, m.tensor([[2]])), "out of bounds"),
            E(lambda m: m.gather(m.ones(2, 2), 1, m.tensor([[0.0]])), "int64"),
        ],
    ),
    OpCase(
        "scatter",
        lambda m, x, s: (x.scatter(1, m.tensor([[0, 1], [2, 3]]), s), x.scatter(1, m.tensor([[0, 1], [2, 3]]), 2.5)),
        [S((3, 5), (2, 2))],
        grad_fn=False,
    ),
    OpCase("scatter_add", lambda m, x, i, s: m.scatter_add(x, 0, i, s), [S((3, 4), ints(5, 4, low=0, high=3), (5, 4))]),
    OpCase(
        "take_along_dim",
        lambda m, x, i: (m.take_along_dim(x, i, 1), m.take_along_dim(x.contiguous(), i.contiguous())),
        [S((3, 4), ints(3, 2, low=0, high=4))],
        grad_fn=False,
    ),
    OpCase(
        "scatter_reduce",
        lambda m, x, i, s, reduce: (
            m.scatter_reduce(x, 0, i, s, reduce),
            x.scatter_reduce(0, i, s, reduce, include_self=False),
            m.scatter_reduce(x.detach(), 0, i[:2, 1:].to(m.int32), s.detach(), reduce),
            x.clone().scatter_reduce_(0, i, s, reduce),
        ),
        [
            S(distinct(3, 4), ints(5, 4, low=0, high=3), distinct(5, 4), reduce=reduce)
            for reduce in ("sum", "prod", "mean", "amax", "amin")
        ],
        [
            E(lambda m: m.ones(3).scatter_reduce(0, m.tensor([0]), m.ones(1).double(), "sum"), "equal to src.dtype"),
            E(lambda m: m.ones(3).scatter_reduce(0, m.tensor([0, 1]), m.ones(1), "sum"), "no larger"),
            E(lambda m: m.ones(3).scatter_reduce(0, m.tensor([3]), m.ones(1), "sum"), "out of bounds"),
            E(lambda m: m.ones(3).scatter_reduce(0, m.tensor([[0]]), m.ones(1), "sum"), "same number of dim"),
            E(lambda m: m.ones(3).scatter_reduce(0, m.tensor([0]), m.ones(1), "median"), "reduce argument"),
        ],
        ulp=16,
    ),
    OpCase(
        "scatter_reduce ties",
        lambda m, x, reduce, own: (x * m.tensor([0.0, 2, 3, 3], dtype=x.dtype)).scatter_reduce(
            0,
            m.tensor([2, 1, 2, 0, 3, 3]),
            x[0] * m.tensor([3.0, 0, 3, 4, 0, 0], dtype=x.dtype),
            reduce,
            include_self=own,
        ),
        [S(ints(4, low=1, high=2), reduce=r, own=o) for r in ("prod", "amax", "amin", "mean") for o in (True, False)],
        grad_order=0,
    ),
    OpCase(
        "scatter_reduce zeros",
        lambda m, x, reduce, own: (x[:4] * m.tensor([0.0, 2, 3, 3], dtype=x.dtype)).scatter_reduce(
            0,
            m.tensor([2, 1, 2, 0, 3, 3]),
            x * m.tensor([3.0, 0, 3, 4, 0, 0], dtype=x.dtype),
            reduce,
            include_self=own,
        ),
        [S(distinct(6), reduce=r, own=o) for r in ("prod", "mean") for o in (True, False)],
        grad_order=1,
    ),
    OpCase(
        "scatter_reduce integers",
        lambda m, x, s, i, reduce: (
            x.scatter_reduce(0, i, s, reduce),
            x.scatter_reduce(0, i, s, reduce, include_self=False),
        ),
        [S(ints(4), ints(6), ints(6, low=0, high=4), reduce=r) for r in ("sum", "prod", "mean", "amax", "amin")],
        grad_order=0,
    ),
    OpCase(
        "index_reduce",
        lambda m, x, s, reduce: (
            old(m.index_reduce, x, 0, m.tensor([2, 0, 2]), s, reduce),
            old(x.index_reduce, 0, m.tensor([1, 0, 1]), s, reduce, include_self=False),
            old(x.clone().index_reduce_, 0, m.tensor([1, 0, 1]), s, reduce),
        ),
        [S(distinct(3, 4), distinct(3, 4), reduce=reduce) for reduce in ("prod", "mean", "amax", "amin")],
        [
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([0]), m.ones(1), "sum"), "one of prod"),
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([0]), m.ones(2), "prod"), "Number of indices"),
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([5]), m.ones(1), "prod"), "out of range"),
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([-1]), m.ones(1), "prod"), "out of range"),
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([[0]]), m.ones(1), "prod"), "vector"),
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([0.0]), m.ones(1), "prod"), "int32/int64"),
            E(lambda m: old(m.index_reduce, m.ones(3), 0, m.tensor([0]), m.ones(1).double(), "prod"), "scalar type"),
            E(lambda m: old(m.index_reduce, m.ones(3, 2), 0, m.tensor([0]), m.ones(1, 3), "prod"), "match self"),
        ],
        ulp=16,
    ),
]
