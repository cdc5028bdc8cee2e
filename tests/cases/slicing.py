"""Parts of a tensor as views."""

from cases import E, OpCase, S

CASES = [
    OpCase(
        "select", lambda m, x: (x.select(1, 2), m.select(x, 0, -1)), [S((2, 3))], [E(lambda m: m.ones(2).select(0, 2))]
    ),
    OpCase("narrow", lambda m, x: x.narrow(1, 1, 2), [S((2, 4))], [E(lambda m: m.ones(2).narrow(0, 1, 2))]),
    OpCase("diagonal", lambda m, x: (m.diagonal(x), x.diagonal(1), x.diagonal(-1, 1, 2)), [S((3, 4, 5))]),
    OpCase("diag", lambda m, x: m.diag(x), [S((3,))]),
    OpCase("diag_matrix", lambda m, x: m.diag(x, 1), [S((3, 4))]),
    OpCase("diag_embed", lambda m, x: m.diag_embed(x, 1), [S((2, 3))]),
    OpCase(
        "as_strided",
        lambda m, x: m.as_strided(x.contiguous(), (2, 2), (1, 3), 1),
        [S((3, 4))],
        errors=[E(lambda m: m.ones(4).as_strided((3, 3), (3, 1)))],
    ),
    OpCase(
        "unfold",
        lambda m, x: (x.unfold(-1, 2, 1), x.unfold(0, 3, 2), x.unfold(1, 1, 3), x.unfold(1, 0, 1)),
        [S((5, 4)), S((3, 4, 2))],
        [
            E(lambda m: m.ones(4).unfold(0, 5, 1), "maximum size"),
            E(lambda m: m.ones(4).unfold(0, 2, 0), "step is 0"),
            E(lambda m: m.ones(4).unfold(0, -1, 1), "size is -1"),
            E(lambda m: m.ones(4).unfold(1, 2, 1), "out of range"),
        ],
    ),
    OpCase("unfold scalar", lambda m, x: (x.unfold(0, 1, 1), x.unfold(0, 0, 1)), [S(())], grad_fn=False),
    OpCase("unfold view", lambda m, x: x.clone().unfold(0, 2, 2).mul_(2), [S((4, 3))], grad_fn=False),
    OpCase(
        "narrow_copy",
        lambda m, x: m.narrow_copy(x, 1, 1, 2),
        [S((2, 4))],
        [E(lambda m: m.narrow_copy(m.ones(2), 0, 1, 2))],
    ),
    OpCase("diagflat", lambda m, x: (m.diagflat(x), x.diagflat(-1)), [S((2, 3)), S(())]),
    OpCase(
        "fill_diagonal_",
        lambda m, x, wrap: x.contiguous().fill_diagonal_(2.5, wrap),
        [S(shape, wrap=wrap) for shape in ((3, 3), (7, 3), (3, 7), (8, 2), (2, 2, 2)) for wrap in (False, True)],
        [
            E(lambda m: m.ones(2).fill_diagonal_(1), "larger than 1"),
            E(lambda m: m.ones(2, 3, 2).fill_diagonal_(1), "equal length"),
        ],
        grad_fn=False,
    ),
    OpCase(
        "select_scatter",
        lambda m, x, s: (m.select_scatter(x, s, 0, 1), x.select_scatter(s, 0, -1)),
        [S((3, 4), (4,))],
        [
            E(lambda m: m.select_scatter(m.ones(3, 4), m.ones(3), 0, 1), "size equal to the slice"),
            E(lambda m: m.select_scatter(m.ones(3, 4), m.ones(4), 0, 3), "out of range"),
            E(lambda m: m.select_scatter(m.ones(()), m.ones(()), 0, 0)),
        ],
    ),
    OpCase(
        "slice_scatter",
        lambda m, x, s: (m.slice_scatter(x, s, 0, 1), x.slice_scatter(s, 0, end=-1), m.slice_scatter(x, s, 0, 0, 9, 2)),
        [S((3, 4), (2, 4))],
        [
            E(lambda m: m.slice_scatter(m.ones(3, 4), m.ones(4), 0, 0, 1), "size equal to the slice"),
            E(lambda m: m.slice_scatter(m.ones(3, 4), m.ones(2, 4), 0, step=0), "positive"),
            E(lambda m: m.slice_scatter(m.ones(()), m.ones(()))),
        ],
    ),
    OpCase(
        "diagonal_scatter",
        lambda m, x, s: (m.diagonal_scatter(x, s), x.diagonal_scatter(s, 1)),
        [S((3, 4), (3,))],
        [E(lambda m: m.diagonal_scatter(m.ones(3, 4), m.ones(4)), "size equal to the slice")],
    ),
    OpCase(
        "as_strided_scatter",
        # the input detached: PyTorch sends it the gradient of what was overwritten, not of the rest
        lambda m, x, s: m.as_strided_scatter(x.detach().contiguous(), s, (2, 2), (1, 3), 1),
        [S((3, 4), (2, 2))],
        [E(lambda m: m.as_strided_scatter(m.ones(4), m.ones(2), (3,), (1,)), "size equal to the slice")],
    ),
    OpCase("as_strided_", lambda m, x: x.contiguous().as_strided_((2, 2), (1, 3), 1), [S((3, 4))]),
]
