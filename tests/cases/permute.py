"""Axes in another order."""

from cases import E, OpCase, S

CASES = [
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
    OpCase("t_", lambda m, x: x.t_(), [S((2, 3))], [E(lambda m: m.ones(2, 3, 4).t_(), "2 dimensions")]),
    OpCase(
        "transpose_",
        lambda m, x: (x.clone().transpose_(0, -1), x.clone().swapaxes_(0, 1), x.clone().swapdims_(1, 2)),
        [S((2, 3, 4))],
        [E(lambda m: m.ones(2, 3).transpose_(0, 2), "out of range")],
        covers=("swapaxes_", "swapdims_"),
    ),
]
