"""Optimizers against PyTorch: values over several steps, state dicts both ways, options, errors, hooks."""

import copy
import itertools
import pickle
import warnings

import numpy as np
import pytest
import torch

import rushlight as rl
from rushlight import optim

SHAPES = [(4, 3), (3,), (), (0, 2), (40, 1000)]

SGD_OPTIONS = [
    dict(lr=0.1),
    dict(lr=0.1, momentum=0.9),
    dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01),
    dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    dict(lr=0.1, momentum=0.5, maximize=True),
    dict(lr=0.1, weight_decay=0.2, foreach=True),
]
ADAM_OPTIONS = [
    dict(),
    dict(lr=0.05, betas=(0.8, 0.95), eps=1e-6),
    dict(lr=0.05, weight_decay=0.1),
    dict(lr=0.05, amsgrad=True, weight_decay=0.1),
    dict(lr=0.05, maximize=True, foreach=False),
    dict(lr=0.05, fused=True),
]
CASES = [
    *(("SGD", o) for o in SGD_OPTIONS),
    *(("Adam", o) for o in ADAM_OPTIONS),
    *(("AdamW", o) for o in ADAM_OPTIONS),
    ("Adam", dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
]


def _pair(name, options, dtype, shapes=SHAPES, seed=0):
    """The same parameters and optimizer in both libraries."""
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.standard_normal(s), dtype=dtype) for s in shapes]
    ours = [rl.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    return ours, getattr(optim, name)(ours, **options), theirs, getattr(torch.optim, name)(theirs, **options)


def _set_grads(ours, theirs, seed):
    rng = np.random.default_rng(seed)
    for p, q in zip(ours, theirs):
        g = np.asarray(rng.standard_normal(tuple(q.shape)), dtype=q.detach().numpy().dtype)
        p.grad, q.grad = rl.tensor(g), torch.tensor(g)


def _check(ours, theirs, steps):
    # each step rounds a handful of times on values of size about 1; Adam's quotient adds a few more
    for p, q in zip(ours, theirs):
        q = q.detach().numpy()
        eps = np.finfo(q.dtype).eps
        np.testing.assert_allclose(p.detach().numpy(), q, rtol=16 * steps * eps, atol=16 * steps * eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name, options", CASES)
def test_steps_match(name, options, dtype):
    ours, a, theirs, b = _pair(name, options, dtype)
    for k in range(5):
        _set_grads(ours, theirs, k)
        if k == 2:
            ours[1].grad = theirs[1].grad = None  # parameters without a gradient stay
        a.step()
        b.step()
        _check(ours, theirs, k + 1)
    mine, theirs_state = a.state_dict(), b.state_dict()
    assert mine["state"].keys() == theirs_state["state"].keys()
    for i, state in theirs_state["state"].items():
        assert list(mine["state"][i]) == list(state)
        for key, value in state.items():
            mine_value = mine["state"][i][key]
            assert str(mine_value.dtype) == str(value.dtype) and tuple(mine_value.shape) == tuple(value.shape)
            eps = np.finfo(value.numpy().dtype).eps
            np.testing.assert_allclose(mine_value.numpy(), value.numpy(), rtol=80 * eps, atol=80 * eps)
    assert mine["param_groups"] == theirs_state["param_groups"]
    assert repr(a) == repr(b) and a.defaults == b.defaults


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_layouts_and_narrow_types(name):
    """Transposed and strided parameters, and bfloat16, step to the values of a plain float32 parameter."""
    rng = np.random.default_rng(0)
    a, g = (rng.standard_normal((6, 8)).astype(np.float32) for _ in range(2))
    options = dict(lr=0.1, momentum=0.9) if name == "SGD" else dict(lr=0.1)

    def stepped(p):
        o = getattr(optim, name)([p], **options)
        for _ in range(3):
            p.grad = rl.tensor(g).to(p.dtype)
            o.step()
        return p.detach().float().numpy()

    expected = stepped(rl.tensor(a, requires_grad=True))
    with rl.no_grad():
        transposed = rl.tensor(np.ascontiguousarray(a.T)).t()
        strided = rl.zeros(12, 8)[::2]
        strided.copy_(rl.tensor(a))
    assert np.array_equal(stepped(transposed.requires_grad_()), expected)
    assert np.array_equal(stepped(strided.requires_grad_()), expected)
    narrow = stepped(rl.tensor(a).to(rl.bfloat16).requires_grad_())
    # bfloat16 rounds the parameter, the gradient and the state to 8 bits at each of three steps
    np.testing.assert_allclose(narrow, expected, atol=12 * 2**-8 * np.abs(a).max())


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_version_and_identity(name):
    p = rl.ones(3, requires_grad=True)
    array, version = p.detach(), p._version
    p.grad = rl.ones(3)
    getattr(optim, name)([p], lr=0.1).step()
    assert p._version > version and array.numpy()[0] != 1, "a step writes in place and is counted"
    y = (p * p).sum()
    p.grad = rl.ones(3)
    getattr(optim, name)([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_groups_and_tensor_lr():
    arrays = [np.ones(2, np.float32), np.ones(3, np.float32)]
    ours = [rl.tensor(a, requires_grad=True) for a in arrays]
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    a = optim.SGD([{"params": ours[:1]}, {"params": ours[1:], "lr": rl.tensor(0.5)}], lr=0.1, momentum=0.9)
    b = torch.optim.SGD([{"params": theirs[:1]}, {"params": theirs[1:], "lr": torch.tensor(0.5)}], lr=0.1, momentum=0.9)
    for k in range(2):
        _set_grads(ours, theirs, k)
        a.step()
        b.step()
    _check(ours, theirs, 2)
    extra = rl.ones(1, requires_grad=True)
    a.add_param_group({"params": extra, "lr": 7})
    assert a.param_groups[2]["lr"] == 7 and a.param_groups[2]["momentum"] == 0.9
    named = optim.SGD([("w", ours[0]), ("b", ours[1])])
    assert named.state_dict()["param_groups"][0]["param_names"] == ["w", "b"]


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_state_dict_round_trip(name):
    options = dict(lr=0.1, momentum=0.9) if name == "SGD" else dict(lr=0.1, amsgrad=True)
    ours, a, theirs, b = _pair(name, options, np.float32)
    _set_grads(ours, theirs, 0)
    a.step()
    b.step()
    saved = a.state_dict()
    fresh = [rl.tensor(p.detach().numpy().astype(np.float64), requires_grad=True) for p in ours]
    other = getattr(optim, name)(fresh, **{**options, "lr": 9.0})
    other.load_state_dict(copy.deepcopy(saved))
    assert other.param_groups[0]["lr"] == 0.1
    for state in other.state.values():
        for key, value in state.items():
            assert value.dtype == (rl.float32 if key == "step" else rl.float64)
    for f, p in zip(fresh, ours):
        f.grad = rl.tensor(np.ones(tuple(p.shape)))
        p.grad = rl.ones(p.shape)
    a.step()
    other.step()
    for f, p in zip(fresh, ours):
        np.testing.assert_allclose(f.detach().numpy(), p.detach().numpy(), rtol=1e-6, atol=1e-6)
    again = pickle.loads(pickle.dumps(saved))
    assert again["param_groups"] == saved["param_groups"]
    with pytest.raises(ValueError, match="different number of parameter groups"):
        other.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size"):
        other.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_differentiable(name):
    """The gradient of a stepped parameter with respect to the learning rate, against PyTorch."""

    def run(T, module):
        lr = T.tensor(0.1, dtype=T.float64, requires_grad=True)
        start = T.tensor([1.0, 2.0], dtype=T.float64, requires_grad=True)
        p = start.clone()
        p.retain_grad()
        p.grad = T.tensor([0.5, -1.5], dtype=T.float64)
        extra = dict(momentum=0.9, weight_decay=0.1) if name == "SGD" else dict(weight_decay=0.1)
        getattr(module, name)([p], lr=lr, differentiable=True, **extra).step()
        (p * p).sum().backward()
        return p.detach().numpy(), lr.grad.numpy(), start.grad.numpy()

    for mine, theirs in zip(run(rl, optim), run(torch, torch.optim)):
        # PyTorch forms Adam's 1 - 0.999^t in float32 here, which leaves it an error of eps / 0.001
        np.testing.assert_allclose(mine, theirs, rtol=1e-12 if name == "SGD" else np.finfo(np.float32).eps / 0.001)


def test_zero_grad():
    p = rl.ones(2, requires_grad=True)
    o = optim.SGD([p])
    p.grad = rl.ones(2)
    o.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    o.zero_grad()
    assert p.grad is None


def test_closure_and_hooks():
    p = rl.ones(2, requires_grad=True)
    o = optim.SGD([p], lr=0.5)
    calls = []

    def closure():
        o.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with rl.no_grad():
        assert o.step(closure).item() == 2
    assert p.tolist() == [0, 0]
    pre = o.register_step_pre_hook(lambda opt, args, kwargs: calls.append("pre"))
    o.register_step_post_hook(lambda opt, args, kwargs: calls.append("post"))
    o.step()
    pre.remove()
    o.step()
    assert calls == ["pre", "post", "post"]
    o.register_step_pre_hook(lambda opt, args, kwargs: ((lambda: 7,), {}))
    assert o.step() == 7
    o.register_state_dict_post_hook(lambda opt, state: {**state, "extra": 1})
    assert o.state_dict()["extra"] == 1
    o.register_load_state_dict_pre_hook(lambda opt, state: {k: v for k, v in state.items() if k != "extra"})
    o.load_state_dict(o.state_dict())


def test_own_optimizer():
    """A user's subclass with a step of its own gets hooks and state."""

    class Sign(optim.Optimizer):
        def __init__(self, params, lr=1.0):
            super().__init__(params, {"lr": lr})

        @rl.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["n"] = self.state[p].get("n", 0) + 1
                    p.add_(p.grad.sign(), alpha=-group["lr"])

    p = rl.tensor([3.0, -3.0], requires_grad=True)
    o = Sign([p])
    seen = []
    o.register_step_post_hook(lambda *a: seen.append(1))
    p.grad = rl.tensor([5.0, -5.0])
    o.step()
    assert p.tolist() == [2, -2] and seen == [1] and o.state_dict()["state"] == {0: {"n": 1}}


def _error_cases(T, module):
    z = T.zeros(1, requires_grad=True)
    other = T.zeros(1, requires_grad=True)
    S, A = module.SGD, module.Adam
    return {
        "empty": lambda: S([]),
        "tensor": lambda: S(z),
        "int": lambda: S([1]),
        "not iterable": lambda: S(5),
        "non-leaf": lambda: S([z * 2]),
        "lr": lambda: S([z], lr=-1),
        "momentum": lambda: S([z], momentum=-1),
        "decay": lambda: S([z], weight_decay=-1),
        "nesterov": lambda: S([z], nesterov=True),
        "nesterov dampening": lambda: S([z], momentum=0.9, dampening=0.1, nesterov=True),
        "two groups": lambda: S([{"params": [z]}, {"params": [z]}]),
        "set": lambda: S([{"params": {z}}]),
        "lr tensor": lambda: S([z], lr=T.tensor([0.1, 0.2])),
        "fused differentiable": lambda: S([z], fused=True, differentiable=True),
        "fused foreach": lambda: A([z], fused=True, foreach=True),
        "eps": lambda: A([z], eps=-1),
        "beta 0": lambda: A([z], betas=(1, 0.9)),
        "beta 1": lambda: A([z], betas=(0.9, 1.0)),
        "betas mixed": lambda: A([z], betas=(T.tensor(0.9), 0.9)),
        "betas foreach": lambda: A([z], betas=(T.tensor(0.9), T.tensor(0.9)), foreach=True),
        "adam lr foreach": lambda: A([z], lr=T.tensor(0.1), foreach=True),
        "group type": lambda: S([z]).add_param_group([other]),
        "names": lambda: S([("a", z), other]),
        "abstract": lambda: module.Optimizer([z], {"lr": 1}).step(),
    }


@pytest.mark.parametrize("case", list(_error_cases(torch, torch.optim)))
def test_errors(case):
    with pytest.raises(Exception) as theirs:
        _error_cases(torch, torch.optim)[case]()
    with pytest.raises(type(theirs.value)) as ours:
        _error_cases(rl, optim)[case]()
    wanted = str(theirs.value).split(".")[0][:30]
    assert wanted in str(ours.value)


def test_duplicates_warn():
    p = rl.zeros(1, requires_grad=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([p, p])


def test_capturable_needs_an_accelerator():
    p = rl.zeros(1, requires_grad=True)
    p.grad = rl.ones(1)
    with pytest.raises(AssertionError, match="capturable"):
        optim.Adam([p], capturable=True).step()


def test_copy_and_pickle():
    p = rl.ones(2, requires_grad=True)
    o = optim.Adam([p], lr=0.5)
    p.grad = rl.ones(2)
    o.step()
    for twin in (copy.deepcopy(o), pickle.loads(pickle.dumps(o))):
        q = twin.param_groups[0]["params"][0]
        assert q is not p and twin.state[q]["step"].item() == 1
        q.grad = rl.ones(2)
        twin.step()
        assert p.tolist() != q.tolist()


@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
def test_training_reaches_the_minimum(order):
    """Adam on a small least-squares problem follows PyTorch for 50 steps through autograd."""
    rng = np.random.default_rng(order[0])
    x, y = rng.standard_normal((16, 4)), rng.standard_normal(16)

    def losses(T, module):
        w = T.zeros(4, dtype=T.float64, requires_grad=True)
        o = module.Adam([w], lr=0.05)
        history = []
        for _ in range(50):
            o.zero_grad()
            loss = (((T.tensor(x) * w).sum(1) - T.tensor(y)) ** 2).mean()
            loss.backward()
            o.step()
            history.append(loss.item())
        return history

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mine = losses(rl, optim)
    np.testing.assert_allclose(mine, losses(torch, torch.optim), rtol=1e-9)
    assert mine[-1] < mine[0]
