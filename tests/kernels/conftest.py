"""Fixtures of the kernels' tests."""

import ctypes
import mmap
import sys

import numpy as np
import pytest


@pytest.fixture
def fenced():
    """fenced(values, at_end): a copy whose memory ends (or starts) right at a page that must not be touched."""
    if not sys.platform.startswith("linux"):
        pytest.skip("needs mprotect")
    libc = ctypes.CDLL(None, use_errno=True)
    page, regions = mmap.PAGESIZE, []

    def place(values, at_end):
        order = "F" if values.flags.f_contiguous and not values.flags.c_contiguous else "C"
        inside = max(-(-values.nbytes // page), 1) * page
        region = mmap.mmap(-1, inside + 2 * page)
        whole = np.frombuffer(region, np.uint8)
        start = page + (inside - values.nbytes if at_end else 0)
        address = whole.ctypes.data
        for guard in (address, address + page + inside):
            assert libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(page), 0) == 0
        regions.append((region, address, inside))
        copy = np.ndarray(values.shape, values.dtype, region, start, order=order)
        copy[...] = values
        return copy

    yield place
    for _, address, inside in regions:
        libc.mprotect(ctypes.c_void_p(address), ctypes.c_size_t(inside + 2 * page), 3)
