"""torch.func: functions of functions, and modules as functions, against PyTorch."""

import numpy as np
import pytest
import torch
import torch.func

import rushlight
import rushlight.func

BOTH = [rushlight, torch]
# PyTorch's own, from loading its forward mode and from tracing in linearize
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node.*:UserWarning"),
]


def values(tree):
    if isinstance(tree, dict):
        return [v for key in sorted(tree) for v in values(tree[key])]
    if isinstance(tree, (tuple, list)):
        return [v for part in tree for v in values(part)]
    return [tree]


def both(call):
    """call(m) gives equal trees of tensors in both libraries, that require grad alike."""
    ours, theirs = values(call(rushlight)), values(call(torch))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs):
        assert tuple(a.shape) == tuple(b.shape)
        assert a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)


def vector(m, n=3, start=0.1):
    return m.arange(n, dtype=m.float64) * 0.3 + start


def scalar(x):
    return (x.sin() * x).sum()


def several(x, y):
    return {"a": x.exp() * y, "b": (x * y.cos()).sum()}


CALLS = {
    "grad": lambda m: m.func.grad(scalar)(vector(m)),
    "grad twice": lambda m: m.func.grad(lambda x: m.func.grad(scalar)(x).sum())(vector(m)),
    "grad three times": lambda m: m.func.grad(m.func.grad(m.func.grad(m.sin)))(m.tensor(0.7, dtype=m.float64)),
    "grad of arguments": lambda m: m.func.grad(lambda x, y: (x * y.exp()).sum(), argnums=(0, 1))(vector(m), vector(m)),
    "grad of the second": lambda m: m.func.grad(lambda x, y: (x * y.exp()).sum(), argnums=-1)(vector(m), vector(m)),
    "grad of a tree": lambda m: m.func.grad(lambda p: (p["w"] * p["b"][0]).sum())({"w": vector(m), "b": [vector(m)]}),
    "unused": lambda m: m.func.grad(lambda x, y: x.sum(), argnums=(0, 1))(vector(m), vector(m)),
    "constant": lambda m: m.func.grad(lambda x: m.ones((), dtype=m.float64))(vector(m)),
    "grad_and_value": lambda m: m.func.grad_and_value(scalar)(vector(m)),
    "aux": lambda m: m.func.grad(lambda x: (scalar(x), x * 2), has_aux=True)(vector(m)),
    "value and aux": lambda m: m.func.grad_and_value(lambda x: (scalar(x), x * 2), has_aux=True)(vector(m)),
    "part of a graph": lambda m: m.func.grad(scalar)(vector(m).requires_grad_()),
    "captured": lambda m: captured(m),
    "no_grad": lambda m: without_grad(m),
    "vjp": lambda m: m.func.vjp(several, vector(m), vector(m))[1]({"a": vector(m), "b": m.ones((), dtype=m.float64)}),
    "vjp of one": lambda m: m.func.vjp(m.exp, vector(m))[1](vector(m)),
    "vjp's output": lambda m: m.func.vjp(several, vector(m), vector(m))[0],
    "jvp": lambda m: m.func.jvp(several, (vector(m), vector(m)), (vector(m), vector(m, start=1.0))),
    "jvp of grad": lambda m: m.func.jvp(m.func.grad(scalar), (vector(m),), (vector(m),)),
    "grad of jvp": lambda m: m.func.grad(lambda x: m.func.jvp(m.sin, (x,), (x,))[1].sum())(vector(m)),
    "linearize": lambda m: m.func.linearize(m.sin, vector(m))[1](vector(m)),
    "jacrev": lambda m: m.func.jacrev(lambda x: x.unsqueeze(0) * x.unsqueeze(1).exp())(vector(m)),
    "jacrev of trees": lambda m: m.func.jacrev(several, argnums=(0, 1))(vector(m), vector(m)),
    "jacfwd": lambda m: m.func.jacfwd(lambda x: x.cumsum(0).sin())(vector(m)),
    "hessian": lambda m: m.func.hessian(scalar)(vector(m)),
    "vmap": lambda m: m.vmap(m.dot)(vector(m, 6).reshape(2, 3), vector(m, 6).reshape(2, 3)),
    "vmap along others": lambda m: m.vmap(lambda a, b: (a * b, a.sum()), (1, None), (1, 0))(
        vector(m, 6).reshape(2, 3), vector(m, 2)
    ),
    "vmap of a tree": lambda m: m.vmap(lambda d, s: d["x"] * s + d["y"], ({"x": 0, "y": None}, None))(
        {"x": vector(m, 6).reshape(2, 3), "y": vector(m)}, 2.0
    ),
    "vmap of vmap": lambda m: m.vmap(m.vmap(lambda a, b: a * b, (0, None)), (None, 0))(vector(m, 2), vector(m)),
    "per-sample gradients": lambda m: m.vmap(m.func.grad(scalar))(vector(m, 6).reshape(2, 3)),
    "vmap with gradients": lambda m: through_vmap(m),
    "vmap of nothing": lambda m: m.vmap(lambda x: x.sin().sum())(m.zeros(0, 3, dtype=m.float64)),
    "same": lambda m: m.vmap(lambda x: x * 0 + m.rand(()), randomness="same")(vector(m)).diff(),
    "keywords": lambda m: m.vmap(lambda x, y: x + y)(vector(m), y=vector(m)),
}


