"""The writer: a thread that puts lines where they belong, so that nobody who logs ever waits, or fails, for it."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections import deque
from typing import Final

from structlog.typing import EventDict

from berth.logs.processors import Render

MOST: Final = 10_000
"""How many lines may wait to be written; of more, only their number is."""

PAUSE_S: Final = 0.02
"""How long lines gather before they are written: one write for all of them, and one turn of the interpreter."""

END_S: Final = 2.0
"""How long a process waits at its end for its last lines to be written."""

PIECE: Final = 65_536


class Writer:
    """Writes events to a file, in the order in which they come. Safe to share between threads."""

    def __init__(self, render: Render, file: int, most: int = MOST) -> None:
        self._render, self._file, self._most = render, file, most
        self._waiting: deque[EventDict] = deque()
        self._left_out = 0
        self._awake, self._ending = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        # Processes that share a pipe do not tear each other's lines apart as long as each piece is this small.
        self._piece = 4096 if stat.S_ISFIFO(os.fstat(file).st_mode) else PIECE

    def put(self, event: EventDict) -> None:
        """Line an event up. Takes about a microsecond, raises nothing, waits for nothing."""
        if len(self._waiting) >= self._most:
            self._left_out += 1
            return
        self._waiting.append(event)
        if not self._awake.is_set():
            self._awake.set()
        if self._thread is None:
            self._begin()

    def end(self) -> None:
        """Write what waits, for as long as that may take at the end of a process."""
        self._ending.set()
        self._awake.set()
        if self._thread is not None:
            self._thread.join(END_S)

    def _begin(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="log", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._awake.wait()
            self._ending.wait(PAUSE_S)
            self._awake.clear()
            while self._waiting:
                self._write(self._next())
            if self._ending.is_set():
                return

    def _next(self) -> list[bytes]:
        """The lines to write next, with how many were left out after them."""
        lines = [self._line(self._waiting.popleft()) for _ in range(min(len(self._waiting), 1000))]
        if self._left_out:
            count, self._left_out = self._left_out, 0
            told = f"{count} log lines came faster than they could be written, and were left out"
            lines.append(self._line({"at": time.time_ns(), "level": "warning", "event": told, "logger": "berth"}))
        return lines

    def _line(self, event: EventDict) -> bytes:
        try:
            return f"{self._render(event)}\n".encode(errors="backslashreplace")
        except Exception as error:  # noqa: BLE001 - a line that cannot be made is no reason for anything to fail
            return f'{{"level": "error", "event": "a log line could not be made: {type(error).__name__}"}}\n'.encode()

    def _write(self, lines: list[bytes]) -> None:
        """Whole lines in each piece. What the file does not take (nobody reads, no room) is lost."""
        piece: list[bytes] = []
        size = 0
        for line in lines:
            if piece and size + len(line) > self._piece:
                self._put_out(b"".join(piece))
                piece, size = [], 0
            piece.append(line)
            size += len(line)
        self._put_out(b"".join(piece))

    def _put_out(self, data: bytes) -> None:
        view = memoryview(data)
        with contextlib.suppress(OSError):
            while view:
                try:
                    view = view[os.write(self._file, view) :]
                except BlockingIOError:  # somebody has made it so that writing does not wait: this thread may
                    time.sleep(PAUSE_S)
