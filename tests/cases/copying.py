"""Values copied and overwritten."""

from cases import E, OpCase, S

CASES = [
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
