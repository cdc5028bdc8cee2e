"""Finite differences, histograms, mantissas, and methods of Tensor that few programs use."""

from cases import E, OpCase, S, ints, positive


def coordinates(m, x, n):
    return m.tensor([0.0, 1.0, 2.5, 3.0, 4.5, 7.0][:n], dtype=x.dtype)


def edges(m, x, *values):
    return m.tensor(values, dtype=x.dtype)


def fails(call, match=""):
    return E(call, match)


def twice(m, x):
    """In place, on copies."""
    other = x * 3
    return (
        x.clone().map_(other, lambda a, b: a + 2 * b),
        x.clone().map2_(other, other[0], lambda a, b, c: a * b - c),
    )


CASES = [
    OpCase(
        "gradient",
        lambda m, x: (
            *m.gradient(x),
            *m.gradient(x, spacing=0.5, dim=1),
            *m.gradient(x, spacing=[2.0, 3.0], edge_order=2),
            *m.gradient(x, spacing=(coordinates(m, x, 3), coordinates(m, x, 4))),
            *m.gradient(x, spacing=(coordinates(m, x, 4),), dim=-1, edge_order=2),
        ),
        [S((3, 4))],
        [
            fails(lambda m: m.gradient(m.ones(3), edge_order=3), "edge_order"),
            fails(lambda m: m.gradient(m.ones(1, 3)), "at least edge_order"),
            fails(lambda m: m.gradient(m.ones(2, 3), edge_order=2), "at least edge_order"),
            fails(lambda m: m.gradient(m.ones(2, 3), spacing=[1.0]), "list of length 1"),
            fails(lambda m: m.gradient(m.ones(2, 3), dim=(0, 0)), "multiple times"),
            fails(lambda m: m.gradient(m.ones(2, 3), dim=5), "out of range"),
            fails(lambda m: m.gradient(m.ones(3) > 1), "bool"),
            fails(lambda m: m.gradient(m.ones(3).to(m.uint8)), "uint8"),
        ],
        ulp=16,
        grad_fn=False,
    ),
    OpCase("gradient of two points", lambda m, x: m.gradient(x), [S((2, 2)), S((5,))]),
    OpCase("gradient of integers", lambda m, x: m.gradient(x), [S(ints(3, 4))], grad_order=0),
    OpCase(
        "histogram",
        lambda m, x: (
            *m.histogram(x, 5),
            *m.histogram(x, bins=4, range=(-1.0, 1.0), weight=x * x, density=True),
            *x.histogram(edges(m, x, -1.0, 0.0, 0.25, 2.0)),
            *m.histogram(x[:0], 3),
            *m.histogram(x * 0 + 1, 4),
            *m.histogram(m.tensor([0.0, 0.5, 1.0, m.nan], dtype=x.dtype), 2, range=(0.0, 1.0)),
        ),
        [S((3, 7)), S((40,))],
        [
            fails(lambda m: m.histogram(m.ones(3).long(), 4), "not implemented for 'Long'"),
            fails(lambda m: m.histogram(m.tensor([1.0, m.inf]), 4), "not finite"),
            fails(lambda m: m.histogram(m.ones(3), 0), "bins must be > 0"),
            fails(lambda m: m.histogram(m.ones(3), m.ones(1)), "bins must be > 0"),
            fails(lambda m: m.histogram(m.ones(3), m.ones(1, 2)), "one dimension"),
            fails(lambda m: m.histogram(m.ones(3), 4, range=(3.0, 1.0)), "min should not exceed max"),
            fails(lambda m: m.histogram(m.ones(3), 4, range=(3.0,)), "2 elements"),
            fails(lambda m: m.histogram(m.ones(3), 4, weight=m.ones(2)), "weight"),
            fails(lambda m: m.histogram(m.ones(3), 4, weight=m.ones(3).double()), "same dtype|same"),
            fails(lambda m: m.histogram(m.ones(3), m.ones(2).double()), "same dtype"),
        ],
        grad_order=0,
    ),
    OpCase(
        "histogramdd",
        lambda m, x: (
            m.histogramdd(x, [3, 2])[0],
            m.histogramdd(x, 2, range=[-1.0, 1.0, -2.0, 2.0], density=True)[0],
            *m.histogramdd(x, [edges(m, x, -1.0, 0.0, 1.0), edges(m, x, -2.0, 0.0, 0.5, 2.0)])[1],
            m.histogramdd(x, [2, 3], weight=x[..., 0] * 2)[0],
        ),
        [S((20, 2)), S((3, 4, 2))],
        [
            fails(lambda m: m.histogramdd(m.ones(3), [2]), "at least 2 dimensions"),
            fails(lambda m: m.histogramdd(m.ones(3, 2), [2]), "size of bins"),
            fails(lambda m: m.histogramdd(m.ones(3, 2), [2, 2], range=[0.0, 1.0]), "4 elements"),
        ],
        grad_order=0,
    ),
    OpCase(
        "frexp",
        lambda m, x: (*m.frexp(x * 10), *(x / 7).frexp(), *m.frexp(x.half())),
        [S((3, 4)), S(()), S((0, 2))],
        [
            fails(lambda m: m.frexp(m.tensor([1, 2])), "floating-point"),
            fails(lambda m: m.frexp(m.ones(2), out=(m.empty(2), m.empty(2))), "int dtype"),
        ],
        grad_fn=False,
    ),
    OpCase(
        "frexp of special values",
        lambda m: m.frexp(m.tensor([0.0, -0.0, 1.0, -3.5, 1e-45, m.inf, -m.inf, m.nan, 1024.0])),
        [S()],
        grad_order=0,
    ),
    OpCase(
        "map_",
        lambda m, x: twice(m, x),
        [S((3, 4)), S((2, 1))],
        [
            fails(lambda m: m.ones(2).map_(m.ones(3), lambda a, b: a), "must match|expand"),
            fails(lambda m: m.ones(2).map_(m.ones(2).long(), lambda a, b: a), "expected torch.FloatTensor"),
            fails(lambda m: m.ones(2, requires_grad=True).map_(m.ones(2), lambda a, b: a), "requires grad"),
        ],
        grad_order=0,
        covers=("map2_",),
    ),
    OpCase(
        "resize_as_",
        lambda m, x: (m.resize_as_(x.contiguous() + 0, m.ones(2, 3)), (x.contiguous() + 0).resize_as_(m.ones(6))),
        [S((3, 4))],
        [fails(lambda m: m.ones(2, requires_grad=True).resize_as_(m.ones(3)), "require grad")],
        grad_order=0,
    ),
    OpCase(
        "details",
        lambda m, x: (
            m.tensor(x.dim_order()),
            m.tensor(x.t().dim_order()),
            m.tensor(x.is_set_to(x)),
            m.tensor(x.is_set_to(x[:1])),
            m.tensor(x.is_set_to(x.clone())),
            x.to_dense(),
            x.to_dense(m.float64),
            m.tensor(x.new_empty_strided((2, 3), (1, 2)).stride()),
            m.tensor(x.const_data_ptr() == x.data_ptr()),
            m.tensor(x.is_distributed()),
            reversed(x),
            m.stack(list(reversed(x[0]))),
            x.abs().polygamma_(1),
        ),
        [S(positive(3, 4))],
        covers=tuple(
            """__reversed__ const_data_ptr dim_order is_distributed is_set_to new_empty_strided polygamma_
            to_dense""".split()
        ),
        grad_order=0,
        ulp=1e7,  # PyTorch's polygamma has ten digits
        dtypes=("float64",),
    ),
]
