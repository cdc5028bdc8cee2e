"""What is used once is given back: every native function, and training step after training step."""

from __future__ import annotations

import gc
import resource
import sys
import warnings

import numpy as np
import pytest

import rushlight
from rushlight import _native
from tests.kernels import native_calls

SANITIZER = _native.build_info()["sanitizer"]
CONSTANTS = (None, True, False, (), np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64))
KEEPS = {"accumulate_grad", "run_backward", "task_counts"}  # .grad keeps what it is given; counts are shared ints


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def attempt(function, args):
    try:
        function(*args)
    except Exception:
        pass


def references(args) -> list[int]:
    return [sys.getrefcount(value) for value in (*CONSTANTS, *args)]


@pytest.mark.parametrize("name", sorted(native_calls.methods() - set(native_calls.SLOW) - set(native_calls.SETTINGS)))
def test_every_function(name):
    """Valid calls, and calls refused at each argument, leave the references to all they touch as they were."""
    repeats = 20
    for valid in native_calls.valid_calls()[name][:8]:
        calls = [valid] + [[*valid[:k], object, *valid[k + 1 :]] for k in range(len(valid))] + [valid[:-1]]
        for args in calls:
            attempt(getattr(_native, name), args)
            attempt(getattr(_native, name), args)
            gc.collect(0)
            before = references(args)
            for _ in range(repeats):
                attempt(getattr(_native, name), args)
            lost = [now - then for now, then in zip(references(args), before)]
            if name not in KEEPS:
                assert max(map(abs, lost)) < repeats // 2, f"{name}{args}: {lost}"


def training():
    """One step of a small network, as a function."""
    nn = rushlight.nn
    rushlight.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.1),
        nn.Flatten(),
        nn.LayerNorm(4 * 4 * 4),
        nn.Linear(4 * 4 * 4, 10),
    )
    images, labels = rushlight.rand(8, 1, 8, 8), rushlight.arange(8)
    optimizers = [rushlight.optim.SGD(model.parameters(), 1e-3, 0.9), rushlight.optim.Adam(model.parameters(), 1e-4)]
    model[0].weight.register_hook(lambda g: None)
    model[7].register_forward_hook(lambda module, inputs, output: None)

    def step(number):
        optimizer = optimizers[number % 2]
        optimizer.zero_grad()
        hidden = model[:4](images)
        hidden.register_hook(lambda g: g * 1)
        hidden.retain_grad()
        loss = nn.functional.cross_entropy(model[4:](hidden), labels)
        if number % 10 == 0:
            (first,) = rushlight.autograd.grad(loss, model[0].bias, create_graph=True)
            loss = loss + first.square().sum()
        loss.backward()
        optimizer.step()
        if number % 50 == 7:
            try:
                (hidden @ rushlight.ones(3, 3)).sum().backward()
            except RuntimeError:
                pass
        return loss

    return model, step


def test_two_thousand_training_steps():
    warnings.simplefilter("ignore")
    model, step = training()
    for number in range(200):  # caches fill, optimisers make their state
        step(number)
    gc.collect()
    objects, memory, bytes_now = len(gc.get_objects()), resident(), _native.memory_stats()["allocated_bytes"]
    watched = [*model.parameters(), *(p._array for p in model.parameters()), *CONSTANTS[:4]]
    counts = [sys.getrefcount(w) for w in watched]
    steps = 200 if SANITIZER else 2000
    for number in range(200, 200 + steps):
        last = step(number)
    assert np.isfinite(last.item())
    del last
    gc.collect()
    assert len(gc.get_objects()) - objects < 200
    lost = [sys.getrefcount(w) - count for w, count in zip(watched, counts)]
    assert max(map(abs, lost[:-4])) <= 2 and max(map(abs, lost)) < 200, lost
    assert _native.memory_stats()["allocated_bytes"] - bytes_now < 64 * 1024
    if not SANITIZER:  # whose quarantine keeps what is freed
        assert resident() - memory < 8 * 2**20


def test_steps_need_no_garbage_collector():
    """Nothing that a step makes is part of a cycle: with the collector off, memory stays what it is."""
    model, step = training()
    for number in range(60):
        step(number)
    gc.collect()
    gc.disable()
    try:
        objects, bytes_now = len(gc.get_objects()), _native.memory_stats()["allocated_bytes"]
        for number in range(61, 70):
            step(number)
        assert len(gc.get_objects()) - objects < 100
        assert _native.memory_stats()["allocated_bytes"] - bytes_now < 64 * 1024
    finally:
        gc.enable()
