"""The numbered change log: appended to with each commit, followed by every process."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, select

from berth.model.change import Change, Facts
from berth.store.prepared import inserting
from berth.store.tables import changes

_APPEND = inserting(changes)
_COLUMNS = (changes.c.number, changes.c.at, changes.c.operation, changes.c.actor, changes.c.request, changes.c.facts)
_AFTER = select(*_COLUMNS).where(changes.c.number > bindparam("number")).order_by(changes.c.number)
_PAGE = _AFTER.limit(bindparam("most"))

_STREAM: Final = {"yield_per": 1_000}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Facts).decode


def text_of(facts: Facts) -> str:
    """Return facts as the log stores them."""
    return _encode(facts).decode()


def facts_of(text: str | None) -> Facts | None:
    """Return stored facts; None also if they were altered, which `verify` reports."""
    try:
        return None if text is None else _decode(text)
    except msgspec.MsgspecError:
        return None


def append(connection: Connection, entries: Iterable[Change], texts: Iterable[str]) -> None:
    """Append entries to the log. texts: their facts as stored."""
    _APPEND.run(connection, [_row(entry, text) for entry, text in zip(entries, texts, strict=True)])


def after(connection: Connection, number: int) -> Generator[Change, None, None]:
    """Yield every entry after this number, in order, as a stream: there may be millions."""
    with connection.execute(_AFTER, {"number": number}, execution_options=_STREAM) as rows:
        yield from map(_change, rows)


def page(connection: Connection, number: int, most: int) -> list[Change]:
    """Return at most `most` entries after this number, in order."""
    return [_change(row) for row in connection.execute(_PAGE, {"number": number, "most": most})]


def _row(entry: Change, text: str) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "operation": entry.operation,
        "actor": entry.actor,
        "request": entry.request,
        "facts": text,
    }


def _change(row: Any) -> Change:
    return Change(row.number, row.at, row.operation, row.actor, row.request, _decode(row.facts))
