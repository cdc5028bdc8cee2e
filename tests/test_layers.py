"""Pooling, normalisation, activation and loss layers: printing, state, running statistics, warnings, fixed values."""

import inspect
import re
import warnings

import numpy as np
import pytest
import torch
from torch import nn as tnn

import rushlight
import rushlight.nn.functional as F
from rushlight import nn

ACTIVATIONS = """CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid LogSoftmax Mish PReLU
RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink""".split()
LOSSES = """BCELoss BCEWithLogitsLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss HingeEmbeddingLoss
HuberLoss KLDivLoss L1Loss MSELoss MarginRankingLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss
TripletMarginLoss""".split()
MADE = [
    *[f"{name}()" for name in ACTIVATIONS + LOSSES],
    *[f"{name}(inplace=True)" for name in ACTIVATIONS if "inplace" in inspect.signature(getattr(tnn, name)).parameters],
    "Threshold(0.1, 20)",
    "Threshold(0.1, 20, True)",
    "Softmax(dim=1)",
    "GELU('tanh')",
    "PReLU(3)",
    "MaxPool1d(3)",
    "MaxPool2d(2)",
    "MaxPool2d((3, 2), stride=(2, 1), padding=1, ceil_mode=True)",
    "MaxPool3d(2, return_indices=True)",
    "AvgPool1d(2)",
    "AvgPool2d(2)",
    "AvgPool3d((1, 2, 2), 2)",
    "MaxUnpool1d(2)",
    "MaxUnpool2d(2)",
    "MaxUnpool3d(2, 1)",
    "LPPool1d(2, 3)",
    "LPPool2d(2, 3)",
    "LPPool3d(1, 3, stride=2)",
    "AdaptiveAvgPool1d(5)",
    "AdaptiveAvgPool2d((3, 1))",
    "AdaptiveAvgPool3d((None, 2, 1))",
    "AdaptiveMaxPool1d(5)",
    "AdaptiveMaxPool2d((3, 1))",
    "AdaptiveMaxPool3d(2)",
    "BatchNorm1d(3)",
    "BatchNorm2d(3, eps=0.1, momentum=None, affine=False)",
    "BatchNorm3d(3, track_running_stats=False, bias=False)",
    "InstanceNorm1d(3)",
    "InstanceNorm2d(3, affine=True)",
    "InstanceNorm3d(3, affine=True, track_running_stats=True, bias=False)",
    "LazyInstanceNorm1d()",
    "LazyInstanceNorm2d(affine=False)",
    "LazyInstanceNorm3d(track_running_stats=False)",
    "LayerNorm(3)",
    "LayerNorm((2, 3), eps=0.1, bias=False)",
    "LayerNorm(3, elementwise_affine=False)",
    "GroupNorm(2, 4)",
    "GroupNorm(2, 4, affine=False)",
    "RMSNorm(3)",
    "RMSNorm((2, 3), 1e-5, False)",
    "LocalResponseNorm(2, k=2.0)",
    "LazyBatchNorm1d()",
    "LazyBatchNorm2d(affine=False)",
    "LazyBatchNorm3d(track_running_stats=False)",
]


@pytest.mark.parametrize("text", MADE)
def test_repr_and_state_keys(text):
    ours, theirs = eval("nn." + text), eval("tnn." + text)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("name", sorted({t.split("(")[0] for t in MADE}))
def test_signature(name):
    ours, theirs = (inspect.signature(getattr(m, name).__init__).parameters.values() for m in (nn, tnn))
    if name not in ("LogSigmoid", "Sigmoid", "Softmax2d", "Softsign", "Tanh", "Tanhshrink"):  # (*args, **kwargs)
        assert [(p.name, p.default, p.kind) for p in ours] == [(p.name, p.default, p.kind) for p in theirs]


