"""Slices and elements named by indices."""

from cases import E, OpCase, S, ints

CASES = [
    OpCase(
        "index_select",
        lambda m, x, i: (m.index_select(x, 0, i), x.index_select(1, i)),
        [S((4, 5), ints(6, low=0, high=4))],
        [E(lambda m: m.index_select(m.ones(3), 0, m.tensor([3])), "out of range")],
    ),
    OpCase(
        "index_add",
        lambda m, x, i, s: m.index_add(x, 0, i, s),
        [S((4, 5), ints(6, low=0, high=4), (6, 5))],
        grad_fn=False,
    ),
    OpCase("take", lambda m, x, i: m.take(x, i), [S((3, 4), ints(2, 2, low=0, high=12))], grad_fn=False),
    OpCase("index_fill", lambda m, x, i: x.index_fill(0, i, 2.5), [S((4, 3), ints(2, low=0, high=4))], grad_fn=False),
    OpCase("index_copy", lambda m, x, s: x.index_copy(0, m.tensor([2, 0]), s), [S((4, 3), (2, 3))], grad_fn=False),
    OpCase(
        "index node names",
        lambda m, x, s, v: (
            x.index_add(0, m.tensor([2, 0]), s),
            x.index_copy(0, m.tensor([2, 0]), s),
            x.index_fill(0, m.tensor([1]), 2.5),
            x.index_fill(0, m.tensor([1]), v),
            m.take(x, m.tensor([[1, 5]])),
            x.clone().index_add_(0, m.tensor([1, 1]), s),
        ),
        [S((3, 4), (2, 4), ())],
    ),
    OpCase(
        "put",
        lambda m, x, s: (
            m.put(x, m.tensor([1, -1, 3]), s),
            x.put(m.tensor([[1, 1, 0]]), s, accumulate=True),
            x.clone().put_(m.tensor([5, 0, 2]), s),
            x.put(m.tensor([], dtype=m.int64), s[:0]),
        ),
        [S((3, 4), (3,)), S((2, 3, 2), (1, 3))],
        [
            E(lambda m: m.put(m.ones(3), m.tensor([1, 2]), m.ones(3)), "same number of elements"),
            E(lambda m: m.put(m.ones(3), m.tensor([3]), m.ones(1)), "index 3"),
            E(lambda m: m.put(m.ones(3), m.tensor([1.0]), m.ones(1)), "long tensor"),
            E(lambda m: m.put(m.ones(3), m.tensor([1]), m.ones(1).double()), "same dtype"),
            E(lambda m: m.put(m.ones(0), m.tensor([0]), m.ones(1)), "empty tensor"),
        ],
        grad_fn=False,
    ),
    OpCase("put node", lambda m, x, s: m.put(x, m.tensor([1, -1, 3]), s), [S((3, 4), (3,))]),
    OpCase("put scalar", lambda m, x, s: x.put(m.tensor([0]), s), [S((), (1,))], grad_order=1, grad_fn=False),
]
