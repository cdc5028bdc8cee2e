// From words to distributions. What costs time runs in blocks: words are drawn in order by the calling thread, the
// transform of a block is spread over the pool. Scalar libm calls stay scalar: their last bits are part of the result.

#include <algorithm>
#include <cmath>

#include "kernels/random/generator.h"
#include "runtime/thread_pool.h"

namespace rl {

static constexpr int64_t kChunk = 1 << 13;  // words per block: 32 kB on the stack
static constexpr double kTwoPi = 6.283185307179586;

// Calls f(words, begin, count) for consecutive runs of at most kChunk / per_item items.
template <class F>
static void for_words(Generator& generator, int64_t n, int per_item, F&& f) {
  const int64_t step = kChunk / per_item;
  alignas(64) uint32_t words[kChunk];
  for (int64_t begin = 0; begin < n; begin += step) {
    const int64_t count = std::min(step, n - begin);
    generator.draw(words, count * per_item);
    f(words, begin, count);
  }
}

// out[i] = f(i-th double uniform), f pure
template <class F>
static void map_uniform64(Generator& generator, double* out, int64_t n, F&& f) {
  for_words(generator, n, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
    double* chunk = out + begin;
    random_kernels().uniform_f64(words, chunk, count, 0.0, 1.0);
    parallel_for(count, 512, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) chunk[i] = f(chunk[i]);
    });
  });
}

void fill_uniform(Generator& generator, float* out, int64_t n, float low, float high) {
  for_words(generator, n, 1, [&](const uint32_t* words, int64_t begin, int64_t count) {
    random_kernels().uniform_f32(words, out + begin, count, low, high);
  });
}
void fill_uniform(Generator& generator, double* out, int64_t n, double low, double high) {
  for_words(generator, n, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
    random_kernels().uniform_f64(words, out + begin, count, low, high);
  });
}

static void box_muller(float* data, int64_t blocks, float mean, float std) {
  random_kernels().box_muller_f32(data, blocks, mean, std);
}
static void box_muller(double* data, int64_t blocks, double mean, double std) {
  for (; blocks > 0; --blocks, data += 16)
    for (int j = 0; j < 8; ++j) {
      const double radius = std::sqrt(-2.0 * std::log(1.0 - data[j]));
      const double theta = kTwoPi * data[j + 8];
      data[j] = std::fma(radius * std::cos(theta), std, mean);
      data[j + 8] = std::fma(radius * std::sin(theta), std, mean);
    }
}

// Uniforms everywhere, then whole blocks of 16 in place; the tail is a block of its own that ends at the last item.
template <class T>
static void normal_blocks(Generator& generator, T* out, int64_t n, T mean, T std) {
  constexpr int64_t kStep = 1 << 15;  // items whose uniforms are drawn before their transform is spread over the pool
  for (int64_t begin = 0; begin < n; begin += kStep) {
    const int64_t count = std::min(kStep, n - begin);
    T* chunk = out + begin;
    fill_uniform(generator, chunk, count, T(0), T(1));
    parallel_for(count / 16, 256,
                 [&](int64_t first, int64_t last) { box_muller(chunk + 16 * first, last - first, mean, std); });
  }
  if (n % 16 != 0) {
    fill_uniform(generator, out + n - 16, 16, T(0), T(1));
    box_muller(out + n - 16, 1, mean, std);
  }
}
void fill_normal_blocks(Generator& generator, float* out, int64_t n, float mean, float std) {
  normal_blocks(generator, out, n, mean, std);
}
void fill_normal_blocks(Generator& generator, double* out, int64_t n, double mean, double std) {
  normal_blocks(generator, out, n, mean, std);
}

void fill_normal_pairs(Generator& generator, double* out, int64_t n, double mean, double std) {
  if (n > 0 && generator.has_normal) {
    *out++ = std::fma(generator.next_normal, std, mean);
    generator.has_normal = false;
    --n;
  }
  const auto pair = [](double u1, double u2, double* cosine, double* sine) {
    const double radius = std::sqrt(-2.0 * std::log1p(-u2));
    const double theta = kTwoPi * u1;
    *sine = radius * std::sin(theta);
    *cosine = radius * std::cos(theta);
  };
  const int64_t even = n - n % 2;
  for_words(generator, even, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
    double* chunk = out + begin;
    random_kernels().uniform_f64(words, chunk, count, 0.0, 1.0);
    parallel_for(count / 2, 256, [&](int64_t first, int64_t last) {
      for (int64_t i = 2 * first; i < 2 * last; i += 2) {
        double cosine, sine;
        pair(chunk[i], chunk[i + 1], &cosine, &sine);
        chunk[i] = std::fma(cosine, std, mean);
        chunk[i + 1] = std::fma(sine, std, mean);
      }
    });
  });
  if (n % 2) {
    const double u1 = generator.uniform64(), u2 = generator.uniform64();
    double cosine;
    pair(u1, u2, &cosine, &generator.next_normal);
    generator.has_normal = true;
    out[n - 1] = std::fma(cosine, std, mean);
  }
}

void fill_log_normal(Generator& generator, double* out, int64_t n, double mean, double std) {
  fill_normal_pairs(generator, out, n, mean, std);
  parallel_for(n, 2048, [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out[i] = std::exp(out[i]);
  });
}

void fill_exponential(Generator& generator, double* out, int64_t n, double rate) {
  const double scale = -1.0 / rate;
  map_uniform64(generator, out, n, [=](double u) { return scale * std::log1p(-u); });
}

void fill_geometric(Generator& generator, double* out, int64_t n, double p) {
  const double log_failure = std::log1p(-p);
  map_uniform64(generator, out, n, [=](double u) { return std::ceil(std::log(u) / log_failure); });
}