def values(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def both(text, *arrays, grad=True):
    """Output and input gradients of one module in both libraries."""
    results = []
    for library, layers in ((rushlight, nn), (torch, tnn)):
        tensors = [library.tensor(a) for a in arrays]
        if grad:
            tensors[0].requires_grad_()
        module = eval("layers." + text, {"layers": layers})
        module = module.double() if hasattr(module, "double") else module
        out = module(*tensors)
        if grad:
            (out * out).sum().backward()
        results.append((out.detach().numpy(), tensors[0].grad.numpy() if grad else None))
    return results


@pytest.mark.parametrize(
    "text, shape",
    [
        (t, (2, 3, 8))
        for t in ("MaxPool1d(3)", "AvgPool1d(2)", "LPPool1d(2, 3)", "AdaptiveAvgPool1d(5)", "AdaptiveMaxPool1d(5)")
    ]
    + [
        (t, (2, 3, 8, 7))
        for t in ("MaxPool2d(2)", "AvgPool2d(2)", "LPPool2d(2, 3)", "AdaptiveAvgPool2d((3, 1))", "AdaptiveMaxPool2d(2)")
    ]
    + [
        (t, (2, 3, 6, 6, 7))
        for t in ("MaxPool3d(2)", "AvgPool3d(2)", "LPPool3d(2, 2)", "AdaptiveAvgPool3d(2)", "AdaptiveMaxPool3d(2)")
    ]
    + [
        (f"{name}()", (4, 6))
        for name in ACTIVATIONS
        if name not in ("Softmax", "Softmax2d", "Softmin", "LogSoftmax", "RReLU", "Hardsigmoid")
    ]
    + [
        ("Softmax(dim=1)", (4, 6)),
        ("LogSoftmax(dim=0)", (4, 6)),
        ("Softmin(dim=1)", (4, 6)),
        ("Softmax2d()", (2, 3, 4, 4)),
    ]
    + [("BatchNorm1d(3)", (4, 3)), ("BatchNorm2d(3)", (4, 3, 2, 2)), ("BatchNorm3d(3, affine=False)", (4, 3, 2, 2, 1))]
    + [
        ("LayerNorm(6)", (4, 6)),
        ("GroupNorm(2, 4)", (2, 4, 3)),
        ("RMSNorm((3, 2))", (4, 3, 2)),
        ("RMSNorm(4, 0.01)", (3, 4)),
    ]
    + [
        ("InstanceNorm1d(3)", (3, 5)),
        ("InstanceNorm2d(3, affine=True)", (2, 3, 4, 2)),
        ("InstanceNorm3d(2)", (2, 2, 3, 2, 2)),
    ]
    + [
        ("LocalResponseNorm(2)", (1, 3, 1)),
        ("LocalResponseNorm(3, 0.5, 0.6, 2.0)", (2, 5, 3, 2)),
        ("LocalResponseNorm(9)", (2, 3, 4)),
    ],
)
def test_layer_matches(text, shape):
    (ours, our_grad), (theirs, their_grad) = both(text, values(shape))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(our_grad, their_grad, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(
    "text", [f"{name}()" for name in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss")] + ["HuberLoss('sum', 0.3)"]
)
def test_pair_loss_layers(text):
    (ours, our_grad), (theirs, their_grad) = both(text, values((4, 5)), values((4, 5), 1))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    np.testing.assert_allclose(our_grad, their_grad, rtol=1e-12)


def test_weights_are_buffers_and_used():
    weight, t = [1.0, 2.0, 3.0], [0, 2]
    x = values((2, 3)).astype(np.float32)
    for name in ("CrossEntropyLoss", "NLLLoss"):
        ours = getattr(nn, name)(rushlight.tensor(weight))(rushlight.tensor(x), rushlight.tensor(t))
        theirs = getattr(tnn, name)(torch.tensor(weight))(torch.tensor(x), torch.tensor(t))
        np.testing.assert_allclose(ours.item(), theirs.item(), rtol=1e-6)
    assert list(nn.BCEWithLogitsLoss(pos_weight=rushlight.ones(2)).state_dict()) == ["pos_weight"]


# ---- batch norm ------------------------------------------------------------------------------------------------------


def test_running_statistics():
    bn = nn.BatchNorm1d(2)
    x = rushlight.tensor([[1.0, 2.0], [3.0, 6.0]])
    version = bn.running_mean._version
    np.testing.assert_allclose(bn(x).tolist(), [[-0.999995, -0.999999], [0.999995, 0.999999]], rtol=1e-6)
    np.testing.assert_allclose(bn.running_mean.tolist(), [0.2, 0.4], rtol=1e-6)
    np.testing.assert_allclose(bn.running_var.tolist(), [1.1, 1.7], rtol=1e-6)
    assert bn.num_batches_tracked.item() == 1 and bn.running_mean._version > version
    np.testing.assert_allclose(bn.eval()(x).tolist(), [[0.762767, 1.22714], [2.669683, 4.294991]], rtol=1e-5)
    assert bn.num_batches_tracked.item() == 1


def test_cumulative_average():
    bn = nn.BatchNorm1d(1, momentum=None)
    for batch in ([[1.0], [3.0]], [[5.0], [7.0]]):
        bn(rushlight.tensor(batch))
    assert bn.running_mean.tolist() == [4.0] and bn.running_var.tolist() == [2.0]


def test_instance_norm_running_statistics():
    x = values((2, 3, 5))
    ours, theirs = (m.InstanceNorm1d(3, affine=True, track_running_stats=True).double() for m in (nn, tnn))
    for _ in range(2):
        ours(rushlight.tensor(x))
        theirs(torch.tensor(x))
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        np.testing.assert_allclose(getattr(ours, name).numpy(), getattr(theirs, name).numpy(), rtol=1e-12)
    np.testing.assert_allclose(
        ours.eval()(rushlight.tensor(x)).detach().numpy(), theirs.eval()(torch.tensor(x)).detach().numpy(), rtol=1e-10
    )


def test_without_running_statistics():
    bn = nn.BatchNorm1d(2, track_running_stats=False).eval()
    x = rushlight.tensor([[1.0, 2.0], [3.0, 6.0]])
    np.testing.assert_allclose(bn(x).tolist(), bn.train()(x).tolist())


def test_frozen_statistics_give_the_eval_gradient():
    x = rushlight.tensor(values((4, 3)), requires_grad=True)
    t = torch.tensor(values((4, 3)), requires_grad=True)
    ours, theirs = nn.BatchNorm1d(3).double().eval(), tnn.BatchNorm1d(3).double().eval()
    (ours(x) ** 2).sum().backward()
    (theirs(t) ** 2).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours.weight.grad.numpy(), theirs.weight.grad.numpy(), rtol=1e-12)


def test_statistics_moved_between_forward_and_backward():
    """Backward in eval mode uses the statistics of its forward."""
    bn = nn.BatchNorm1d(2).double().eval()
    x = rushlight.tensor(values((4, 2)), requires_grad=True)
    y = bn(x)
    bn.running_var.fill_(100.0)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.full((4, 2), 1 / np.sqrt(1 + 1e-5)), rtol=1e-12)


@pytest.mark.parametrize(
    "layer, shape, message",
    [
        (
            "BatchNorm1d(3)",
            (1, 3),
            "Expected more than 1 value per channel when training, got input size torch.Size([1, 3])",
        ),
        ("BatchNorm1d(3)", (1, 3, 2, 2), "expected 2D or 3D input (got 4D input)"),
        ("BatchNorm2d(3)", (1, 3, 2), "expected 4D input (got 3D input)"),
        ("BatchNorm3d(3)", (1, 3), "expected 5D input (got 2D input)"),
    ],
)
def test_batch_norm_refuses(layer, shape, message):
    for library, layers in ((torch, tnn), (rushlight, nn)):
        with pytest.raises(ValueError, match=re.escape(message)):
            eval("layers." + layer, {"layers": layers})(library.ones(*shape))


def test_state_from_before_the_counter():
    state = nn.BatchNorm1d(2).state_dict()
    del state["num_batches_tracked"]
    state._metadata[""]["version"] = 1
    bn = nn.BatchNorm1d(2)
    bn.load_state_dict(state)
    assert bn.num_batches_tracked.item() == 0


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_beside_float32(dtype):
    x = values((8, 3)).astype(np.float32)
    ours = F.batch_norm(rushlight.tensor(x).to(getattr(rushlight, dtype)), None, None, rushlight.ones(3), None, True)
    theirs = torch.nn.functional.batch_norm(
        torch.tensor(x).to(getattr(torch, dtype)), None, None, torch.ones(3), None, True
    )
    assert str(ours.dtype) == str(theirs.dtype)
    eps = 2.0**-7 if dtype == "bfloat16" else 2.0**-10
    np.testing.assert_allclose(np.asarray(ours.float()), theirs.float().numpy(), atol=4 * eps)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_pool_softmax_loss(dtype):
    x = values((2, 3, 8, 8)).astype(np.float32)
    ours, theirs = rushlight.tensor(x).to(getattr(rushlight, dtype)), torch.tensor(x).to(getattr(torch, dtype))
    eps = 2.0**-7 if dtype == "bfloat16" else 2.0**-10
    for call in (
        lambda m, t: m.nn.functional.max_pool2d(t, 2),
        lambda m, t: m.nn.functional.avg_pool2d(t, 3, 2, 1),
        lambda m, t: m.nn.functional.adaptive_avg_pool2d(t, 3),
        lambda m, t: m.softmax(t, 1),
        lambda m, t: m.log_softmax(t, -1),
        lambda m, t: m.nn.functional.layer_norm(t, (8,)),
        lambda m, t: m.nn.functional.mse_loss(t, t * 0),
        lambda m, t: m.nn.functional.cross_entropy(t, m.ones(2, 8, 8, dtype=m.int64)),
    ):
        a, b = call(rushlight, ours), call(torch, theirs)
        assert str(a.dtype) == str(b.dtype)
        np.testing.assert_allclose(np.asarray(a.float()), b.float().numpy(), rtol=4 * eps, atol=4 * eps)


# ---- the rest --------------------------------------------------------------------------------------------------------


def test_in_place_returns_the_input():
    for layer in (nn.ReLU(True), nn.ELU(inplace=True), nn.Hardtanh(inplace=True), nn.Threshold(0.1, 2.0, True)):
        x = rushlight.tensor([-1.0, 2.0])
        assert layer(x) is x and x.tolist() == layer(rushlight.tensor([-1.0, 2.0])).tolist()


def test_implicit_dim_warns():
    for name in ("softmax", "log_softmax", "softmin"):
        for shape in ((3,), (2, 3), (2, 3, 4), (2, 3, 4, 5)):
            with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name} has been deprecated"):
                ours = getattr(F, name)(rushlight.tensor(values(shape)))
            with pytest.warns(UserWarning):
                theirs = getattr(torch.nn.functional, name)(torch.tensor(values(shape)))
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    "size_average, reduce, reduction",
    [(True, None, "mean"), (False, None, "sum"), (None, False, "none"), (False, True, "sum")],
)
def test_legacy_reduction(size_average, reduce, reduction):
    with pytest.warns(UserWarning, match=f"please use reduction='{reduction}' instead"):
        assert nn.MSELoss(size_average, reduce).reduction == reduction
    x, y = rushlight.tensor([1.0, 2.0]), rushlight.tensor([0.0, 0.0])
    with pytest.warns(UserWarning, match="size_average and reduce args will be deprecated"):
        ours = F.mse_loss(x, y, size_average, reduce)
    assert ours.tolist() == F.mse_loss(x, y, reduction=reduction).tolist()


