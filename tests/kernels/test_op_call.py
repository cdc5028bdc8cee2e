"""The native call of an op, its record on the tape and the backward pass; without PyTorch, for sanitizer builds too.

Values are compared with central differences and closed forms.
"""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import rushlight
from rushlight import _native
from rushlight.autograd.op import Op, primitives


def leaf(values):
    return rushlight.tensor(np.asarray(values, np.float64).tolist(), dtype=rushlight.float64, requires_grad=True)


# ---- random programs against differences -----------------------------------------------------------------------------


def program(seed):
    """A function of two tensors, (3, 4) and (4,), made of a dozen random steps; returns a number."""

    def run(x, y):
        rng = np.random.default_rng(seed)
        pool = [x, y, x * y]

        def pick():
            return pool[rng.integers(len(pool))]

        steps = [
            lambda a, b: a + b,
            lambda a, b: a * b,
            lambda a, b: a - 0.5 * b,
            lambda a, b: (a * 0.3).tanh(),
            lambda a, b: (a * 0.1).exp(),
            lambda a, b: rushlight.cat([a, a * 2]).sum(0) if a.dim() == 2 else a,
            lambda a, b: a.t() @ a if a.shape == (3, 4) else a.sum(),
            lambda a, b: a[..., ::2].sum(-1, keepdim=True) + b,
            lambda a, b: a.unbind(0)[0] * a.unbind(0)[-1] if a.dim() == 2 else a,
            lambda a, b: rushlight.where(a.detach() > 0, a, b) if a.shape == b.shape else a,
            lambda a, b: a.reshape(-1)[: y.numel()] * y,
            lambda a, b: a.expand(2, *a.shape).mean(0),
            lambda a, b: (a * 1).mul_(b) if a.dim() >= b.dim() and a.shape[a.dim() - b.dim() :] == b.shape else a,
        ]
        for _ in range(12):
            a, b = pick(), pick()
            try:
                value = steps[rng.integers(len(steps))](a, b)
            except (RuntimeError, IndexError):  # shapes that do not fit: the same for every value of x and y
                continue
            pool.append(value)
        return sum((p.sin().sum() for p in pool[3:]), x.sum())

    return run


@pytest.mark.parametrize("seed", range(40))
def test_gradients_of_random_programs(seed):
    run = program(seed)
    rng = np.random.default_rng(1000 + seed)
    x, y = rng.random((3, 4)) + 0.2, rng.random(4) + 0.2
    a, b = leaf(x), leaf(y)
    loss = run(a, b)
    loss.backward(retain_graph=True)
    again = rushlight.autograd.grad(loss, (a, b), create_graph=True, allow_unused=True)
    for tensor, found in zip((a, b), again):
        if found is not None:
            np.testing.assert_allclose(found.detach().numpy(), tensor.grad.numpy(), rtol=1e-12, atol=1e-12)
    direction_x, direction_y = rng.standard_normal((3, 4)), rng.standard_normal(4)
    step = 1e-6
    plus = run(leaf(x + step * direction_x), leaf(y + step * direction_y)).item()
    minus = run(leaf(x - step * direction_x), leaf(y - step * direction_y)).item()
    slope = (a.grad.numpy() * direction_x).sum()
    if b.grad is not None:
        slope += (b.grad.numpy() * direction_y).sum()
    # third derivatives times step^2, and the rounding of a sum of some hundred numbers over the step
    scale = abs(loss.item()) + abs(slope) + 1
    assert abs((plus - minus) / (2 * step) - slope) < 1e-5 * scale


def test_second_derivatives():
    x = leaf([0.5, 2.0])
    (first,) = rushlight.autograd.grad((x**4).sum(), x, create_graph=True)
    (second,) = rushlight.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = rushlight.autograd.grad(second.sum(), x)
    np.testing.assert_allclose(second.detach().numpy(), 12 * x.detach().numpy() ** 2, rtol=1e-14)
    np.testing.assert_allclose(third.numpy(), 24 * x.detach().numpy(), rtol=1e-14)


# ---- calls -----------------------------------------------------------------------------------------------------------


