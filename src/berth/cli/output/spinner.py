"""The spinner: shown on a terminal when a command needs longer than a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

DELAY_S: Final = 1.0
"""How long a command may run before the spinner appears."""


class Spinner:
    """A spinner with a text, shown after `delay_s`. Safe to end twice, and from another thread."""

    def __init__(self, text: str, console: Callable[[], Console], delay_s: float = DELAY_S) -> None:
        self._text, self._console = text, console
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._ended = False
        self._timer = threading.Timer(delay_s, self._show)
        self._timer.daemon = True
        self._timer.start()

    def _show(self) -> None:
        with self._lock:
            if not self._ended:
                self._status = self._console().status(f"{self._text} ...")
                self._status.start()

    def end(self) -> None:
        """Stop the spinner and clear it from the screen."""
        self._timer.cancel()
        with self._lock:
            self._ended = True
            if self._status is not None:
                self._status.stop()
                self._status = None
