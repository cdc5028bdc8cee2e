"""An event file on disk, filled by a thread of its own."""

from __future__ import annotations

import atexit
import itertools
import os
import queue
import socket
import threading
import time
import weakref
from typing import Any

from rushlight.utils.tensorboard import messages
from rushlight.utils.tensorboard.records import frame

_BUFFER_BYTES = 1 << 20
_serial = itertools.count()


class EventFile:
    """events.out.tfevents.* in `folder`: `add` queues an event, a thread checksums and writes it.

    The thread flushes to disk every `flush_secs`, `flush` at once; what is queued when Python exits is written too.
    `add` waits while `max_queue` events are pending. A write error is raised by the next `add`, `flush` or `close`.
    In a forked child the file counts as closed: the parent, whose thread did not come along, goes on writing it.
    """

    def __init__(self, folder: str, max_queue: int = 10, flush_secs: float = 120, suffix: str = "") -> None:
        os.makedirs(folder, exist_ok=True)
        stamp = f"{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_serial)}"
        self.path = os.path.join(folder, f"events.out.tfevents.{stamp}{suffix}")
        self._file = open(self.path, "wb", buffering=0)
        self._unwritten = bytearray()  # our own buffer, since a fork must be able to drop it
        self._queue: queue.Queue[bytes | threading.Event | None] = queue.Queue(max(1, max_queue))
        self._flush_secs = flush_secs
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self.closed = False
        self._unwritten += frame(messages.event(time.time(), version="brain.Event:2"))
        self._write()
        _open_files.add(self)

    def add(self, event: bytes) -> None:
        if self.closed:
            raise ValueError(f"SummaryWriter: {self.path} is closed")
        self._raise_error()
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="rushlight-event-file", daemon=True)
                self._thread.start()
        self._queue.put(event)

    def flush(self) -> None:
        """Return once everything added so far is in the file."""
        if not self.closed and self._thread is not None:
            done = threading.Event()
            self._queue.put(done)
            done.wait()
        self._raise_error()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        self._file.close()
        _open_files.discard(self)
        self._raise_error()

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            raise OSError(f"SummaryWriter: writing {self.path} failed: {error}") from error

    def _write(self) -> None:
        while self._unwritten:
            del self._unwritten[: self._file.write(self._unwritten)]

    def _work(self) -> None:
        due: float | None = None  # when to flush; None while nothing is unflushed
        while True:
            wait = None if due is None else max(0.0, due - time.monotonic())
            item: Any
            try:
                item = self._queue.get(timeout=wait)
            except queue.Empty:
                item = b""
            try:
                if isinstance(item, bytes) and item:
                    self._unwritten += frame(item)
                    due = time.monotonic() + self._flush_secs if due is None else due
                late = due is not None and time.monotonic() >= due
                if late or not isinstance(item, bytes) or len(self._unwritten) > _BUFFER_BYTES:
                    self._write()
                    due = None
            except Exception as error:  # kept for the caller's thread, which must not wait for ever
                self._error = error
                self._unwritten.clear()
                due = None
            if isinstance(item, threading.Event):
                item.set()
            if item is None:
                return


_open_files: weakref.WeakSet[EventFile] = weakref.WeakSet()


def _abandon_all() -> None:
    """In a forked child: nothing of the parent's files is written from here."""
    for file in list(_open_files):
        file.closed = True
        file._unwritten = bytearray()
    _open_files.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


@atexit.register
def _close_all() -> None:
    for file in list(_open_files):
        try:
            file.close()
        except OSError:
            pass
