"""Classes that the user trusts in checkpoints, beyond plain data."""

from __future__ import annotations

from typing import Any

_allowed: dict[str, Any] = {}


def _name(item: Any) -> tuple[str, Any]:
    if isinstance(item, tuple):
        item, name = item
        return name, item
    return f"{item.__module__}.{item.__qualname__}", item


def add_safe_globals(safe_globals: list) -> None:
    """Let `load` build these classes (or call these functions): a list of them, or of (class, "module.name") pairs.

    A class named here is called with what the file says. Name only classes for which that is harmless.
    """
    _allowed.update(map(_name, safe_globals))


def get_safe_globals() -> list:
    """The classes allowed so far."""
    return list(_allowed.values())


def clear_safe_globals() -> None:
    """Back to plain data."""
    _allowed.clear()


class safe_globals:  # noqa: N801  (PyTorch's name)
    """Allow classes inside a `with` block."""

    def __init__(self, safe_globals: list) -> None:
        self._added = dict(map(_name, safe_globals))

    def __enter__(self) -> safe_globals:
        self._before = dict(_allowed)
        _allowed.update(self._added)
        return self

    def __exit__(self, *error: Any) -> None:
        _allowed.clear()
        _allowed.update(self._before)


def lookup(name: str) -> Any:
    """The allowed object of that full name, or None."""
    return _allowed.get(name)


def current() -> dict[str, Any]:
    return dict(_allowed)
