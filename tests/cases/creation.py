"""New tensors with known values, and what the creation functions refuse."""

import warnings

from cases import E, OpCase, S


def case(name, call, errors=(), **options):
    return OpCase(name, lambda m: call(m), [S()], [E(e) for e in errors], grad_order=0, **options)


def quiet_range(m):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return m.range(0, 4, 2), m.range(3, 1, -0.5)


WINDOWS = ("hann", "hamming", "blackman", "bartlett", "kaiser")

CASES = [
    OpCase(
        "hann_window",
        lambda m, n, periodic: [getattr(m, f"{w}_window")(n, periodic, dtype=m.float64) for w in WINDOWS],
        [S(n=n, periodic=periodic) for n in (0, 1, 3, 5, 8) for periodic in (True, False)],
        [
            E(lambda m: m.hann_window(-1), "non-negative"),
            E(lambda m: m.kaiser_window(3, dtype=m.int64), "floating point"),
            E(lambda m: m.bartlett_window(2.5), "must be int"),
        ],
        covers=tuple(f"{w}_window" for w in WINDOWS),
        grad_order=0,
        ulp=64,
    ),
    OpCase(
        "window options",
        lambda m: (m.hamming_window(4, True, 0.6, 0.3), m.kaiser_window(5, True, 3.0), m.hann_window(3)),
        [S()],
        grad_order=0,
        ulp=64,
        length=lambda s: 16,
    ),
    case(
        "arange",
        lambda m: (
            m.arange(5),
            m.arange(1, 4),
            m.arange(5, 0, -2),
            m.arange(0.0, 1.0, 0.3),
            m.arange(0, 1, 0.25),
            m.arange(2, 2),
            m.arange(0.0, 5.0, dtype=m.int32),
            m.arange(m.tensor(3)),
        ),
        [
            lambda m: m.arange(0, 1, 0),
            lambda m: m.arange(0, 5, -1),
            lambda m: m.arange(5, 0),
            lambda m: m.arange(0, float("inf")),
            lambda m: m.arange(0, float("nan")),
            lambda m: m.arange("3"),
            lambda m: m.arange(0, 1e30),
        ],
    ),
    case("range", quiet_range, [lambda m: m.range(0, 4, 0), lambda m: m.range(4, 0, 1)]),
    case(
        "linspace",
        lambda m: (
            m.linspace(0, 1, 5),
            m.linspace(3, -3, 4, dtype=m.float64),
            m.linspace(0, 1, 0),
            m.linspace(2, 5, 1),
        ),
        [lambda m: m.linspace(0, 1, -1), lambda m: m.linspace(0, 1, 2.5), lambda m: m.linspace("a", 1, 2)],
    ),
    case(
        "logspace",
        lambda m: (m.logspace(0, 2, 3), m.logspace(0, 3, 4, base=2)),
        [lambda m: m.logspace(0, 1, -1)],
        ulp=16,
    ),
    case(
        "eye",
        lambda m: (m.eye(3), m.eye(2, 4), m.eye(3, dtype=m.int64), m.eye(0)),
        [lambda m: m.eye(-1), lambda m: m.eye(2, -3), lambda m: m.eye(2.5)],
    ),
    case(
        "zeros",
        lambda m: (m.zeros(2, 3), m.zeros((2,), dtype=m.int64), m.zeros(()), m.zeros([0, 2])),
        [
            lambda m: m.zeros(-1),
            lambda m: m.zeros(2, -3),
            lambda m: m.zeros(2.5),
            lambda m: m.zeros("2"),
            lambda m: m.zeros(1 << 62),
            lambda m: m.zeros(1 << 40, 1 << 40),
            lambda m: m.zeros(1 << 50),
            lambda m: m.zeros(2, dtype="float32"),
            lambda m: m.zeros(2, device="nowhere"),
        ],
    ),
    case("ones", lambda m: (m.ones(2, 3), m.ones(2, dtype=m.bool)), [lambda m: m.ones(-2), lambda m: m.ones(1 << 50)]),
    case(
        "full",
        lambda m: (m.full((2, 3), 1.5), m.full((2,), 3), m.full((), True), m.full((2,), 2, dtype=m.float32)),
        [lambda m: m.full((-1,), 0), lambda m: m.full((2,), "a"), lambda m: m.full(2.5, 1)],
    ),
    case(
        "zeros_like",
        lambda m: [f(m.arange(6).view(2, 3), dtype=d) for f in (m.zeros_like, m.ones_like) for d in (None, m.float64)],
        [lambda m: m.zeros_like([1.0]), lambda m: m.ones_like(2)],
        covers=("ones_like",),
    ),
    case(
        "full_like",
        lambda m: (m.full_like(m.ones(2), 3), m.full_like(m.ones(2), 3.5, dtype=m.float64)),
        [lambda m: m.full_like([1.0], 3)],
    ),
    case(
        "new_zeros",
        lambda m: [
            m.ones(1, dtype=m.float64).new_zeros(2, 3),
            m.ones(1).new_ones((2,)),
            m.ones(1).new_full((2,), 7),
            m.arange(2).new_zeros(()),
        ],
        [lambda m: m.ones(1).new_zeros(-1), lambda m: m.ones(1).new_full((-2,), 1)],
        covers=("new_ones", "new_full"),
    ),
    case("scalar_tensor", lambda m: (m.scalar_tensor(2), m.scalar_tensor(1.5, dtype=m.float64))),
    case(
        "tril_indices",
        lambda m: (m.tril_indices(3, 4), m.tril_indices(3, 3, -1), m.triu_indices(3, 4, 1)),
        [lambda m: m.tril_indices(-1, 2), lambda m: m.triu_indices(2, -1)],
        covers=("triu_indices",),
    ),
    case(
        "meshgrid",
        lambda m: (
            m.meshgrid(m.arange(2), m.arange(3), indexing="ij"),
            m.meshgrid(m.arange(2), m.arange(3), indexing="xy"),
        ),
        [
            lambda m: m.meshgrid(m.arange(2), m.arange(3), indexing="zz"),
            lambda m: m.meshgrid(m.ones(2, 2), m.ones(2), indexing="ij"),
        ],
    ),
    case(
        "tensor_errors",
        lambda m: m.tensor([1, 2]),
        [
            lambda m: m.tensor([[1, 2], [3]]),
            lambda m: m.tensor(["a"]),
            lambda m: m.tensor(object()),
            lambda m: m.tensor([1, None]),
            lambda m: m.tensor([1, 2], dtype=3),
            lambda m: m.tensor(),
            lambda m: m.tensor(1 << 70),
            lambda m: m.tensor([1], requires_grad=True),
            lambda m: m.as_tensor("x"),
            lambda m: m.frombuffer(b"", dtype=m.int8),
            lambda m: m.frombuffer(b"abc", dtype=m.int32),
            lambda m: m.frombuffer(b"abcd", dtype=m.int8, offset=9),
            lambda m: m.empty(-1),
            lambda m: m.empty_strided((2,), (1, 1)),
            lambda m: m.empty_strided((2,), (-1,)),
        ],
    ),
]


def numpy_arrays(m):
    """Arrays of every layout come in with their values."""
    import numpy as np

    grid = np.arange(24.0).reshape(2, 3, 4)
    return [
        m.from_numpy(a)
        for a in (
            grid,
            grid[:, ::2],
            grid.T,
            np.asfortranarray(grid),
            np.broadcast_to(grid[0], (2, 3, 4)).copy(),
            grid[:0],
        )
    ]


def odd_array(make):
    import numpy as np

    return E(lambda m: m.from_numpy(make(np)))


CASES.append(
    OpCase(
        "numpy_arrays",
        numpy_arrays,
        [S()],
        [
            odd_array(lambda np: np.array(["a", "b"])),
            odd_array(lambda np: np.array([object()])),
            odd_array(lambda np: np.zeros(2, dtype="M8[s]")),
            odd_array(lambda np: np.zeros(2, dtype=">f4")),
            odd_array(lambda np: np.zeros(3)[::-1]),
            odd_array(lambda np: np.zeros(2, dtype=[("a", "f4")])),
            odd_array(lambda np: [1, 2]),
        ],
        grad_order=0,
    )
)
