"""Pooling. One row: function, input, keywords; the input has no ties, so that every order of derivative is defined."""

from cases import E, OpCase, S, distinct, ints

WINDOWS = {
    1: [
        (2, 3, 9, {"kernel_size": 2}),
        (3, 9, {"kernel_size": 3, "stride": 2, "padding": 1}),
        (2, 3, 10, {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True}),
        (0, 3, 6, {"kernel_size": 2}),
    ],
    2: [
        (2, 3, 8, 7, {"kernel_size": 2}),
        (3, 8, 7, {"kernel_size": 3, "stride": 2, "padding": 1}),
        (2, 2, 7, 6, {"kernel_size": (3, 2), "stride": (2, 1), "ceil_mode": True}),
        (1, 2, 9, 40, {"kernel_size": (2, 3), "stride": (2, 2), "padding": (1, 1), "ceil_mode": True}),
        (2, 1, 7, 7, {"kernel_size": 2, "stride": 4}),
        (2, 1, 6, 6, {"kernel_size": 3, "stride": [1], "padding": [1]}),
        (0, 3, 6, 6, {"kernel_size": 2}),
    ],
    3: [
        (2, 2, 4, 6, 5, {"kernel_size": 2}),
        (2, 5, 6, 7, {"kernel_size": (2, 3, 2), "stride": (2, 1, 2), "padding": (1, 1, 0), "ceil_mode": True}),
    ],
}
DILATED = {
    1: [(2, 2, 11, {"kernel_size": 3, "dilation": 2, "padding": 1})],
    2: [(2, 2, 9, 20, {"kernel_size": (3, 2), "dilation": (2, 3), "stride": (2, 1), "padding": (1, 1)})],
    3: [(1, 2, 6, 7, 6, {"kernel_size": 2, "dilation": (1, 2, 3), "stride": 1})],
}
AVERAGES = [{}, {"count_include_pad": False}]


def samples(rows, kind=distinct, **more):
    return [S(kind(*row[:-1]), **row[-1], **more) for row in rows]


def function(name):
    return lambda m, x, **options: getattr(m.nn.functional, name)(x, **options)


def refused(name, shape, dtype="float32", **options):
    return E(lambda m: function(name)(m, m.zeros(*shape, dtype=getattr(m, dtype)), **options))


def bad_windows(n, name):
    """Arguments that pooling over n axes refuses."""
    good, k = (1, 1, *[4] * n), {"kernel_size": 2}
    return [
        refused(name, (4,) * n, **k),
        refused(name, (1, 1, 1, *[4] * n), **k),
        refused(name, (1, 0, *[4] * n), **k),
        refused(name, (1, 1, *[0] * n), **k),
        refused(name, (1, 1, *[1] * n), **k),
        refused(name, good, kernel_size=0),
        refused(name, good, kernel_size=2, stride=0),
        refused(name, good, kernel_size=2, padding=-1),
        refused(name, good, kernel_size=2, padding=2),
        refused(name, good, kernel_size=(2,) * (n + 1)),
        refused(name, good, kernel_size=2.5),
        refused(name, good, "complex64", **k),
    ]


CASES: list[OpCase] = []
for n in (1, 2, 3):
    name = f"max_pool{n}d"
    CASES += [
        OpCase(
            name,
            function(name),
            samples(WINDOWS[n] + DILATED[n]),
            [*bad_windows(n, name), refused(name, (1, 1, *[4] * n), kernel_size=2, dilation=0)],
        ),
        OpCase(name + "_indices", function(name), samples(WINDOWS[n] + DILATED[n], return_indices=True)),
        OpCase(
            f"avg_pool{n}d",
            function(f"avg_pool{n}d"),
            [s for options in AVERAGES for s in samples(WINDOWS[n], **options)],
            bad_windows(n, f"avg_pool{n}d"),
        ),
    ]