void fill_cauchy(Generator& generator, double* out, int64_t n, double median, double sigma) {
  map_uniform64(generator, out, n,
                [=](double u) { return std::fma(sigma, std::tan(3.141592653589793 * (u - 0.5)), median); });
}

void fill_integers(Generator& generator, int64_t* out, int64_t n, uint64_t range, int64_t base) {
  if (range == 0 || range >= 1ull << 28) {  // 64 bits where 32 would show the remainder's bias
    for_words(generator, n, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
      for (int64_t i = 0; i < count; ++i) {
        const uint64_t bits = uint64_t(words[2 * i]) << 32 | words[2 * i + 1];
        out[begin + i] = int64_t((range ? bits % range : bits) + uint64_t(base));
      }
    });
    return;
  }
  for_words(generator, n, 1, [&](const uint32_t* words, int64_t begin, int64_t count) {
    random_kernels().remainder_u32(words, out + begin, count, uint32_t(range), base);
  });
}

void fill_bits(Generator& generator, int64_t* out, int64_t n, uint64_t modulus, bool wide) {
  for_words(generator, n, wide ? 2 : 1, [&](const uint32_t* words, int64_t begin, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t bits = wide ? uint64_t(words[2 * i]) << 32 | words[2 * i + 1] : words[i];
      out[begin + i] = int64_t(bits % modulus);
    }
  });
}

// Fisher-Yates: from the front with 32-bit draws; where their remainder would be skewed, "inside out" with 64-bit ones.
void fill_permutation(Generator& generator, int64_t* out, int64_t n) {
  if (uint64_t(n) >= 0xffffffffull / 20) {
    for_words(generator, n, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
      for (int64_t k = 0; k < count; ++k) {
        const int64_t i = begin + k;
        const uint64_t bits = uint64_t(words[2 * k]) << 32 | words[2 * k + 1];
        const int64_t z = int64_t(bits % uint64_t(i + 1));
        out[i] = out[z];
        out[z] = i;
      }
    });
    return;
  }
  for (int64_t i = 0; i < n; ++i) out[i] = i;
  for_words(generator, n - 1, 1, [&](const uint32_t* words, int64_t begin, int64_t count) {
    for (int64_t k = 0; k < count; ++k) {
      const int64_t i = begin + k;
      std::swap(out[i], out[i + int64_t(words[k] % uint32_t(n - i))]);
    }
  });
}

// ceil(p * 2^53), the number of 53-bit integers whose uniform lies below p
static int64_t threshold(double p) { return int64_t(std::ceil(std::ldexp(p, 53))); }

template <class T, class Kernel>
static void bernoulli(Generator& generator, T* out, int64_t n, double p, T one, Kernel kernel) {
  const int64_t limit = threshold(p);
  for_words(generator, n, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
    kernel(words, out + begin, count, limit, one);
  });
}
template <>
void fill_bernoulli<float>(Generator& generator, float* out, int64_t n, double p, float one) {
  bernoulli(generator, out, n, p, one, random_kernels().bernoulli_f32);
}
template <>
void fill_bernoulli<double>(Generator& generator, double* out, int64_t n, double p, double one) {
  bernoulli(generator, out, n, p, one, random_kernels().bernoulli_f64);
}
template <>
void fill_bernoulli<uint8_t>(Generator& generator, uint8_t* out, int64_t n, double p, uint8_t one) {
  bernoulli(generator, out, n, p, one, random_kernels().bernoulli_u8);
}

void fill_bernoulli_each(Generator& generator, uint8_t* out, const float* p, int64_t n) {
  for_words(generator, n, 1, [&](const uint32_t* words, int64_t begin, int64_t count) {
    for (int64_t i = 0; i < count; ++i) out[begin + i] = float(int32_t(words[i] & 0xffffffu)) * 0x1p-24f < p[begin + i];
  });
}
void fill_bernoulli_each(Generator& generator, uint8_t* out, const double* p, int64_t n) {
  for_words(generator, n, 2, [&](const uint32_t* words, int64_t begin, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      const int64_t m = int64_t(words[2 * i] & 0x1fffffu) << 32 | words[2 * i + 1];
      out[begin + i] = double(m) * 0x1p-53 < p[begin + i];
    }
  });
}

// Multiplication of uniforms below 10, transformed rejection (Hoermann 1993, PTRS) from 10 on.
static double poisson(Generator& generator, double rate) {
  if (rate == 0) return 0;
  if (rate < 10) {
    const double limit = std::exp(-rate);
    double product = 1;
    for (int64_t count = 0;; ++count) {
      product *= generator.uniform64();
      if (!(product > limit)) return double(count);
    }
  }
  const double log_rate = std::log(rate);
  const double b = 0.931 + 2.53 * std::sqrt(rate);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double v_r = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = generator.uniform64() - 0.5;
    const double v = generator.uniform64();
    const double us = 0.5 - std::fabs(u);
    const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
    if (us >= 0.07 && v <= v_r) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        -rate + k * log_rate - std::lgamma(k + 1))
      return k;
  }
}
void fill_poisson(Generator& generator, double* out, const double* rate, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = poisson(generator, rate[i]);
}

// The first category whose cumulative weight reaches the uniform.
void fill_categorical(Generator& generator, int64_t* out, const double* cumulative, int64_t rows, int64_t categories,
                      int64_t samples) {
  for (int64_t row = 0; row < rows; ++row) {
    const double* first = cumulative + row * categories;
    for (int64_t j = 0; j < samples; ++j) {
      const double u = generator.uniform64();
      const int64_t found = std::lower_bound(first, first + categories, u) - first;
      out[row * samples + j] = std::min(found, categories - 1);
    }
  }
}

}  // namespace rl
