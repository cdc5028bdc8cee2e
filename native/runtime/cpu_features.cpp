#include "runtime/cpu_features.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace rl {

Isa best_isa() {
#if defined(RL_HAS_v3)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#if defined(RL_HAS_v4)
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512cd");
  if (avx512) return Isa::avx512;
#endif
  if (avx2) return Isa::avx2;
#endif
  return Isa::baseline;
}

bool parse_isa(const char* text, Isa* isa) {
  for (Isa candidate : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (std::strcmp(text, isa_name(candidate)) == 0) {
      *isa = candidate;
      return true;
    }
  }
  return false;
}

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::avx512:
      return "avx512";
    case Isa::avx2:
      return "avx2";
    default:
      return "baseline";
  }
}

static Isa initial_isa() {
  const Isa best = best_isa();
  Isa wanted;
  const char* text = std::getenv("RUSHLIGHT_ISA");
  if (text && parse_isa(text, &wanted) && wanted <= best) return wanted;
  return best;
}

static std::atomic<int>& slot() {
  static std::atomic<int> value{static_cast<int>(initial_isa())};
  return value;
}

Isa active_isa() { return static_cast<Isa>(slot().load(std::memory_order_relaxed)); }

bool set_active_isa(Isa isa) {
  if (isa > best_isa()) return false;
  slot().store(static_cast<int>(isa), std::memory_order_relaxed);
  return true;
}

}  // namespace rl
