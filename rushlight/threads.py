"""How many threads the kernels use: one pool for the whole process, whose workers sleep when nothing runs."""

from __future__ import annotations

from .engine.cpu import runtime

_interop_threads = 0


def _checked(name: str, count: int) -> int:
    if isinstance(count, bool) or not isinstance(count, int):
        raise RuntimeError(f"{name} expects an int, but got {type(count).__name__}")
    if not -(2**31) <= count < 2**31:
        raise ValueError(f"{name}: Overflow when unpacking long: {count} does not fit into 32 bits")
    if count < 1:
        raise RuntimeError(f"{name} expects a positive integer, but got {count}")
    return count


def set_num_threads(count: int, /) -> None:
    """Let kernels use `count` threads, the calling one included; may be called at any time.

    Without it, RUSHLIGHT_NUM_THREADS decides, else OMP_NUM_THREADS, else the number of physical cores that the
    process's affinity mask and its control group's CPU quota leave it.

    Errors: RuntimeError unless `count` is a positive int (bool is refused); ValueError if it exceeds 32 bits.
    """
    runtime.set_num_threads(_checked("set_num_threads", count))


def get_num_threads() -> int:
    """Threads that a kernel may use, the calling one included."""
    return runtime.num_threads()


def set_num_interop_threads(count: int, /) -> None:
    """Remember `count` for get_num_interop_threads. Operations never run beside each other here, so nothing changes.

    Errors: as set_num_threads.
    """
    global _interop_threads
    _interop_threads = _checked("set_num_interop_threads", count)


def get_num_interop_threads() -> int:
    """What set_num_interop_threads was given, else the number of cores."""
    return _interop_threads or runtime.available_cores()
