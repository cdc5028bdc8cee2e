"""Tensors joined and cut."""

from cases import E, OpCase, S

CASES = [
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
]