def test_broadcasting_losses_warn():
    for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss):
        with pytest.warns(UserWarning, match="Using a target size .* that is different to the input size"):
            assert loss(rushlight.ones(3), rushlight.zeros(3, 1), reduction="none").shape == (3, 3)
    with pytest.warns(UserWarning, match="batchmean"):
        F.kl_div(rushlight.zeros(2, 2), rushlight.ones(2, 2))
    with pytest.warns(FutureWarning, match="min_value"):
        assert repr(nn.Hardtanh(min_value=-2, max_val=3)) == "Hardtanh(min_val=-2, max_val=3, )".replace(", )", ")")


def test_known_values():
    close = lambda got, expected: np.testing.assert_allclose(np.asarray(got), expected, atol=1e-6)  # noqa: E731
    logits = rushlight.tensor([[1.0, 2.0, 3.0]])
    close(F.cross_entropy(logits, rushlight.tensor([2])), 0.407606)
    close(F.cross_entropy(logits, rushlight.tensor([0]), label_smoothing=0.1), 2.407606 - 0.1)
    close(F.cross_entropy(logits, rushlight.tensor([[0.2, 0.3, 0.5]])), 1.107606)
    close(F.binary_cross_entropy(rushlight.tensor([0.2, 0.9]), rushlight.tensor([0.0, 1.0])), 0.164252)
    close(F.binary_cross_entropy(rushlight.tensor([0.0]), rushlight.tensor([1.0])), 100.0)
    close(F.max_pool1d(rushlight.tensor([[-1.0, -2, -3, -4]]), 2, padding=1), [[-1, -2, -4]])
    close(F.avg_pool1d(rushlight.tensor([[2.0, 4, 6, 8]]), 3, 2, ceil_mode=True), [[4, 7]])
    close(F.lp_pool1d(rushlight.tensor([[3.0, 4, 6, 8]]), 2, 2), [[5, 10]])
    close(F.lp_pool1d(rushlight.tensor([[3.0, 4, 6, 8]]), float("inf"), 2), [[4, 8]])
    close(F.logsigmoid(rushlight.tensor([-1000.0])), [-1000])
    close(F.layer_norm(rushlight.tensor([1.0, 2, 3]), (3,)), [-1.224736, 0, 1.224736])


