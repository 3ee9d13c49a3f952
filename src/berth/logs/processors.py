"""What becomes of a line on its way into the log: a list of plain functions, as structlog has it."""

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
from berth.logs.request_ids import requests

LONGEST: Final = 4096
"""How many characters of one value are kept: the rest would be somebody's way to fill the disk."""

SHORT: Final = 64
"""How many characters of a value that is looked up, should it have stood in the log before."""

LONGEST_TRACE: Final = 32_768
"""How many characters of a traceback are kept: the last, which say what happened."""

MARGIN: Final = "    | "
"""What a traceback's lines begin with for people, so that none of them can pass for a line of the log."""

Render = Callable[[EventDict], str]

_NUMBERS: Final = frozenset({bool, float, int, type(None)})
"""What is harmless as it is. Not what is derived from them: such a thing may show itself as it likes."""

_FIRST: Final = ("timestamp", "level", "event", "logger")
_LOG = logging.getLogger("berth")
_EXTRA: Final = structlog.stdlib.ExtraAdder()


def event_of(record: logging.LogRecord) -> EventDict:
    """What a program has logged, as an event. To be made where it was logged: it says for which requests."""
    event: EventDict = {"_record": record}
    _EXTRA(_LOG, record.levelname, event)
    del event["_record"]
    event = {"at": int(record.created * 1e9), "level": record.levelname.lower(), "event": record.getMessage(), **event}
    event["logger"] = record.name.lstrip("_")
    worked_for = requests()
    if worked_for:
        event.update({"request": worked_for[0]} if len(worked_for) == 1 else {"requests": list(worked_for)})
    if record.exc_info and record.exc_info[0] is not None:
        # Without the values of variables, and without rich's frames: both would tell more than anybody asked for.
        event["exception"] = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return event


def rendering(*, form: str, colors: bool = False, secrets: Iterable[str] = ()) -> Render:
    """What makes an event a line. form: console or json; secrets: such as no line may hold."""
    shown = _for_people(colors) if form == "console" else _FOR_PROGRAMS
    steps = (timed, harmless(redaction(secrets)), *shown)

    def render(event: EventDict) -> str:
        done: Any = event
        for step in steps:
            done = step(None, event["level"], done)
        return str(done)

    return render


def timed(_: Any, __: str, event: EventDict) -> EventDict:
    """When it was, in UTC (RFC 3339), instead of nanoseconds since 1970."""
    seconds, nanoseconds = divmod(event.pop("at"), 1_000_000_000)
    event["timestamp"] = f"{_second(seconds)}.{nanoseconds // 1000:06d}Z"
    return event


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def harmless(redact: Callable[[str], str]) -> Processor:
    """Without secrets, and without anything that could end the line, pass for another, or move a cursor."""
    # Most values, such as methods and callers' names, are the same again and again.
    remembered = lru_cache(maxsize=4096)(lambda text: escape(redact(text)))

    def clean(text: str) -> str:
        if len(text) <= SHORT:
            return remembered(text)
        text = escape(redact(text)[: LONGEST + 1])
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."

    def step(_: Any, __: str, event: EventDict) -> EventDict:
        trace = event.pop("exception", None)
        event = {
            remembered(key): remembered(value)
            if type(value) is str and len(value) <= SHORT
            else _everywhere(value, clean)
            for key, value in event.items()
        }
        if trace is not None:
            event["exception"] = "\n".join(map(escape, redact(trace)[-LONGEST_TRACE:].split("\n")))
        return event

    return step


def _everywhere(value: Any, change: Callable[[str], str]) -> Any:
    """A value with a change made to each text in it; whatever is neither text nor number becomes text."""
    if isinstance(value, str):
        return change(value)
    if type(value) in _NUMBERS:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_everywhere(each, change) for each in value]
    if isinstance(value, dict):
        return {change(str(key)): _everywhere(each, change) for key, each in value.items()}
    return change(str(value))


def _in_order(_: Any, __: str, event: EventDict) -> EventDict:
    """The same fields first in every line."""
    return {**{key: event[key] for key in _FIRST if key in event}, **event}


def _indented(_: Any, __: str, event: EventDict) -> EventDict:
    """A traceback with a margin."""
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
