"""Factorisations of matrices. Signs and phases of vectors are LAPACK's choice: the calls do not depend on them."""

import warnings

from cases import E, OpCase, S, distinct


def regular(m, x):
    """Well-conditioned matrices."""
    return x + 3 * m.eye(x.shape[-1], dtype=x.dtype)


def positive_definite(m, x):
    return x @ x.mT + 2 * m.eye(x.shape[-1], dtype=x.dtype)


def complex_of(m, x):
    """Square complex matrices, well-conditioned."""
    return m.complex(regular(m, x), x.mT.sin())


def symmetric(m, x):
    return x + x.mT + m.diag(m.arange(x.shape[-1], dtype=x.dtype) * 3)


def signless(m, *parts):
    return [p * p for p in parts]


def old(function, *args, **kwargs):
    """A call of a function that PyTorch wants to forget, without what it says about that."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def wrong(name, *, square=True, half=True, words=(), **kwargs):
    """What every function of matrices refuses."""

    def call(m, x):
        return getattr(m.linalg, name)(x, *words, **kwargs)

    rows = [
        E(lambda m: call(m, m.ones(3)), "at least 2 dim|2 or more dim"),
        E(lambda m: call(m, m.ones(3, 3, dtype=m.int64)), "Long|float and double"),
        E(lambda m: call(m, 2.0)),
    ]
    if square:
        rows.append(E(lambda m: call(m, m.ones(2, 3)), "2 by 3"))
    if half:
        rows.append(E(lambda m: call(m, m.ones(3, 3, dtype=m.float16)), "Half|float and double"))
    return rows


MATRICES = [S((3, 3)), S((2, 4, 4)), S((1, 1)), S((0, 0)), S((2, 0, 3, 3))]
RECTANGLES = [S(distinct(4, 3)), S(distinct(2, 3, 5)), S(distinct(3, 3)), S(distinct(2, 1))]
STEPS = 4096  # rounding steps: condition numbers up to some hundreds

CASES = [
    OpCase(
        "cholesky",
        lambda m, x: (
            m.linalg.cholesky(positive_definite(m, x)),
            m.linalg.cholesky(positive_definite(m, x), upper=True),
        ),
        MATRICES,
        [
            *wrong("cholesky"),
            E(lambda m: m.linalg.cholesky(m.diag(m.tensor([1.0, 0.0, 2.0]))), "leading minor of order 2"),
            E(lambda m: m.linalg.cholesky(m.stack([m.eye(3), -m.eye(3)])), "Batch element 1.*order 1"),
            E(lambda m: m.linalg.cholesky_ex(-m.eye(2), check_errors=True), "cholesky_ex"),
        ],
        covers=("linalg.cholesky",),
        ulp=STEPS,
    ),
    OpCase(
        "cholesky old",
        lambda m, x: (old(m.cholesky, positive_definite(m, x)), old(positive_definite(m, x).cholesky, True)),
        MATRICES[:2],
        ulp=STEPS,
    ),
    OpCase(
        "linalg.cholesky_ex",
        lambda m, x: (*m.linalg.cholesky_ex(positive_definite(m, x)), m.linalg.cholesky_ex(-x @ x.mT).info),
        MATRICES[:3],
        ulp=STEPS,
    ),
    OpCase(
        "linalg.cholesky_ex failed",
        lambda m: m.linalg.cholesky_ex(m.tensor([[[1.0, 2.0], [2.0, 1.0]], [[4.0, 2.0], [2.0, 5.0]]])),
        [S()],
        grad_order=0,
    ),
    OpCase(
        "cholesky complex",
        lambda m, x: m.view_as_real(m.linalg.cholesky(complex_of(m, x) @ complex_of(m, x).mH)),
        [S((3, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "linalg.qr",
        lambda m, x: m.linalg.qr(x),
        RECTANGLES,
        [
            *wrong("qr", square=False),
            E(lambda m: m.linalg.qr(m.eye(2), "x"), "unrecognized mode"),
            E(lambda m: m.linalg.qr(m.ones(3, 2, requires_grad=True), "complete")[1].sum().backward(), "not diff"),
            E(lambda m: m.linalg.qr(m.ones(3, 2, requires_grad=True), "r")[1].sum().backward(), "mode='r'"),
        ],
        ulp=STEPS,
    ),
    OpCase(
        "linalg.qr modes",
        lambda m, x: (*m.linalg.qr(x, "complete"), *m.linalg.qr(x, "r"), *old(m.qr, x), *old(x.qr, some=False)),
        [*RECTANGLES, S((0, 2)), S((2, 0))],
        grad_order=0,
        ulp=STEPS,
        covers=("qr",),
    ),
    OpCase("linalg.qr complete", lambda m, x: m.linalg.qr(x, "complete"), RECTANGLES[1:3], ulp=STEPS),
    OpCase(
        "linalg.qr complex",
        lambda m, x: [m.view_as_real(y) for y in m.linalg.qr(complex_of(m, x))],
        [S((3, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "linalg.svd",
        lambda m, x: (
            m.linalg.svd(x).S,
            *signless(m, m.linalg.svd(x, full_matrices=False).U, m.linalg.svd(x, False).Vh, m.svd(x).V),
            m.linalg.svd(x)[0][..., :1] @ m.linalg.svd(x)[2][..., :1, :],
        ),
        [S(distinct(4, 3)), S(distinct(2, 3, 5)), S(distinct(2, 1))],
        [
            *wrong("svd", square=False),
            E(lambda m: m.linalg.svd(m.full((2, 2), float("nan"))), "failed to converge"),
            E(lambda m: m.linalg.svd(m.eye(2), driver="gesvd"), "driver"),
        ],
        covers=("svd", "linalg.svd"),
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase("linalg.svd nodes", lambda m, x: [y * 1 for y in m.linalg.svd(x) if y.dim() < 2], [S((3, 3))], ulp=STEPS),
    OpCase(
        "linalg.svd complex",
        lambda m, x: (m.linalg.svd(complex_of(m, x)).S, m.linalg.svd(complex_of(m, x)).U.abs()),
        [S((3, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "linalg.svd rebuilt",
        lambda m, x: m.linalg.svd(x, False).U @ m.linalg.svd(x, False).S.diag_embed() @ m.linalg.svd(x, False).Vh,
        RECTANGLES,
        ulp=STEPS,
        grad_order=0,
    ),
    OpCase(
        "svd without vectors",
        lambda m, x: m.svd(x, compute_uv=False),
        [S(distinct(3, 2))],
        grad_order=0,
        ulp=STEPS,
    ),
    OpCase(
        "linalg.svdvals",
        lambda m, x: m.linalg.svdvals(x),
        [*RECTANGLES, S((0, 3))],
        wrong("svdvals", square=False),
        ulp=STEPS,
    ),
    OpCase(
        "linalg.eigh",
        lambda m, x: (
            m.linalg.eigh(symmetric(m, x)).eigenvalues,
            *signless(m, m.linalg.eigh(symmetric(m, x), "U").eigenvectors),
            m.linalg.eigvalsh(symmetric(m, x)),
        ),
        MATRICES[:4],
        [*wrong("eigh"), E(lambda m: m.linalg.eigh(m.eye(2), "X"), "UPLO")],
        covers=("linalg.eigvalsh",),
        ulp=STEPS,
        grad_fn=False,
    ),
    OpCase(
        "linalg.eigvalsh",
        lambda m, x: (m.linalg.eigvalsh(symmetric(m, x)), m.linalg.eigh(symmetric(m, x))[0]),
        MATRICES[:3],
        wrong("eigvalsh"),
        ulp=STEPS,
    ),
    OpCase(
        "linalg.eigh one triangle",
        lambda m, x: (m.linalg.eigvalsh(x), m.linalg.eigvalsh(x, UPLO="U")),
        MATRICES[:2],
        ulp=STEPS,
        grad_order=0,
    ),
    OpCase(
        "linalg.eigh complex",
        lambda m, x: m.linalg.eigh(complex_of(m, x) + complex_of(m, x).mH)[1].abs(),
        [S((3, 3))],
        ulp=STEPS,
        grad_order=1,
    ),
    OpCase(
        "linalg.eig",
        lambda m, x: (
            m.view_as_real(m.linalg.eig(symmetric(m, x) + x).eigenvalues).sum(-2),
            m.linalg.eig(x).eigenvalues.sum().real,
        ),
        MATRICES[:3],
        [*wrong("eig"), *wrong("eigvals")],
        covers=("linalg.eigvals",),
        ulp=STEPS,
        grad_order=1,
        grad_fn=False,
    ),
    OpCase(
        "linalg.eig vectors",
        lambda m, x: (
            m.linalg.eig(m.eye(3, dtype=x.dtype) * m.tensor([1.0, 4.0, 9.0], dtype=x.dtype) + x * 0.1)[1].abs().sum(-1)
        ),
        [S((3, 3))],
        ulp=STEPS,
        grad_order=1,
        grad_fn=False,
    ),
    OpCase(
        "linalg.eigvals",
        lambda m, x: (m.linalg.eigvals(x) ** 2).sum(-1).real,
        MATRICES[:2],
        ulp=STEPS,
        grad_order=1,
    ),
]
