"""How a process logs: one pipeline for all that is logged in it, by Berth and by whatever it uses."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Iterable
from typing import Final

from structlog.typing import EventDict

from berth.logs.processors import event_of, rendering
from berth.logs.writer import Writer
from berth.settings import Log

ERRORS: Final = 2
"""The file that lines go to: standard error."""

OWN: Final = "berth"
"""The logger of Berth itself, which goes by the level that is set. Libraries only warn: in detail they tell secrets."""

SELDOM_S: Final = 60.0
"""How often the exporter of traces may complain of the same thing."""

_SELDOM: Final = ("opentelemetry", "urllib3")


class Logging:
    """Where the lines of this process go, until it ends."""

    def __init__(self, settings: Log, secrets: Iterable[str] = (), file: int = ERRORS) -> None:
        people = settings.format == "console" or (settings.format == "auto" and os.isatty(file))
        colors = people and os.isatty(file) and "NO_COLOR" not in os.environ
        self._level = logging.getLevelName(settings.level.upper())
        self._writer = Writer(rendering(form="console" if people else "json", colors=colors, secrets=secrets), file)
        self.put = self._writer.put

    @property
    def debugs(self) -> bool:
        """Whether everything is to be told."""
        return bool(self._level <= logging.DEBUG)

    def info(self, event: EventDict) -> None:
        """A line of Berth's own that needs none of what the standard library's logging does; see `event_of`."""
        if self._level <= logging.INFO:
            self.put({"at": time.time_ns(), "level": "info", **event})

    def take_over(self) -> None:
        """From now on, all that this process logs goes through here, also what nobody has caught."""
        root = logging.getLogger()
        root.handlers[:] = [_Handler(self._writer, self._level)]
        root.setLevel(max(self._level, logging.WARNING))
        logging.getLogger(OWN).setLevel(self._level)
        logging.captureWarnings(capture=True)
        logging.raiseExceptions = False
        threading.excepthook = _uncaught
        atexit.register(self.end)

    def end(self) -> None:
        """Write what waits."""
        self._writer.end()


class _Handler(logging.Handler):
    """Takes what the standard library's logging is given, from every thread."""

    def __init__(self, writer: Writer, level: int) -> None:
        super().__init__(level)
        self._writer = writer
        self.addFilter(Seldom(_SELDOM))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = event_of(record)
        except Exception as error:  # noqa: BLE001 - a line that cannot be made is no reason for anything to fail
            told = f"a log line could not be made: {type(error).__name__}, {record.pathname}:{record.lineno}"
            event = {"at": time.time_ns(), "level": "error", "event": told, "logger": record.name}
        self._writer.put(event)


class Seldom(logging.Filter):
    """Lets the same complaint of some loggers pass once a minute. loggers: with all that are named below them."""

    def __init__(self, loggers: tuple[str, ...], seconds: float = SELDOM_S) -> None:
        super().__init__()
        self._loggers, self._seconds = loggers, seconds
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this passes. The same is what the same line of a program says, whatever it says of it."""
        if not record.name.startswith(self._loggers):
            return True
        key, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._last.get(key, float("-inf")) < self._seconds:
            return False
        self._last[key] = now
        return True


def _uncaught(what: threading.ExceptHookArgs) -> None:
    """An exception that ended a thread."""
    if what.exc_value is not None and not isinstance(what.exc_value, SystemExit):
        name = what.thread.name if what.thread else "unknown"
        told = (what.exc_type, what.exc_value, what.exc_traceback)
        logging.getLogger(OWN).error("the thread %s failed", name, exc_info=told)
