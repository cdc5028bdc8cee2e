"""Views and movement."""

from cases import E, OpCase, S

CASES = [
    OpCase(
        "view",
        lambda m, x: x.contiguous().view(4, -1),
        [S((2, 3, 4))],
        [
            E(lambda m: m.ones(2, 3).view(4), "is invalid for input of size 6"),
            E(lambda m: m.ones(2, 3).view(-1, -1), "only one dimension"),
            E(lambda m: m.ones(2, 3).t().view(6), "Use .reshape"),
        ],
    ),
    OpCase("reshape", lambda m, x: (m.reshape(x, (6, -1)), x.reshape(2, 3, 2, 2)), [S((2, 3, 4))]),
    OpCase("flatten", lambda m, x: (m.flatten(x), x.flatten(1), m.flatten(x, 0, 1)), [S((2, 3, 4))]),
    OpCase("unflatten", lambda m, x: x.unflatten(1, (2, -1)), [S((3, 4))]),
    OpCase(
        "permute",
        lambda m, x: (x.permute(2, 0, 1), m.permute(x, (1, -1, 0))),
        [S((2, 3, 4))],
        [
            E(lambda m: m.ones(2, 3).permute(0), "number of dimensions"),
            E(lambda m: m.ones(2, 3).permute(0, 0), "duplicate"),
            E(lambda m: m.ones(2, 3).permute(0, 2), "out of range"),
        ],
    ),
    OpCase("transpose", lambda m, x: (x.transpose(0, -1), m.transpose(x, 1, 2), x.mT), [S((2, 3, 4))]),
    OpCase("t", lambda m, x: (x.t(), x.T), [S((2, 3))], [E(lambda m: m.ones(2, 3, 4).t(), "2 dimensions")]),
    OpCase("movedim", lambda m, x: m.movedim(x, (0, 1), (2, 0)), [S((2, 3, 4))]),
    OpCase(
        "expand",
        lambda m, x: (x.expand(5, 2, 3), x.expand(-1, 3)),
        [S((2, 1))],
        [
            E(lambda m: m.ones(2, 3).expand(2, 4), "must match the existing size"),
            E(lambda m: m.ones(2, 3).expand(3), "greater or equal"),
        ],
    ),
    OpCase("broadcast_to", lambda m, x: m.broadcast_to(x, (3, 2, 4)), [S((2, 1))]),
    OpCase("squeeze", lambda m, x: (x.squeeze(), x.squeeze(1), x.squeeze((0, 1)), x.squeeze(-1)), [S((2, 1, 3, 1))]),
    OpCase(
        "unsqueeze",
        lambda m, x: (x.unsqueeze(0), x.unsqueeze(-1)),
        [S((2, 3))],
        [E(lambda m: m.ones(2).unsqueeze(3), "out of range")],
    ),
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
    OpCase("unbind", lambda m, x: m.unbind(x, 1), [S((2, 3))]),
    OpCase(
        "split",
        lambda m, x: (m.split(x, 2), x.split([1, 3, 1]), x.split(2, 1)),
        [S((5, 3))],
        [E(lambda m: m.ones(5).split([2, 2]), "sum exactly")],
        grad_fn=False,
    ),
    OpCase("chunk", lambda m, x: (m.chunk(x, 3), x.chunk(2, 1)), [S((5, 4))]),
    OpCase("tensor_split", lambda m, x: (m.tensor_split(x, 3), x.tensor_split((1, 4))), [S((5, 4))]),
    OpCase(
        "cat",
        lambda m, a, b: (m.cat([a, b]), m.cat((b, a, b), -2)),
        [S((2, 3), (4, 3))],
        [
            E(lambda m: m.cat([]), "non-empty"),
            E(lambda m: m.cat([m.ones(2, 3), m.ones(2, 2)]), "must match except"),
            E(lambda m: m.cat([m.ones(()), m.ones(2)]), "zero-dim"),
        ],
    ),
    OpCase(
        "stack",
        lambda m, a, b: (m.stack([a, b]), m.stack((a, b), -1)),
        [S((2, 3), (2, 3))],
        [E(lambda m: m.stack([m.ones(2), m.ones(3)]), "equal size")],
    ),
    OpCase("flip", lambda m, x: (m.flip(x, (0, 2)), x.flip(1), m.fliplr(x), m.flipud(x)), [S((2, 3, 4))]),
    OpCase("roll", lambda m, x: (m.roll(x, 1, 0), m.roll(x, (1, -2), (0, 1))), [S((3, 4))]),
    OpCase("repeat", lambda m, x: (x.repeat(2, 3), x.repeat(2, 1, 2), m.tile(x, (2,))), [S((2, 3))]),
    OpCase("tril", lambda m, x: (m.tril(x), x.tril(-1)), [S((3, 4)), S((2, 3, 3))]),
    OpCase("triu", lambda m, x: (m.triu(x), x.triu(1)), [S((3, 4)), S((2, 3, 3))]),
    OpCase("clone", lambda m, x: x.clone(), [S((3, 4)), S(())]),
    OpCase(
        "copy_",
        lambda m, a, b: a.copy_(b),
        [S((3, 4), (3, 4)), S((3, 4), (4,))],
        [E(lambda m: m.ones(2).copy_(m.ones(3)))],
    ),
    OpCase("fill_", lambda m, a: a.fill_(2.5) * 3, [S((3, 4))]),
    OpCase("zero_", lambda m, a: a.zero_() + 1, [S((3, 4))]),
]