CASES += [
    OpCase("max_pool_public", lambda m, x: (m.max_pool1d(x, 2), m.max_pool2d(x, 2)), [S(distinct(2, 4, 6))]),
    OpCase("max_pool2d_int", function("max_pool2d"), samples(WINDOWS[2], ints), grad_order=0),
    OpCase(
        "max_pool2d_ties",
        function("max_pool2d"),
        [S(ints(2, 3, 8, 9), kernel_size=3, return_indices=True)],
        grad_order=0,
    ),
    OpCase("avg_pool2d_int", function("avg_pool2d"), samples(WINDOWS[2][:2], lambda *s: ints(*s, low=0)), grad_order=0),
    *[
        OpCase(
            f"avg_pool{n}d_divisor",
            function(f"avg_pool{n}d"),
            samples(WINDOWS[n][:2], divisor_override=3) + samples(WINDOWS[n][:1], divisor_override=-2),
            [refused(f"avg_pool{n}d", (1, 1, *[4] * n), kernel_size=2, divisor_override=0)],
        )
        for n in (2, 3)
    ],
]

ADAPTIVE = {
    1: [(2, 3, 7, 3), (3, 5, 7), (2, 3, 6, 1), (2, 2, 4, (2,))],
    2: [(2, 3, 7, 9, (3, 4)), (3, 5, 6, 2), (2, 3, 6, 7, 1), (2, 2, 5, 6, (None, 3)), (2, 2, 4, 4, (6, 3))],
    3: [(2, 2, 4, 5, 6, (2, 3, 4)), (2, 4, 5, 6, 2), (1, 2, 3, 4, 5, 1)],
}
for n in (1, 2, 3):
    for name in (f"adaptive_avg_pool{n}d", f"adaptive_max_pool{n}d"):
        rows = [S(distinct(*row[:-1]), output_size=row[-1]) for row in ADAPTIVE[n]]
        indexed = [S(t, **s.kwargs, return_indices=True) for s in rows for t in s.tensors] if "max" in name else []
        CASES.append(
            OpCase(
                name,
                function(name),
                rows + indexed,
                [
                    refused(name, (4,) * n, output_size=2),
                    refused(name, (1, 1, *[0] * n), output_size=2),
                    refused(name, (1, 1, *[4] * n), output_size=-1),
                    refused(name, (1, 1, *[4] * n), output_size=(2,) * (n + 1)),
                    refused(name, (1, 1, *[4] * n), "int64", output_size=2),
                ],
            )
        )


def unpooled(n):
    def call(m, x, kernel_size, stride=None, padding=0, output_size=None):
        F = m.nn.functional
        pool, unpool = getattr(F, f"max_pool{n}d"), getattr(F, f"max_unpool{n}d")
        y, indices = pool(x, kernel_size, stride, padding, return_indices=True)
        return unpool(y * 2, indices, kernel_size, stride, padding, output_size)

    return call


CASES += [
    OpCase(
        "max_unpool1d",
        unpooled(1),
        [S(distinct(2, 3, 8), kernel_size=2), S(distinct(3, 9), kernel_size=2, output_size=(9,))],
        grad_order=1,
        grad_fn=False,
    ),
    OpCase(
        "max_unpool2d",
        unpooled(2),
        [
            S(distinct(2, 3, 6, 8), kernel_size=2),
            S(distinct(1, 2, 6, 6), kernel_size=2, stride=4, padding=1, output_size=(6, 6)),
        ],
        [
            E(lambda m: unpooled(2)(m, m.zeros(1, 1, 4, 4), 2, output_size=(9, 9)), "output_size"),
            E(lambda m: unpooled(2)(m, m.zeros(1, 1, 4, 4), 2, output_size=(4,)), "output_size"),
            E(
                lambda m: m.nn.functional.max_unpool2d(m.zeros(1, 1, 1, 1), m.full((1, 1, 1, 1), 9), 2),
                "invalid max index",
            ),
        ],
        grad_order=1,
        grad_fn=False,
    ),
    OpCase("max_unpool3d", unpooled(3), [S(distinct(1, 2, 4, 4, 6), kernel_size=2)], grad_order=1, grad_fn=False),
    *[
        OpCase(
            f"lp_pool{n}d",
            function(f"lp_pool{n}d"),
            [S(distinct(2, 3, *[6] * n), norm_type=2, kernel_size=2)],
            ulp=32,
            grad_fn=False,
        )
        for n in (1, 2, 3)
    ],
]
