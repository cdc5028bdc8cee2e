"""Softmax and its logarithm."""

from cases import E, OpCase, S

SAMPLES = [S((3, 4), dim=1), S((3, 4), dim=0), S((2, 5, 7), dim=-2), S((2, 40), dim=-1), S((0, 3), dim=1), S((), dim=0)]


def errors(name):
    f = lambda m: getattr(m, name)  # noqa: E731
    return [
        E(lambda m: f(m)(m.zeros(2, 3), 2), "Dimension out of range"),
        E(lambda m: f(m)(m.zeros(2, 3, dtype=m.int64), 1), "not implemented for 'Long'"),
        E(lambda m: f(m)(m.zeros(2, 3)), "dim"),
        E(lambda m: f(m)([1.0], 0), ""),
    ]


def typed(m, x, dim):
    return m.softmax(x, dim, dtype=m.float64), x.log_softmax(dim, dtype=m.float64)


CASES = [
    OpCase("softmax", lambda m, x, dim: (m.softmax(x, dim), x.softmax(dim)), SAMPLES, errors("softmax"), ulp=16),
    OpCase(
        "log_softmax",
        lambda m, x, dim: (m.log_softmax(x, dim), x.log_softmax(dim)),
        SAMPLES,
        errors("log_softmax"),
        ulp=16,
    ),
    OpCase("softmax_dtype", typed, SAMPLES[:2], ulp=16),
    OpCase("softmax_functional", lambda m, x, dim: m.nn.functional.softmax(x, dim), SAMPLES[:2], ulp=16),
    OpCase("log_softmax_functional", lambda m, x, dim: m.nn.functional.log_softmax(x, dim), SAMPLES[:2], ulp=16),
    OpCase("softmin", lambda m, x, dim: m.nn.functional.softmin(x, dim), SAMPLES[:2], ulp=16),
]
