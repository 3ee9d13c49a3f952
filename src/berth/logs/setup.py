"""Logging of a process: one pipeline for everything logged in it, by Berth and by libraries."""

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
"""The file descriptor that lines are written to: standard error."""

OWN: Final = "berth"
"""Berth's own logger, which has the configured level. Libraries log only warnings: their details contain secrets."""

RATE_LIMIT_S: Final = 60.0
"""The shortest time between two equal warnings of the exporter of traces."""

_RATE_LIMITED: Final = ("opentelemetry", "urllib3")


class Logging:
    """The log of this process."""

    def __init__(self, settings: Log, secrets: Iterable[str] = (), file: int = ERRORS) -> None:
        people = settings.format == "console" or (settings.format == "auto" and os.isatty(file))
        colors = people and os.isatty(file) and "NO_COLOR" not in os.environ
        self._level = logging.getLevelName(settings.level.upper())
        self._writer = Writer(rendering(form="console" if people else "json", colors=colors, secrets=secrets), file)
        self.put = self._writer.put

    @property
    def debugs(self) -> bool:
        """Whether debug lines are logged."""
        return bool(self._level <= logging.DEBUG)

    def info(self, event: EventDict) -> None:
        """Log an event of Berth's own, past the standard library's logging; see `event_of`."""
        if self._level <= logging.INFO:
            self.put({"at": time.time_ns(), "level": "info", **event})

    def take_over(self) -> None:
        """Take over all logging of this process from now on, including uncaught exceptions of threads."""
        root = logging.getLogger()
        root.handlers[:] = [_Handler(self._writer, self._level)]
        root.setLevel(max(self._level, logging.WARNING))
        logging.getLogger(OWN).setLevel(self._level)
        logging.captureWarnings(capture=True)
        logging.raiseExceptions = False
        threading.excepthook = _log_uncaught
        atexit.register(self.end)

    def end(self) -> None:
        """Write the pending lines."""
        self._writer.end()


class _Handler(logging.Handler):
    """The handler for records of the standard library's logging, from every thread."""

    def __init__(self, writer: Writer, level: int) -> None:
        super().__init__(level)
        self._writer = writer
        self.addFilter(RateLimit(_RATE_LIMITED))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = event_of(record)
        except Exception as error:  # noqa: BLE001 - logging must not fail
            text = f"a log line could not be formatted: {type(error).__name__}, {record.pathname}:{record.lineno}"
            event = {"at": time.time_ns(), "level": "error", "event": text, "logger": record.name}
        self._writer.put(event)


class RateLimit(logging.Filter):
    """Rate limit for some loggers: equal records pass once a minute. loggers: names, including those below them."""

    def __init__(self, loggers: tuple[str, ...], seconds: float = RATE_LIMIT_S) -> None:
        super().__init__()
        self._loggers, self._seconds = loggers, seconds
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record passes. Records of one source line count as equal, regardless of their text."""
        if not record.name.startswith(self._loggers):
            return True
        key, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._last.get(key, float("-inf")) < self._seconds:
            return False
        self._last[key] = now
        return True


def _log_uncaught(what: threading.ExceptHookArgs) -> None:
    """Log an exception that ended a thread."""
    if what.exc_value is not None and not isinstance(what.exc_value, SystemExit):
        name = what.thread.name if what.thread else "unknown"
        exc_info = (what.exc_type, what.exc_value, what.exc_traceback)
        logging.getLogger(OWN).error("the thread %s failed", name, exc_info=exc_info)
