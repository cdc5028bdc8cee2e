"""Copies in another arrangement."""

from cases import E, OpCase, S, ints

CASES = [
    OpCase("flip", lambda m, x: (m.flip(x, (0, 2)), x.flip(1), m.fliplr(x), m.flipud(x)), [S((2, 3, 4))]),
    OpCase("roll", lambda m, x: (m.roll(x, 1, 0), m.roll(x, (1, -2), (0, 1))), [S((3, 4))]),
    OpCase("repeat", lambda m, x: (x.repeat(2, 3), x.repeat(2, 1, 2), m.tile(x, (2,))), [S((2, 3))]),
    OpCase("tril", lambda m, x: (m.tril(x), x.tril(-1)), [S((3, 4)), S((2, 3, 3))]),
    OpCase("triu", lambda m, x: (m.triu(x), x.triu(1)), [S((3, 4)), S((2, 3, 3))]),
    OpCase("tril_", lambda m, x: x.tril_(1), [S((3, 4))], [E(lambda m: m.ones(3).tril_(), "2 dimensions")]),
    OpCase("triu_", lambda m, x: x.triu_(-1), [S((3, 4))]),
    OpCase(
        "rot90",
        lambda m, x: [m.rot90(x, k, dims) for k in (-1, 0, 1, 2, 3, 5) for dims in ((0, 1), [1, -1])],
        [S((2, 3, 4))],
        [
            E(lambda m: m.rot90(m.ones(4)), "total dims >= 2"),
            E(lambda m: m.rot90(m.ones(2, 2), 1, [0, -2]), "different"),
            E(lambda m: m.rot90(m.ones(2, 2), 1, [0]), "== 2"),
            E(lambda m: m.rot90(m.ones(2, 2), 1, [0, 2]), "out of range"),
        ],
    ),
    OpCase(
        "repeat_interleave",
        lambda m, x: (
            m.repeat_interleave(x, 2),
            x.repeat_interleave(3, 0),
            x.repeat_interleave(0, -1),
            m.repeat_interleave(x, m.tensor([1, 0, 2]), 0),
            x.repeat_interleave(m.tensor([2]), 1, output_size=8),
            x.repeat_interleave(m.tensor(2), dim=-1),
        ),
        [S((3, 4))],
        [
            E(lambda m: m.repeat_interleave(m.ones(4), -1), "non-negative"),
            E(lambda m: m.repeat_interleave(m.ones(4), m.tensor([1, 2])), "same size"),
            E(lambda m: m.repeat_interleave(m.ones(2), m.tensor([1.0, 2.0])), "not implemented"),
            E(lambda m: m.repeat_interleave(m.ones(1), m.tensor([[1]])), "0-dim or 1-dim"),
            E(lambda m: m.repeat_interleave(m.ones(2), m.tensor([1, -2])), "negative"),
            E(lambda m: m.repeat_interleave(m.ones(2), m.tensor([1, 2]), 0, output_size=4), "does not match"),
            E(lambda m: m.repeat_interleave(m.ones(2), 2, 0, output_size=5), "Invalid output_size"),
            E(lambda m: m.repeat_interleave(m.ones(2, 2), 2, 2), "out of range"),
            E(lambda m: m.ones(2).repeat_interleave(2.0)),
        ],
    ),
    OpCase(
        "repeat_interleave indices",
        lambda m, i: (m.repeat_interleave(i), m.repeat_interleave(i.to(m.int32))),
        [S(ints(5, low=0, high=4)), S(ints(0))],
        grad_order=0,
    ),
    OpCase(
        "combinations",
        lambda m, x: (m.combinations(x), m.combinations(x, 3, True), m.combinations(x, 1), m.combinations(x, 9)),
        [S((5,)), S((2,)), S((0,))],
        [E(lambda m: m.combinations(m.ones(2, 2)), "1D vector"), E(lambda m: m.combinations(m.ones(2), -1), "non-neg")],
    ),
    OpCase(
        "cartesian_prod",
        lambda m, a, b, c: (m.cartesian_prod(a, b, c), m.cartesian_prod(b, a)),
        [S((3,), (2,), (4,)), S((3,), (0,), (1,))],
        [
            E(lambda m: m.cartesian_prod(m.ones(2, 2)), "1D vector"),
            E(lambda m: m.cartesian_prod(m.ones(2), m.tensor([1])), "same dtype"),
            E(lambda m: m.cartesian_prod(), "non-empty"),
        ],
    ),
    OpCase(
        "unravel_index",
        lambda m, i: (m.unravel_index(i, (4, 5)), m.unravel_index(i, 7), m.unravel_index(i.to(m.uint8), (2, 3, 4))),
        [S(ints(3, 2, low=0, high=30)), S(ints(low=0, high=20))],
        [
            E(lambda m: m.unravel_index(m.ones(2), (2, 3)), "integer dtype"),
            E(lambda m: m.unravel_index(m.tensor([1]), (-1, 3)), "negative"),
            E(lambda m: m.unravel_index(m.tensor([1]), 2.0), "sequence of ints"),
        ],
        grad_order=0,
    ),
]
