"""Switches of the whole library, against PyTorch."""

import pytest
import torch

import rushlight

BOTH = [rushlight, torch]


@pytest.fixture(autouse=True)
def defaults():
    yield
    for m in BOTH:
        m.use_deterministic_algorithms(False)
        m.set_float32_matmul_precision("highest")
        m.set_warn_always(False)


@pytest.mark.parametrize("m", BOTH)
def test_determinism(m):
    assert not m.are_deterministic_algorithms_enabled()
    m.use_deterministic_algorithms(True)
    assert m.are_deterministic_algorithms_enabled()
    assert m.get_deterministic_debug_mode() == 2
    m.use_deterministic_algorithms(True, warn_only=True)
    assert m.is_deterministic_algorithms_warn_only_enabled()
    m.set_deterministic_debug_mode("default")
    assert m.get_deterministic_debug_mode() == 0
    m.set_deterministic_debug_mode(1)
    assert m.get_deterministic_debug_mode() == 1
    for wrong, error in (("x", RuntimeError), (4, RuntimeError), (None, TypeError)):
        with pytest.raises(error, match="debug_mode"):
            m.set_deterministic_debug_mode(wrong)


@pytest.mark.parametrize("m", BOTH)
def test_other_switches(m):
    m.set_float32_matmul_precision("high")
    assert m.get_float32_matmul_precision() == "high"
    with pytest.warns(UserWarning, match="'medium'"):
        m.set_float32_matmul_precision("x")
    assert m.get_float32_matmul_precision() == "high"
    m.set_warn_always(True)
    assert m.is_warn_always_enabled()
    with pytest.raises(RuntimeError, match="expects a bool"):
        m.set_warn_always(1)
    assert str(m.get_default_device()) == "cpu"
    m.set_default_device("cpu")
    m.set_default_device(None)
    m.set_flush_denormal(False)
    assert m.typename(m.ones(2)) == "torch.FloatTensor"
    assert m.typename(3) == "int"
    assert m.typename(m.nn.Linear(1, 1)).endswith("nn.modules.linear.Linear")


@pytest.mark.parametrize("m", BOTH)
def test_questions(m):
    x = m.ones(2, 3)
    assert not m.is_inference(x)
    assert m.is_same_size(x, m.zeros(2, 3))
    assert not m.is_same_size(x, m.zeros(3))
    assert m.is_signed(x)
    assert not m.is_signed(m.zeros(1, dtype=m.uint8))
    assert m.get_device(x) == -1
