"""The writer: a thread that writes log lines, so that logging neither blocks nor fails."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from queue import SimpleQueue
from typing import Final

from structlog.typing import EventDict

from berth.logs.processors import Render

MOST: Final = 10_000
"""The most pending lines; of further ones only the number is written."""

PAUSE_S: Final = 0.02
"""How long lines are collected before they are written together."""

MOST_AT_ONCE: Final = 1_000
"""How many lines are written together."""

END_S: Final = 2.0
"""How long a process waits at its end for its last lines."""

PIECE_BYTES: Final = 65_536


class Writer:
    """A writer of events to a file, in the order in which they arrive. Safe to share between threads.

    A thread may be interrupted in `put` by another `put` of its own: the garbage collector runs destructors anywhere,
    and some of them log. So the queue is one for which that is allowed, and no lock is waited for.
    """

    def __init__(self, render: Render, file: int, most: int = MOST) -> None:
        self._render, self._file, self._most = render, file, most
        self._pending: SimpleQueue[EventDict | None] = SimpleQueue()  # None: nothing to write, but wake up
        self._dropped = 0
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()
        # Processes that share a pipe do not interleave their lines if each write is at most this large.
        self._piece = 4096 if stat.S_ISFIFO(os.fstat(file).st_mode) else PIECE_BYTES

    def put(self, event: EventDict) -> None:
        """Queue an event. Takes about a microsecond, never raises or blocks."""
        if self._pending.qsize() >= self._most:
            self._dropped += 1
            return
        self._pending.put(event)
        if self._thread is None:
            self._start_thread()

    def end(self) -> None:
        """Write the pending lines, for at most END_S, and stop."""
        self._ending.set()
        self._pending.put(None)
        if self._thread is not None:
            self._thread.join(END_S)

    def _start_thread(self) -> None:
        if not self._start_lock.acquire(blocking=False):  # it is being started
            return
        try:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="log", daemon=True)
                thread.start()
                self._thread = thread
        except RuntimeError:  # no thread can be started: the next line tries again
            pass
        finally:
            self._start_lock.release()

    def _run(self) -> None:
        while not self._ending.is_set() or not self._pending.empty():
            first = self._pending.get()
            self._ending.wait(PAUSE_S)
            self._write(self._next(first))
            while not self._pending.empty():
                self._write(self._next())

    def _next(self, *first: EventDict | None) -> list[bytes]:
        """Return the lines to write next, followed by the number of dropped ones."""
        events = [*first, *(self._pending.get() for _ in range(min(self._pending.qsize(), MOST_AT_ONCE)))]
        lines = [self._line(event) for event in events if event is not None]
        if self._dropped:
            count, self._dropped = self._dropped, 0
            text = f"{count} log lines came faster than they could be written, and were dropped"
            lines.append(self._line({"at": time.time_ns(), "level": "warning", "event": text, "logger": "berth"}))
        return lines

    def _line(self, event: EventDict) -> bytes:
        try:
            return f"{self._render(event)}\n".encode(errors="backslashreplace")
        except Exception as error:  # noqa: BLE001 - logging must not fail
            return (
                f'{{"level": "error", "event": "a log line could not be formatted: {type(error).__name__}"}}\n'.encode()
            )

    def _write(self, lines: list[bytes]) -> None:
        """Write whole lines in each piece. Lines that the file does not accept (no reader, no space) are lost."""
        piece: list[bytes] = []
        size = 0
        for line in lines:
            if piece and size + len(line) > self._piece:
                self._write_piece(b"".join(piece))
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        self._write_piece(b"".join(piece))

    def _write_piece(self, data: bytes) -> None:
        view = memoryview(data)
        with contextlib.suppress(OSError):
            while view:
                try:
                    view = view[os.write(self._file, view) :]
                except BlockingIOError:  # the file is non-blocking, but this thread may wait
                    time.sleep(PAUSE_S)
