"""Systems of equations, inverse, determinant, pseudo-inverse."""

from cases import E, OpCase, S, distinct
from cases.factor import MATRICES, STEPS, complex_of, old, positive_definite, regular, wrong


def singular(m):
    return m.diag(m.tensor([1.0, 0.0, 2.0]))


def solved(m, A, B, **options):
    return m.linalg.solve(regular(m, A), B, **options)


def right_hand(shape):
    return E(lambda m: m.linalg.solve(m.eye(3), m.ones(*shape)), "Incompatible shapes")


LOWER = dict(upper=False)

CASES = [
    OpCase(
        "inverse",
        lambda m, x: (m.linalg.inv(regular(m, x)), m.inverse(regular(m, x)), regular(m, x).inverse()),
        MATRICES,
        [
            *wrong("inv"),
            E(lambda m: m.linalg.inv(singular(m)), "diagonal element 2 is zero"),
            E(lambda m: m.linalg.inv(m.stack([m.eye(3), singular(m)])), "Batch element 1"),
            E(lambda m: m.linalg.inv_ex(singular(m), check_errors=True), "inv_ex"),
        ],
        covers=("linalg.inv",),
        ulp=STEPS,
    ),
    OpCase(
        "linalg.inv_ex",
        lambda m, x: (*m.linalg.inv_ex(regular(m, x)), m.linalg.inv_ex(x * 0).info),
        MATRICES[:3],
        ulp=STEPS,
    ),
    OpCase(
        "inverse complex",
        lambda m, x: (
            m.view_as_real(m.linalg.inv(complex_of(m, x))),
            m.view_as_real(m.linalg.det(complex_of(m, x))),
            m.linalg.slogdet(complex_of(m, x)).logabsdet,
            m.view_as_real(m.linalg.slogdet(complex_of(m, x)).sign),
            m.view_as_real(m.linalg.solve(complex_of(m, x), complex_of(m, x).mT)),
            m.view_as_real(m.linalg.pinv(complex_of(m, x)[:, :2])),
        ),
        [S((3, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "det",
        lambda m, x: (m.linalg.det(regular(m, x)), m.det(x), x.det()),
        MATRICES[:3],
        wrong("det"),
        covers=("linalg.det",),
        ulp=STEPS,
    ),
    OpCase(
        "det of a singular matrix",
        lambda m, x: m.linalg.det(m.cat([x, x[:1] * 0])),
        [S(distinct(2, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "slogdet",
        lambda m, x: (*m.linalg.slogdet(regular(m, x)), *m.slogdet(x), *x.slogdet()),
        MATRICES[:4],
        wrong("slogdet"),
        covers=("linalg.slogdet",),
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "logdet",
        lambda m, x: (m.logdet(positive_definite(m, x)), (-m.eye(3)).logdet(), m.logdet(m.zeros(3, 3))),
        MATRICES[:3],
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.solve",
        lambda m, A, B: solved(m, A, B),
        [
            S((3, 3), (3, 2)),
            S((3, 3), (3,)),
            S((2, 3, 3), (2, 3)),
            S((2, 3, 3), (3, 4)),
            S((3, 3), (2, 3, 1)),
            S((0, 0), (0, 2)),
            S((3, 3), (3, 0)),
        ],
        [
            *[right_hand(shape) for shape in ((2,), (2, 3), (4, 1))],
            E(lambda m: m.linalg.solve(singular(m), m.ones(3)), "singular"),
            E(lambda m: m.linalg.solve(m.ones(2, 3), m.ones(3)), "2 by 3"),
            E(lambda m: m.linalg.solve(m.eye(3), m.ones(3).double()), "same dtype"),
            E(lambda m: m.linalg.solve(m.ones(3), m.ones(3)), "at least 2"),
            E(lambda m: m.linalg.solve(m.eye(3).long(), m.ones(3)), "Long"),
            E(lambda m: m.linalg.solve(m.eye(3), m.ones(3), left=False), "XA"),
        ],
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.solve left", lambda m, A, B: solved(m, A, B, left=False), [S((3, 3), (2, 3))], ulp=STEPS, grad_fn=False
    ),
    OpCase("linalg.solve node", lambda m, A, B: solved(m, A, B), [S((3, 3), (3, 2))], ulp=STEPS),
    OpCase(
        "linalg.solve_ex",
        lambda m, A, B: (*m.linalg.solve_ex(regular(m, A), B), m.linalg.solve_ex(A * 0, B).info),
        [S((3, 3), (3, 2))],
        [E(lambda m: m.linalg.solve_ex(singular(m), m.ones(3), check_errors=True))],
        ulp=STEPS,
    ),
    OpCase(
        "linalg.solve_ex singular",
        lambda m, x: m.linalg.solve_ex(singular(m), m.ones(3)),
        [S((1,))],
        grad_order=0,
    ),
    OpCase(
        "linalg.solve_triangular",
        lambda m, A, B: [
            m.linalg.solve_triangular(regular(m, A), B, upper=upper, unitriangular=unit)
            for upper in (False, True)
            for unit in (False, True)
        ],
        [S((3, 3), (3, 2)), S((2, 4, 4), (4, 3)), S((3, 3), (2, 3, 1)), S((0, 0), (0, 2))],
        [
            E(lambda m: m.linalg.solve_triangular(m.eye(3), m.ones(3), upper=True), "at least 2"),
            E(lambda m: m.linalg.solve_triangular(m.ones(2, 3), m.ones(2, 3), upper=True), "2 by 3"),
            E(lambda m: m.linalg.solve_triangular(m.eye(3), m.ones(2, 2), upper=True), "Incompatible"),
            E(lambda m: m.linalg.solve_triangular(m.eye(3), m.eye(3))),
            E(lambda m: m.linalg.solve_triangular(m.eye(3).long(), m.eye(3).long(), upper=True), "Long"),
        ],
        ulp=STEPS,
    ),
    OpCase(
        "linalg.solve_triangular right",
        lambda m, A, B: m.linalg.solve_triangular(regular(m, A), B, upper=True, left=False),
        [S((3, 3), (2, 3))],
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.solve_triangular large",
        lambda m, A, B: m.linalg.solve_triangular(A.tril() + 20 * m.eye(50, dtype=A.dtype), B, upper=False),
        [S((50, 50), (50, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "triangular_solve",
        lambda m, B, A: (
            *old(m.triangular_solve, B, regular(m, A)),
            *old(B.triangular_solve, regular(m, A), False, True),
        ),
        [S((3, 2), (3, 3))],
        ulp=STEPS,
    ),
    OpCase(
        "cholesky_solve",
        lambda m, B, A: (m.cholesky_solve(B, regular(m, A).tril()), B.cholesky_solve(regular(m, A).triu(), True)),
        [S((3, 2), (3, 3)), S((2, 3, 1), (2, 3, 3))],
        [E(lambda m: m.cholesky_solve(m.ones(3), m.eye(3)), "2 dimensions")],
        ulp=STEPS,
    ),
    OpCase(
        "cholesky_inverse",
        lambda m, A: (m.cholesky_inverse(regular(m, A).tril()), regular(m, A).triu().cholesky_inverse(True)),
        MATRICES[:2],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "pinverse",
        lambda m, x: (m.linalg.pinv(x), m.pinverse(x), x.pinverse()),
        [S(distinct(4, 3)), S(distinct(2, 3, 5)), S((3, 3)), S((0, 3)), S((2, 0))],
        [
            E(lambda m: m.linalg.pinv(m.ones(3)), "2 or more"),
            E(lambda m: m.linalg.pinv(m.ones(3, 3).long()), "float, double"),
            E(lambda m: m.linalg.pinv(m.ones(2, 3), hermitian=True), "square"),
        ],
        covers=("linalg.pinv",),
        ulp=STEPS,
    ),
    OpCase(
        "linalg.pinv tolerances",
        lambda m, x: (
            m.linalg.pinv(singular(m), hermitian=True),
            m.linalg.pinv(singular(m), rtol=0.6),
            m.linalg.pinv(singular(m), atol=1.5),
            m.linalg.pinv(singular(m), 0.6),
            m.linalg.pinv(m.stack([singular(m), m.eye(3)]), rtol=m.tensor([0.6, 0.1])),
            m.linalg.pinv(m.ones(2, 3)),
        ),
        [S((1,))],
        grad_order=0,
        ulp=STEPS,
    ),
    OpCase(
        "linalg.matrix_rank",
        lambda m, x: (
            m.linalg.matrix_rank(x),
            m.linalg.matrix_rank(singular(m)),
            m.linalg.matrix_rank(singular(m), hermitian=True),
            m.linalg.matrix_rank(singular(m), 1.5),
            m.linalg.matrix_rank(singular(m), rtol=0.6),
            m.linalg.matrix_rank(singular(m), atol=m.tensor(1.5)),
            m.linalg.matrix_rank(m.stack([singular(m), m.eye(3)])),
        ),
        [S(distinct(4, 3)), S((0, 2))],
        wrong("matrix_rank", square=False),
        grad_order=0,
    ),
    OpCase(
        "linalg.lstsq",
        lambda m, A, B: (
            m.linalg.lstsq(A, B).solution,
            *m.linalg.lstsq(A, B, driver="gelsd")[:2],
            *m.linalg.lstsq(A, B, driver="gels")[:2],
        ),
        [S(distinct(4, 3), (4, 2)), S(distinct(2, 5, 3), (2, 5, 2)), S(distinct(3, 3), (3, 1))],
        [
            E(lambda m: m.linalg.lstsq(m.ones(2, 3), m.ones(3, 1)), "should match"),
            E(lambda m: m.linalg.lstsq(m.ones(2, 3), m.ones(2, 1), driver="x"), "driver"),
            E(lambda m: m.linalg.lstsq(m.ones(3), m.ones(3)), "at least 2"),
        ],
        ulp=STEPS,
        grad_order=1,
        grad_fn=False,
    ),
    OpCase(
        "linalg.lstsq parts",
        lambda m, A, B: (
            m.linalg.lstsq(A, B),
            m.linalg.lstsq(A, B, driver="gelsd"),
            m.linalg.lstsq(A, B, driver="gelss"),
            m.linalg.lstsq(m.ones(2, 3), m.ones(2, 1)),
            m.linalg.lstsq(A, B[..., 0]).solution,
        ),
        [S(distinct(4, 3), (4, 2)), S(distinct(2, 5, 3), (2, 5, 1))],
        ulp=STEPS,
        grad_order=0,
    ),
]
