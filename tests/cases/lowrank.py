"""Decompositions by random projections; signs of the vectors are arbitrary, their product is not."""

from cases import E, OpCase, S


def whole(m, function, x, *args, **kwargs):
    m.manual_seed(0)
    u, s, v = function(x, *args, **kwargs)
    return s, (u * s.unsqueeze(-2)) @ v.mH


CASES = [
    OpCase(
        "svd_lowrank",
        lambda m, a, b: (
            *whole(m, m.svd_lowrank, a @ b, 3),
            *whole(m, m.svd_lowrank, (a @ b).mT, 3, niter=1),
            *whole(m, m.svd_lowrank, a @ b + 1, 3, M=m.ones(1, 1, dtype=a.dtype)),
        ),
        [S((9, 3), (3, 7)), S((2, 8, 3), (3, 5))],
        [E(lambda m: m.svd_lowrank(m.ones(3, 4).long()))],
        ulp=4096,
        grad_order=0,
    ),
    OpCase(
        "pca_lowrank",
        lambda m, a, b: (*whole(m, m.pca_lowrank, a @ b, 3), *whole(m, m.pca_lowrank, a @ b, 3, center=False)),
        [S((9, 3), (3, 7))],
        [
            E(lambda m: m.pca_lowrank(m.ones(3, 4), q=5), "not greater than"),
            E(lambda m: m.pca_lowrank(m.ones(3, 4), niter=-1), "niter"),
            E(lambda m: m.pca_lowrank(m.ones(3)), "matrices"),
            E(lambda m: m.pca_lowrank(m.ones(3, 4).long()), "dtype|type"),
        ],
        ulp=4096,
        grad_order=0,
    ),
]
