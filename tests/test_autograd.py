"""Autograd against PyTorch: the same program is run with both libraries and every tensor it returns compared."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest
import torch
from tolerance import assert_close

import rushlight

BOTH = [rushlight, torch]


def data(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


PROGRAMS = {}


def program(function):
    """Register f(m) -> tensors, numbers or strings that must agree between the libraries."""
    PROGRAMS[function.__name__] = function
    return function


@program
def chain_rule(m):
    x = m.tensor([2.0, 3.0], requires_grad=True)
    (x * x).sum().backward()
    return x.grad


@program
def accumulation(m):
    x = m.tensor(data(3), requires_grad=True)
    for _ in range(3):
        (x.exp() * 2).sum().backward()
    return x.grad


@program
def third_derivative(m):
    x = m.tensor([2.0], requires_grad=True)
    y = x**4
    results = []
    for _ in range(3):
        (y,) = m.autograd.grad(y, x, create_graph=True, grad_outputs=m.ones_like(y))
        results.append(y)
    return results


@program
def shared_subexpression(m):
    x = m.tensor(data(4), requires_grad=True)
    a = x.sin()
    b = a * a + a.exp() + a
    (b * a).sum().backward()
    return x.grad


@program
def write_into_slice(m):
    z = m.zeros(3, 4, dtype=m.float64)
    w = m.tensor(data(2, 2), requires_grad=True)
    z[:2, :2].copy_(w * 2)
    z[1:, 1:].mul_(3)
    (z * z).sum().backward()
    return z, w.grad, z.grad_fn.name()


@program
def write_into_view_of_result(m):
    x = m.tensor(data(3, 4), requires_grad=True)
    y = x * 2
    v = y[1]
    v.mul_(x[0])
    y[:, 0].zero_()
    (y * y).sum().backward()
    return x.grad, v, v.grad_fn.name(), y.grad_fn.name()


@program
def view_sees_base_write(m):
    x = m.tensor(data(4), requires_grad=True)
    base = x * 1
    view = base.view(2, 2)
    base.mul_(x)
    (view * m.tensor(data(2, 2))).sum().backward()
    return x.grad, view


@program
def view_of_view(m):
    w = m.tensor(data(2), requires_grad=True)
    z = m.zeros(2, 3, 2, dtype=m.float64)
    z.transpose(0, 1)[1].unsqueeze(0)[0, 1].add_(w)
    z.reshape(-1)[2:4].mul_(w)
    z.sum().backward()
    return z, w.grad


@program
def write_through_expand_of_leaf(m):
    b = m.zeros(4, dtype=m.float64)
    x = m.tensor(data(4), requires_grad=True)
    b.add_(x).mul_(x)
    b[::2].sub_(x[1::2])
    b.pow(2).sum().backward()
    return b, x.grad


@program
def relu_on_a_branch(m):
    x = m.tensor(data(5), requires_grad=True)
    y = x * 3
    z = y.clone().relu_()
    (y * z).sum().backward()
    return x.grad


@program
def setitem_mask(m):
    x = m.tensor(data(6), requires_grad=True)
    y = x.clone()
    y[y > 0] = 0
    y[1] = x[0] * 2
    (y * y).sum().backward()
    return x.grad, y


@program
def second_order_through_writes(m):
    x = m.tensor(data(4), requires_grad=True)
    z = m.zeros(2, 4, dtype=m.float64)
    z[0].copy_(x * x)
    z[1, 1:].add_(x[1:].exp())
    (g,) = m.autograd.grad((z**3).sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return g, h


@program
def data_is_free(m):
    w = m.tensor(data(3), requires_grad=True)
    y = (w * 2).sum()
    w.data.fill_(1.0)
    y.backward()
    return w, w.grad


@program
def detach_shares(m):
    x = m.tensor(data(3), requires_grad=True)
    d = x.detach()
    d.zero_()
    return x, d.requires_grad


@program
def retain_grad(m):
    x = m.tensor(data(3), requires_grad=True)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    return x.grad, y.grad, y.retains_grad


@program
def retain_graph(m):
    x = m.tensor(data(3), requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


@program
def inputs_only(m):
    x = m.tensor(data(3), requires_grad=True)
    w = m.tensor(data(3, seed=1), requires_grad=True)
    y = x * w
    z = y * 3
    z.sum().backward(inputs=[x])
    return x.grad, str(w.grad)


@program
def grad_of_intermediate(m):
    x = m.tensor(data(3), requires_grad=True)
    y = x * x
    z = (y * y).sum()
    return m.autograd.grad(z, [y, x])


@program
def unused_inputs(m):
    x = m.tensor(data(3), requires_grad=True)
    w = m.tensor(data(2), requires_grad=True)
    a = m.autograd.grad(x.sum(), [x, w], allow_unused=True)
    b = m.autograd.grad(x.sum(), [x, w], materialize_grads=True)
    return a[0], str(a[1]), b


@program
def batched_grads(m):
    x = m.tensor(data(3), requires_grad=True)
    y = x * x
    return m.autograd.grad(y, x, m.eye(3, dtype=m.float64), is_grads_batched=True)


@program
def multi_output(m):
    x = m.tensor(data(4, 3), requires_grad=True)
    a, b, c = x.unbind(1)
    (a * c).sum().backward()
    values, indices = x.max(1)
    (g,) = m.autograd.grad(values.sum(), x)
    return x.grad, g, indices


@program
def tensor_hooks(m):
    log = []
    x = m.tensor(data(3), requires_grad=True)
    y = x * 2
    x.register_hook(lambda g: log.append("x") or g * 10)
    y.register_hook(lambda g: log.append("y"))
    handle = y.register_hook(lambda g: g * 100)
    y.sum().backward()
    handle.remove()
    y2 = x * 2
    y2.sum().backward()
    return x.grad, log


@program
def node_hooks(m):
    x = m.tensor(data(3), requires_grad=True)
    y = x.exp()
    y.grad_fn.register_hook(lambda gi, go: tuple(g * 2 for g in gi))
    y.grad_fn.register_prehook(lambda go: tuple(g + 1 for g in go))
    y.sum().backward()
    return x.grad


@program
def post_accumulate(m):
    log = []
    x = m.tensor(data(3), requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda t: log.append(t.grad.sum().item()))
    (x * x).sum().backward()
    return log


@program
def modes(m):
    x = m.ones(2, requires_grad=True)
    found = []
    with m.no_grad():
        found.append((x * 2).requires_grad)
        with m.enable_grad():
            found.append((x * 2).requires_grad)
    with m.set_grad_enabled(False):
        found.append((x * 2).requires_grad)

    @m.no_grad()
    def quiet():
        return m.is_grad_enabled()

    found += [quiet(), m.is_grad_enabled()]

    @m.no_grad()
    def generator():
        yield m.is_grad_enabled()
        yield m.is_grad_enabled()

    for inside in generator():
        found += [inside, m.is_grad_enabled()]
    m.set_grad_enabled(False)
    found.append(m.is_grad_enabled())
    m.set_grad_enabled(True)
    with m.inference_mode():
        found.append((x * 2).requires_grad)
    return found


@program
def custom_function(m):
    class Cube(m.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return x**3 * scale

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            assert ctx.needs_input_grad == (True, False)
            return 3 * x**2 * ctx.scale * g, None

    x = m.tensor(data(3), requires_grad=True)
    y = Cube.apply(x, 2.0)
    (g,) = m.autograd.grad(y.sum(), x, create_graph=True)
    (h,) = m.autograd.grad(g.sum(), x)
    return y, g, h, y.grad_fn.name()


@program
def custom_function_outputs(m):
    class Both(m.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            out, flag = a * b, a > b
            ctx.mark_non_differentiable(flag)
            ctx.save_for_backward(a, b, out)
            return out, flag

        @staticmethod
        def backward(ctx, g, _):
            a, b, out = ctx.saved_tensors
            return g * b + 0 * out, g * a

    a = m.tensor(data(3), requires_grad=True)
    b = m.tensor(data(3, seed=1), requires_grad=True)
    out, flag = Both.apply(a, b)
    out.sum().backward()
    return out, flag, a.grad, b.grad, flag.requires_grad


@program
def custom_function_in_place(m):
    class Double(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = m.tensor(data(3), requires_grad=True)
    y = x * 1
    z = Double.apply(y)
    (z * z).sum().backward()
    return x.grad, y is z


@program
def setup_context(m):
    class Square(m.autograd.Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    x = m.tensor(data(3), requires_grad=True)
    Square.apply(x).sum().backward()
    return x.grad


@program
def promotion_in_graph(m):
    x = m.tensor(data(3).astype("float32"), requires_grad=True)
    y = x * m.tensor(data(3, seed=1)) + m.tensor([1, 2, 3])
    y.sum().backward()
    return y, x.grad, str(x.grad.dtype)


@program
def broadcasting(m):
    a = m.tensor(data(3, 1), requires_grad=True)
    b = m.tensor(data(2, 1, 4), requires_grad=True)
    c = m.tensor(1.5, dtype=m.float64, requires_grad=True)
    (a * b / c + b).sum().backward()
    return a.grad, b.grad, c.grad


@program
def leaf_grads_do_not_alias(m):
    a = m.ones(3, requires_grad=True)
    b = m.ones(3, requires_grad=True)
    (a + b).sum().backward()
    a.grad.add_(1)
    return a.grad, b.grad


@program
def graph_walk(m):
    x = m.ones(2, requires_grad=True)
    y = (x * 2 + x).sum()
    node = y.grad_fn
    names = [node.name()]
    while node.next_functions and node.next_functions[0][0] is not None and type(node).__name__ != "AccumulateGrad":
        node = node.next_functions[0][0]
        names.append(type(node).__name__)
    return names, node.variable is x


def flatten(value):
    if isinstance(value, (tuple, list)):
        return [item for part in value for item in flatten(part)]
    return [value]


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    ours, theirs = (flatten(PROGRAMS[name](m)) for m in BOTH)
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs)):
        if isinstance(b, torch.Tensor):
            assert_close(a.detach().numpy(), b.detach().numpy(), length=16, steps=16, what=f"{name} result {i}")
        elif isinstance(b, float):
            assert a == pytest.approx(b, rel=1e-6)
        else:
            assert a == b, f"{name} result {i}"


def leaf_write(m):
    m.ones(2, requires_grad=True).add_(1)


def leaf_view_write(m):
    m.ones(2, requires_grad=True)[0].add_(1)


def backward_twice(m):
    y = (m.ones(2, requires_grad=True) ** 2).sum()
    y.backward()
    y.backward()


def saved_then_modified(m):
    x = m.ones(2, requires_grad=True)
    y = x * 1
    z = (y * y).sum()
    y.add_(1)
    z.backward()


def output_then_modified(m):
    x = m.ones(2, requires_grad=True)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


def modified_through_view(m):
    x = m.ones(2, requires_grad=True)
    y = x * 1
    z = (y * y).sum()
    y[0].zero_()
    z.backward()


def unbind_write(m):
    a, _ = (m.ones(2, 2, requires_grad=True) * 1).unbind()
    a.add_(1)


def not_scalar(m):
    (m.ones(2, requires_grad=True) * 1).backward()


def no_grad_needed(m):
    m.ones(2).sum().backward()


def wrong_gradient_shape(m):
    (m.ones(2, requires_grad=True) * 1).backward(m.ones(3))


def unused(m):
    m.autograd.grad(m.ones(2, requires_grad=True).sum(), m.ones(2, requires_grad=True))


def integer_requires_grad(m):
    m.ones(2, dtype=m.int64).requires_grad_()


def numpy_of_recorded(m):
    m.ones(2, requires_grad=True).numpy()


def non_leaf_flag(m):
    (m.ones(2, requires_grad=True) * 1).requires_grad_(False)


def bad_grad(m):
    m.ones(2, requires_grad=True).grad = m.ones(3)


def no_grad_view_write(m):
    x = m.ones(2, requires_grad=True) * 1
    with m.no_grad():
        v = x[0]
    v.add_(m.ones((), requires_grad=True))


def once(m):
    class F(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @m.autograd.function.once_differentiable
        def backward(ctx, g):
            return g * 2

    x = m.ones(2, requires_grad=True)
    (g,) = m.autograd.grad(F.apply(x).sum(), x, grad_outputs=m.ones((), requires_grad=True), create_graph=True)
    g.sum().backward()


def wrong_number_of_gradients(m):
    class F(m.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, g):
            return g

    F.apply(m.ones(2, requires_grad=True), m.ones(2)).sum().backward()


ERRORS = [
    leaf_write,
    leaf_view_write,
    backward_twice,
    saved_then_modified,
    output_then_modified,
    modified_through_view,
    unbind_write,
    not_scalar,
    no_grad_needed,
    wrong_gradient_shape,
    unused,
    integer_requires_grad,
    numpy_of_recorded,
    non_leaf_flag,
    bad_grad,
    no_grad_view_write,
    once,
    wrong_number_of_gradients,
]


@pytest.mark.parametrize("case", ERRORS)
def test_error(case):
    with pytest.raises(Exception) as expected:
        case(torch)
    with pytest.raises(expected.type):
        case(rushlight)


def test_graph_is_freed_as_backward_passes():
    """Without garbage collection: nothing in a finished graph may keep itself alive."""
    gc.disable()
    try:
        x = rushlight.ones(3, requires_grad=True)
        hidden = (x * 2).exp()
        alive = weakref.ref(hidden)
        loss = (hidden * hidden).sum()
        loss.backward()
        del hidden, loss
        assert alive() is None
    finally:
        gc.enable()


def test_deep_graph():
    """Ten thousand operations in a row: neither backward nor freeing recurses."""
    x = rushlight.ones(1, requires_grad=True)
    y = x
    for _ in range(10_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


def test_mode_is_per_thread():
    seen = []
    with rushlight.no_grad():
        thread = threading.Thread(target=lambda: seen.append(rushlight.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_backward_in_threads():
    """Independent graphs on several threads."""
    results = [None] * 4

    def work(i):
        x = rushlight.full((100,), float(i + 1), requires_grad=True)
        for _ in range(20):
            x.grad = None
            (x * x).sum().backward()
        results[i] = x.grad.sum().item()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == [200.0 * (i + 1) for i in range(4)]


def test_weight_gradient_is_not_copied():
    """Each gradient of a Linear is computed into the memory that .grad keeps: no buffer beyond that is held."""
    import rushlight
    from rushlight.engine import cpu

    layer = rushlight.nn.Linear(64, 128)
    made = []
    product = cpu.matmul

    def watched(a, b):
        result = product(a, b)
        made.append((result.shape, result.__array_interface__["data"][0]))
        return result

    cpu.matmul = watched
    try:
        layer(rushlight.ones(8, 64)).sum().backward()
    finally:
        cpu.matmul = product
    assert ((128, 64), layer.weight.grad.data_ptr()) in made
    before = rushlight.memory_stats()["allocated_bytes"]
    del layer.weight.grad
    held = before - rushlight.memory_stats()["allocated_bytes"]
    assert 128 * 64 * 4 <= held < 2 * 128 * 64 * 4


def test_gradients_in_several_threads():
    """Passes over a shared graph and over own ones at the same time."""
    import threading

    import rushlight

    shared = rushlight.ones(4, 4, requires_grad=True)
    trunk = (shared * 2).exp()
    found, errors = [], []

    def work():
        try:
            for _ in range(50):
                own = rushlight.ones(4, 4, requires_grad=True)
                loss = (trunk * own).sum()
                g, h = rushlight.autograd.grad(loss, (shared, own), retain_graph=True)
                found.append((g.sum().item(), h.sum().item()))
                with rushlight.no_grad():
                    assert not (own * 2).requires_grad
        except Exception as error:  # a thread's own exception would be lost
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(set(found)) == 1 and rushlight.is_grad_enabled()


def test_only_what_was_asked_for_is_computed():
    """autograd.grad and backward(inputs=...) tell a node which of its inputs' gradients are of use."""
    import rushlight
    from rushlight.autograd.op import Op

    asked = []

    class product_noting_need(Op):
        """a * b, whose backward notes what it was asked for."""

        inputs = 2

        def forward(xp, a, b):
            return xp.mul(a, b)

        def backward(xp, g, saved, need):
            asked.append(tuple(need))
            a, b = saved
            return xp.mul(g, b) if need[0] else None, xp.mul(g, a) if need[1] else None

    a, b = rushlight.ones(3, requires_grad=True), rushlight.full((3,), 2.0, requires_grad=True)
    loss = product_noting_need(a * 3, b).sum()
    (grad,) = rushlight.autograd.grad(loss, a, retain_graph=True)
    assert grad.tolist() == [6.0] * 3
    (grad,) = rushlight.autograd.grad(loss, b, retain_graph=True)
    assert grad.tolist() == [3.0] * 3
    loss.backward(inputs=[b], retain_graph=True)
    loss.backward()
    assert asked == [(True, False), (False, True), (False, True), (True, True)]


@pytest.mark.parametrize("name", ["clamp_min_", "clamp_max_", "clamp_"])
def test_clamp_in_place_by_a_tensor(name):
    def gradients(m):
        x = m.tensor([0.1, 0.5, 0.9], requires_grad=True)
        bound = m.tensor([0.3, 0.4, 1.0], requires_grad=True)
        (getattr(x * 1, name)(bound) * m.tensor([1.0, 2.0, 3.0])).sum().backward()
        return x.grad.tolist(), bound.grad.tolist()

    assert gradients(rushlight) == gradients(torch)
