#pragma once
// Block sizes of the caching allocator: multiples of 64 bytes up to 512, then eight steps per doubling, so that a block
// is at most an eighth larger than what was asked for.

#include <cstddef>
#include <cstdint>

namespace rl {

inline constexpr int kClasses = 103;

// The class of a request of 1 .. kLargestClassBytes bytes (0 counts as 1).
constexpr int size_class(size_t bytes) {
  const uint64_t units = bytes ? (bytes - 1) / 64 : 0;  // of 64 bytes, less one
  if (units < 8) return int(units);
  const int octave = 63 - __builtin_clzll(units);  // >= 3
  return 8 + (octave - 3) * 8 + int((units >> (octave - 3)) & 7);
}

constexpr size_t class_bytes(int size_class) {
  if (size_class < 8) return size_t(size_class + 1) * 64;
  const int octave = (size_class - 8) / 8, step = (size_class - 8) % 8;
  return (size_t(9 + step) << octave) * 64;
}

inline constexpr size_t kLargestClassBytes = class_bytes(kClasses - 1);
static_assert(kLargestClassBytes == size_t(15) << 17);  // 1.875 MB: what is larger gets whole pages of its own
static_assert(size_class(kLargestClassBytes) == kClasses - 1);

}  // namespace rl
