"""Random numbers on NumPy arrays: PyTorch's CPU generator and the order in which it fills an array.

A generator is an opaque handle. The `fill_` functions overwrite `out`, in memory order (PyTorch's iterator walks
the largest stride first), through one native fill; narrower types are rounded from float32 as C++ would.
"""

from __future__ import annotations

import math

import numpy as np

from ... import _native
from .creation import empty, empty_like

__all__ = [
    "all_between",
    "categorical",
    "dropout_noise",
    "fill_bernoulli",
    "fill_bernoulli_each",
    "fill_bits",
    "fill_cauchy",
    "fill_exponential",
    "fill_geometric",
    "fill_integers",
    "fill_log_normal",
    "fill_normal",
    "fill_permutation",
    "fill_uniform",
    "generator_seed",
    "generator_state",
    "gumbel_choice",
    "new_generator",
    "orthonormal_columns",
    "overlaps_itself",
    "poisson",
    "seed_generator",
    "set_generator_state",
    "weights_fault",
]

_NATIVE_FLOATS = (np.dtype(np.float32).num, np.dtype(np.float64).num)


def new_generator(seed: int):
    """A generator; its seed is the low 64 bits of `seed`."""
    return _native.random_new(seed)


def seed_generator(generator, *, seed: int) -> None:
    """Start over from `seed` (its low 64 bits)."""
    _native.random_seed(generator, seed)


def generator_seed(generator) -> int:
    """The seed last set."""
    return _native.random_initial_seed(generator)


def generator_state(generator) -> np.ndarray:
    """The state as uint8 (5056,), laid out as torch.get_rng_state() gives it."""
    return _native.random_get_state(generator)


def set_generator_state(generator, state) -> None:
    """Continue from a state; RuntimeError when the bytes are no state."""
    _native.random_set_state(generator, state)


def overlaps_itself(array) -> bool:
    """Whether two items of the array share memory because an axis has stride 0."""
    return not array.flags.c_contiguous and any(
        stride == 0 and size > 1 for stride, size in zip(array.strides, array.shape)
    )


def fill_uniform(out, *, low, high, generator):
    """Uniform in [low, high): 24 bits of a draw for float32 and narrower, 53 bits for float64."""
    if out.flags.carray and out.dtype.num in _NATIVE_FLOATS:
        _native.random_uniform(generator, out, low, high)
        return out
    if out.dtype.kind == "c":
        return fill_uniform(_parts(out), low=low, high=high, generator=generator)
    if out.dtype in (np.float32, np.float64):
        return _fill(out, out.dtype, lambda buffer: _native.random_uniform(generator, buffer, low, high))
    low, high = float(np.float32(low)), float(np.float32(high))

    def draw(buffer):
        wide = empty(buffer.shape, np.float32)
        _native.random_uniform(generator, wide, low, high)
        buffer[...] = wide
        buffer[buffer == buffer.dtype.type(high)] = buffer.dtype.type(low)  # rounded up to the excluded end

    return _fill(out, out.dtype, draw)


def fill_normal(out, *, mean, std, generator):
    """Normal: Box-Muller in blocks of 16 if out is contiguous with 16 items or more, else pair by pair in float64."""
    if out.size >= 16 and out.flags.carray and out.dtype.num in _NATIVE_FLOATS:
        _native.random_normal_blocks(generator, out, mean, std)
        return out
    if out.dtype.kind == "c":
        return fill_normal(_parts(out), mean=mean, std=std / math.sqrt(2), generator=generator)
    if out.size < 16 or not out.flags.c_contiguous:
        return _fill(out, np.float64, lambda buffer: _native.random_normal_pairs(generator, buffer, mean, std))
    if out.dtype.num in _NATIVE_FLOATS:
        return _fill(out, out.dtype, lambda buffer: _native.random_normal_blocks(generator, buffer, mean, std))

    def draw(buffer):  # narrower types draw nothing for the incomplete block but its replacement
        flat, whole = buffer.reshape(-1), buffer.size - buffer.size % 16
        _native.random_normal_blocks(generator, flat[:whole], mean, std)
        if whole < flat.size:
            _native.random_normal_blocks(generator, flat[-16:], mean, std)

    return _fill(out, np.float32, draw)


