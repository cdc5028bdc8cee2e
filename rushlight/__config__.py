"""How this copy of rushlight was built, and what it found on this machine."""

from __future__ import annotations

import os

from .engine.cpu import runtime
from .threads import get_num_interop_threads, get_num_threads
from .version import __version__

_CAPABILITY = {"avx512": "AVX512", "avx2": "AVX2", "baseline": "DEFAULT"}


def show() -> str:
    """Compiler, language version, NumPy, threads and instruction set, one to a line."""
    build = runtime.build_info()
    lines = [
        f"rushlight {__version__} built with:",
        f"  - {build['compiler']}",
        f"  - C++ Version: {build['cxx_standard']}",
        f"  - NumPy {runtime.numpy_version()}",
        f"  - Instruction sets built: {build['instruction_sets']}",
        f"  - CPU capability usage: {_CAPABILITY[runtime.instruction_set()]}",
        f"  - Threads: {get_num_threads()} (own pool)",
        f"  - Build settings: CXX_FLAGS={build['cxx_flags']}",
    ]
    if build["sanitizer"]:
        lines.append(f"  - Sanitizer: {build['sanitizer']}")
    return "\n".join(lines) + "\n"


def parallel_info() -> str:
    """The number of threads and everything that decides it."""
    quota = runtime.cpu_quota()
    lines = [
        "rushlight thread pool:",
        f"\tget_num_threads() : {get_num_threads()}",
        f"\tget_num_interop_threads() : {get_num_interop_threads()} (kept for compatibility)",
        f"\tdefault : {runtime.default_num_threads()}",
        f"\tphysical cores in the affinity mask : {runtime.available_cores()}",
        f"\tcontrol group's CPU quota : {f'{quota:g} cores' if quota else 'none'}",
        "Environment variables:",
    ]
    for name in ("RUSHLIGHT_NUM_THREADS", "OMP_NUM_THREADS", "RUSHLIGHT_ISA"):
        lines.append(f"\t{name} : {os.environ.get(name, '[not set]')}")
    return "\n".join(lines) + "\n"


def _cxx_flags() -> str:
    return runtime.build_info()["cxx_flags"]
