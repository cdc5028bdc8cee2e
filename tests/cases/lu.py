"""LU factorisation."""

from cases import E, OpCase, S
from cases.factor import STEPS, old, regular

SHAPES = [S((3, 3)), S((2, 4, 4)), S((5, 3)), S((2, 3, 5)), S((0, 0)), S((40, 40))]

CASES = [
    OpCase(
        "lu",
        lambda m, x: (
            m.linalg.lu_factor(x),
            m.linalg.lu_factor_ex(x),
            m.linalg.lu(x),
            old(m.lu, x),
            old(x.lu, get_infos=True),
        ),
        SHAPES,
        [
            E(lambda m: m.linalg.lu_factor(m.ones(3, 3)), r"U\[2,2\] is zero"),
            E(lambda m: m.linalg.lu_factor(m.stack([m.eye(2), m.zeros(2, 2)])), "Batch element 1"),
            E(lambda m: m.linalg.lu_factor(m.ones(3)), "2 or more"),
            E(lambda m: m.linalg.lu(m.ones(3)), "2 or more"),
            E(lambda m: m.linalg.lu(m.ones(2, 2, dtype=m.int64)), "Long"),
            E(lambda m: m.linalg.lu(m.eye(2), pivot=False), "without pivoting"),
            E(lambda m: m.linalg.lu_factor_ex(m.zeros(2, 2), check_errors=True), "is zero"),
        ],
        covers=("linalg.lu", "linalg.lu_factor", "linalg.lu_factor_ex"),
        ulp=STEPS,
    ),
    OpCase(
        "lu of singular matrices",
        lambda m, x: (m.linalg.lu_factor_ex(x * 0), m.linalg.lu(m.ones(3, 3, dtype=x.dtype))),
        [S((2, 3, 3))],
        grad_order=0,
    ),
    OpCase(
        "lu_unpack",
        lambda m, x: (m.lu_unpack(*m.linalg.lu_factor(x)), m.lu_unpack(*m.linalg.lu_factor(x), unpack_data=False)[0]),
        SHAPES[:4],
        ulp=STEPS,
    ),
    OpCase(
        "lu_solve",
        lambda m, x, b: (
            m.linalg.lu_solve(*m.linalg.lu_factor(regular(m, x)), b),
            m.linalg.lu_solve(*m.linalg.lu_factor(regular(m, x)), b, adjoint=True),
            m.linalg.lu_solve(*m.linalg.lu_factor(regular(m, x)), b.mT, left=False),
            old(b.lu_solve, *m.linalg.lu_factor(regular(m, x))),
        ),
        [S((3, 3), (3, 2)), S((2, 4, 4), (2, 4, 1)), S((3, 3), (2, 3, 2))],
        [
            E(lambda m: m.linalg.lu_solve(*m.linalg.lu_factor(m.eye(3)), m.ones(2, 2)), "Incompatible"),
            E(lambda m: m.linalg.lu_solve(*m.linalg.lu_factor(m.eye(3)), m.ones(3, 2).double()), "same dtype"),
        ],
        covers=("linalg.lu_solve",),
        ulp=STEPS,
    ),
    OpCase(
        "lu large",
        lambda m, x: m.linalg.lu_factor(x),
        [S((70, 50)), S((2, 50, 70))],
        ulp=STEPS,
        grad_order=1,
    ),
]
