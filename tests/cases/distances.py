"""Distances between vectors."""

from cases import E, OpCase, S, distinct, ints

ORDERS = (2.0, 1.0, 3.0, 0.0, float("inf"), 1.5)

CASES = [
    OpCase(
        "cdist",
        lambda m, a, b, p: m.cdist(a, b, p),
        [S(distinct(3, 4), distinct(2, 4), p=p) for p in ORDERS]
        + [S((2, 1, 3, 4), (5, 2, 4), p=2.0), S((0, 4), (3, 4), p=2.0), S((2, 0), (3, 0), p=2.0)],
        [
            E(lambda m: m.cdist(m.ones(3, 4), m.ones(2, 3)), "same number of columns"),
            E(lambda m: m.cdist(m.ones(3), m.ones(2, 3)), "at least 2D"),
            E(lambda m: m.cdist(m.ones(3, 4), m.ones(2, 4), -1), "non-negative"),
            E(lambda m: m.cdist(m.ones(3, 4).long(), m.ones(2, 4)), "floating-point"),
            E(lambda m: m.cdist(m.ones(3, 4), m.ones(2, 4).double()), "scalar type"),
            E(lambda m: m.cdist(m.ones(2, 3, 4), m.ones(3, 5, 4)), "must match the size"),
            E(lambda m: m.cdist(m.ones(3, 4), m.ones(2, 4), compute_mode="x"), "compute_mode"),
        ],
        ulp=64,
        grad_order=1,
    ),
    OpCase("cdist by products", lambda m, a, b: m.cdist(a, b), [S((30, 4), (3, 4))], ulp=4096, grad_order=1),
    OpCase("cdist zero", lambda m, a: m.cdist(a, a), [S(distinct(3, 4))], ulp=64, grad_order=1),
    OpCase(
        "pdist",
        lambda m, x, p: (m.pdist(x, p), m.nn.functional.pdist(x, p)),
        [S((5, 3), p=p) for p in ORDERS] + [S((1, 3), p=2.0), S((3, 0), p=2.0)],
        [
            E(lambda m: m.pdist(m.ones(2, 2, 2)), "2D tensors"),
            E(lambda m: m.pdist(m.ones(2, 2), -1), "non-negative"),
            E(lambda m: m.pdist(m.ones(2, 2).long()), "floating-point"),
        ],
        ulp=64,
        grad_order=1,
    ),
    OpCase(
        "pairwise_distance",
        lambda m, a, b, p: (
            m.pairwise_distance(a, b, p),
            m.nn.functional.pairwise_distance(a, b, p, keepdim=True),
            m.nn.PairwiseDistance(p, 1e-3)(a, b),
        ),
        [S(distinct(3, 4), distinct(3, 4), p=p) for p in ORDERS[:3]] + [S((3, 4), (4,), p=2.0), S((4,), (4,), p=2.0)],
        [E(lambda m: m.pairwise_distance(m.ones(3, 4), m.ones(2, 4)), "must match the size")],
        ulp=64,
    ),
    OpCase(
        "pairwise_distance of integers",
        lambda m, i: m.pairwise_distance(i, i),
        [S(ints(3, 4))],
        grad_order=0,
        ulp=64,
    ),
    OpCase(
        "cosine_similarity",
        lambda m, a, b: (
            m.cosine_similarity(a, b, dim=-1),
            m.nn.functional.cosine_similarity(a, b, dim=0),
            m.nn.CosineSimilarity(0, 1e-3)(a, b),
            m.cosine_similarity(a * 0, b, -1),
        ),
        [S((3, 4), (3, 4)), S((3, 4), (4,))],
        [
            E(lambda m: m.cosine_similarity(m.ones(2, 2).long(), m.ones(2, 2).long()), "floating point"),
            E(lambda m: m.cosine_similarity(m.ones(3, 4), m.ones(2, 4)), "must match the size"),
            E(lambda m: m.cosine_similarity(m.ones(3, 4), m.ones(3, 4), dim=2), "out of range"),
        ],
        ulp=512,
        grad_order=1,
    ),
]
