"""native/kernels/optimizer against tests/reference/optimizer.py, under every instruction set."""

import itertools

import numpy as np
import pytest

from rushlight import _native
from tests.reference import optimizer as reference


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


SHAPES = [(), (1,), (0, 3), (5, 7), (16,), (3, 40_000), (70_001,)]


def draw(dtype, seed, positive=False):
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.standard_normal(s), dtype=dtype) for s in SHAPES]
    return [np.asarray(np.abs(a) + dtype(0.1)) for a in arrays] if positive else arrays


def close(got, expected, dtype):
    # about ten roundings of values of size 1; Adam's quotient m / sqrt(v) reaches a few tens here
    eps = np.finfo(dtype).eps
    for a, b in zip(got, expected):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=32 * eps, atol=32 * eps)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("momentum, dampening, nesterov", [(0, 0, False), (0.9, 0.2, False), (0.9, 0, True)])
@pytest.mark.parametrize("weight_decay, maximize", [(0, False), (0.1, True)])
def test_sgd(momentum, dampening, nesterov, weight_decay, maximize, dtype):
    p, g, buffers = draw(dtype, 0), draw(dtype, 1), draw(dtype, 2)
    first = [i % 2 == 0 for i in range(len(p))]
    options = dict(
        momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov, maximize=maximize
    )
    expected = [
        reference.sgd(*(x.astype(np.float64) for x in (a, b, c)), f, lr=0.1, **options)
        for a, b, c, f in zip(p, g, buffers, first)
    ]
    kept = [x.copy() for x in g]
    _native.sgd_step(
        p,
        g,
        buffers if momentum else None,
        first if momentum else None,
        0.1,
        momentum,
        dampening,
        weight_decay,
        nesterov,
        maximize,
    )
    close(p, [e[0] for e in expected], dtype)
    if momentum:
        close(buffers, [e[1] for e in expected], dtype)
    assert all(np.array_equal(a, b) for a, b in zip(g, kept)), "gradients are only read"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("amsgrad, decoupled, maximize", list(itertools.product((False, True), repeat=3)))
def test_adam(amsgrad, decoupled, maximize, dtype):
    p, g, m, v, largest = draw(dtype, 0), draw(dtype, 1), draw(dtype, 2), draw(dtype, 3, True), draw(dtype, 4, True)
    steps = [np.array(float(i), np.float32) for i in range(len(p))]
    options = dict(lr=0.1, beta1=0.9, beta2=0.99, eps=1e-3, weight_decay=0.1, decoupled=decoupled, maximize=maximize)
    expected = [
        reference.adam(
            *(x.astype(np.float64) for x in arrays), last.astype(np.float64) if amsgrad else None, i + 1, **options
        )
        for i, (*arrays, last) in enumerate(zip(p, g, m, v, largest))
    ]
    _native.adam_step(p, g, m, v, largest if amsgrad else None, steps, 0.1, 0.9, 0.99, 1e-3, 0.1, decoupled, maximize)
    close(p, [e[0] for e in expected], dtype)
    close(m, [e[1] for e in expected], dtype)
    close(v, [e[2] for e in expected], dtype)
    if amsgrad:
        close(largest, [e[3] for e in expected], dtype)
    assert [float(s) for s in steps] == [i + 1.0 for i in range(len(p))]


def test_layouts():
    """Transposed alike: in place; strided, reversed or mixed layouts: the same values through copies."""
    rng = np.random.default_rng(0)
    a, g = (rng.standard_normal((12, 8)).astype(np.float32) for _ in range(2))
    plain = a.copy()
    _native.sgd_step([plain], [g], None, None, 0.1, 0, 0, 0, False, False)
    wide = np.empty((24, 8), np.float32)
    for p in (np.asfortranarray(a), wide[::2], wide[::2][::-1]):
        p[...] = a
        for grad in (g, np.asfortranarray(g), np.ascontiguousarray(g[::-1])[::-1]):
            p[...] = a
            _native.sgd_step([p], [grad], None, None, 0.1, 0, 0, 0, False, False)
            assert np.array_equal(p, plain)
    double = [a.astype(np.float64)]
    _native.sgd_step(double, [g], None, None, 0.1, 0, 0, 0, False, False)
    np.testing.assert_allclose(double[0], a - 0.1 * g.astype(np.float64), rtol=1e-7)


def test_complex_steps_as_pairs():
    rng = np.random.default_rng(0)
    z, g = (rng.standard_normal((5, 2)).view(np.complex128)[:, 0].astype(np.complex64) for _ in range(2))
    pair = z.view(np.float32).copy()
    zeros = [np.zeros(5, np.complex64), np.zeros(5, np.complex64)]
    reals = [np.zeros(10, np.float32), np.zeros(10, np.float32)]
    rest = (0.1, 0.9, 0.99, 1e-8, 0, False, False)
    _native.adam_step([z], [g], [zeros[0]], [zeros[1]], None, [np.zeros((), np.float32)], *rest)
    _native.adam_step([pair], [g.view(np.float32)], [reals[0]], [reals[1]], None, [np.zeros((), np.float32)], *rest)
    assert np.array_equal(z.view(np.float32), pair)


def test_nan_stays():
    p, g = np.ones(4, np.float32), np.array([1, np.nan, np.inf, 0], np.float32)
    m, v, largest, step = (
        np.zeros(4, np.float32),
        np.zeros(4, np.float32),
        np.zeros(4, np.float32),
        np.zeros((), np.float32),
    )
    _native.adam_step([p], [g], [m], [v], [largest], [step], 0.1, 0.9, 0.99, 1e-8, 0, False, False)
    assert np.isnan(p).tolist() == [False, True, True, False] and np.isnan(largest).tolist() == [
        False,
        True,
        False,
        False,
    ]


def test_errors():
    a = np.ones(3, np.float32)
    rest = (0.1, 0, 0, 0, False, False)
    with pytest.raises(ValueError, match="shape"):
        _native.sgd_step([a], [np.ones(4, np.float32)], None, None, *rest)
    with pytest.raises(ValueError, match="lengths"):
        _native.sgd_step([a], [], None, None, *rest)
    with pytest.raises(TypeError, match="must be an array"):
        _native.sgd_step([a], [None], None, None, *rest)
    frozen = np.ones(3, np.float32)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        _native.sgd_step([frozen], [a], None, None, *rest)
    with pytest.raises(TypeError, match="one float"):
        _native.adam_step([a], [a], [a], [a], None, [np.ones(2, np.float32)], 0.1, 0.9, 0.99, 1e-8, 0, False, False)
    assert a.tolist() == [1, 1, 1], "nothing is written before everything is checked"
