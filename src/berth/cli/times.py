"""Moments and spans of time, as typed and as printed."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Final

import typer

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)


def parse_span(text: str) -> int:
    """Return a span such as 90s, 2h, 30d or 4w in microseconds."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is not a duration: write 90s, 15m, 2h, 30d or 4w")
    return int(match[1]) * _UNITS[match[2]] * 1_000_000


def parse_moment(text: str) -> int:
    """Return a moment in microseconds since 1970 UTC.

    text: a span ago (2h), or an ISO date (2026-05-01, 2026-05-01T12:00+02:00; UTC if it names no zone).
    """
    if _SPAN.fullmatch(text.strip()) is not None:
        return time.time_ns() // 1000 - parse_span(text)
    return _parse_iso(text, "2h, 7d, 2026-05-01 or 2026-05-01T12:00")


def parse_instant(text: str) -> int:
    """Return an instant in microseconds since 1970 UTC. text: an ISO date, with or without time; UTC without zone."""
    return _parse_iso(text, "2027-05-01 or 2027-05-01T12:00+02:00")


def _parse_iso(text: str, examples: str) -> int:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date or time: write {examples}") from None
    aware = parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)


def format_left(seconds: int) -> str:
    """Return the time that is left as text, in its two largest units: 6d 23h, 45m, 30s."""
    parts: list[str] = []
    for name, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(max(0, seconds), size)
        if count or (name == "s" and not parts):
            parts.append(f"{count}{name}")
    return " ".join(parts[:2])


def format_moment(moment: int) -> str:
    """Return a moment as text: UTC, to the second."""
    return f"{datetime.fromtimestamp(moment / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"
