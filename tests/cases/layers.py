"""Layer functions under their names in torch itself."""

from cases import E, OpCase, S, positive


def normal(m, x, weight, bias, mean, var, training=True):
    """batch_norm with running statistics, which it moves."""
    mean, var = mean.detach().clone(), var.detach().clone()
    return m.batch_norm(x, weight, bias, mean, var, training, 0.1, 1e-5, False), mean, var


def pad_wrong(m):
    return m.constant_pad_nd(m.ones(2, 3), (1,))


def signs(m, *shape):
    return m.where(m.arange(shape[0]) % 2 == 0, 1.0, -1.0).to(m.float64)


CASES = [
    OpCase(
        "batch_norm",
        normal,
        [S((4, 3, 5), (3,), (3,), (3,), positive(3)), S((4, 3), (3,), (3,), (3,), positive(3), training=False)],
        [E(lambda m: m.batch_norm(m.ones(2, 3)), "missing|argument")],
        length=lambda s: 20,
        ulp=32,
    ),
    OpCase(
        "instance_norm",
        lambda m, x, w, b: m.instance_norm(x, w, b, None, None, True, 0.1, 1e-5, False),
        [S((2, 3, 8), (3,), (3,))],
        length=lambda s: 8,
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "layer_norm",
        lambda m, x, w, b: (m.layer_norm(x, (5,), w, b), m.layer_norm(x, (4, 5), eps=1e-3, cudnn_enable=False)),
        [S((3, 4, 5), (5,), (5,))],
        [E(lambda m: m.layer_norm(m.ones(2, 3), (4,)), "normalized_shape|trailing")],
        length=lambda s: 20,
        ulp=32,
    ),
    OpCase(
        "group_norm",
        lambda m, x, w, b: m.group_norm(x, 2, w, b),
        [S((3, 4, 5), (4,), (4,))],
        length=lambda s: 10,
        ulp=32,
        grad_fn=False,
    ),
    OpCase("rms_norm", lambda m, x, w: m.rms_norm(x, (5,), w), [S((3, 5), (5,))], ulp=32, grad_fn=False),
    OpCase(
        "binary_cross_entropy_with_logits",
        lambda m, x, y: (
            m.binary_cross_entropy_with_logits(x, y.sigmoid()),
            m.binary_cross_entropy_with_logits(x, y.sigmoid(), reduction=2),
            m.binary_cross_entropy_with_logits(x, y.sigmoid().detach(), None, y.exp().detach(), 1),
        ),
        [S((3, 4), (3, 4))],
        [E(lambda m: m.binary_cross_entropy_with_logits(m.ones(2), m.ones(3)), "size of tensor")],
        ulp=32,
        grad_fn=False,
        grad_order=1,
    ),
    OpCase(
        "kl_div",
        lambda m, x, y: (m.kl_div(x, y.exp()), m.kl_div(x, y, 2, log_target=True), m.kl_div(x, y.exp(), 1)),
        [S((3, 4), (3, 4))],
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "margin_ranking_loss",
        lambda m, a, b: (
            m.margin_ranking_loss(a, b, signs(m, 4), 0.1),
            m.margin_ranking_loss(a, b, signs(m, 4), 0.1, 0),
        ),
        [S((4,), (4,))],
        dtypes=("float64",),
        grad_fn=False,
    ),
    OpCase(
        "cosine_embedding_loss",
        lambda m, a, b: m.cosine_embedding_loss(a, b, signs(m, 4), 0.1, 2),
        [S((4, 5), (4, 5))],
        dtypes=("float64",),
        grad_fn=False,
        ulp=64,
    ),
    OpCase(
        "hinge_embedding_loss",
        lambda m, a: (m.hinge_embedding_loss(a, signs(m, 4)), m.hinge_embedding_loss(a, signs(m, 4), 0.5, 2)),
        [S((4,))],
        dtypes=("float64",),
        grad_fn=False,
    ),
    OpCase(
        "poisson_nll_loss",
        lambda m, x, y: m.poisson_nll_loss(x, y, True, False, 1e-8, 1),
        [S((4, 3), positive(4, 3))],
        grad_fn=False,
        ulp=32,
    ),
    OpCase(
        "triplet_margin_loss",
        lambda m, a, p, n: (
            m.triplet_margin_loss(a, p, n),
            m.triplet_margin_loss(a, p, n, 0.5, swap=True, reduction=0),
        ),
        [S((4, 5), (4, 5), (4, 5))],
        grad_fn=False,
        ulp=64,
    ),
    OpCase(
        "constant_pad_nd",
        lambda m, x: (m.constant_pad_nd(x, (1, 2)), m.constant_pad_nd(x, (0, 1, -1, 2), 3.5)),
        [S((3, 4))],
        [E(pad_wrong, "divisible by 2")],
    ),
    OpCase(
        "convolution",
        lambda m, x, w, b, v: (
            m.convolution(x, w, b, (2, 1), (1, 0), (1, 1), False, (0, 0), 1),
            m.convolution(x, v, None, (2, 2), (0, 1), (1, 1), True, (1, 0), 1),
        ),
        [S((2, 2, 6, 5), (3, 2, 3, 3), (3,), (2, 3, 3, 3))],
        length=lambda s: 54,
        ulp=32,
        grad_fn=False,
    ),
    OpCase(
        "norm_except_dim",
        lambda m, v: (m.norm_except_dim(v), m.norm_except_dim(v, 1, 1), m.norm_except_dim(v, 2, -1)),
        [S((3, 4, 2))],
        grad_fn=False,
        ulp=32,
    ),
]
