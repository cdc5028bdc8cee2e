"""Indexing with brackets."""

import warnings

from cases import E, OpCase, S, bools, ints


def listed(x):
    """Lists that stand for one index per dimension, which PyTorch warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x[[[0, 1]]], x[[[0, 1], [1, 0]]], x[[slice(0, 1)]], x[[None, 0]], x[[..., 0]], x[[0, slice(1, 3)]]


def write(m, x, v, key):
    y = x.clone()
    y[key] = v
    return y


CASES = [
    OpCase(
        "getitem",
        lambda m, x: (x[0], x[-1, 1], x[1:], x[:, 1:3], x[..., 0], x[None], x[:, None, 1], x[::2, ::3], x[:]),
        [S((3, 4, 5))],
        [
            E(lambda m: m.ones(2)[2], "out of bounds"),
            E(lambda m: m.ones(2)[0, 0], "too many indices"),
            E(lambda m: m.ones(2)[::-1], "step"),
            E(lambda m: m.ones(())[0], "0-dim"),
            E(lambda m: m.ones(3)[m.tensor([3])], "out of bounds"),
            E(lambda m: m.ones(3)[m.tensor([0.5])]),
            E(lambda m: m.ones(3)[m.ones(2) > 0], "shape of the mask"),
            E(lambda m: m.ones(3)[1.5], "only integers"),
            E(lambda m: m.ones(3)[{}], "only integers"),
            E(lambda m: m.ones(3)["a"]),
            E(lambda m: m.ones(2, 3)[0, 5], "out of bounds for dimension 1 with size 3"),
            E(lambda m: m.ones(2, 3)[0, m.tensor([5])], "out of bounds for dimension"),
        ],
    ),
    OpCase(
        "getitem_tensor",
        lambda m, x, i: (x[i], x[:, i], x[i, i], x[i, 1:], x[1, i], x[[0, 2]], x[..., i], x[:, i, None]),
        [S((5, 5, 4), ints(3, low=0, high=4)), S((5, 5, 4), ints(2, 2, low=-4, high=4))],
        grad_fn=False,
    ),
    OpCase(
        "getitem_list",
        lambda m, x: (*listed(x), x[..., 0, ...], x[[0, 1]]),
        [S((3, 4, 5))],
        grad_fn=False,
    ),
    OpCase("getitem_mask", lambda m, x, b: (x[b], x[b.any(1)], x[:, b.any(0)]), [S((4, 5), bools(4, 5))]),
    OpCase(
        "setitem",
        lambda m, x, v: (write(m, x, v, 0), write(m, x, v, (slice(None), slice(1, 4))), write(m, x, 2.0, (0, 1))),
        [S((3, 4, 3), (3,))],
        [
            E(lambda m: write(m, m.ones(3), "a", 0), "can't assign a str"),
            E(lambda m: write(m, m.ones(3), None, 0), "can't assign a NoneType"),
            E(lambda m: write(m, m.ones(3), {}, m.tensor([0])), "can't assign a dict"),
        ],
        grad_fn=False,
    ),
    OpCase(
        "setitem_tensor",
        lambda m, x, v, i: (write(m, x, v, i), write(m, x, v, (slice(None), i))),
        [S((4, 4, 3), (3,), ints(1, low=0, high=4))],
        grad_fn=False,
    ),
    OpCase(
        "setitem_mask",
        lambda m, x, b: (write(m, x, 1.5, b), write(m, x, 0, x > 0)),
        [S((4, 5), bools(4, 5))],
        grad_fn=False,
    ),
    OpCase(
        "index_put",
        lambda m, x, v, i: (x.index_put((i,), v), x.index_put((i, i), m.ones((), dtype=x.dtype), accumulate=True)),
        [S((4, 4), (4,), ints(3, low=0, high=4))],
        grad_fn=False,
    ),
]
