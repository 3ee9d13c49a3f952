"""The numbered change log: appended to with each commit, followed by every process."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select

from berth.model.change import Change, Facts
from berth.model.salvage import salvaged
from berth.store.prepared import inserting
from berth.store.tables import changes

_APPEND = inserting(changes)
_COLUMNS = (changes.c.number, changes.c.at, changes.c.operation, changes.c.actor, changes.c.request, changes.c.facts)
_AFTER = select(*_COLUMNS).where(changes.c.number > bindparam("number")).order_by(changes.c.number)
_PAGE = _AFTER.limit(bindparam("most"))
_FIRST = select(func.min(changes.c.number))
_EARLIEST = select(func.min(changes.c.at)).where(changes.c.number > bindparam("number"))

_DROP = delete(changes).where(changes.c.number.between(bindparam("first"), bindparam("last")))

_AT_ONCE: Final = 1_000
"""How many entries one query of a stream reads."""

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


def readable(text: str) -> tuple[Facts, str]:
    """Return stored facts, and why they cannot be read ("": they can); then what can be salvaged of them."""
    try:
        return _decode(text), ""
    except msgspec.MsgspecError as error:
        return salvaged(text), str(error)


def is_readable(text: str | None) -> bool:
    """Whether stored facts can be read; those of no change can."""
    return text is None or not readable(text)[1]


def append(connection: Connection, entries: Iterable[Change], texts: Iterable[str]) -> None:
    """Append entries to the log. texts: their facts as stored."""
    _APPEND.run(connection, [_row(entry, text) for entry, text in zip(entries, texts, strict=True)])


def after(connection: Connection, number: int) -> Generator[Change, None, None]:
    """Yield every entry after this number, in order, as a stream: there may be millions.

    Read in pieces, so that no statement takes long. Where the next ones are in an archive it begins later.
    """
    while entries := page(connection, number, _AT_ONCE):
        yield from entries
        if len(entries) < _AT_ONCE:
            return
        number = entries[-1].number


def page(connection: Connection, number: int, most: int) -> list[Change]:
    """Return at most `most` entries after this number, in order."""
    return [change_of(row) for row in connection.execute(_PAGE, {"number": number, "most": most})]


def first(connection: Connection) -> int | None:
    """Return the number of the first entry that is left, or None if there is none."""
    number: int | None = connection.execute(_FIRST).scalar()
    return number


def earliest_since(connection: Connection, number: int) -> int | None:
    """Return the earliest time of the changes after this number, or None if there are none."""
    at: int | None = connection.execute(_EARLIEST, {"number": number}).scalar()
    return at


def drop(connection: Connection, first: int, last: int) -> None:
    """Delete the entries from one number to another."""
    connection.execute(_DROP, {"first": first, "last": last})


def _row(entry: Change, text: str) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "operation": entry.operation,
        "actor": entry.actor,
        "request": entry.request,
        "facts": text,
    }


def change_of(row: Any) -> Change:
    """Return the entry in a row: (number, at, operation, actor, request, facts)."""
    facts, fault = readable(row.facts)
    return Change(row.number, row.at, row.operation, row.actor, row.request, facts, fault)