def fill_log_normal(out, *, mean, std, generator):
    """exp of normal numbers."""
    return _fill(out, np.float64, lambda buffer: _native.random_log_normal(generator, buffer, mean, std))


def fill_exponential(out, *, rate, generator):
    """-log(1 - u) / rate"""
    return _fill(out, np.float64, lambda buffer: _native.random_exponential(generator, buffer, rate))


def fill_geometric(out, *, p, generator):
    """ceil(log(u) / log(1 - p)): trials up to the first success."""
    return _fill(out, np.float64, lambda buffer: _native.random_geometric(generator, buffer, p))


def fill_cauchy(out, *, median, sigma, generator):
    """median + sigma * tan(pi * (u - 1/2))"""
    return _fill(out, np.float64, lambda buffer: _native.random_cauchy(generator, buffer, median, sigma))


def fill_integers(out, *, low, high, generator):
    """Integers in [low, high); high - low may be 2**64: then the draws are the integers."""
    size = high - low
    if size == 1 << 64:
        size = low = 0
    return _fill(out, np.int64, lambda buffer: _native.random_integers(generator, buffer, size, low))


def fill_bits(out, *, generator):
    """Integers in [0, largest value of an integer type] or [0, 2**digits] of a floating-point type."""
    kind = out.dtype.kind
    if kind == "b":
        modulus = 2
    elif kind in "iu":
        modulus = int(np.iinfo(out.dtype).max) + 1
    else:
        modulus = 2 ** {2: 11 if out.dtype == np.float16 else 8, 4: 24, 8: 53}[out.dtype.itemsize] + 1
    wide = out.dtype.itemsize == 8
    return _fill(out, np.int64, lambda buffer: _native.random_bits(generator, buffer, modulus, wide))


def fill_bernoulli(out, *, p, generator, one=1.0):
    """`one` with probability p, else 0: a 53-bit uniform lies below p."""
    work = out.dtype if out.dtype in (np.float32, np.float64) else np.dtype(np.uint8)
    if one != 1.0 and work == np.uint8:
        work = np.dtype(np.float32)
    return _fill(out, work, lambda buffer: _native.random_bernoulli(generator, buffer, p, one))


def fill_bernoulli_each(out, p, *, generator):
    """1 with the probability in `p` (out's shape), else 0: 53-bit uniforms for float64 p, else 24 bits."""
    p = np.broadcast_to(p, out.shape)
    if p.dtype != np.float64:
        p = p.astype(np.float32)
    order = _memory_order(out, p)
    ordered = np.ascontiguousarray(p.transpose(order)).reshape([out.shape[axis] for axis in order])
    return _fill(out, np.uint8, lambda buffer: _native.random_bernoulli_each(generator, buffer, ordered), order=order)


def fill_permutation(out, *, generator):
    """0 .. n-1 shuffled, for the n items of a 1-d array."""
    return _fill(out, np.int64, lambda buffer: _native.random_permutation(generator, buffer))


def poisson(rate, *, generator) -> np.ndarray:
    """A Poisson number for each rate >= 0, of the rate's dtype."""
    wide = np.ascontiguousarray(rate, np.float64).reshape(rate.shape)
    counts = empty(rate.shape, np.float64)
    _native.random_poisson(generator, counts, wide)
    return _narrow(counts, rate.dtype)


def categorical(weights, *, samples: int, generator) -> np.ndarray:
    """Indices (rows, samples), drawn with replacement in proportion to the weights (rows, categories); int64."""
    work = weights.dtype if weights.dtype in (np.float32, np.float64) else np.dtype(np.float32)
    cumulative = np.cumsum(weights.astype(work), axis=1, dtype=work)
    cumulative /= cumulative[:, -1:].copy()
    cumulative[:, -1] = 1
    out = empty((weights.shape[0], samples), np.int64)
    _native.random_categorical(generator, out, cumulative.astype(np.float64))
    return out


