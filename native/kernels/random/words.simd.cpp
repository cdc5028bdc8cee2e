// The generator's own block step, and words to uniforms, Bernoulli masks and small integers.

#include "kernels/random/random.h"
#include "simd/fused.h"

namespace rl::RL_ISA {

typedef uint32_t Words __attribute__((vector_size(RL_VECTOR_BYTES)));
typedef uint32_t UnalignedWords __attribute__((vector_size(RL_VECTOR_BYTES), aligned(1), may_alias));
static constexpr int kLanes = RL_VECTOR_BYTES / 4;

static RL_INLINE Words load_words(const uint32_t* p) { return Words(*reinterpret_cast<const UnalignedWords*>(p)); }
static RL_INLINE void store_words(uint32_t* p, Words x) { *reinterpret_cast<UnalignedWords*>(p) = x; }

// state[i] = state[i + 397 mod 624] ^ mix(state[i], state[i + 1 mod 624]), in place and in order.
static void twist(uint32_t* state) {
  constexpr int kShift = 397;
  constexpr uint32_t kMatrix = 0x9908b0dfu, kUpper = 0x80000000u, kLower = 0x7fffffffu;
  const auto vector_step = [&](int i, int from) {
    const Words a = load_words(state + i), b = load_words(state + i + 1);
    const Words odd = Words{} - (b & 1u);
    store_words(state + i, load_words(state + from) ^ (((a & kUpper) | (b & kLower)) >> 1) ^ (odd & kMatrix));
  };
  const auto step = [&](int i, int from, int next) {
    const uint32_t a = state[i], b = state[next];
    state[i] = state[from] ^ (((a & kUpper) | (b & kLower)) >> 1) ^ ((b & 1u) ? kMatrix : 0u);
  };
  int i = 0;
  for (; i + kLanes <= kWords - kShift; i += kLanes) vector_step(i, i + kShift);
  for (; i < kWords - kShift; ++i) step(i, i + kShift, i + 1);
  for (; i + kLanes <= kWords - 1; i += kLanes) vector_step(i, i + kShift - kWords);
  for (; i < kWords - 1; ++i) step(i, i + kShift - kWords, i + 1);
  step(kWords - 1, kShift - 1, 0);
}

static void temper(const uint32_t* state, uint32_t* words) {
  static_assert(kWords % kLanes == 0);
  for (int i = 0; i < kWords; i += kLanes) {
    Words y = load_words(state + i);
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    y ^= y >> 18;
    store_words(words + i, y);
  }
}

static void uniform_f32(const uint32_t* words, float* out, int64_t n, float low, float high) {
  using F = Vec<float>;
  using I = Vec<int32_t>;
  const auto* ints = reinterpret_cast<const int32_t*>(words);
  const float width = high - low;
  const bool unit = low == 0.0f && width == 1.0f;
  const auto value = [&](I w) {
    const F x = convert<float>(w & I(0xffffff)) * F(0x1p-24f);
    if (unit) return x;
    const F y = fused(x, F(width), F(low));
    return select<float>(y == F(high), F(low), y);  // rounded up to the excluded end
  };
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes) value(I::load(ints + i)).store(out + i);
  if (i < n) value(I::load_n(ints + i, int(n - i))).store_n(out + i, int(n - i));
}

// Two words per value. With m = high * 2^32 + low below 2^53, both halves become exact doubles by putting them under a
// large power of two: (2^84 + high * 2^32) - (2^84 + 2^52) + (2^52 + low).
static void uniform_f64(const uint32_t* words, double* out, int64_t n, double low, double high) {
  using F = Vec<double>;
  using I = Vec<int64_t>;
  typedef uint64_t Unsigned __attribute__((vector_size(RL_VECTOR_BYTES)));
  const auto* pairs = reinterpret_cast<const int64_t*>(words);
  const double width = high - low;
  const bool unit = low == 0.0 && width == 1.0;
  const auto value = [&](I pair) {
    const I upper = (pair & I(0x1fffff)) | I(0x4530000000000000);
    const I lower = I((I::Native)((Unsigned)pair.v >> 32)) | I(0x4330000000000000);
    const F m = (bit_cast<double>(upper) - F(0x1p84 + 0x1p52)) + bit_cast<double>(lower);
    const F x = m * F(0x1p-53);
    if (unit) return x;
    const F y = fused(x, F(width), F(low));
    return select<double>(y == F(high), F(low), y);  // rounded up to the excluded end
  };
  int64_t i = 0;
  for (; i + F::lanes <= n; i += F::lanes) value(I::load(pairs + i)).store(out + i);
  if (i < n) value(I::load_n(pairs + i, int(n - i))).store_n(out + i, int(n - i));
}

// A 53-bit uniform lies below p exactly when its integer lies below ceil(p * 2^53).
template <class T>
static RL_INLINE void bernoulli(const uint32_t* words, T* out, int64_t n, int64_t threshold, T one) {
  for (int64_t i = 0; i < n; ++i) {
    const int64_t m = int64_t(words[2 * i] & 0x1fffffu) << 32 | words[2 * i + 1];
    out[i] = m < threshold ? one : T(0);
  }
}
static void bernoulli_f32(const uint32_t* words, float* out, int64_t n, int64_t threshold, float one) {
  bernoulli(words, out, n, threshold, one);
}
static void bernoulli_f64(const uint32_t* words, double* out, int64_t n, int64_t threshold, double one) {
  bernoulli(words, out, n, threshold, one);
}
static void bernoulli_u8(const uint32_t* words, uint8_t* out, int64_t n, int64_t threshold, uint8_t one) {
  bernoulli(words, out, n, threshold, one);
}

// word % range + base. The quotient guessed in double precision is off by one at most; both corrections are exact.
static void remainder_u32(const uint32_t* words, int64_t* out, int64_t n, uint32_t range, int64_t base) {
  const double inverse = 1.0 / double(range);
  for (int64_t i = 0; i < n; ++i) {
    const int64_t quotient = int64_t(double(words[i]) * inverse);
    int64_t rest = int64_t(words[i]) - quotient * range;
    rest += rest < 0 ? range : 0;
    rest -= rest >= int64_t(range) ? range : 0;
    out[i] = int64_t(uint64_t(rest) + uint64_t(base));
  }
}

void box_muller_f32(float* data, int64_t blocks, float mean, float std);  // normal.simd.cpp

extern const RandomKernels random_kernels_table = {
#define RL_KERNEL(ret, name, args) &name,
#include "kernels/random/random.inc"
#undef RL_KERNEL
};

}  // namespace rl::RL_ISA
