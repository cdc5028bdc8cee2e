"""Creation: memory that is shared, memory that is not initialised, and who keeps what alive."""

from __future__ import annotations

import gc

import numpy as np
import pytest
import torch

import rushlight


def test_from_numpy_shares():
    array = np.arange(6.0).reshape(2, 3)
    t = rushlight.from_numpy(array)
    array[0, 0] = 7
    t[1, 1] = 9
    assert t[0, 0].item() == 7
    assert array[1, 1] == 9


def test_as_tensor_shares_and_tensor_copies():
    array = np.zeros(3)
    assert rushlight.as_tensor(array).data_ptr() == array.ctypes.data
    assert rushlight.asarray(array, copy=True).data_ptr() != array.ctypes.data
    assert rushlight.tensor(array).data_ptr() != array.ctypes.data
    t = rushlight.ones(2)
    assert rushlight.as_tensor(t) is t
    assert rushlight.as_tensor([1, 2], dtype=rushlight.float64).dtype is rushlight.float64


def test_frombuffer():
    memory = bytearray(np.arange(4, dtype=np.int32).tobytes())
    t = rushlight.frombuffer(memory, dtype=rushlight.int32, offset=4, count=2)
    assert t.tolist() == [1, 2]
    t[0] = 5
    assert np.frombuffer(memory, np.int32)[1] == 5


def test_source_outlives_its_name():
    t = rushlight.from_numpy(np.full(100, 3.0))
    gc.collect()
    assert t.sum().item() == 300


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "int8", "int64", "bool", "complex64"])
def test_empty_shapes_and_dtypes(dtype):
    for m in (rushlight, torch):
        kind = getattr(m, dtype)
        e = m.empty(2, 0, 3, dtype=kind)
        assert tuple(e.shape) == (2, 0, 3)
        assert e.dtype == kind
        assert m.empty_strided((2, 3), (1, 2), dtype=kind).stride() == (1, 2)
        assert m.empty_like(m.zeros(3, 2, dtype=kind).t()).stride() == (1, 2)
        assert tuple(m.zeros(1, dtype=kind).new_empty((2, 2)).shape) == (2, 2)


def test_new():
    for m in (rushlight, torch):
        assert tuple(m.ones(1).new(2, 3).shape) == (2, 3)
        assert m.ones(1, dtype=m.float64).new([1, 2]).dtype is m.float64


def test_requires_grad_and_out():
    for m in (rushlight, torch):
        assert m.zeros(2, requires_grad=True).requires_grad
        out = m.empty(3)
        assert m.arange(3.0, out=out) is out
        assert out.tolist() == [0, 1, 2]
        with pytest.raises(RuntimeError, match="floating point"):
            m.zeros(2, dtype=m.int64, requires_grad=True)


def test_tensor_of_scalars_and_numpy_scalars():
    for value in (3, 2.5, True, 1 + 2j, [], [[1, 2.0]], [True, 2], np.float32(1.5), np.int16(3), [np.float64(1.0), 2]):
        ours, theirs = rushlight.tensor(value), torch.tensor(value)
        assert str(ours.dtype) == str(theirs.dtype)
        assert ours.tolist() == theirs.tolist()


def test_memory_that_cannot_be_had():
    for size in (1 << 50, 1 << 61):
        with pytest.raises((RuntimeError, MemoryError)):
            rushlight.empty(size)


def test_small_negative_numbers_wrap_in_unsigned_types():
    for m in (rushlight, torch):
        assert m.tensor([-1, -255], dtype=m.uint8).tolist() == [255, 1]
        for value in (256, -256):
            with pytest.raises(RuntimeError, match="overflow"):
                m.tensor([value], dtype=m.uint8)


LISTS = [
    lambda m: [np.ones(2), np.zeros(2)],
    lambda m: [np.ones(2, np.float32)],
    lambda m: [np.ones(2, np.int16), np.ones(2, np.int16)],
    lambda m: [[np.ones(2)], [np.ones(2)]],
    lambda m: (np.ones(1),),
    lambda m: [np.ones(2), [1, 2]],
    lambda m: [[1, 2], np.ones(2, np.float32)],
    lambda m: [np.ones(2, np.int8), np.ones(2)],
    lambda m: [np.array([True, False])],
    lambda m: [np.float64(1), 2],
    lambda m: [np.float32(1), np.int8(2)],
    lambda m: [m.tensor(1.0), m.tensor(2.0)],
    lambda m: [m.tensor(1, dtype=m.int8), m.tensor(2, dtype=m.int16)],
    lambda m: [m.tensor(1.0, dtype=m.float64), 2],
    lambda m: [[m.tensor(1.0), 2], [3, True]],
]


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list")
@pytest.mark.parametrize("make", LISTS)
def test_lists_of_arrays_and_tensors_keep_their_dtype(make):
    ours, theirs = rushlight.tensor(make(rushlight)), torch.tensor(make(torch))
    assert str(ours.dtype) == str(theirs.dtype)
    assert ours.tolist() == theirs.tolist() and ours.shape == theirs.shape


@pytest.mark.filterwarnings("ignore:__array_wrap__ must")
@pytest.mark.parametrize("m", [rushlight, torch])
def test_numpy_functions_on_tensors(m):
    x = m.tensor([[1.0, 4.0], [9.0, 16.0]])
    assert isinstance(np.sqrt(x), m.Tensor) and np.sqrt(x).tolist() == [[1, 2], [3, 4]]
    assert np.isnan(x).dtype is m.uint8
    shared = np.from_dlpack(x)
    shared_before = shared[0, 0]
    x[0, 0] = 7
    assert shared_before == 1 and shared[0, 0] == 7
    with pytest.raises(BufferError):
        m.ones(1, requires_grad=True).__dlpack__()
