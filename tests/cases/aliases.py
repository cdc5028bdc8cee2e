"""Names that stand beside another: second spellings, in-place forms, thin functions over one op."""

from cases import E, OpCase, S, bools, distinct, ints, positive

CASES = [
    OpCase("rsub", lambda m, a, b: (m.rsub(a, b), m.rsub(a, 2.0, alpha=3)), [S((3, 4), (4,))]),
    OpCase("contiguous", lambda m, x: x.t().contiguous() * 2, [S((3, 4))]),
    OpCase(
        "expand_as",
        lambda m, x, y: (x.expand_as(y), x.view_as(y[:1]), x.reshape_as(y[0]), y.sum_to_size(1, 4)),
        [S((1, 4), (3, 4))],
        [E(lambda m: m.ones(2, 3).sum_to_size(2), "not expandable")],
        covers=("view_as", "reshape_as", "sum_to_size"),
        grad_fn=False,
    ),
    OpCase("broadcast_tensors", lambda m, x, y: m.broadcast_tensors(x, y), [S((3, 1), (1, 4))]),
    OpCase(
        "fliplr",
        lambda m, x: (m.fliplr(x), m.flipud(x)),
        [S((3, 4))],
        [E(lambda m: m.fliplr(m.ones(2)), "2-d")],
        covers=("flipud",),
    ),
    OpCase("tile", lambda m, x: (m.tile(x, (2, 1, 3)), x.tile(2)), [S((2, 3))], covers=("tile",)),
    OpCase("ravel", lambda m, x: (m.ravel(x), x.t().ravel()), [S((2, 3))], covers=("ravel",), grad_fn=False),
    OpCase(
        "var_mean",
        lambda m, x: (m.var_mean(x), m.std_mean(x, 1), m.std_mean(x, 0, correction=0)),
        [S((3, 4))],
        covers=("std_mean",),
        ulp=16,
        grad_fn=False,
    ),
    OpCase("index_fill", lambda m, x, i: x.index_fill(0, i, 2.5), [S((4, 3), ints(2, low=0, high=4))], grad_fn=False),
    OpCase("index_copy", lambda m, x, s: x.index_copy(0, m.tensor([2, 0]), s), [S((4, 3), (2, 3))], grad_fn=False),
    OpCase(
        "index_put",
        lambda m, x, v, i: (x.index_put((i,), v), x.index_put((i, i), m.ones((), dtype=x.dtype), accumulate=True)),
        [S((4, 4), (4,), ints(3, low=0, high=4))],
        grad_fn=False,
    ),
    OpCase("masked_scatter", lambda m, x, b, s: x.masked_scatter(b, s), [S((3, 4), bools(3, 4), (12,))], grad_fn=False),
    OpCase("argwhere", lambda m, x: m.argwhere(x), [S(bools(3, 4))], grad_order=0),
    OpCase(
        "take_along_dim",
        lambda m, x, i: (m.take_along_dim(x, i, 1), m.take_along_dim(x.contiguous(), i.contiguous())),
        [S((3, 4), ints(3, 2, low=0, high=4))],
        grad_fn=False,
    ),
    OpCase(
        "clamp_min_",
        lambda m, x: x.clamp_min_(0.1) * x.clamp_max_(0.7),
        [S(distinct(3, 4))],
        grad_order=1,
        grad_fn=False,
        covers=("clamp_max_", "clip_"),
    ),
    OpCase(
        "max_pool1d_with_indices", lambda m, x: m.nn.functional.max_pool1d_with_indices(x, 2), [S(distinct(2, 3, 8))]
    ),
    OpCase(
        "complex",
        lambda m, a, b: (m.view_as_real(m.complex(a, b)), m.complex(a, b).real),
        [S((3, 4), (3, 4)), S((3, 1), (4,))],
        [
            E(lambda m: m.complex(m.ones(2), m.ones(2).double()), "scalar type Double"),
            E(lambda m: m.complex(m.tensor([1]), m.tensor([1])), "Half, Float or Double"),
            E(lambda m: m.polar(m.ones(2), m.ones(3)), "must match the size"),
            E(lambda m: m.complex(m.ones(2), 1.0), "must be Tensor"),
        ],
    ),
    OpCase(  # for a negative magnitude PyTorch's gradient has the wrong sign
        "polar", lambda m, a, b: m.view_as_real(m.polar(a, b)), [S(positive(3, 4), (3, 4))], ulp=16
    ),
    OpCase(
        "linear_strided",
        lambda m, x, w, b: m.nn.functional.linear(x.transpose(0, 1), w, b),
        [S((3, 2, 4), (5, 4), (5,))],
    ),
    OpCase("broadcast_shapes", lambda m: m.tensor(m.broadcast_shapes((2, 1), (3,))), [S()], grad_order=0),
    OpCase(
        "logical_in_place",
        lambda m, a, b: (a.clone().lt_(b), a.clone().ne_(b), a.clone().logical_and_(b), a.clone().logical_not_()),
        [S(ints(3, 4), ints(3, 4))],
        grad_order=0,
    ),
    OpCase(
        "fix",
        lambda m, x: (m.fix(x), m.absolute(x), m.negative(x), m.arctan2(x, x), m.divide(x, 2), m.true_divide(x, 3)),
        [S(positive(3, 4))],
        grad_order=1,
    ),
]
CASES += [
    OpCase(
        "pad_twice",
        lambda m, x, mode: m.nn.functional.pad(x, (1, 2, 2, 1), mode=mode),
        [S((2, 3, 4, 5), mode=mode) for mode in ("reflect", "replicate", "circular")],
        grad_fn=False,
    ),
]
