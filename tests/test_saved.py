"""What operations save, seen by hooks; checkpoints; against PyTorch."""

import warnings
import weakref

import numpy as np
import pytest
import torch
import torch.utils.checkpoint

import rushlight
import rushlight.utils.checkpoint

BOTH = [rushlight, torch]


def network(m):
    m.manual_seed(0)
    return m.nn.Sequential(m.nn.Linear(4, 8), m.nn.Tanh(), m.nn.Dropout(0.3), m.nn.Linear(8, 2))


def same(ours, theirs):
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("m", BOTH)
def test_hooks_hold_what_is_saved(m):
    seen = []
    x = m.tensor([1.0, 2.0], requires_grad=True)

    def pack(t):
        seen.append(t)
        return t * 10

    with m.autograd.graph.saved_tensors_hooks(pack, lambda t: t / 10):
        y = (x * x.exp()).sum()
        with m.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            z = x.tanh().sum()
    outside = x.exp().sum()
    assert len(seen) == 3  # x.exp()'s result, and both factors
    (y + z + outside).backward()
    expected = (1 + x) * x.exp() + 1 - x.tanh() ** 2 + x.exp()
    np.testing.assert_allclose(x.grad.numpy(), expected.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("m", BOTH)
def test_hooks_under_second_derivatives(m):
    x = m.tensor([0.5, 1.5], dtype=m.float64, requires_grad=True)
    with m.autograd.graph.saved_tensors_hooks(lambda t: t.numpy().copy(), lambda a: m.tensor(a)):
        y = (x.sin() * x.exp() * x).sum()
        (g,) = m.autograd.grad(y, x, create_graph=True)
        (h,) = m.autograd.grad(g.sum(), x)
    v = x.detach().numpy()
    first = np.exp(v) * (v * np.sin(v) + v * np.cos(v) + np.sin(v))
    second = np.exp(v) * (2 * np.sin(v) + 2 * v * np.cos(v) + 2 * np.cos(v))
    np.testing.assert_allclose(g.detach().numpy(), first, rtol=1e-12)
    np.testing.assert_allclose(h.numpy(), second, rtol=1e-12)


@pytest.mark.parametrize("m", BOTH)
def test_hooks_of_functions_and_in_place_writes(m):
    class Double(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.save_for_backward(x, y)
            return y

        @staticmethod
        def backward(ctx, g):
            x, y = ctx.saved_tensors
            return g * y / x

    count = []
    x = m.tensor([1.0, 2.0], requires_grad=True)
    with m.autograd.graph.saved_tensors_hooks(lambda t: (count.append(1), t)[1], lambda t: t):
        y = Double.apply(x)
        z = y.clone()
        z.mul_(x)
    z.sum().backward()
    assert len(count) == 4
    np.testing.assert_allclose(x.grad.numpy(), [4.0, 8.0])


@pytest.mark.parametrize("m", BOTH)
def test_errors_of_hooks(m):
    graph = m.autograd.graph
    x = m.ones(3, requires_grad=True)
    with graph.saved_tensors_hooks(lambda t: t, lambda t: 1.0):
        y = x.exp().sum()
    with pytest.raises(TypeError, match="unpack_hook"):
        y.backward()
    with graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t), pytest.raises(RuntimeError, match="in place"):
        x.exp()
    with graph.disable_saved_tensors_hooks("not here"), pytest.raises(RuntimeError, match="not here"):
        with graph.saved_tensors_hooks(lambda t: t, lambda t: t):
            pass
    with graph.save_on_cpu():
        y = (x * x).sum()
    y.backward()
    assert x.grad.tolist() == [2.0] * 3
    t = m.ones(2)
    version = t._version
    graph.increment_version(t)
    assert t._version == version + 1


def train(m, how):
    """Gradients of a network whose first part is a checkpoint."""
    net = network(m)
    m.manual_seed(1)
    x = m.linspace(-1, 1, 12).reshape(3, 4).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out = how(m, net, x)
    (out * out).sum().backward()
    return [out, x.grad, *[p.grad for p in net.parameters()]]


def call(**kwargs):
    return lambda m, net, x: m.utils.checkpoint.checkpoint(net, x, **kwargs)


@pytest.mark.parametrize(
    "how",
    [
        call(use_reentrant=False),
        call(use_reentrant=True),
        call(),
        call(use_reentrant=False, early_stop=False),
        call(use_reentrant=False, preserve_rng_state=True, determinism_check="none"),
        lambda m, net, x: m.utils.checkpoint.checkpoint_sequential(net, 2, x, use_reentrant=False),
        lambda m, net, x: m.utils.checkpoint.checkpoint_sequential(net, 3, x),
    ],
)
def test_checkpoints_give_the_same_gradients(how):
    plain = train(rushlight, lambda m, net, x: net(x))
    ours = train(rushlight, how)
    theirs = train(torch, how)
    same(ours, plain)
    same(ours, theirs)


@pytest.mark.parametrize("m", BOTH)
def test_checkpoint_runs_twice(m):
    runs = []

    def body(x, *, scale):
        runs.append(m.is_grad_enabled())
        return (x * scale).exp().sin()

    x = m.ones(4, requires_grad=True)
    scale = m.tensor(2.0, requires_grad=True)
    y = m.utils.checkpoint.checkpoint(body, x, scale=scale, use_reentrant=False)
    y.sum().backward()
    assert runs == [True, True]
    assert float(scale.grad) == pytest.approx(4 * np.exp(2) * np.cos(np.exp(2)), rel=1e-5)
    (g,) = m.autograd.grad(m.utils.checkpoint.checkpoint(m.sin, x, use_reentrant=False).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(h.numpy(), -np.sin(np.ones(4)), rtol=1e-6)


def test_checkpoint_keeps_nothing_inside():
    """What the function computed is gone after the forward pass."""
    inner = []

    def body(x):
        y = x.exp()
        inner.append(weakref.ref(y))
        return y.sin().sum()

    out = rushlight.utils.checkpoint.checkpoint(body, rushlight.ones(3, requires_grad=True), use_reentrant=False)
    assert inner[0]() is None
    assert out.requires_grad


@pytest.mark.parametrize("m", BOTH)
def test_errors_of_checkpoints(m):
    check = m.utils.checkpoint
    sizes = iter([2, 3, 2, 3])

    def changing(x):
        return (x * m.ones(next(sizes), 1)).exp()

    x = m.ones(4, requires_grad=True)
    y = check.checkpoint(changing, x, use_reentrant=False)
    with pytest.raises(check.CheckpointError):
        y.sum().backward()
    with pytest.raises(ValueError, match="Unexpected keyword"):
        check.checkpoint(m.sin, x, use_reentrant=True, foo=1)
    with m.no_grad():
        assert not check.checkpoint(m.sin, x, use_reentrant=False).requires_grad
    with pytest.warns(UserWarning, match="use_reentrant"):
        check.checkpoint(m.sin, x)


@pytest.mark.parametrize("m", BOTH)
@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: x * x,
        lambda m, x: x * m.ones(2, 1),
        lambda m, x: x.mul(x),
        lambda m, x: m.ones(1, 4) @ x[:, None],
    ],
)
def test_an_error_of_a_hook_ends_the_call(m, call):
    """The hook is called once and its exception comes out, also where operators go straight to the op."""
    calls = []

    def refuse(tensor):
        calls.append(tensor)
        raise RuntimeError("not this one")

    x = m.ones(4, requires_grad=True)
    with pytest.raises(RuntimeError, match="not this one"), m.autograd.graph.saved_tensors_hooks(refuse, refuse):
        call(m, x)
    assert len(calls) == 1


@pytest.mark.parametrize("m", BOTH)
def test_anomaly_mode_without_search(m):
    x = m.zeros(2, requires_grad=True)
    with m.autograd.set_detect_anomaly(True, check_nan=False):
        assert m.is_anomaly_enabled()
        assert not m.is_anomaly_check_nan_enabled()
        (x.sqrt() * 0).sum().backward()
    assert np.isnan(x.grad.numpy()).all()
    m.set_anomaly_enabled(True)
    try:
        with pytest.warns(UserWarning, match="Error detected"), pytest.raises(RuntimeError, match="nan values"):
            (x.sqrt() * 0).sum().backward()
    finally:
        m.set_anomaly_enabled(False)
