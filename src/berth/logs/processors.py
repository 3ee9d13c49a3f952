"""Processors: the pipeline that turns a log record into a line, a list of plain functions as in structlog."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor

from berth.logs.escape import escape
from berth.logs.redaction import redaction
from berth.logs.request_ids import REQUEST_IDS

LONGEST: Final = 4096
"""The most characters of one value, so that a request cannot fill the disk."""

SHORT: Final = 64
"""The most characters of a value whose cleaned form is cached."""

LONGEST_TRACE: Final = 32_768
"""The most characters of a traceback. The last ones are kept, which say what happened."""

MARGIN: Final = "    | "
"""The prefix of a traceback's lines on a console, so that none of them looks like a line of the log."""

Render = Callable[[EventDict], str]

_NUMBERS: Final = frozenset({bool, float, int, type(None)})
"""Types that need no cleaning. Subclasses do, because they can define their own representation."""

_FIRST: Final = ("timestamp", "level", "event", "logger")
_LOG = logging.getLogger("berth")
_EXTRA: Final = structlog.stdlib.ExtraAdder()


def event_of(record: logging.LogRecord) -> EventDict:
    """Return a log record as an event. Call it in the thread that logged: the event names that thread's requests."""
    event: EventDict = {"_record": record}
    _EXTRA(_LOG, record.levelname, event)
    del event["_record"]
    event = {"at": int(record.created * 1e9), "level": record.levelname.lower(), "event": record.getMessage(), **event}
    event["logger"] = record.name.lstrip("_")
    request_ids = REQUEST_IDS.get()
    if request_ids:
        event.update({"request": request_ids[0]} if len(request_ids) == 1 else {"requests": list(request_ids)})
    if record.exc_info and record.exc_info[0] is not None:
        # Without the values of variables and without rich's frames, which could contain secrets.
        event["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return event


def rendering(*, form: str, colors: bool = False, secrets: Iterable[str] = ()) -> Render:
    """Return the function that turns an event into a line. form: console or json; secrets: texts to redact."""
    format_steps = _for_people(colors) if form == "console" else _FOR_PROGRAMS
    steps = (timed, cleaned(redaction(secrets)), *format_steps)

    def render(event: EventDict) -> str:
        result: Any = event
        for step in steps:
            result = step(None, event["level"], result)
        return str(result)

    return render


def timed(_: Any, __: str, event: EventDict) -> EventDict:
    """Replace the time in nanoseconds since 1970 by a timestamp in UTC (RFC 3339)."""
    seconds, nanoseconds = divmod(event.pop("at"), 1_000_000_000)
    event["timestamp"] = f"{_second(seconds)}.{nanoseconds // 1000:06d}Z"
    return event


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def cleaned(redact: Callable[[str], str]) -> Processor:
    """Return a processor that removes secrets, and escapes line ends and terminal sequences."""
    # Most values, such as methods and callers' names, recur.
    clean_short = lru_cache(maxsize=4096)(lambda text: escape(redact(text)))

    def clean(text: str) -> str:
        if len(text) <= SHORT:
            return clean_short(text)
        text = escape(redact(text)[: LONGEST + 1])
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."

    def step(_: Any, __: str, event: EventDict) -> EventDict:
        trace = event.pop("exception", None)
        event = {
            clean_short(key): clean_short(value)
            if type(value) is str and len(value) <= SHORT
            else _map_texts(value, clean)
            for key, value in event.items()
        }
        if trace is not None:
            event["exception"] = "\n".join(map(escape, redact(trace)[-LONGEST_TRACE:].split("\n")))
        return event

    return step


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    """Return a value with each text in it changed; a value that is neither text nor number becomes text first."""
    if isinstance(value, str):
        return change(value)
    if type(value) in _NUMBERS:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_map_texts(each, change) for each in value]
    if isinstance(value, dict):
        return {change(str(key)): _map_texts(each, change) for key, each in value.items()}
    return change(str(value))


def _in_order(_: Any, __: str, event: EventDict) -> EventDict:
    """Move the same fields to the front of every line."""
    return {**{key: event[key] for key in _FIRST if key in event}, **event}


def _indented(_: Any, __: str, event: EventDict) -> EventDict:
    """Indent a traceback with the margin."""
    trace = event.get("exception")
    if trace is not None:
        event["exception"] = "\n".join(f"{MARGIN}{line}" for line in trace.split("\n"))
    return event


def _for_people(colors: bool) -> tuple[Processor, ...]:
    plainly = structlog.dev.plain_traceback
    return _indented, structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=plainly, sort_keys=False, pad_event_to=0, pad_level=False
    )


def _as_json(event: EventDict, **_: Any) -> str:
    return msgspec.json.encode(event).decode()


_FOR_PROGRAMS: Final[tuple[Processor, ...]] = (_in_order, structlog.processors.JSONRenderer(_as_json))
