"""Another shape for the same elements."""

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
        "squeeze_", lambda m, x: x.squeeze_(), [S((2, 1, 3, 1))], [E(lambda m: m.ones(2).squeeze_(1), "out of range")]
    ),
    OpCase("squeeze_ dim", lambda m, x: (x.clone().squeeze_(1), x.clone().squeeze_((1, -1))), [S((2, 1, 3, 1))]),
    OpCase("unsqueeze_", lambda m, x: x.unsqueeze_(-1), [S((2, 3)), S(())]),
    OpCase(
        "atleast_1d",
        lambda m, x: [getattr(m, f"atleast_{n}d")(y) for n in (1, 2, 3) for y in (x * 2, (x, x * 3), [x])],
        [S(()), S((3,)), S((2, 3)), S((2, 3, 2)), S((1, 2, 3, 2))],
        [E(lambda m: m.atleast_1d(1.0)), E(lambda m: m.atleast_3d(m.ones(1), 2))],
        covers=("atleast_2d", "atleast_3d"),
    ),
]
