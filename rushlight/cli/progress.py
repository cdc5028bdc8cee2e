"""A live progress bar: rich's where rich is installed, else one line that rewrites itself, else only finished rows."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Protocol


class Bar(Protocol):
    """What the training loop needs of a progress bar."""

    def start(self, title: str, total: int) -> None: ...
    def advance(self, loss: float) -> None: ...
    def row(self, text: str) -> None: ...


class _RichBar:
    def __init__(self, live: Any) -> None:
        self._live = live
        self._task = live.add_task("", total=1, visible=False, loss="")

    def start(self, title: str, total: int) -> None:
        self._live.reset(self._task, description=title, total=total, visible=True, loss="")

    def advance(self, loss: float) -> None:
        self._live.update(self._task, advance=1, loss=f"loss {loss:.4f}")

    def row(self, text: str) -> None:
        self._live.console.print(text, highlight=False, soft_wrap=True)


class _PlainBar:
    _WIDTH = 30

    def __init__(self, live: bool) -> None:
        self._live = live

    def start(self, title: str, total: int) -> None:
        self._title, self._total, self._done = title, total, 0

    def advance(self, loss: float) -> None:
        self._done += 1
        if self._live:
            filled = self._WIDTH * self._done // self._total
            bar = "#" * filled + "." * (self._WIDTH - filled)
            print(f"\r{self._title} [{bar}] {self._done}/{self._total} loss {loss:.4f} ", end="", flush=True)

    def row(self, text: str) -> None:
        if self._live:
            print("\r" + " " * 79 + "\r", end="")
        print(text, flush=True)


@contextlib.contextmanager
def progress() -> Iterator[Bar]:
    """A bar for the terminal; where output is no terminal, finished rows only."""
    live = sys.stdout.isatty()
    if live:
        try:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        except ImportError:
            pass
        else:
            title, loss = TextColumn("{task.description}"), TextColumn("{task.fields[loss]}")
            with Progress(
                title, BarColumn(), MofNCompleteColumn(), loss, TimeRemainingColumn(), transient=True
            ) as shown:
                yield _RichBar(shown)
            return
    yield _PlainBar(live)