class counted(Op):
    """a + b + c as one op with optional inputs; its backward may fail."""

    name, inputs, save = "counted_for_test_op_call", 3, (0, 1, 2)
    fail: str | None = None

    def forward(xp, a, b, c, *, scale=1.0, **rest):
        if counted.fail == "forward":
            raise KeyError("forward")
        return xp.mul(a if b is None else xp.add(a, b), scale)

    def backward(xp, g, saved, need, *, scale=1.0, **rest):
        if counted.fail == "backward":
            raise KeyError("backward")
        if counted.fail == "few":
            return (g,)
        if counted.fail == "number":
            return 3
        return xp.mul(g, scale), xp.mul(g, scale) if need[1] else None, None


@pytest.fixture
def failing():
    yield
    counted.fail = None


def test_missing_inputs_and_many_attributes():
    x = leaf([1.0, 2.0])
    counted_op = primitives.counted_for_test_op_call
    counted_op(x).sum().backward()
    counted_op(x, None, scale=2.0).sum().backward()
    counted_op(x, x, None, scale=3.0, **{f"attribute{i}": i for i in range(40)}).sum().backward()
    assert x.grad.tolist() == [9, 9]
    with pytest.raises(TypeError, match="takes 3 inputs, got 4"):
        counted_op(x, x, x, x)
    with pytest.raises(TypeError, match="takes one list"):
        primitives.stack([x], [x], dim=0)


@pytest.mark.filterwarnings("ignore:backward.create_graph")
@pytest.mark.parametrize("fail, error", [("backward", KeyError), ("few", RuntimeError), ("number", TypeError)])
def test_error_in_the_middle_of_a_pass(failing, fail, error):
    """Nothing is left behind: the grad mode is as before, references are gone, and the pass can be made again."""
    x = leaf([1.0, 2.0])
    trunk = x * 2
    loss = (primitives.counted_for_test_op_call(trunk, trunk) * 3).sum() + trunk.sum()
    before = sys.getrefcount(trunk._array)
    for create_graph in (False, True):
        counted.fail = fail
        with pytest.raises(error):
            loss.backward(retain_graph=True, create_graph=create_graph)
        assert rushlight.is_grad_enabled() and x.grad is None
    gc.collect()
    after = sys.getrefcount(trunk._array)  # not in the assert, which would hold one more
    assert after == before
    counted.fail = None
    loss.backward()
    assert x.grad.tolist() == [14, 14]


def test_error_in_forward(failing):
    x = leaf([1.0])
    before = sys.getrefcount(x._array)
    counted.fail = "forward"
    for _ in range(50):
        with pytest.raises(KeyError):
            primitives.counted_for_test_op_call(x)
    after = sys.getrefcount(x._array)
    assert after == before


def test_freed_and_modified_graphs():
    x = leaf([1.0, 2.0])
    y = (x * 2).exp()
    y.sum().backward(retain_graph=True)
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    z = (x * x).sum()
    z.backward()
    with pytest.raises(RuntimeError, match="second time"):
        z.backward()


def test_views_and_several_outputs():
    x = leaf(np.arange(6.0).reshape(2, 3))
    base = x * 1
    rows = base.unbind(0)
    base[0].mul_(3)
    (base.sum() + base[0].sum()).backward()
    assert x.grad.tolist() == [[6, 6, 6], [1, 1, 1]]
    assert rows[0]._version == base._version == 1
    values, indices = rushlight.max(leaf([[1.0, 5.0], [7.0, 2.0]]), 1)
    assert values.requires_grad and not indices.requires_grad and indices.tolist() == [1, 0]


# ---- hooks -----------------------------------------------------------------------------------------------------------


def test_hooks():
    seen = []
    x = leaf([1.0, 2.0])
    y = x * 2
    handles = [x.register_hook(lambda g: seen.append("leaf") or g * 2), y.register_hook(lambda g: seen.append("inner"))]
    y.retain_grad()
    y.grad_fn.register_prehook(lambda grads: seen.append("pre"))
    y.grad_fn.register_hook(lambda given, grads: seen.append("post"))
    x.register_post_accumulate_grad_hook(lambda leaf: seen.append("accumulated"))
    loss = (y * y).sum()
    loss.backward(retain_graph=True)
    assert x.grad.tolist() == [16, 32] and y.grad.tolist() == [4, 8]
    assert seen == ["inner", "pre", "post", "leaf", "accumulated"]
    for handle in handles:
        handle.remove()
    x.grad = y.grad = None
    loss.backward()
    assert x.grad.tolist() == [8, 16]


