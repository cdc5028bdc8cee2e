"""Batch, layer, group, instance and RMS normalisation."""

from cases import E, OpCase, S, positive


def batch(m, x, w, b, mean, var, training=True, momentum=0.1):
    """The output and the moved running statistics."""
    running = mean.detach().clone(), var.detach().clone()
    y = m.nn.functional.batch_norm(x, *running, w, b, training, momentum)
    return y, *running


def plain_batch(m, x):
    return m.nn.functional.batch_norm(x, None, None, training=True)


def refused(match, shape, *args, **kwargs):
    def call(m):
        made = [m.ones(*a) if isinstance(a, tuple) else a for a in args]
        return m.nn.functional.batch_norm(
            m.ones(*shape), *made, **{k: m.ones(*v) if k == "weight" else v for k, v in kwargs.items()}
        )

    return E(call, match)


BATCH = [(4, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2), (2, 20, 1, 1)]
CASES = [
    OpCase(
        "batch_norm",
        batch,
        [
            S(shape, positive(shape[1]), (shape[1],), (shape[1],), positive(shape[1]), training=t)
            for shape in BATCH
            for t in (True, False)
        ],
        [
            refused("more than 1 value per channel", (1, 3), None, None, training=True),
            refused("must be defined in evaluation mode", (2, 3), None, None),
            refused("running_mean should contain 3 elements not 4", (2, 3), (4,), (4,)),
            refused("running_var should contain 3 elements not 4", (2, 3), (3,), (4,)),
            refused("weight should contain 3 elements not 4", (2, 3), (3,), (3,), weight=(4,)),
            refused("", (3,), (3,), (3,)),
            E(lambda m: m.nn.functional.batch_norm(m.ones(2, 3, dtype=m.int64), None, None, training=True), "'Long'"),
            E(
                lambda m: m.nn.functional.batch_norm(
                    m.ones(2, 3), None, None, m.ones(3, dtype=m.float64), training=True
                ),
                "mixed dtype",
            ),
        ],
        ulp=64,
    ),
    OpCase("batch_norm_plain", plain_batch, [S(shape) for shape in BATCH], ulp=64),
    OpCase("batch_norm_momentum", batch, [S((4, 3), (3,), (3,), (3,), positive(3), momentum=1.0)], ulp=64),
    OpCase(
        "layer_norm",
        lambda m, x, *affine, shape: m.nn.functional.layer_norm(x, shape, *affine),
        [
            S((3, 5), shape=(5,)),
            S((2, 3, 7), (7,), (7,), shape=[7]),
            S((2, 3, 4), (3, 4), (3, 4), shape=(3, 4)),
            S((2, 3, 40), (40,), shape=(40,)),
            S((0, 4), (4,), shape=(4,)),
        ],
        [
            E(lambda m: m.nn.functional.layer_norm(m.ones(2, 3), (4,)), "expected input with shape"),
            E(lambda m: m.nn.functional.layer_norm(m.ones(2, 3), ()), "at least 1-dimensional"),
            E(lambda m: m.nn.functional.layer_norm(m.ones(2, 3), (3,), m.ones(4)), "Expected weight"),
            E(lambda m: m.nn.functional.layer_norm(m.ones(2, 3), (3,), None, m.ones(4)), "Expected bias"),
            E(lambda m: m.nn.functional.layer_norm(m.ones(2, 3, dtype=m.int64), (3,)), "'Long'"),
        ],
        ulp=64,
    ),
    OpCase(
        "group_norm",
        lambda m, x, *affine, groups: m.nn.functional.group_norm(x, groups, *affine),
        [S((2, 4, 5), groups=2), S((2, 6, 3, 2), (6,), (6,), groups=3)],
        [E(lambda m: m.nn.functional.group_norm(m.ones(2, 3), 2), "divisible")],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "instance_norm",
        lambda m, x, *affine: m.nn.functional.instance_norm(x, None, None, *affine),
        [S((2, 3, 5)), S((2, 3, 4, 2), (3,), (3,))],
        [E(lambda m: m.nn.functional.instance_norm(m.ones(2, 3, 1)), "spatial element")],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "rms_norm",
        lambda m, x, *w, shape: m.nn.functional.rms_norm(x, shape, *w, eps=1e-5),
        [S((3, 5), shape=(5,)), S((2, 3, 4), (3, 4), shape=(3, 4))],
        ulp=64,
        grad_fn=False,
    ),
    OpCase(
        "normalize",
        lambda m, x, **options: m.nn.functional.normalize(x, **options),
        [S((3, 5)), S((3, 5), p=1, dim=0), S((3, 5), p=3.0), S((3, 5), p=float("inf"))],
        ulp=64,
        grad_fn=False,
    ),
]
