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
]
