"""native/kernels/random against tests/reference/random.py, under every instruction set."""

import threading

import numpy as np
import pytest

from rushlight import _native
from tests.reference import random as reference

SIZES = [1, 5, 15, 16, 17, 31, 32, 33, 100, 623, 624, 625, 1000, 8192, 8193, 100003]
SEED = 12345


@pytest.fixture(params=_native.available_isas(), autouse=True)
def isa(request):
    before = _native.get_isa()
    _native.set_isa(request.param)
    yield request.param
    _native.set_isa(before)


def generator(seed=SEED):
    return _native.random_new(seed)


def next_word(handle):
    """The next 32 bits of a generator: equal words say that as many were drawn before."""
    out = np.empty(1, np.int64)
    _native.random_bits(handle, out, 1 << 32, False)
    return int(out[0])


@pytest.mark.parametrize("n", SIZES)
def test_words_are_those_of_mt19937(n):
    out = np.empty(n, np.int64)
    _native.random_bits(generator(), out, 1 << 32, False)
    assert (out.astype(np.uint64) == reference.words(SEED, n)).all()


def test_the_state_steps_as_defined():
    handle = generator()
    before = _native.random_get_state(handle)
    next_word(handle)
    after = _native.random_get_state(handle)
    words = slice(24, 24 + 624 * 8)
    assert (reference.twist(before[words].view(np.uint64)) == after[words].view(np.uint64)).all()


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-0.3, 0.9), (2.0, 2.0)])
def test_uniform_float32(n, low, high):
    handle, out = generator(), np.empty(n, np.float32)
    _native.random_uniform(handle, out, low, high)
    raw = reference.words(SEED, n + 1)
    expected = reference.uniform(reference.unit_float(raw[:n]), low, high)
    assert np.array_equal(out, expected)
    assert next_word(handle) == raw[n]


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("low, high", [(0.0, 1.0), (-0.3, 0.9)])
def test_uniform_float64(n, low, high):
    handle, out = generator(), np.empty(n, np.float64)
    _native.random_uniform(handle, out, low, high)
    expected = reference.uniform(reference.unit_double(reference.words64(SEED, n)), low, high)
    if (low, high) == (0.0, 1.0):
        assert np.array_equal(out, expected)
    else:  # 64 bits of mantissa in the reference: two roundings against one
        np.testing.assert_allclose(out, expected, rtol=0, atol=np.finfo(np.float64).eps / 2)
    assert next_word(handle) == reference.words(SEED, 2 * n + 1)[-1]


def test_uniform_stays_below_the_excluded_end():
    """Where the fused product rounds up to `high`, the value becomes `low`."""
    low, high = np.float32(1.0), np.nextafter(np.float32(1.0), np.float32(2.0))
    out = np.empty(4096, np.float32)
    _native.random_uniform(generator(), out, low, high)
    assert (out == low).all()


