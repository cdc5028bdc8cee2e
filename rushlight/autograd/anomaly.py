"""`detect_anomaly`: remembers where each operation was called, and stops a backward pass at the first NaN."""

from __future__ import annotations

import traceback

from .. import engine as engines
from ..errors import warn_caller
from .backward import HELPERS

_state = [False, True]  # on; whether gradients are searched for NaN


def is_anomaly_enabled() -> bool:
    """Whether the search is on."""
    return _state[0]


def is_anomaly_check_nan_enabled() -> bool:
    """Whether gradients are searched for NaN."""
    return _state[1]


def _watch(node, gradients) -> None:
    """Called with None when a node is recorded, and with the gradients of its inputs when it was run."""
    if gradients is None:
        node.metadata["traceback"] = traceback.format_stack()[:-1]
        return
    if not _state[1]:
        return
    for i, gradient in enumerate(gradients):
        array = getattr(gradient, "_array", gradient)
        if array is not None and engines.cpu.isnan(array).any():
            raise_at(node, f"Function '{node.title()}' returned nan values in its {i}th output.")


def raise_at(node, message) -> None:
    lines = node.metadata.get("traceback")
    where = "".join(lines) if lines else "it ran before detect_anomaly was on: put the forward pass inside as well\n"
    warn_caller(f"Error detected in {node.title()}. The operation was called here:\n{where}")
    raise RuntimeError(message)


def set_anomaly_enabled(enabled: bool, check_nan: bool = True) -> None:
    """Switch the search on or off, for all threads."""
    _state[:] = bool(enabled), bool(check_nan)
    HELPERS.anomaly = _watch if enabled else None
    engines.set_autograd_helpers(HELPERS)


class set_detect_anomaly:  # noqa: N801
    """Switches the search on or off at once; as a context manager, until the block ends. For all threads."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self._before = tuple(_state)
        set_anomaly_enabled(mode, check_nan)

    def __enter__(self):
        return None

    def __exit__(self, *error) -> None:
        set_anomaly_enabled(*self._before)


class detect_anomaly:  # noqa: N801
    """RuntimeError in the backward pass where a gradient becomes NaN, and a warning that says where forward called it.

    Slow, since every gradient is read once more: for finding errors.
    """

    def __init__(self, check_nan: bool = True):
        self._check_nan = check_nan
        self._before = tuple(_state)
        warn_caller("Anomaly detection makes every backward pass slower; use it to find errors only.")

    def __enter__(self) -> None:
        self._before = tuple(_state)
        set_anomaly_enabled(True, self._check_nan)

    def __exit__(self, *error) -> None:
        set_anomaly_enabled(*self._before)
