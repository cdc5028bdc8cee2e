#include "kernels/random/generator.h"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace rl {

std::shared_mutex& fork_gate() {
  alignas(std::shared_mutex) static unsigned char memory[sizeof(std::shared_mutex)];
  static const auto gate = [] {
    auto* made = new (memory) std::shared_mutex;
    pthread_atfork(
        [] { fork_gate().lock(); }, [] { fork_gate().unlock(); },
        [] { new (memory) std::shared_mutex; });  // the child's only thread: nobody holds or waits for the old one
    return made;
  }();
  return *gate;
}

void Generator::manual_seed(uint64_t seed) {
  seed_ = seed;
  state_[0] = uint32_t(seed);
  for (uint32_t i = 1; i < uint32_t(kWords); ++i) state_[i] = 1812433253u * (state_[i - 1] ^ (state_[i - 1] >> 30)) + i;
  next_ = kWords;
  fresh_ = true;
  has_normal = false;
}

void Generator::refill() {
  random_kernels().twist(state_);
  random_kernels().temper(state_, words_);
  next_ = 0;
  fresh_ = false;
}

void Generator::draw(uint32_t* out, int64_t n) {
  while (n > 0) {
    if (next_ == kWords) refill();
    const int64_t count = std::min<int64_t>(n, kWords - next_);
    std::memcpy(out, words_ + next_, size_t(count) * 4);
    next_ += int(count);
    out += count;
    n -= count;
  }
}

// PyTorch's state bytes: a struct kept since Lua Torch, then one for single-precision normals (which the CPU never
// uses).
struct StateBytes {
  uint64_t seed;
  int32_t left;  // words left in the block, plus one; 1 after seeding
  int32_t seeded;
  uint64_t next;
  uint64_t state[kWords];
  double normal_x, normal_y, normal_rho;
  int32_t normal_is_valid;
  int32_t padding;
  float float_normal;
  bool float_normal_is_valid;
};
static_assert(sizeof(StateBytes) == size_t(Generator::kStateBytes));

void Generator::get_state(uint8_t* bytes) const {
  StateBytes s;
  std::memset(&s, 0, sizeof s);
  s.seed = seed_;
  s.seeded = 1;
  s.left = fresh_ ? 1 : kWords + 1 - next_;
  s.next = fresh_ ? 0 : uint64_t(next_);
  std::copy(state_, state_ + kWords, s.state);
  if (has_normal) {
    s.normal_y = next_normal;
    s.normal_is_valid = 1;
  }
  std::memcpy(bytes, &s, sizeof s);
}

const char* Generator::set_state(const uint8_t* bytes) {
  StateBytes s;
  std::memcpy(&s, bytes, sizeof s);
  if (s.seeded != 1 || s.left < 1 || s.left > kWords || s.next > uint64_t(kWords)) return "Invalid mt19937 state";
  seed_ = s.seed;
  for (int i = 0; i < kWords; ++i) state_[i] = uint32_t(s.state[i]);
  fresh_ = s.left == 1 && s.next == 0;
  next_ = s.left == 1 ? kWords : int(s.next);
  random_kernels().temper(state_, words_);
  has_normal = s.normal_is_valid != 0;
  next_normal = has_normal ? s.normal_y : 0;
  return nullptr;
}

}  // namespace rl
