"""Losses. Targets with class numbers are drawn inside the range; ignore_index=1 drops some of them."""

from cases import E, OpCase, S, ints, positive


def chosen(n):
    """Class numbers of n classes."""
    return lambda *shape: ints(*shape, low=0, high=n)


def call(name, **fixed):
    return lambda m, *tensors, **options: getattr(m.nn.functional, name)(*tensors, **fixed, **options)


REDUCTIONS = ("mean", "sum", "none")
CLASS_SHAPES = [
    ((4, 5), (4,)),
    ((5,), ()),
    ((2, 5, 3), (2, 3)),
    ((2, 5, 3, 2), (2, 3, 2)),
    ((2, 40), (2,)),
    ((3, 4, 20), (3, 20)),
]
IGNORE = [{}, {"ignore_index": 1}]


def class_samples(**more):
    return [
        S(shape, chosen(shape[0] if len(shape) == 1 else shape[1])(*target), reduction=r, **o, **more)
        for shape, target in CLASS_SHAPES
        for r in REDUCTIONS
        for o in IGNORE
        if not (shape == (5,) and (o or r == "none"))
    ]


def weighted(name):
    return lambda m, x, t, w, **options: getattr(m.nn.functional, name)(x, t, weight=w.detach(), **options)


def weighted_samples(**more):
    return [S((4, 5), chosen(5)(4), positive(5), reduction=r, **o, **more) for r in REDUCTIONS for o in IGNORE] + [
        S((2, 5, 3), chosen(5)(2, 3), positive(5), **more)
    ]


def class_errors(name):
    f = lambda m: getattr(m.nn.functional, name)  # noqa: E731
    x = lambda m: m.zeros(4, 3)  # noqa: E731
    t = lambda m, *values: m.tensor(values)  # noqa: E731
    return [
        E(lambda m: f(m)(x(m), t(m, 0, 1, 5, 1)), "Target 5 is out of bounds"),
        E(lambda m: f(m)(x(m), t(m, 0, 1, -1, 1)), "Target -1 is out of bounds"),
        E(lambda m: f(m)(m.zeros(2, 3, 4), m.full((2, 4), 7)), "Target 7 is out of bounds"),
        E(lambda m: f(m)(x(m), t(m, 0, 1, 2)), r"batch_size \(4\) to match target batch_size \(3\)"),
        E(lambda m: f(m)(x(m), t(m, 0, 1, 2, 1), reduction="x"), "x is not a valid value for reduction"),
        E(lambda m: f(m)(x(m), m.zeros(4)), "Long or Byte, but got Float"),
        E(lambda m: f(m)(x(m), t(m, 0, 1, 2, 1), weight=m.zeros(4)), "weight tensor should be defined"),
        E(lambda m: f(m)(x(m), t(m, 0, 1, 2, 1), weight=m.zeros(3, dtype=m.float64)), "scalar type Float but found"),
        E(lambda m: f(m)(m.zeros(2, 3, 4), m.zeros(2, 5, dtype=m.int64)), ""),
        E(lambda m: f(m)(m.zeros(2, 3, 4, 4), m.zeros(2, 4, 5, dtype=m.int64)), ""),
        E(lambda m: f(m)(m.zeros(2, 3, dtype=m.int64), t(m, 0, 1)), "'Long'"),
    ]


def probabilities(m, x, t, **options):
    return m.nn.functional.cross_entropy(x, m.softmax(t.detach(), 0 if t.ndim == 1 else 1), **options)


def pairs(name, options=(), **kwargs):
    f = call(name)
    samples = [S((3, 4), (3, 4), reduction=r, **o) for r in REDUCTIONS for o in ({}, *options)]
    samples += [S((40,), (40,)), S((0, 2), (0, 2), reduction="sum")]
    return OpCase(
        name,
        f,
        samples,
        [
            E(lambda m: f(m, m.zeros(3), m.zeros(3), reduction="m"), "m is not a valid value for reduction"),
            E(lambda m: f(m, m.arange(3), m.arange(3)), "Long"),
        ],
        ulp=16,
        **kwargs,
    )


