"""Plain NumPy versions of native/kernels/random: words from NumPy's own mt19937, then the definitions."""

import numpy as np

STATE_WORDS = 624


def words(seed, n):
    """The first n 32-bit outputs after seeding with `seed`'s low 32 bits (Matsumoto & Nishimura's init_genrand)."""
    return np.random.RandomState(seed & 0xFFFFFFFF)._bit_generator.random_raw(n).astype(np.uint64)


def words64(seed, n):
    """Two words each, the first one high."""
    pairs = words(seed, 2 * n).reshape(n, 2)
    return (pairs[:, 0] << np.uint64(32)) | pairs[:, 1]


def unit_float(raw):
    """24 bits over 2^24, float32 exactly."""
    return ((raw & np.uint64(0xFFFFFF)).astype(np.float64) * 2.0**-24).astype(np.float32)


def unit_double(raw64):
    """53 bits over 2^53, float64 exactly."""
    return (raw64 & np.uint64((1 << 53) - 1)).astype(np.float64) * 2.0**-53


def uniform(unit, low, high):
    """low + unit * (high - low) with one rounding (in extended precision for float32: float64 holds the product)."""
    dtype = unit.dtype.type
    low, high = dtype(low), dtype(high)
    wide = np.float64 if dtype is np.float32 else np.longdouble
    return (wide(high - low) * unit.astype(wide) + wide(low)).astype(dtype)


def normal_blocks(draw_unit, n, mean, std):
    """Box-Muller on blocks of 16 (8 radii, 8 angles), in float64; draw_unit(k) gives the next k uniforms."""
    out = draw_unit(n).astype(np.float64)

    def transform(block):
        u1, u2 = 1.0 - block[:8], block[8:].copy()
        radius, theta = np.sqrt(-2.0 * np.log(u1)), 2.0 * np.pi * u2
        block[:8] = radius * np.cos(theta) * std + mean
        block[8:] = radius * np.sin(theta) * std + mean

    for i in range(0, n - 15, 16):
        transform(out[i : i + 16])
    if n % 16:
        out[-16:] = draw_unit(16)
        transform(out[-16:])
    return out


def normal_pairs(unit, mean, std):
    """Box-Muller pair by pair: u1 the angle, u2 the radius, cosine first."""
    u1, u2 = unit[0::2], unit[1::2]
    radius, theta = np.sqrt(-2.0 * np.log1p(-u2)), 2.0 * np.pi * u1
    return np.stack([radius * np.cos(theta), radius * np.sin(theta)], axis=1).reshape(-1) * std + mean


def permutation(raw):
    """Fisher-Yates from the front, one word per swap."""
    n = len(raw) + 1
    out = np.arange(n)
    for i, word in enumerate(raw):
        j = i + int(word) % (n - i)
        out[i], out[j] = out[j], out[i]
    return out


def twist(state):
    """The generator's block step on 624 state words."""
    state = [int(s) for s in state]
    for i in range(STATE_WORDS):
        y = (state[i] & 0x80000000) | (state[(i + 1) % STATE_WORDS] & 0x7FFFFFFF)
        state[i] = state[(i + 397) % STATE_WORDS] ^ (y >> 1) ^ (0x9908B0DF if y & 1 else 0)
    return np.array(state, np.uint64)
