"""Norms of matrices, condition numbers, powers, exponentials, products of several."""

import math

from cases import E, OpCase, S, distinct, ints
from cases.factor import MATRICES, STEPS, old, regular, wrong

ORDERS = ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)

CASES = [
    OpCase(
        "linalg.matrix_norm",
        lambda m, x, ord: (
            m.linalg.matrix_norm(x, ord),
            m.linalg.matrix_norm(x, ord, (0, -1), keepdim=True),
            m.linalg.matrix_norm(x, ord, (1, 0)),
        ),
        [S(shape, ord=ord) for ord in ORDERS for shape in (distinct(4, 3), distinct(3, 2, 5))],
        [
            E(lambda m: m.linalg.matrix_norm(m.eye(3), 3), "Order 3"),
            E(lambda m: m.linalg.matrix_norm(m.eye(3), "x"), "Order x"),
            E(lambda m: m.linalg.matrix_norm(m.eye(3), dim=(0, 0)), "must be different"),
            E(lambda m: m.linalg.matrix_norm(m.eye(3), dim=(0,)), "2-tuple"),
            E(lambda m: m.linalg.matrix_norm(m.ones(3)), "at least 2"),
            E(lambda m: m.linalg.matrix_norm(m.eye(3).long()), "Long"),
        ],
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.matrix_norm nodes",
        lambda m, x: [m.linalg.matrix_norm(x, ord) for ord in ORDERS],
        [S(distinct(4, 3))],
        ulp=STEPS,
    ),
    OpCase(
        "linalg.matrix_norm dtype", lambda m, x: m.linalg.matrix_norm(x, "nuc", dtype=m.float64), [S((3, 3))], ulp=STEPS
    ),
    OpCase(
        "linalg.norm",
        lambda m, x: (
            m.linalg.norm(x),
            m.linalg.norm(x, 2),
            m.linalg.norm(x, "fro"),
            m.linalg.norm(x, 1, (0, 1), True),
            m.linalg.norm(x, 3, 0),
            m.linalg.norm(x, dim=(0, 1)),
            m.linalg.norm(x[0], math.inf),
            m.linalg.vector_norm(x, 1.5, 1),
        ),
        [S(distinct(4, 3)), S(distinct(3, 3))],
        [
            E(lambda m: m.linalg.norm(m.ones(2, 2, 2), 2), "must be 1D or 2D"),
            E(lambda m: m.linalg.norm(m.ones(3), "fro"), "at least 2"),
            E(lambda m: m.linalg.norm(m.eye(3), "nuc", 0), "2-tuple"),
            E(lambda m: m.linalg.norm(m.ones(2, 2, 2), 2, (0, 1, 2)), "length 1 or 2"),
            E(lambda m: m.linalg.norm(m.tensor([1])), "Long"),
        ],
        covers=("linalg.vector_norm",),
        ulp=STEPS,
    ),
    OpCase(
        "frobenius_norm",
        lambda m, x: (
            old(m.frobenius_norm, x, (0, 1)),
            old(m.frobenius_norm, x, dim=1),
            old(m.nuclear_norm, x),
            old(m.nuclear_norm, x, (1, 0), True),
        ),
        [S(distinct(4, 3))],
        covers=("nuclear_norm",),
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.cond",
        # PyTorch has no gradient for the other orders: it overwrites the inverse that it needs
        lambda m, x: [
            m.linalg.cond(regular(m, x) if p in (None, 2, -2) else regular(m, x).detach(), p) for p in (None, *ORDERS)
        ],
        [S((3, 3)), S((2, 4, 4))],
        [
            E(lambda m: m.linalg.cond(m.ones(2, 3), 1), "2 by 3"),
            E(lambda m: m.linalg.cond(m.eye(3), "x"), "invalid norm type"),
            E(lambda m: m.linalg.cond(m.ones(3)), "at least 2"),
        ],
        ulp=STEPS,
        grad_order=1,
        grad_fn=False,
    ),
    OpCase(
        "linalg.cond singular",
        lambda m, x: [m.linalg.cond(m.diag(m.tensor([1.0, 0.0])), p) for p in (None, 1, "fro")],
        [S((1,))],
        grad_order=0,
    ),
    OpCase(
        "matrix_power",
        lambda m, x, n: (m.linalg.matrix_power(regular(m, x), n), m.matrix_power(x, abs(n)), x.matrix_power(1)),
        [S((3, 3), n=n) for n in (-3, -1, 0, 1, 2, 3, 5)] + [S((2, 3, 3), n=4)],
        [
            E(lambda m: m.linalg.matrix_power(m.ones(2, 3), 2), "2 by 3"),
            E(lambda m: m.linalg.matrix_power(m.zeros(2, 2), -1), "singular"),
            E(lambda m: m.linalg.matrix_power(m.ones(3), 2), "at least 2"),
            E(lambda m: m.linalg.matrix_power(m.eye(3), 2.0), "must be int"),
        ],
        covers=("linalg.matrix_power",),
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase("matrix_power of integers", lambda m, i: m.matrix_power(i, 3), [S(ints(3, 3))], grad_order=0),
    OpCase(
        "matrix_exp",
        lambda m, x: (m.linalg.matrix_exp(x), m.matrix_exp(x * 3), (x * 0.3).matrix_exp()),
        MATRICES,
        wrong("matrix_exp", half=False),
        covers=("linalg.matrix_exp",),
        ulp=STEPS,
    ),
    OpCase(
        "linalg.multi_dot",
        lambda m, a, b, c: (
            m.linalg.multi_dot([a, b, c]),
            m.linalg.multi_dot([a[0], b, c]),
            m.linalg.multi_dot([a, b, c[:, 0]]),
            m.linalg.multi_dot([a[0], b[:, 0]]),
            m.linalg.multi_dot([a, b]),
        ),
        [S((2, 3), (3, 4), (4, 5))],
        [
            E(lambda m: m.linalg.multi_dot([m.eye(3)]), "at least 2 tensors"),
            E(lambda m: m.linalg.multi_dot([m.eye(3), m.ones(2, 3)]), "cannot be multiplied"),
            E(lambda m: m.linalg.multi_dot([m.eye(3), m.ones(2, 2, 2), m.eye(3)]), "must be 2D"),
        ],
        ulp=16,
        grad_fn=False,
    ),
    OpCase(
        "linalg.vecdot",
        lambda m, a, b: (
            m.linalg.vecdot(a, b),
            m.linalg.vecdot(a, b, dim=0),
            m.linalg.matmul(a, b.mT),
            m.linalg.diagonal(a),
        ),
        [S((3, 4), (3, 4)), S((3, 4), (1, 4))],
        [
            E(lambda m: m.linalg.vecdot(m.ones(3), m.ones(2))),
            E(lambda m: m.linalg.vecdot(m.tensor([1]), m.tensor([1])), "Long"),
        ],
        covers=("linalg.matmul", "linalg.diagonal"),
    ),
    OpCase(
        "cross",
        lambda m, a, b: (m.linalg.cross(a, b), m.linalg.cross(a, b, dim=1), m.cross(a, b, dim=-1), a.cross(b, 1)),
        [S((2, 3), (2, 3)), S((2, 3), (1, 3)), S((1, 3, 3), (4, 1, 3))][:2],
        [
            E(lambda m: m.linalg.cross(m.ones(3), m.ones(2)), "must have length 3"),
            E(lambda m: m.linalg.cross(m.ones(3, 3), m.ones(3)), "same number of dim"),
            E(lambda m: m.linalg.cross(m.ones(3, 3), m.ones(3, 3), dim=2), "out of range"),
            E(lambda m: m.cross(m.ones(2, 2), m.ones(2, 2)), "no dimension of size 3"),
            E(lambda m: m.linalg.cross(m.ones(3), m.ones(3).double()), "scalar type"),
        ],
        covers=("linalg.cross",),
    ),
    OpCase("cross default", lambda m, a, b: old(m.cross, a, b), [S((2, 3, 3), (2, 3, 3))]),
    OpCase(
        "linalg.tensorinv",
        lambda m, x, b: (m.linalg.tensorinv(x, 1), m.linalg.tensorsolve(x, b)),
        [S((6, 2, 3), (6,))],
        [
            E(lambda m: m.linalg.tensorinv(m.ones(2, 3)), "requirement"),
            E(lambda m: m.linalg.tensorinv(m.ones(4, 2, 2), 0), "strictly positive"),
            E(lambda m: m.linalg.tensorsolve(m.ones(2, 3), m.ones(3))),
        ],
        covers=("linalg.tensorsolve",),
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.tensorsolve dims",
        lambda m, x, b: m.linalg.tensorsolve(x, b, (0,)),
        [S((2, 6, 3), (6,))],
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "vander",
        lambda m, x: (m.vander(x.detach()), m.vander(x.detach(), 2, True), m.linalg.vander(x, N=3), m.vander(x, 0)),
        [S((4,))],
        [
            E(lambda m: m.vander(m.ones(2, 2)), "one-dimensional"),
            E(lambda m: m.vander(m.ones(2), -1), "non-negative"),
            E(lambda m: m.linalg.vander(m.ones(2), N=0), "greater than 1"),
        ],
        covers=("linalg.vander",),
        ulp=16,
        grad_fn=False,
    ),
    OpCase("vander of integers", lambda m, i: (m.vander(i), m.linalg.vander(i)), [S(ints(3))], grad_order=0),
    OpCase(
        "orgqr",
        lambda m, x, t: (m.linalg.householder_product(x, t), m.orgqr(x, t)),
        [S((4, 3), (3,)), S((2, 4, 4), (2, 2))],
        [
            E(lambda m: m.linalg.householder_product(m.ones(2, 3), m.ones(2)), "greater than or equal"),
            E(lambda m: m.linalg.householder_product(m.eye(3), m.ones(4)), "greater than or equal"),
        ],
        covers=("linalg.householder_product",),
        ulp=STEPS,
        grad_fn=False,
    ),
]
