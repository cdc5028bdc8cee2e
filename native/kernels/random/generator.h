#pragma once
// The generator object and what it fills arrays with; random.h has the contract.

#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "kernels/random/random.h"

namespace rl {

// Held shared while drawing and alone around fork(), so that a child never inherits a generator in the middle of a
// draw.
std::shared_mutex& fork_gate();

class Generator {
 public:
  static constexpr uint64_t kDefaultSeed = 67280421310721ull;
  static constexpr int64_t kStateBytes = 5056;  // the layout PyTorch's get_rng_state() gives

  explicit Generator(uint64_t seed = kDefaultSeed) { manual_seed(seed); }
  void manual_seed(uint64_t seed);
  uint64_t initial_seed() const { return seed_; }
  void get_state(uint8_t* bytes) const;
  const char* set_state(const uint8_t* bytes);  // nullptr, or what is wrong with the bytes

  uint32_t random() {
    if (next_ == kWords) refill();
    return words_[next_++];
  }
  uint64_t random64() {
    const uint64_t high = random();
    return high << 32 | random();
  }
  double uniform64() { return double(random64() & ((1ull << 53) - 1)) * 0x1p-53; }

  // n consecutive words into out.
  void draw(uint32_t* out, int64_t n);

  std::mutex mutex;  // held by whoever draws

  bool has_normal = false;  // Box-Muller's second value, kept for the next call
  double next_normal = 0;

 private:
  void refill();

  uint32_t state_[kWords];
  uint32_t words_[kWords];  // state_, tempered
  int next_ = kWords;       // index of the next word; kWords: a new block is due
  bool fresh_ = true;       // seeded, nothing drawn yet (the state bytes tell this apart)
  uint64_t seed_ = 0;
};

// Each fills n items in memory order and leaves the generator where PyTorch's would be. The caller holds the mutex.
void fill_uniform(Generator& generator, float* out, int64_t n, float low, float high);
void fill_uniform(Generator& generator, double* out, int64_t n, double low, double high);
void fill_normal_blocks(Generator& generator, float* out, int64_t n, float mean, float std);     // n >= 16
void fill_normal_blocks(Generator& generator, double* out, int64_t n, double mean, double std);  // n >= 16
// One value after the other, in double precision: PyTorch's way below 16 items and for strided outputs.
void fill_normal_pairs(Generator& generator, double* out, int64_t n, double mean, double std);
void fill_log_normal(Generator& generator, double* out, int64_t n, double mean, double std);
void fill_exponential(Generator& generator, double* out, int64_t n, double rate);
void fill_geometric(Generator& generator, double* out, int64_t n, double p);
void fill_cauchy(Generator& generator, double* out, int64_t n, double median, double sigma);
void fill_integers(Generator& generator, int64_t* out, int64_t n, uint64_t range, int64_t base);  // range 0: 2^64
void fill_bits(Generator& generator, int64_t* out, int64_t n, uint64_t modulus, bool wide);  // random_() without limits
void fill_permutation(Generator& generator, int64_t* out, int64_t n);
template <class T>
void fill_bernoulli(Generator& generator, T* out, int64_t n, double p, T one);  // T: float, double, uint8_t
void fill_bernoulli_each(Generator& generator, uint8_t* out, const float* p, int64_t n);
void fill_bernoulli_each(Generator& generator, uint8_t* out, const double* p, int64_t n);
void fill_poisson(Generator& generator, double* out, const double* rate, int64_t n);
// Rows of non-decreasing cumulative weights ending in 1; `samples` indices per row.
void fill_categorical(Generator& generator, int64_t* out, const double* cumulative, int64_t rows, int64_t categories,
                      int64_t samples);

}  // namespace rl
