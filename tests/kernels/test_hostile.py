"""Nothing that Python hands to rushlight._native crashes it: wrong calls, spoiled records, no memory."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import threading

import numpy as np
import pytest

import rushlight
from rushlight import _native
from tests.kernels import native_calls

ROOT = pathlib.Path(__file__).parent.parent.parent


def run(script, *args):
    """In a process of its own, whose last line of output names the call that ended it."""
    command = [sys.executable, "-X", "faulthandler", str(ROOT / "tests" / "kernels" / script)]
    environment = {"PYTHONMALLOC": "debug", **os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *map(str, args)], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]


def test_every_function_has_valid_calls():
    calls = native_calls.valid_calls()
    assert set(calls) | set(native_calls.SLOW) == native_calls.methods()
    for name, lists in calls.items():
        for args in lists:
            getattr(_native, name)(*args)
    native_calls.reset()
    _native.set_isa(_native.available_isas()[-1])
    _native.set_memory_cap(0)


@pytest.mark.parametrize("isa", _native.available_isas())
def test_wrong_calls(isa):
    run("hostile_calls.py", isa, 0, 12_000)


def test_spoiled_records():
    run("hostile_tape.py", 0, 3000)


# ---- what these found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [object, "S3", "U2", "V4"])
def test_dtypes_without_numbers(dtype):
    """Uninitialised memory read as Python objects, or shorter than the items of a string."""
    number = np.dtype(dtype).num
    with pytest.raises(TypeError, match="expected a dtype of numbers"):
        _native.empty((3,), number)
    with pytest.raises(TypeError, match="expected a dtype of numbers"):
        _native.cast(np.ones(3), np.dtype(dtype))


def test_dtype_name_of_measure_peak():
    for name in ("", "f", "float16", "float64x"):
        with pytest.raises(ValueError, match="'float32' or 'float64'"):
            _native.measure_peak(name, 1)


class NoTruth:
    def __bool__(self):
        raise ZeroDivisionError


def test_flags_of_optimizers():
    """An error in a flag came back beside a result."""
    x, g = [np.ones(3)], [np.ones(3)]
    with pytest.raises(ZeroDivisionError):
        _native.sgd_step(x, g, None, None, 0.1, 0.0, 0.0, 0.0, False, NoTruth())
    with pytest.raises(ZeroDivisionError):
        _native.adam_step(x, g, g, g, None, [np.zeros(())], 0.1, 0.9, 0.99, 1e-8, 0.0, NoTruth(), False)
    assert x[0].tolist() == [1, 1, 1]


def test_lists_that_shrink_while_they_are_read():
    parameters = [np.full(3, None), *[np.ones(3) for _ in range(5)]]  # objects, converted by __float__

    class Clears:
        def __float__(self):
            parameters.clear()
            return 1.0

    parameters[0][:] = Clears()
    gradients = [np.ones(3) for _ in parameters]
    _native.sgd_step(parameters, gradients, None, None, 0.1, 0.0, 0.0, 0.0, False, False)
    assert parameters == []
    sizes = []

    class Empties:
        def __index__(self):
            sizes.clear()
            return 1

    sizes += [Empties(), 1]
    assert _native.sum(np.ones((2, 2)), axes=(0,)).tolist() == [2, 2]
    x, w = np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2))
    assert _native.conv(x, w, None, sizes, (0, 0), (1, 1), 1, False).shape == (1, 1, 2, 2)


def test_windows_far_larger_than_the_input():
    """Took minutes."""
    huge = 2**31 - 1
    for dtype in (np.float32, np.int64):
        grad = _native.avg_pool_grad(np.full((3, 4), 6, dtype), (huge,), (2,), (0,), (9,), True, 3)
        # window j covers j * 2 and everything after it
        assert grad.tolist() == [[2, 2, 4, 4, 6, 6, 8, 8, 8]] * 3


def test_integer_pooling_wraps():
    """INT64_MIN / -1 ended the process."""
    least = np.full((1, 4, 4), -(2**63))
    for name in ("avg_pool", "avg_pool_grad"):
        assert (getattr(_native, name)(least, (1, 1), (1, 1), (0, 0), (4, 4), True, -1) == least).all()
    assert (_native.avg_pool(least, (2, 2), (2, 2), (0, 0), (2, 2), True, 0) == 0).all()
    assert (_native.adaptive_avg_pool(least, (1, 1)) == 0).all()


def test_edges_to_outputs_that_are_not_there():
    values = (rushlight.ones(2, 3, requires_grad=True) * 2).unbind(1)[0]
    assert values._node.num_outputs == 3
    for output in (-1, -5, 3, 2**40):
        with pytest.raises(RuntimeError, match="has no output"):
            _native.run_backward(((values._node, output),), [np.ones(2, np.float32)], True, False, None, True)
    values._node.num_outputs = -4
    with pytest.raises(RuntimeError, match="-4 outputs"):
        _native.run_backward((values._node,), [np.ones(2, np.float32)], True, False, None, True)


def test_refused_op_stays_as_it_was():
    from tests.kernels.hostile_tape import victim

    op, types = victim()
    for name, value in (
        ("inputs", 10_000),
        ("aux", -1),
        ("save_shape", 3),
        ("save", (40,)),
        ("save", tuple(range(40))),
    ):
        setattr(op, name, value)
        with pytest.raises((ValueError, TypeError)):
            op.prepare(types)
        delattr(op, name)
    x = rushlight.ones(2, requires_grad=True)
    op(x, x).sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(TypeError, match="takes 2 inputs"):
        op(x, x, x)


def test_helpers_are_set_together():
    from types import SimpleNamespace

    with pytest.raises(AttributeError):
        _native.set_autograd_helpers(SimpleNamespace(engine=None))
    x = rushlight.ones(2, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 2]


# ---- no memory -------------------------------------------------------------------------------------------------------

KiB = 1024


def big_calls():
    """Calls whose results and intermediate results are far larger than what the allocator has lying about."""
    r = np.random.default_rng(0)

    def draw(*shape):
        return r.random(shape, np.float32)

    x, w = draw(2, 16, 64, 64), draw(32, 16, 3, 3)
    geometry = ((1, 1), (1, 1), (1, 1), 1)
    g = draw(2, 32, 64, 64)
    row = draw(1, 1, 200_000)
    wide = ((3,), (2,), (1,), (1,))
    tall = ((500, 3), (1, 1), (0, 0), (1, 1))
    column = draw(1, 600, 40)
    return {
        "matmul": [
            (draw(300, 400), draw(400, 500)),
            (draw(400, 300).T, draw(500, 400).T),
            (draw(64, 40, 50), draw(64, 50, 40)),
        ],
        "linear": [(draw(300, 400), draw(500, 400), None, 0)],
        "addmm": [(draw(500), draw(300, 400), draw(400, 500), 1.0)],
        "conv": [(x, w, None, *geometry, False), (x, draw(16, 1, 3, 3), None, (1, 1), (1, 1), (1, 1), 16, False)],
        "conv_grad_input": [
            (g, w, None, x.shape, *geometry),
            (g, w, None, (2, 16, 128, 128), (2, 2), (1, 1), (1, 1), 1),
        ],
        "conv_grad_weight": [(g, x, w.shape, *geometry)],
        "max_pool": [(column, *tall, (101, 38))],
        "avg_pool_grad": [(row, *wide[:3], (400_000,), True, 0)],
        "layer_norm_grad": [(x, x, draw(32), draw(32), draw(64 * 64), 2, True, True, True)],
        "batch_norm_train": [(x, None, None, 1e-5, None, None, 0.1)],
        "pair_loss": [(draw(2_000_000), draw(2_000_000), 0, 0.0, 1)],
        "sum": [(draw(300, 3, 300).transpose(1, 2, 0), (0,), False)],
        "softmax": [(x, 1)],
        "add": [(x, x.transpose(1, 0, 2, 3).copy().transpose(1, 0, 2, 3))],
    }


@pytest.mark.parametrize("name", big_calls())
def test_no_memory_is_an_error(name):
    """Whatever of the memory that a call asks for cannot be had: OutOfMemoryError, or the right result all the same."""
    errors, outcomes = [], set()

    def attempts():  # in a thread of its own, which has no scratch memory yet
        try:
            function = getattr(_native, name)
            for args in big_calls()[name]:
                _native.empty_cache()
                held = _native.memory_stats()["reserved_bytes"]
                room = 0
                while room < 64 * 1024 * KiB:
                    _native.set_memory_cap(held + room + 1)
                    try:
                        function(*args)
                        outcomes.add("ok")
                        break
                    except rushlight.OutOfMemoryError:
                        outcomes.add("refused")
                    finally:
                        _native.set_memory_cap(0)
                        _native.empty_cache()
                    room += max(64 * KiB, room // 4)
        except BaseException as error:
            errors.append(error)

    before = _native.get_num_threads()
    for threads in (1, 3):
        _native.set_num_threads(threads)
        thread = threading.Thread(target=attempts)
        thread.start()
        thread.join()
    _native.set_num_threads(before)
    assert not errors and "ok" in outcomes
