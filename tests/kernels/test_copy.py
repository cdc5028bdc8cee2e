"""native/kernels/movement's copy against NumPy's assignment, under every instruction set."""

import itertools

import ml_dtypes
import numpy as np
import pytest

from rushlight import _native


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


KINDS = [
    bool,
    np.int8,
    np.float16,
    ml_dtypes.bfloat16,
    np.float32,
    np.int64,
    np.complex64,
    np.complex128,
    np.longdouble,
]


def draw(shape, dtype):
    return np.asarray(np.asarray(np.random.default_rng(0).standard_normal(shape) * 9, np.float32), dtype)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("shape", [(), (5,), (0, 3), (33, 65), (4, 4), (3, 200, 150), (2, 17, 5, 70)])
def test_layouts(shape, dtype):
    """Every order of the dimensions to every other, with steps and backwards."""
    for order, flip in itertools.product(itertools.permutations(range(len(shape))), (False, True)):
        source = draw([shape[i] for i in order], dtype).transpose(np.argsort(order).astype(int))
        if flip:
            source = source[(..., *[slice(None, None, -1) for _ in shape])]
        wide = np.zeros([2 * n for n in shape], dtype)
        for target in (
            np.zeros(shape, dtype),
            np.zeros(shape[::-1], dtype).T,
            wide[(..., *[slice(None, None, 2) for _ in shape])],
        ):
            assert _native.copy(target, source) is None
            assert target.shape == source.shape and np.array_equal(target, source)
        if shape:
            assert not wide[tuple(slice(1, None, 2) for _ in shape)].any(), "what lies between the items stays"


def test_broadcast_and_overlap():
    target = np.zeros((4, 30, 20), np.float32)
    for shape in ((20,), (30, 1), (4, 1, 20), (1, 1, 1), ()):
        source = draw(shape, np.float32)
        _native.copy(target, source)
        assert np.array_equal(target, np.broadcast_to(source, target.shape))
    x = np.arange(1000.0)
    _native.copy(x[1:], x[:-1])
    assert np.array_equal(x[1:], np.arange(999.0)) and x[0] == 0
    x = draw((64, 64), np.float32)
    expected = x.T.copy()
    _native.copy(x, x.T)
    assert np.array_equal(x, expected)


def test_large():
    """Several tasks, sizes that are no multiple of the tile."""
    before = _native.get_num_threads()
    try:
        for threads in (1, 3):
            _native.set_num_threads(threads)
            x = draw((1003, 777), np.float32)
            target = np.zeros((777, 1003), np.float32)
            _native.copy(target, x.T)
            assert np.array_equal(target, x.T)
            _native.copy(target[1:, 1:], x.T[1:, 1:])
            assert np.array_equal(target, x.T)
    finally:
        _native.set_num_threads(before)


def test_errors():
    with pytest.raises(ValueError):
        _native.copy(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError):
        _native.copy(np.zeros(3), np.zeros((2, 3)))
    frozen = np.zeros(3)
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        _native.copy(frozen, np.zeros(3))
    with pytest.raises(TypeError, match="must be an array"):
        _native.copy(frozen, [1, 2, 3])
    with pytest.raises(TypeError, match="expected"):
        _native.copy(frozen)
