#pragma once
// Turns operands of any layout into the runs that elementwise kernels take: broadcasting, dimension order, coalescing,
// gathering of strided runs through small buffers, threads.

#include "kernels/elementwise/elementwise.h"
#include "runtime/array_view.h"

namespace rl {

struct Operand {
  char* data;
  int64_t strides[NPY_MAXDIMS];  // in bytes, one per dimension of the iteration; 0 where broadcast
  int item_bytes;
};

// Operands 0 .. inputs-1 are read, operand `inputs` is written.
struct Iteration {
  int ndim, inputs;
  int64_t size;                // product of shape
  int64_t shape[NPY_MAXDIMS];  // fastest dimension first once ordered
  Operand operands[4];
};

// Sets the broadcast shape (C order); false with ValueError when shapes do not fit. A nullptr is a scalar.
bool broadcast_shapes(PyArrayObject* const* arrays, int count, const char* op, int* ndim, npy_intp* shape);

// Fills strides of operand `k` for `array` broadcast to the iteration's shape (still in C order).
void set_operand(Iteration* it, int k, PyArrayObject* array);
void set_scalar(Iteration* it, int k, const void* item, int item_bytes);

// Reorders and merges dimensions (after all operands are set), then runs `f` over everything; `how`: params, narrow and
// stream of each run.
void order_and_merge(Iteration* it);
void run_map(const Iteration& it, MapFn f, const MapArgs& how);

// Moves items of any size between strided buffers: dst[i] = src[i].
void copy_strided(char* dst, int64_t dst_stride, const char* src, int64_t src_stride, int64_t n, int item_bytes);

// Whether the memory of `out` and `in` meets without being the same items in the same order.
bool partial_overlap(PyArrayObject* out, PyArrayObject* in);

}  // namespace rl
