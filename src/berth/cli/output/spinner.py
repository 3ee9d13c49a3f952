"""A word to whoever waits: on a terminal, after a second, until there is something to show."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

PATIENCE_S: Final = 1.0
"""How long a person waits before wondering."""


class Spinner:
    """Says what is being done, if it goes on for longer than that. Safe to end twice, and from another thread."""

    def __init__(self, what: str, console: Callable[[], Console], patience_s: float = PATIENCE_S) -> None:
        self._what, self._console = what, console
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._over = False
        self._timer = threading.Timer(patience_s, self._say)
        self._timer.daemon = True
        self._timer.start()

    def _say(self) -> None:
        with self._lock:
            if not self._over:
                self._status = self._console().status(f"{self._what} ...")
                self._status.start()

    def end(self) -> None:
        """Nothing of it is left on the screen."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._status is not None:
                self._status.stop()
                self._status = None
