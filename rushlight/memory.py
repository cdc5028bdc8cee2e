"""The memory of CPU tensors: counters, a cap, and giving it back.

Tensors live in memory that a caching allocator keeps for the next tensor, so freeing one does not return its pages to
the system; `empty_cache` does. "Allocated" is what tensors hold, "reserved" what the allocator has from the system.
The names are those of torch.cuda.memory; a `device` argument is accepted and means the CPU.
"""

from __future__ import annotations

from typing import Any

from .engine.cpu import runtime

OutOfMemoryError = runtime.OutOfMemoryError

__all__ = [
    "OutOfMemoryError",
    "empty_cache",
    "get_memory_cap",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "memory_stats",
    "memory_summary",
    "reset_peak_memory_stats",
    "set_memory_cap",
]


def memory_stats(device: Any = None) -> dict[str, int]:
    """All counters by name.

    allocated_bytes, allocated_peak_bytes    held by tensors, in the allocator's block sizes (at most 1/8 over)
    reserved_bytes, reserved_peak_bytes      obtained from the system
    num_allocations, num_cache_hits          requests, and those served without asking the system
    cap_bytes                                the limit on reserved_bytes, 0 for none

    The peak of blocks below 64 KB is counted in steps of 64 KB per thread.
    """
    return runtime.memory_stats()


def memory_allocated(device: Any = None) -> int:
    """Bytes held by tensors now."""
    return runtime.memory_stats()["allocated_bytes"]


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes held by tensors at once, since the start or reset_peak_memory_stats()."""
    return runtime.memory_stats()["allocated_peak_bytes"]


def memory_reserved(device: Any = None) -> int:
    """Bytes obtained from the system now: held by tensors, or kept for the next ones."""
    return runtime.memory_stats()["reserved_bytes"]


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes obtained from the system at once, since the start or reset_peak_memory_stats()."""
    return runtime.memory_stats()["reserved_peak_bytes"]


def reset_peak_memory_stats(device: Any = None) -> None:
    """Start both peaks again from what is in use now."""
    runtime.reset_peak_memory_stats()


def empty_cache() -> None:
    """Return memory that no tensor uses to the system. Small blocks that other threads keep for themselves stay."""
    runtime.empty_cache()


def set_memory_cap(size_bytes: int | None) -> None:
    """Reserve at most `size_bytes` from the system (None or 0: no limit); what exceeds it raises OutOfMemoryError.

    Errors: TypeError unless an int or None; ValueError if negative.
    """
    if size_bytes is not None and (isinstance(size_bytes, bool) or not isinstance(size_bytes, int)):
        raise TypeError(f"set_memory_cap: size_bytes must be an int or None, got {type(size_bytes).__name__}")
    if size_bytes is not None and not 0 <= size_bytes < 2**63:
        raise ValueError(f"set_memory_cap: size_bytes must be between 0 and 2**63 - 1, got {size_bytes}")
    runtime.set_memory_cap(size_bytes or 0)


def get_memory_cap() -> int:
    """The limit that set_memory_cap set, 0 for none."""
    return runtime.memory_stats()["cap_bytes"]


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The counters as a small table."""
    stats = runtime.memory_stats()
    rows = [
        ("allocated", stats["allocated_bytes"], stats["allocated_peak_bytes"]),
        ("reserved", stats["reserved_bytes"], stats["reserved_peak_bytes"]),
    ]
    lines = [f"{'memory of CPU tensors':24}{'now':>14}{'peak':>14}"]
    lines += [f"{name:24}{_mebibytes(now):>14}{_mebibytes(peak):>14}" for name, now, peak in rows]
    if not abbreviated:
        cap = stats["cap_bytes"]
        lines.append(f"{'cap':24}{_mebibytes(cap) if cap else 'none':>14}")
        lines.append(f"{'allocations':24}{stats['num_allocations']:>14}")
        lines.append(f"{'served from the cache':24}{stats['num_cache_hits']:>14}")
    return "\n".join(lines)


def _mebibytes(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:.1f} MiB"