@pytest.mark.parametrize("n", [n for n in SIZES if n >= 16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normal_blocks(n, dtype):
    handle, out = generator(), np.empty(n, dtype)
    _native.random_normal_blocks(handle, out, 0.5, 2.0)
    width = 1 if dtype == np.float32 else 2
    count = n + (16 if n % 16 else 0)
    raw = reference.words(SEED, count + 1) if width == 1 else None
    unit = reference.unit_float(raw[:-1]) if width == 1 else reference.unit_double(reference.words64(SEED, count))
    position = [0]

    def draw(k):
        position[0] += k
        return unit[position[0] - k : position[0]]

    expected = reference.normal_blocks(draw, n, 0.5, 2.0)
    # |radius| <= sqrt(2 * 53 ln 2) = 8.6; theta's own rounding moves the result by 2 pi eps radius
    np.testing.assert_allclose(out, expected, rtol=0, atol=8.6 * 2.0 * 8 * np.finfo(dtype).eps)
    assert next_word(handle) == reference.words(SEED, width * count + 1)[-1]


def test_normal_blocks_are_the_same_under_every_instruction_set(isa):
    out, base = np.empty(100003, np.float32), np.empty(100003, np.float32)
    _native.random_normal_blocks(generator(), out, 0.1, 1.7)
    _native.set_isa("baseline" if "baseline" in _native.available_isas() else isa)
    _native.random_normal_blocks(generator(), base, 0.1, 1.7)
    assert np.array_equal(out, base)


@pytest.mark.parametrize("n", SIZES)
def test_normal_pairs_keep_the_second_value(n):
    handle, out = generator(), np.empty(n, np.float64)
    _native.random_normal_pairs(handle, out[: n // 3], 0.5, 2.0)
    _native.random_normal_pairs(handle, out[n // 3 :], 0.5, 2.0)
    unit = reference.unit_double(reference.words64(SEED, n + n % 2))
    expected = reference.normal_pairs(unit, 0.5, 2.0)[:n]
    np.testing.assert_allclose(out, expected, rtol=0, atol=8.6 * 2.0 * 4 * np.finfo(np.float64).eps)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_bernoulli(n, dtype, p):
    handle, out = generator(), np.empty(n, dtype)
    _native.random_bernoulli(handle, out, p, 2)
    assert np.array_equal(out, np.where(reference.unit_double(reference.words64(SEED, n)) < p, 2, 0))
    assert next_word(handle) == reference.words(SEED, 2 * n + 1)[-1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bernoulli_of_each(dtype):
    p = np.linspace(0, 1, 999, dtype=dtype)
    out = np.empty(999, np.uint8)
    _native.random_bernoulli_each(generator(), out, p)
    if dtype == np.float32:
        unit = reference.unit_float(reference.words(SEED, 999))
    else:
        unit = reference.unit_double(reference.words64(SEED, 999))
    assert np.array_equal(out, unit < p)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("size", [1, 2, 3, 10, 1000, (1 << 28) - 1])
def test_small_integers(n, size):
    handle, out = generator(), np.empty(n, np.int64)
    _native.random_integers(handle, out, size, -7)
    raw = reference.words(SEED, n + 1)
    assert np.array_equal(out, (raw[:n] % np.uint64(size)).astype(np.int64) - 7)
    assert next_word(handle) == raw[n]


@pytest.mark.parametrize("size", [1 << 28, 1 << 32, (1 << 63) + 5, 0])
def test_large_integers(size):
    out = np.empty(1000, np.int64)
    _native.random_integers(generator(), out, size, 11 if size else 0)
    raw = [int(w) % size if size else int(w) for w in reference.words64(SEED, 1000)]
    assert out.astype(np.uint64).tolist() == [(w + (11 if size else 0)) % 2**64 for w in raw]


@pytest.mark.parametrize("n", [0, 1, 2, 5, 1000, 10007])
def test_permutation(n):
    out = np.empty(n, np.int64)
    _native.random_permutation(generator(), out)
    assert np.array_equal(out, reference.permutation(reference.words(SEED, n - 1)) if n else [])


def test_transformed_uniforms():
    unit = reference.unit_double(reference.words64(SEED, 5000))
    cases = [
        (_native.random_exponential, (1.7,), -np.log1p(-unit) / 1.7),
        (_native.random_geometric, (0.3,), np.ceil(np.log(unit) / np.log1p(-0.3))),
        (_native.random_cauchy, (0.5, 2.0), 0.5 + 2.0 * np.tan(np.pi * (unit - 0.5))),
    ]
    for fill, parameters, expected in cases:
        out = np.empty(5000, np.float64)
        fill(generator(), out, *parameters)
        np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.5, 9.0, 10.0, 200.0])
def test_poisson_moments(rate):
    n = 20000
    out = np.empty(n, np.float64)
    _native.random_poisson(generator(), out, np.full(n, rate))
    assert (out == np.floor(out)).all() and (out >= 0).all()
    assert abs(out.mean() - rate) <= 5 * np.sqrt(rate / n)  # five standard errors
    assert abs(out.var() - rate) <= 5 * np.sqrt((2 * rate**2 + rate) / n)


def test_categorical():
    cumulative = np.array([[0.1, 0.1, 0.7, 1.0], [0.0, 1.0, 1.0, 1.0]])
    out = np.empty((2, 1000), np.int64)
    _native.random_categorical(generator(), out, cumulative)
    unit = reference.unit_double(reference.words64(SEED, 2000)).reshape(2, 1000)
    assert np.array_equal(out, [np.searchsorted(row, u) for row, u in zip(cumulative, unit)])


def test_state_round_trip():
    first = generator()
    _native.random_normal_pairs(first, np.empty(331, np.float64), 0, 1)  # an odd count: a value is kept
    second = generator(1)
    _native.random_set_state(second, _native.random_get_state(first))
    a, b = np.empty(2000, np.float64), np.empty(2000, np.float64)
    _native.random_normal_pairs(first, a, 0, 1)
    _native.random_normal_pairs(second, b, 0, 1)
    assert np.array_equal(a, b)
    assert np.array_equal(_native.random_get_state(first), _native.random_get_state(second))


def test_wrong_arguments_are_refused():
    handle = generator()
    with pytest.raises(TypeError):
        _native.random_uniform(handle, np.empty(3, np.int32), 0, 1)
    with pytest.raises(TypeError):
        _native.random_uniform(handle, np.empty((3, 4), np.float32).T, 0, 1)
    with pytest.raises(ValueError):
        _native.random_normal_blocks(handle, np.empty(15, np.float32), 0, 1)
    with pytest.raises(RuntimeError):
        _native.random_set_state(handle, np.zeros(17, np.uint8))
    with pytest.raises(RuntimeError):
        _native.random_set_state(handle, np.zeros(5056, np.uint8))
    with pytest.raises(ValueError):
        _native.random_bernoulli_each(handle, np.empty(3, np.uint8), np.zeros(2))
    with pytest.raises(RuntimeError):
        _native.random_poisson(handle, np.empty(1), np.array([-1.0]))
    with pytest.raises(ValueError):
        _native.random_seed(object(), 3)
    readonly = np.zeros(3, np.float32)
    readonly.flags.writeable = False
    with pytest.raises(TypeError):
        _native.random_uniform(handle, readonly, 0, 1)


def test_threads_share_a_generator():
    """Draws of different threads do not mix: together they are the stream, cut into the calls' pieces."""
    handle, n = generator(), 20000
    outs = [np.empty(n, np.float32) for _ in range(8)]
    threads = [threading.Thread(target=_native.random_uniform, args=(handle, out, 0.0, 1.0)) for out in outs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stream = reference.unit_float(reference.words(SEED, 8 * n)).reshape(8, n)
    assert sorted(out.tobytes() for out in outs) == sorted(row.tobytes() for row in stream)
