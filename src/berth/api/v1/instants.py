"""Instants in requests: ISO 8601 with an offset, so that they mean the same everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from berth.model.errors import Invalid

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(text: str, at: str) -> int:
    """Return an instant in microseconds since 1970 UTC. at: a JSON pointer to it. Raises Invalid."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text[:64]!r} is not an instant: write 2027-05-01T12:00:00+02:00", at) from None
    if parsed.tzinfo is None:
        raise Invalid(f"{text!r} has no offset from UTC: write {text}Z, or the offset", at)
    return (parsed - _EPOCH) // timedelta(microseconds=1)