CASES = [
    OpCase(
        "cross_entropy", call("cross_entropy"), class_samples(), class_errors("cross_entropy"), ulp=32, grad_fn=True
    ),
    OpCase("cross_entropy_smooth", call("cross_entropy", label_smoothing=0.1), class_samples(), ulp=32, grad_fn=False),
    OpCase(
        "cross_entropy_weight",
        weighted("cross_entropy"),
        weighted_samples() + weighted_samples(label_smoothing=0.2),
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "cross_entropy_probabilities",
        probabilities,
        [
            S(s, s, reduction=r, label_smoothing=e)
            for s in [(4, 5), (5,), (2, 5, 3)]
            for r in REDUCTIONS
            for e in (0.0, 0.1)
        ],
        [
            E(
                lambda m: m.nn.functional.cross_entropy(m.zeros(4, 3), m.zeros(4, 3, dtype=m.int64)),
                "class probabilities",
            ),
            E(lambda m: m.nn.functional.cross_entropy(m.zeros(4, 3), m.zeros(4, 3), ignore_index=1), "ignore_index"),
            E(
                lambda m: m.nn.functional.cross_entropy(m.zeros(4, 3), m.zeros(4, 3), label_smoothing=1.5),
                "label_smoothing",
            ),
        ],
        ulp=32,
        grad_fn=False,
    ),
    OpCase("nll_loss", call("nll_loss"), class_samples(), class_errors("nll_loss"), ulp=16),
    OpCase("nll_loss_weight", weighted("nll_loss"), weighted_samples(), ulp=16),
    pairs("mse_loss"),
    pairs("l1_loss"),
    pairs("smooth_l1_loss", [{"beta": 0.5}, {"beta": 0.0}]),
    pairs("huber_loss", [{"delta": 0.5}]),
    OpCase("mse_loss_types", lambda m, x, t: m.nn.functional.mse_loss(x, t), [S((3, 4), ints(3, 4))], ulp=16),
    OpCase(
        "pair_weights",
        lambda m, x, t, w: tuple(
            getattr(m.nn.functional, n)(x, t, weight=w.detach()) for n in ("mse_loss", "l1_loss", "huber_loss")
        ),
        [S((3, 4), (3, 4), positive(3, 4))],
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "pair_errors",
        lambda m, x: x * 1,
        [S((1,))],
        [
            E(lambda m: m.nn.functional.smooth_l1_loss(m.zeros(3), m.zeros(3), beta=-1.0), "negative values for beta"),
            E(lambda m: m.nn.functional.huber_loss(m.zeros(3), m.zeros(3), delta=0.0), "non-positive values for delta"),
        ],
    ),
    OpCase(
        "binary_cross_entropy",
        lambda m, x, t, **options: m.nn.functional.binary_cross_entropy(m.sigmoid(x), m.sigmoid(t), **options),
        [S((3, 4), (3, 4), reduction=r) for r in REDUCTIONS],
        [
            E(lambda m: m.nn.functional.binary_cross_entropy(m.ones(3), m.ones(3, 1)), "target size"),
            E(lambda m: m.nn.functional.binary_cross_entropy(m.ones(3) * 2, m.ones(3)), "between 0 and 1"),
            E(lambda m: m.nn.functional.binary_cross_entropy(m.ones(3), m.ones(3, dtype=m.int64)), "Found dtype Long"),
        ],
        ulp=16384,  # PyTorch's second derivative adds 1e-12 to p (1 - p)
    ),
    OpCase(
        "binary_cross_entropy_with_logits",
        lambda m, x, t, *w, **options: m.nn.functional.binary_cross_entropy_with_logits(
            x, m.sigmoid(t), pos_weight=w[0].detach() if w else None, **options
        ),
        [S((3, 4), (3, 4), reduction=r) for r in REDUCTIONS]
        + [S((3, 4), (3, 4), positive(4), reduction=r) for r in REDUCTIONS],
        [E(lambda m: m.nn.functional.binary_cross_entropy_with_logits(m.ones(3), m.ones(3, 1)), "same as input size")],
        ulp=64,
    ),
    OpCase(
        "kl_div",
        lambda m, x, t, **options: m.nn.functional.kl_div(
            x, t if options.get("log_target") else m.softmax(t, 1), **options
        ),
        [S((3, 4), (3, 4), reduction=r, log_target=b) for r in ("batchmean", "sum", "none") for b in (False, True)],
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "poisson_nll_loss",
        lambda m, x, t, **options: m.nn.functional.poisson_nll_loss(x, t, **options),
        [S((3, 4), positive(3, 4), full=f, reduction=r) for f in (False, True) for r in REDUCTIONS]
        + [S(positive(3, 4), positive(3, 4), log_input=False)],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "gaussian_nll_loss",
        lambda m, x, t, v, **options: m.nn.functional.gaussian_nll_loss(x, t, v, **options),
        [S((3, 4), (3, 4), positive(3, 4), full=f) for f in (False, True)] + [S((3, 4), (3, 4), positive(3, 1))],
        [E(lambda m: m.nn.functional.gaussian_nll_loss(m.ones(2), m.ones(2), -m.ones(2)), "negative")],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "hinge_embedding_loss",
        lambda m, x, t, **o: m.nn.functional.hinge_embedding_loss(x, m.sign(t.detach()), **o),
        [S((3, 4), (3, 4), reduction=r, margin=0.7) for r in REDUCTIONS],
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "soft_margin_loss",
        lambda m, x, t, **o: m.nn.functional.soft_margin_loss(x, m.sign(t.detach()), **o),
        [S((3, 4), (3, 4), reduction=r) for r in REDUCTIONS],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "margin_ranking_loss",
        lambda m, x, y, t, **o: m.nn.functional.margin_ranking_loss(x, y, m.sign(t.detach()), **o),
        [S((6,), (6,), (6,), reduction=r, margin=0.3) for r in REDUCTIONS],
        [E(lambda m: m.nn.functional.margin_ranking_loss(m.ones(2), m.ones(2, 1), m.ones(2)), "same dimension")],
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "cosine_embedding_loss",
        lambda m, x, y, t, **o: m.nn.functional.cosine_embedding_loss(x, y, m.sign(t.detach()), **o),
        [S((6, 5), (6, 5), (6,), reduction=r, margin=0.1) for r in REDUCTIONS],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "triplet_margin_loss",
        lambda m, x, y, z, **o: m.nn.functional.triplet_margin_loss(x, y, z, **o),
        [S((6, 5), (6, 5), (6, 5), reduction=r, swap=w) for r in REDUCTIONS for w in (False, True)],
        ulp=64,
        grad_fn=False,
    ),
]
