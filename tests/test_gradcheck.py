"""gradcheck finds wrong gradients and passes right ones; functional derivatives agree with PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tolerance import assert_close

import rushlight
from rushlight.autograd import functional, gradcheck, gradgradcheck


def data(m, *shape, seed=0):
    return m.tensor(np.random.default_rng(seed).standard_normal(shape))


class Wrong(rushlight.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 3 * ctx.saved_tensors[0] * g


def test_right_gradients_pass():
    x = data(rushlight, 3, 2).requires_grad_()
    w = data(rushlight, 4, 2, seed=1).requires_grad_()
    assert gradcheck(lambda x, w: (x @ w.t()).tanh(), (x, w))
    assert gradgradcheck(lambda x, w: (x @ w.t()).tanh(), (x, w))


def test_conv_and_norm_pass():
    x = data(rushlight, 2, 2, 5).requires_grad_()
    w = data(rushlight, 3, 2, 3, seed=1).requires_grad_()
    F = rushlight.nn.functional
    assert gradcheck(lambda x, w: F.conv1d(x, w, stride=2, padding=1), (x, w))
    assert gradgradcheck(lambda x, w: F.conv1d(x, w, stride=2, padding=1), (x, w))
    assert gradcheck(lambda x: F.batch_norm(x, None, None, training=True), (x,))
    assert gradgradcheck(lambda x: F.batch_norm(x, None, None, training=True), (x,), atol=1e-4)


def test_wrong_gradients_are_found():
    x = data(rushlight, 3).requires_grad_()
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradcheck(Wrong.apply, (x,))
    assert not gradcheck(Wrong.apply, (x,), raise_exception=False)
    with pytest.raises(ValueError, match="require gradient"):
        gradcheck(Wrong.apply, (data(rushlight, 3),))


def test_checks_that_do_not_exist_are_refused():
    x = data(rushlight, 3).requires_grad_()
    for option in ("check_forward_ad", "check_batched_grad"):
        with pytest.raises(ValueError, match="reverse-mode"):
            gradcheck(lambda x: x * x, (x,), **{option: True})


PROGRAMS = {
    "jacobian": lambda m, f: f.jacobian(lambda x, y: (x.exp() @ y, y.sin()), (data(m, 2, 3), data(m, 3, seed=1))),
    "jacobian_single": lambda m, f: f.jacobian(lambda x: x**3, data(m, 3)),
    "hessian": lambda m, f: f.hessian(lambda x, y: (x * x * y).sum() + y.exp().sum(), (data(m, 2), data(m, 2, seed=1))),
    "hessian_single": lambda m, f: f.hessian(lambda x: x.pow(4).sum(), data(m, 2, 2)),
    "vjp": lambda m, f: f.vjp(lambda x: x.sin().sum(1), data(m, 2, 3), data(m, 2, seed=1)),
    "jvp": lambda m, f: f.jvp(lambda x: x.sin().sum(1), data(m, 2, 3), data(m, 2, 3, seed=1)),
    "hvp": lambda m, f: f.hvp(lambda x: x.pow(3).sum(), data(m, 3), data(m, 3, seed=1)),
    "vhp": lambda m, f: f.vhp(lambda x: x.pow(3).sum(), data(m, 3), data(m, 3, seed=1)),
}


def flatten(value):
    return [t for part in value for t in flatten(part)] if isinstance(value, tuple) else [value]


@pytest.mark.parametrize("name", PROGRAMS)
def test_functional(name):
    ours = flatten(PROGRAMS[name](rushlight, functional))
    theirs = flatten(PROGRAMS[name](torch, torch.autograd.functional))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert_close(a.numpy(), b.numpy(), length=8, steps=16, what=name)


def test_switches_are_kept():
    import rushlight.backends.cudnn as cudnn

    assert not rushlight.cuda.is_available()
    assert rushlight.cuda.device_count() == 0
    before = cudnn.benchmark
    cudnn.benchmark = True
    assert rushlight.backends.cudnn.benchmark is True
    cudnn.benchmark = before
    with pytest.raises(AssertionError, match="CUDA"):
        rushlight.ones(2).cuda()


def test_compile_runs_the_function():
    @rushlight.compile
    def double(x):
        return x * 2

    assert double(rushlight.ones(2)).tolist() == [2.0, 2.0]
    layer = rushlight.nn.Linear(2, 2)
    assert rushlight.compile(layer) is layer
    with pytest.raises(RuntimeError):
        rushlight.compile(layer, mode="default", options={})
