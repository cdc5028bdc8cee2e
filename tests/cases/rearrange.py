"""Copies in another arrangement."""

from cases import OpCase, S

CASES = [
    OpCase("flip", lambda m, x: (m.flip(x, (0, 2)), x.flip(1), m.fliplr(x), m.flipud(x)), [S((2, 3, 4))]),
    OpCase("roll", lambda m, x: (m.roll(x, 1, 0), m.roll(x, (1, -2), (0, 1))), [S((3, 4))]),
    OpCase("repeat", lambda m, x: (x.repeat(2, 3), x.repeat(2, 1, 2), m.tile(x, (2,))), [S((2, 3))]),
    OpCase("tril", lambda m, x: (m.tril(x), x.tril(-1)), [S((3, 4)), S((2, 3, 3))]),
    OpCase("triu", lambda m, x: (m.triu(x), x.triu(1)), [S((3, 4)), S((2, 3, 3))]),
]
