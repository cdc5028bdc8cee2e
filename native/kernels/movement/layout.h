#pragma once
// In which order arrays lie in memory, and in which order results should: PyTorch's rules. `channels_last` is the order
// N, H, W, C of an array (N, C, H, W), and N, D, H, W, C of (N, C, D, H, W).

#include "runtime/array_view.h"

namespace rl {

// Without gaps and overlaps: contiguous in some order of its dimensions.
bool is_dense(PyArrayObject* a);

// Contiguous in channels-last order; dimensions of size 1 may have any stride.
bool is_channels_last(PyArrayObject* a);

// Whether the strides of a 4-d or 5-d array grow in channels-last order, gaps allowed: what tells operations to give
// their result that order. Strides that fit both orders (one channel, or one position) speak for the usual order.
bool suggests_channels_last(PyArrayObject* a);

// Uninitialised arrays: with the strides of channels_last; with those of a dense `a`, else its order of dimensions.
PyArrayObject* new_channels_last(int ndim, const npy_intp* shape, int typenum);
PyArrayObject* new_as_laid_out(PyArrayObject* a, int typenum);

// The result of an elementwise operation: the order in memory that the inputs agree on, the first ones deciding.
// nullptr among the inputs stands for a number.
PyArrayObject* new_elementwise(PyArrayObject* const* inputs, int count, int ndim, const npy_intp* shape, int typenum);

// `result` (which is consumed), or a copy of it, in the order of an elementwise operation on the inputs: for results
// that NumPy made, whose order is NumPy's.
PyObject* laid_out(PyObject* result, PyObject* const* inputs, Py_ssize_t count);

// `a` itself (new reference) where it lies in channels-last order, else a copy that does.
PyArrayObject* channels_last(PyArrayObject* a);

}  // namespace rl
