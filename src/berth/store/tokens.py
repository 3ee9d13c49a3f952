"""API tokens' rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, or_, select, update

from berth.model.token import Token
from berth.store.tables import tokens

_ALL: Final = select(tokens)
_USES: Final = select(tokens.c.id, tokens.c.last_used_at)
# Never back: another process may have written a later use already.
_TOUCH: Final = (
    update(tokens)
    .where(
        tokens.c.id == bindparam("key"),
        or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at < bindparam("at")),
    )
    .values(last_used_at=bindparam("at"))
)
_LISTS: Final = ("roles", "trees", "networks")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, ...]).decode


def all_tokens(connection: Connection) -> list[Token]:
    """Return every token ever created."""
    return [_token(row) for row in connection.execute(_ALL.order_by(tokens.c.created_at, tokens.c.name))]


def named(connection: Connection, names: Iterable[str]) -> list[Token]:
    """Return the tokens with these names that exist."""
    return [_token(row) for row in connection.execute(_ALL.where(tokens.c.name.in_(list(names))))]


def last_uses(connection: Connection) -> dict[str, int | None]:
    """Return when each token was last used, in microseconds since 1970 UTC, by its id."""
    return {key: at for key, at in connection.execute(_USES)}


def touch(connection: Connection, uses: Mapping[str, int]) -> None:
    """Write when tokens were last used, by their ids."""
    if uses:
        connection.execute(_TOUCH, [{"key": key, "at": at} for key, at in uses.items()])


def row_of(token: Token) -> dict[str, Any]:
    """Return a token as a row."""
    row = msgspec.structs.asdict(token)
    return row | {name: None if row[name] is None else _encode(row[name]).decode() for name in _LISTS}


def _token(row: Row[Any]) -> Token:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    return Token(**values | {name: None if values[name] is None else _decode(values[name]) for name in _LISTS})