def gumbel_choice(weights, *, samples: int, generator) -> np.ndarray:
    """Different indices (rows, samples), drawn without replacement: the largest weight / exponential number; int64."""
    keys = empty_like(weights)
    fill_exponential(keys, rate=1.0, generator=generator)
    with np.errstate(all="ignore"):
        keys = weights / keys
    if samples == 1:
        return np.argmax(keys, axis=1, keepdims=True).astype(np.int64, copy=False)
    return np.argsort(-keys, axis=1, kind="stable")[:, :samples].astype(np.int64, copy=False)


def dropout_noise(a, *, p: float, generator, feature=False, one: float | None = None):
    """0 with probability p, else `one` (default 1 / (1 - p) in a's precision), of a's dtype.

    Laid out and drawn in a's memory order; with `feature`, one item per (N, C) and sizes of 1 behind.
    """
    noise = empty((*a.shape[:2], *[1] * (a.ndim - 2)), a.dtype) if feature else empty_like(a)
    if one is None:
        one = 1 / (1 - p) if a.dtype == np.float64 else float(np.float32(1) / np.float32(1 - p))
    return fill_bernoulli(noise, p=1 - p, generator=generator, one=one)


def orthonormal_columns(a):
    """Q of the QR factorisation whose R has a positive diagonal; a is (rows, columns) with rows >= columns."""
    q, r = np.linalg.qr(a)
    return q * np.sign(np.diagonal(r))


def weights_fault(weights) -> str:
    """What keeps the rows from being drawn from: "negative", "not finite", "zero" (a row without weight), or ""."""
    if (weights < 0).any():
        return "negative"
    if not np.isfinite(weights).all():
        return "not finite"
    return "" if weights.any(axis=1).all() else "zero"


def all_between(a, *, low, high) -> bool:
    """Whether every item lies in [low, high]; a NaN does not."""
    return bool(((a >= low) & (a <= high)).all())


def _parts(array):
    """Complex items as pairs of real ones, one axis more."""
    real = array.real
    return np.lib.stride_tricks.as_strided(real, (*array.shape, 2), (*array.strides, real.itemsize))


def _memory_order(*arrays):
    """The axes from the largest stride to the smallest, as PyTorch's iterator orders its loops."""
    shape = arrays[0].shape
    ndim = len(shape)
    order = list(range(ndim - 1, -1, -1))  # innermost first

    def swap(a, b) -> int:
        for array in arrays:
            left, right = array.strides[a], array.strides[b]
            if left == 0 or right == 0:
                continue
            if left != right:
                return -1 if left < right else 1
            if shape[a] > shape[b]:
                return 1
        return 0

    for i in range(1, ndim):
        at = i
        for before in range(i - 1, -1, -1):
            decision = swap(order[before], order[at])
            if decision > 0:
                order[before], order[at] = order[at], order[before]
                at = before
            elif decision < 0:
                break
    return order[::-1]


def _fill(out, work, draw, order=None):
    """Let `draw` fill out, in memory order, through a buffer where out is not contiguous or not of type `work`."""
    if out.size == 0:
        return out
    view = out
    if order is not None or not out.flags.c_contiguous:
        view = out.transpose(_memory_order(out) if order is None else order)
    if view.dtype == work and view.flags.c_contiguous and view.flags.aligned:
        draw(view)
        return out
    buffer = empty(view.shape, work)
    draw(buffer)
    with np.errstate(all="ignore"):
        view[...] = _narrow(buffer, view.dtype)
    return out


def _narrow(values, dtype):
    """To `dtype` as C++ converts: half types by way of float32."""
    if dtype.itemsize == 2 and dtype.kind not in "iu" and values.dtype.itemsize > 4:
        values = values.astype(np.float32)
    return values.astype(dtype, copy=False)
