"""Mixed precision as scripts write it: nothing is converted, the state and the scaling are PyTorch's."""

from __future__ import annotations

import warnings

import pytest
import torch

import rushlight

BOTH = [rushlight, torch]


@pytest.mark.parametrize("m", BOTH)
def test_autocast_as_block_and_decorator(m):
    assert not m.is_autocast_enabled("cpu")
    with m.autocast("cpu", enabled=False) as block:
        assert isinstance(block, m.amp.autocast) and not m.is_autocast_enabled("cpu")
        assert (m.ones(2, 2) @ m.ones(2, 2)).dtype is m.float32
    with m.autocast(device_type="cpu", dtype=m.bfloat16, cache_enabled=True):
        assert m.is_autocast_enabled("cpu") and m.get_autocast_dtype("cpu") is m.bfloat16
        with m.autocast("cpu", enabled=False):
            assert not m.is_autocast_enabled("cpu")
        assert m.is_autocast_enabled("cpu")

    @m.autocast("cpu")
    def inside():
        return m.is_autocast_enabled("cpu")

    assert inside() and not m.is_autocast_enabled("cpu")
    with pytest.raises(RuntimeError):
        m.autocast("nowhere")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from_cuda = m.cuda.amp.autocast()
        with m.autocast("cuda"), from_cuda:
            assert not m.is_autocast_enabled("cuda")


def test_autocast_keeps_float32():
    with rushlight.autocast("cpu", dtype=rushlight.bfloat16):
        assert rushlight.nn.Linear(2, 2)(rushlight.ones(1, 2)).dtype is rushlight.float32


def steps(m, enabled):
    """Scales and weights of a run with one step that overflows."""
    p = m.nn.Parameter(m.tensor([1.0, 2.0]))
    optimizer = m.optim.SGD([p], lr=0.1)
    scaler = m.amp.GradScaler("cpu", init_scale=4.0, growth_interval=2, enabled=enabled)
    seen = []
    for factor in (1.0, 1.0, float("inf"), 1.0, 2.0):
        optimizer.zero_grad()
        scaler.scale((p * factor).sum()).backward()
        if factor == 2.0:
            scaler.unscale_(optimizer)
            seen.append(p.grad.tolist())
        if enabled or factor != float("inf"):
            scaler.step(optimizer)
        scaler.update()
        seen.append((scaler.get_scale(), [round(v, 5) for v in p.tolist()]))
    state = scaler.state_dict()
    again = m.amp.GradScaler("cpu", enabled=enabled)
    again.load_state_dict(state)
    return seen, state, again.state_dict(), scaler.is_enabled()


@pytest.mark.parametrize("enabled", [True, False])
def test_scaler(enabled):
    assert steps(rushlight, enabled) == steps(torch, enabled)


@pytest.mark.parametrize("m", BOTH)
def test_scaler_errors_and_missing_devices(m):
    p = m.nn.Parameter(m.ones(1))
    optimizer = m.optim.SGD([p], lr=0.1)
    scaler = m.amp.GradScaler("cpu")
    with pytest.raises(AssertionError):
        scaler.update()
    scaler.scale(p.sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    with pytest.raises(AssertionError):
        m.amp.GradScaler("cpu", growth_factor=1.0)
    with pytest.raises(RuntimeError):
        scaler.load_state_dict({})
    assert [t.item() for t in scaler.scale([p, p])] == [2.0**16] * 2
    with pytest.warns(UserWarning):
        assert not m.amp.GradScaler("cuda").is_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert m.cuda.amp.GradScaler().scale(p) is p


@pytest.mark.parametrize("m", BOTH)
def test_device_as_a_block(m):
    with m.device("cpu"):
        assert m.ones(1).device.type == "cpu"
