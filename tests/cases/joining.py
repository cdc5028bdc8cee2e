"""Tensors joined and cut."""

from cases import E, OpCase, S, ints

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
    OpCase(
        "hstack",
        lambda m, a, b: [f((a, b)) for f in (m.hstack, m.vstack, m.dstack, m.column_stack, m.row_stack)],
        [S((3,), (3,)), S((2, 3), (2, 3)), S((), ()), S((2, 3, 2), (2, 3, 2))],
        [
            E(lambda m: m.hstack([]), "non-empty"),
            E(lambda m: m.vstack([m.ones(4), m.ones(3)]), "must match except"),
            E(lambda m: m.dstack([m.ones(4), 1]), "int"),
            E(lambda m: m.column_stack(m.ones(4)), "tuple of Tensors"),
        ],
        covers=("vstack", "dstack", "column_stack", "row_stack"),
    ),
    OpCase(
        "hstack mixed",
        lambda m, a, i: (
            m.hstack([a, i]),
            m.column_stack([i, m.stack([a, a], 1)]),
            m.vstack([i, i]),
            m.block_diag(i, a),
        ),
        [S((3,), ints(3))],
        grad_fn=False,
    ),
    OpCase(
        "block_diag",
        lambda m, a, b, c: (m.block_diag(a, b, c), m.block_diag(a)),
        [S((2, 3), (4,), ()), S((1, 0), (2, 2), (3, 1))],
        [
            E(lambda m: m.block_diag(m.ones(1, 1, 1)), "2 or fewer"),
            E(lambda m: m.block_diag([m.ones(1)]), "element 0"),
        ],
    ),
    OpCase(  # PyTorch's gradient forgets that an empty vector is a row
        "block_diag empty", lambda m, a, b: (m.block_diag(), m.block_diag(a, b)), [S((0,), (2, 2))], grad_order=0
    ),
    OpCase(
        "hsplit",
        lambda m, x: [f(x, how) for f in (m.hsplit, m.vsplit, m.dsplit) for how in (2, (1, 3), [1])],
        [S((4, 2, 6))],
        [
            E(lambda m: m.hsplit(m.ones(4), 3), "not divisible"),
            E(lambda m: m.hsplit(m.ones(4), 0), "not divisible"),
            E(lambda m: m.hsplit(m.ones(()), 1), "at least 1 dimension"),
            E(lambda m: m.vsplit(m.ones(4), 2), "at least 2 dimension"),
            E(lambda m: m.ones(4, 4).dsplit(2), "at least 3 dimension"),
            E(lambda m: m.vsplit(m.ones(4, 4), 2.0)),
        ],
        covers=("vsplit", "dsplit"),
    ),
    OpCase("hsplit vector", lambda m, x: m.hsplit(x, 2), [S((4,))]),
    OpCase(
        "split_with_sizes",
        lambda m, x: (m.split_with_sizes(x, [1, 3, 1]), x.split_with_sizes((2, 2), 1)),
        [S((5, 4))],
        [
            E(lambda m: m.split_with_sizes(m.ones(4), [1, 2]), "sum exactly"),
            E(lambda m: m.split_with_sizes(m.ones(4), [5, -1]), "non-negative"),
        ],
    ),
    OpCase(
        "unsafe_split",
        lambda m, x: (m.unsafe_split(x, 2), m.unsafe_chunk(x, 2, 1), x.unsafe_split_with_sizes([1, 4])),
        [S((5, 4))],
        covers=("unsafe_chunk", "unsafe_split_with_sizes"),
    ),
    OpCase("unsafe_split written", lambda m, x: m.cat([y.mul_(2) for y in x.clone().unsafe_split(2)]), [S((4, 2))]),
]
