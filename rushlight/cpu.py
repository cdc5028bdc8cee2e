"""torch.cpu: the CPU seen as a device. Work is done when a call returns; streams and events have nothing to order."""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager
from typing import Any

from .engine.cpu import runtime

__all__ = [
    "Event",
    "Stream",
    "current_device",
    "current_stream",
    "device_count",
    "get_capabilities",
    "is_available",
    "is_initialized",
    "set_device",
    "stream",
    "synchronize",
]


class Stream:
    """A queue of work; on a CPU it is always empty."""

    def __init__(self, priority: int = -1) -> None:
        self.priority = priority

    def wait_stream(self, stream: Stream) -> None:
        """Return at once."""

    def wait_event(self, event: Event) -> None:
        """Return at once."""

    def record_event(self, event: Event | None = None) -> Event:
        return event if event is not None else Event()

    def synchronize(self) -> None:
        """Return at once."""

    def query(self) -> bool:
        return True


class Event:
    """A point in a stream; on a CPU it has always been reached."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        self.enable_timing = enable_timing

    def record(self, stream: Stream | None = None) -> None:
        """Return at once."""

    def wait(self, stream: Stream | None = None) -> None:
        """Return at once."""

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        """Return at once."""


_default_stream = Stream()
_current_stream = _default_stream


@contextmanager
def stream(stream: Stream | None):
    """Make `stream` the current one inside the `with` block; None changes nothing."""
    global _current_stream
    before = _current_stream
    _current_stream = stream if stream is not None else before
    try:
        yield
    finally:
        _current_stream = before


def current_stream(device: Any = None) -> Stream:
    return _current_stream


def is_available() -> bool:
    return True


def is_initialized() -> bool:
    return True


def device_count() -> int:
    return 1


def current_device() -> str:
    return "cpu"


def set_device(device: Any) -> None:
    """Do nothing: there is one CPU."""


def synchronize(device: Any = None) -> None:
    """Return at once."""


def get_capabilities() -> dict[str, Any]:
    """Architecture, cores, and (where Linux tells) a True for each of the CPU's features, by the kernel's name."""
    found: dict[str, Any] = {
        "architecture": platform.machine(),
        "num_physical_cores": runtime.available_cores(),
        "num_logical_cores": os.cpu_count() or 1,
    }
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line.split(":", 1) for line in file if ":" in line]
    except OSError:
        return found
    first: dict[str, str] = {}
    for key, value in lines:
        first.setdefault(key.strip(), value.strip())
    found["cpu_name"] = first.get("model name", "")
    found.update(dict.fromkeys((first.get("flags") or first.get("Features") or "").split(), True))
    return found
