"""The counts of refused claims, which all processes of a ledger share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Row, bindparam, delete, insert, select, update

from berth.store.tables import refused_claims

_SINCE: Final = select(refused_claims).where(
    refused_claims.c.begin >= bindparam("first"), refused_claims.c.at >= bindparam("instant")
)
_BEGINS: Final[BindParameter[Any]] = bindparam("begins", expanding=True)
_OF_SPANS: Final = select(refused_claims).where(refused_claims.c.begin.in_(_BEGINS))
_SET: Final = (
    update(refused_claims)
    .where(refused_claims.c.begin == bindparam("span"), refused_claims.c.key == bindparam("which"))
    .values(at=bindparam("now"), number=bindparam("counted"))
)
_DROP: Final = delete(refused_claims).where(refused_claims.c.begin < bindparam("first"))


def since(connection: Connection, first: int, instant: int) -> Iterable[Row[Any]]:
    """Return the counts whose span begins at `first` or later, and that have one since an instant."""
    return connection.execute(_SINCE, {"first": first, "instant": instant}).all()


def of_spans(connection: Connection, begins: Iterable[int]) -> Iterable[Row[Any]]:
    """Return the counts of the spans that begin then."""
    return connection.execute(_OF_SPANS, {"begins": list(begins)}).all()


def add(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Add counts."""
    if rows:
        connection.execute(insert(refused_claims), rows)


def replace(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Replace the numbers of counts. rows: as for `add`; of each only its key, its number and when it was last."""
    if rows:
        values = [
            {"span": row["begin"], "which": row["key"], "now": row["at"], "counted": row["number"]} for row in rows
        ]
        connection.execute(_SET, values)


def drop(connection: Connection, first: int) -> None:
    """Delete the counts of all spans that began before this."""
    connection.execute(_DROP, {"first": first})