def captured(m):
    """A tensor from outside gets its gradient through the transform."""
    w = vector(m).requires_grad_()
    g = m.func.grad(lambda x: (x * x * w).sum())(vector(m))
    return g, m.autograd.grad(g.sum(), w)


def without_grad(m):
    with m.no_grad():
        return m.func.grad(scalar)(vector(m).requires_grad_())


def through_vmap(m):
    x = vector(m, 6).reshape(2, 3).requires_grad_()
    y = m.vmap(lambda row: (row * row).sum())(x)
    return y, m.autograd.grad(y.sum(), x)


@pytest.mark.parametrize("name", CALLS)
def test_transforms(name):
    both(CALLS[name])


def flat(x):
    return x.reshape(-1)


ERRORS = {
    "not a scalar": (RuntimeError, lambda m: m.func.grad(m.sin)(m.ones(3))),
    "not a tensor": (RuntimeError, lambda m: m.func.grad(lambda x: 1.0)(m.ones(3))),
    "argnums": (RuntimeError, lambda m: m.func.grad(m.sum, argnums=2)(m.ones(3))),
    "same argnums": (RuntimeError, lambda m: m.func.grad(m.sum, argnums=(0, 0))(m.ones(3))),
    "no aux": (RuntimeError, lambda m: m.func.grad(m.sum, has_aux=True)(m.ones(3))),
    "integers": (RuntimeError, lambda m: m.func.grad(m.sum)(m.arange(3))),
    "cotangents": (RuntimeError, lambda m: m.func.vjp(m.sin, m.ones(3))[1]((m.ones(3), m.ones(3)))),
    "tangents": (RuntimeError, lambda m: m.func.jvp(m.sin, (m.ones(3),), (m.ones(2),))),
    "no tuples": (RuntimeError, lambda m: m.func.jvp(m.sin, m.ones(3), m.ones(3))),
    "chunk_size": (ValueError, lambda m: m.func.jacrev(m.sin, chunk_size=0)),
    "sizes": (ValueError, lambda m: m.vmap(m.add)(m.ones(2), m.ones(3))),
    "nothing mapped": (ValueError, lambda m: m.vmap(m.sin, None)(m.ones(2))),
    "all None": (ValueError, lambda m: m.vmap(m.sin, (None,))(m.ones(2))),
    "dimension": (ValueError, lambda m: m.vmap(m.sin, 3)(m.ones(2))),
    "structure": (ValueError, lambda m: m.vmap(m.sin, (0, 0))(m.ones(2))),
    "no inputs": (ValueError, lambda m: m.vmap(lambda: 1)()),
    "numbers": (ValueError, lambda m: m.vmap(m.add)(m.ones(2), 1.0)),
    "results": (ValueError, lambda m: m.vmap(lambda x: 1.0)(m.ones(2))),
    "random": (RuntimeError, lambda m: m.vmap(lambda x: x + m.rand(()))(m.ones(2))),
    "randomness": (RuntimeError, lambda m: m.vmap(m.sin, randomness="x")(m.ones(2))),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("m", BOTH)
def test_errors(name, m):
    error, call = ERRORS[name]
    with pytest.raises(error):
        call(m)


def network(m):
    m.manual_seed(0)
    return m.nn.Sequential(m.nn.Linear(3, 4), m.nn.BatchNorm1d(4), m.nn.Linear(4, 2)).double().eval()


def test_modules_as_functions():
    def run(m):
        net = network(m)
        before = [p.clone() for p in net.parameters()]
        parameters = {name: (p * 2).detach() for name, p in net.named_parameters()}
        x = vector(m, 6).reshape(2, 3)
        out = m.func.functional_call(net, parameters, (x,))
        grads = m.func.grad(lambda p: m.func.functional_call(net, p, x).square().sum())(parameters)
        partly = m.func.functional_call(net, {"2.bias": m.zeros(2, dtype=m.float64)}, x)
        assert all(bool((a == b).all()) for a, b in zip(before, net.parameters()))
        return out, grads, partly

    both(run)


def test_stacked_modules():
    def run(m):
        nets = [network(m) for _ in range(3)]
        parameters, buffers = m.func.stack_module_state(nets)
        assert all(p.is_leaf for p in parameters.values())
        x = vector(m, 6).reshape(2, 3)
        out = m.vmap(lambda p, b: m.func.functional_call(nets[0], (p, b), (x,)))(parameters, buffers)
        return parameters, out

    both(run)


@pytest.mark.parametrize("m", BOTH)
def test_errors_of_functional_call(m):
    net = m.nn.Linear(2, 2)
    weight = {"weight": m.zeros(2, 2)}
    with pytest.raises(RuntimeError):
        m.func.functional_call(net, weight, m.ones(1, 2), strict=True)
    with pytest.raises(ValueError, match="ambiguous"):
        m.func.functional_call(net, (weight, weight), m.ones(1, 2))
    with pytest.raises(RuntimeError):
        m.func.stack_module_state([])
    with pytest.raises(RuntimeError):
        m.func.stack_module_state([net, m.nn.Identity()])
    tied = m.nn.Sequential(net, net)
    assert m.func.functional_call(tied, {"0.weight": m.eye(2), "0.bias": m.zeros(2)}, m.ones(1, 2)).tolist() == [[1, 1]]
