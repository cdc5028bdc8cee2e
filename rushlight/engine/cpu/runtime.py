"""The CPU engine's threads, memory and build: what rushlight._native's runtime says about itself."""

from __future__ import annotations

import numpy

from rushlight import _native

OutOfMemoryError = _native.OutOfMemoryError

num_threads = _native.get_num_threads
set_num_threads = _native.set_num_threads
default_num_threads = _native.default_num_threads
available_cores = _native.available_cores
build_info = _native.build_info
instruction_set = _native.get_isa
memory_stats = _native.memory_stats
reset_peak_memory_stats = _native.reset_peak_memory_stats
empty_cache = _native.empty_cache
set_memory_cap = _native.set_memory_cap


def cpu_quota() -> float:
    """The limit that this process's control group sets, in cores; 0.0 when there is none."""
    return _native.cpu_quota("")


def numpy_version() -> str:
    return numpy.__version__
