"""torch.signal.windows."""

from cases import E, OpCase, S

PARAMETERS = {
    "exponential": [{"tau": 2.0}, {"center": 1.0, "sym": False}],
    "gaussian": [{"std": 0.7}],
    "kaiser": [{"beta": 3.0}],
    "general_cosine": [{"a": [0.5, 0.3, 0.2]}],
    "general_hamming": [{"alpha": 0.6}],
}
WRONG = {
    "exponential": [{"tau": 0}, {"center": 1.0}],
    "gaussian": [{"std": 0}],
    "kaiser": [{"beta": -1}],
    "general_cosine": [{"a": []}],
}


def windows(m, function, options):
    """Several lengths, types and both symmetries."""
    for given in options:
        for length in (0, 1, 5, 8):
            yield function(length, **given)
            yield function(length, dtype=m.float64, **given)
            yield function(length, **{"sym": False, **given})


def of(name):
    options = PARAMETERS.get(name, [{}]) + ([{}] if name in ("exponential", "gaussian", "kaiser") else [])
    first = options[0]

    def wrong(**extra):
        return E(lambda m: getattr(m.signal.windows, name)(5, **{**first, **extra}))

    errors = [
        E(lambda m: getattr(m.signal.windows, name)(-1, **first), "non-negative"),
        E(lambda m: getattr(m.signal.windows, name)(5, dtype=m.int64, **first), "float32 or float64"),
        E(lambda m: getattr(m.signal.windows, name)(5, layout=m.sparse_coo, **first), "strided"),
        *[wrong(**extra) for extra in WRONG.get(name, [])],
    ]
    return OpCase(
        f"signal.windows.{name}",
        lambda m: list(windows(m, getattr(m.signal.windows, name), options)),
        [S()],
        errors,
        grad_order=0,
        ulp=16,
    )


CASES = [
    of(name)
    for name in """bartlett blackman cosine exponential gaussian general_cosine general_hamming hamming hann kaiser
    nuttall""".split()
]
