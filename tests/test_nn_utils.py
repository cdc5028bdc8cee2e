"""nn.utils: clipping of gradients and parameters as a vector, against PyTorch."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
import torch

import rushlight

BOTH = [rushlight, torch]


def parameters(m, *scales):
    rng = np.random.default_rng(0)
    found = []
    for scale in scales:
        p = m.nn.Parameter(m.zeros(3, 4))
        p.grad = m.tensor((scale * rng.standard_normal((3, 4))).astype(np.float32))
        found.append(p)
    return [*found, m.nn.Parameter(m.zeros(2))]  # one without a gradient


def gradients(found):
    return np.concatenate([p.grad.numpy().reshape(-1) for p in found if p.grad is not None])


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.5, 0.5, math.inf])
@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e4])
def test_clip_grad_norm(max_norm, norm_type):
    ours, theirs = (parameters(m, 0.1, 5) for m in BOTH)
    a = rushlight.nn.utils.clip_grad_norm_(iter(ours), max_norm, norm_type)
    b = torch.nn.utils.clip_grad_norm_(iter(theirs), max_norm, norm_type)
    assert a.item() == pytest.approx(b.item(), rel=1e-6) and a.shape == b.shape and not a.requires_grad
    np.testing.assert_allclose(gradients(ours), gradients(theirs), rtol=1e-6)


@pytest.mark.parametrize("m", BOTH)
def test_clip_grad_norm_of_one_none_and_not_finite(m):
    utils = m.nn.utils
    (p, bare) = parameters(m, 1.0)
    assert utils.clip_grad_norm_(p, 0.5).item() > 0.5
    assert utils.get_total_norm(p.grad).item() == pytest.approx(0.5, rel=1e-5)
    assert utils.clip_grad_norm_([bare], 1.0).item() == 0 and utils.clip_grad_norm_([], 1.0).item() == 0
    with pytest.warns(UserWarning, match="generator"):
        utils.clip_grad_norm_((q for q in []), 1.0)
    with pytest.warns(FutureWarning):
        utils.clip_grad_norm([p], 1.0)
    utils.clip_grads_with_norm_([p, bare], 0.25, m.tensor(0.5))
    assert utils.get_total_norm([p.grad]).item() == pytest.approx(0.25, rel=1e-5)
    p.grad[0, 0] = math.nan
    with pytest.raises(RuntimeError, match="error_if_nonfinite"):
        utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True)
    assert p.grad[1, 1].isfinite()
    assert math.isnan(utils.clip_grad_norm_(p, 1.0).item())


def test_clip_grad_value():
    ours, theirs = (parameters(m, 0.1, 5) for m in BOTH)
    for m, found in zip(BOTH, (ours, theirs)):
        assert m.nn.utils.clip_grad_value_(found, 0.7) is None
    np.testing.assert_array_equal(gradients(ours), gradients(theirs))


@pytest.mark.parametrize("m", BOTH)
def test_vector(m):
    layer = m.nn.Linear(3, 2)
    before = [p.detach().clone() for p in layer.parameters()]
    vector = m.nn.utils.parameters_to_vector(layer.parameters())
    assert vector.shape == (8,) and vector.requires_grad
    m.nn.utils.vector_to_parameters(vector.detach() * 2, layer.parameters())
    for p, old in zip(layer.parameters(), before):
        assert p.requires_grad and p.is_leaf and bool((p == 2 * old).all())
    with pytest.raises(TypeError):
        m.nn.utils.vector_to_parameters([1.0], layer.parameters())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        vector.sum().backward()
