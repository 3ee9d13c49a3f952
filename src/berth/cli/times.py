"""Moments and spans of time, as people write them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Final

import typer

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN: Final = re.compile(r"(\d{1,6})([smhdw])")


def span(text: str) -> int:
    """A span such as 90s, 2h, 30d or 4w in microseconds."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no span of time: write 90s, 15m, 2h, 30d or 4w")
    return int(found[1]) * _UNITS[found[2]] * 1_000_000


def moment(text: str) -> int:
    """A moment in microseconds since 1970 UTC: a span ago, or an ISO date (2026-05-01, 2026-05-01T12:00+02:00)."""
    if _SPAN.fullmatch(text.strip()) is not None:
        return time.time_ns() // 1000 - span(text)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no moment: write 2h, 7d, 2026-05-01 or 2026-05-01T12:00") from None
    aware = given if given.tzinfo is not None else given.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)


def shown(moment: int) -> str:
    """A moment for people, in UTC, to the second."""
    return f"{datetime.fromtimestamp(moment / 1_000_000, UTC):%Y-%m-%d %H:%M:%S}"