@pytest.mark.filterwarnings("ignore:backward.create_graph")
@pytest.mark.parametrize("create_graph", [False, True])
def test_hooks_that_fail_or_start_another_pass(create_graph):
    x = leaf([1.0, 2.0])
    other = leaf([3.0])

    def nested(g):
        with rushlight.enable_grad():
            (other * other).sum().backward()

    def fails(g):
        raise KeyError("hook")

    y = x * 2
    y.register_hook(nested)
    handle = x.register_hook(fails)
    loss = (y * 3).sum()
    with pytest.raises(KeyError):
        loss.backward(retain_graph=True, create_graph=create_graph)
    handle.remove()
    loss.backward()
    assert x.grad.tolist() == [6, 6] and other.grad.tolist() == [12]


def test_hook_that_drops_the_graph():
    """What a pass still needs, it holds itself."""
    x = leaf(np.ones(20_000))
    kept = {}

    def drop(g):
        kept.clear()
        gc.collect()

    middle = x * 2
    middle.register_hook(drop)
    kept["loss"] = (middle * middle).sum()
    kept["middle"] = middle
    del middle
    kept.pop("loss").backward()
    assert x.grad[0].item() == 8


# ---- references ------------------------------------------------------------------------------------------------------


def test_references_after_a_pass():
    x = leaf(np.ones((4, 4)))
    y = leaf(np.ones(4))
    for _ in range(3):  # caches fill

        def step():
            loss = ((x @ x) * y).exp().sum() + rushlight.cat([x, x]).unbind(0)[1].sum()
            loss.backward()

        step()
    watched = [x, y, x._array, y._array, x.grad._array, primitives.mul, primitives.exp, primitives.concat]
    before = [sys.getrefcount(w) for w in watched]
    nothing = sys.getrefcount(None)
    for _ in range(200):
        step()
    after = [sys.getrefcount(w) for w in watched]
    assert after == before
    assert abs(sys.getrefcount(None) - nothing) < 50


def test_graph_dies_with_its_end():
    """Without the garbage collector, whether the pass was made or not, and a long chain without recursion."""
    gc.disable()
    try:
        for backward in (False, True):
            x = leaf([1.0])
            y = x * 2
            alive, node = weakref.ref(y), weakref.ref(y.grad_fn)
            loss = (y.exp() + y[0]).sum()
            if backward:
                loss.backward()
            del y, loss
            assert alive() is None and node() is None
        y = x
        for _ in range(50_000):
            y = y + 1
        del y
    finally:
        gc.enable()


# ---- threads ---------------------------------------------------------------------------------------------------------


def in_threads(count, work):
    errors = []

    def run(i):
        try:
            work(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(before)
    assert not errors, errors


def test_passes_at_once_over_one_graph():
    x = leaf(np.full(10_000, 2.0))  # long enough for kernels to let go of the GIL
    loss = ((x * x).exp() * 1e-3).sum()
    (expected,) = rushlight.autograd.grad(loss, x, retain_graph=True)

    def work(i):
        for k in range(10):
            (found,) = rushlight.autograd.grad(loss, x, retain_graph=True, create_graph=k % 3 == 0)
            assert found.detach()[7].item() == expected[7].item()
            own = leaf([1.0 * i])
            (own * own).sum().backward()
            assert own.grad.item() == 2 * i and rushlight.is_grad_enabled()

    in_threads(4, work)


@pytest.mark.parametrize("size", [3, 300_000])
def test_passes_at_once_into_one_leaf(size):
    """Every gradient arrives, whoever comes first; a long addition lets go of the GIL."""
    x = leaf(np.ones(size))

    def work(i):
        for _ in range(5):
            (x * 2).sum().backward()

    for _ in range(20):
        x.grad = None
        in_threads(4, work)
        assert (x.grad.numpy() == 40).all()


def test_mode_is_the_threads_own():
    def work(i):
        for _ in range(200):
            with rushlight.set_grad_enabled(i % 2 == 0):
                assert (x * 2).requires_grad == (i % 2 == 0)

    x = leaf([1.0])
    in_threads(4, work)
    assert _native.GradMode().enabled