def test_indices_are_flat_per_plane():
    image = rushlight.tensor([[[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]], requires_grad=True)
    y, at = F.max_pool2d(image, 2, return_indices=True)
    assert y.tolist() == [[[6, 8], [3, 4]]] and at.tolist() == [[[5, 7], [8, 15]]] and at.dtype is rushlight.int64
    y.sum().backward()
    assert image.grad.sum().item() == 4 and image.grad.reshape(-1)[at.reshape(-1)].tolist() == [1, 1, 1, 1]
    y, at = F.max_pool1d(rushlight.tensor([[1.0, np.nan, np.nan, 3.0, 2.0, 2.0]]), 4, 2, return_indices=True)
    assert np.isnan(y.numpy()).all() and at.tolist() == [[2, 2]]


def test_random_activations_draw_as_pytorch():
    x = values((6, 5))
    for call in (
        lambda m, t: m.nn.functional.rrelu(t, training=True),
        lambda m, t: m.nn.functional.gumbel_softmax(t, dim=1),
        lambda m, t: m.nn.functional.gumbel_softmax(t, tau=0.5, hard=True, dim=0),
    ):
        torch.manual_seed(5)
        rushlight.manual_seed(5)
        ours = call(rushlight, rushlight.tensor(x)).numpy()
        np.testing.assert_allclose(ours, call(torch, torch.tensor(x)).numpy(), rtol=1e-9, atol=1e-12)


def test_lazy_batch_norm():
    for lazy, shape, kind in (
        ("LazyBatchNorm1d", (3, 4), "BatchNorm1d"),
        ("LazyBatchNorm2d", (2, 4, 2, 2), "BatchNorm2d"),
    ):
        module = getattr(nn, lazy)()
        module(rushlight.ones(*shape))
        assert type(module).__name__ == kind and module.num_features == 4
        assert module.weight.tolist() == [1.0] * 4 and module.running_var.shape == (4,)


def test_no_warnings_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nn.CrossEntropyLoss()(rushlight.zeros(2, 3), rushlight.tensor([0, 1]))
        nn.Softmax(dim=0)(rushlight.zeros(2))


CALLS = {
    "max_pool2d": lambda x: F.max_pool2d(x, 3, 2, 1),
    "avg_pool2d": lambda x: F.avg_pool2d(x, 2),
    "adaptive_max_pool2d": lambda x: F.adaptive_max_pool2d(x, 5),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:], rushlight.ones(x.shape[-1]), rushlight.zeros(x.shape[-1])),
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax over channels": lambda x: F.log_softmax(x, 1),
    "cross_entropy": lambda x: F.cross_entropy(x, rushlight.zeros(x.shape[0], *x.shape[2:], dtype=rushlight.int64)),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, x.detach() * 0.5),
}


@pytest.mark.parametrize("name", CALLS)
def test_threads_do_not_change_results(name):
    """Work is cut in fixed pieces: any number of threads gives the same bits, forward and backward."""
    x = values((6, 20, 40, 41)).astype(np.float32)
    before = rushlight.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 5):
            rushlight.set_num_threads(threads)
            t = rushlight.tensor(x, requires_grad=True)
            y = CALLS[name](t)
            (y * y).sum().backward()
            results.append((y.detach().numpy(), t.grad.numpy()))
    finally:
        rushlight.set_num_threads(before)
    for y, grad in results[1:]:
        np.testing.assert_array_equal(y, results[0][0])
        np.testing.assert_array_equal(grad, results[0][1])
