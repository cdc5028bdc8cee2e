"""Masks."""

from cases import E, OpCase, S, bools

CASES = [
    OpCase(
        "masked_fill",
        lambda m, x, b: x.masked_fill(b, -1.0),
        [S((3, 4), bools(3, 4)), S((3, 4), bools(4))],
        [E(lambda m: m.ones(2).masked_fill(m.ones(2), 1.0), "boolean")],
    ),
    OpCase("masked_select", lambda m, x, b: m.masked_select(x, b), [S((3, 4), bools(3, 4))], grad_fn=False),
    OpCase(
        "nonzero", lambda m, b: (m.nonzero(b), b.nonzero(as_tuple=True)), [S(bools(3, 4)), S(bools(5))], grad_order=0
    ),
    OpCase("masked_scatter", lambda m, x, b, s: x.masked_scatter(b, s), [S((3, 4), bools(3, 4), (12,))], grad_fn=False),
    OpCase("argwhere", lambda m, x: m.argwhere(x), [S(bools(3, 4))], grad_order=0),
    OpCase(
        "mask node names",
        lambda m, x, s: (m.masked_select(x, x > 0), x.masked_scatter(x > 0, s), x.clone().masked_scatter_(x < 0, s)),
        [S((3, 4), (12,))],
    ),
    OpCase(
        "nonzero_static",
        lambda m, b: (
            m.nonzero_static(b, size=4),
            b.nonzero_static(size=30, fill_value=-7),
            m.nonzero_static(b, size=0),
        ),
        [S(bools(3, 4)), S(bools(5)), S(bools(0))],
        [E(lambda m: m.nonzero_static(m.ones(2), size=-1), "non-negative")],
        grad_order=0,
    ),
]
