"""Statements that are worked out once per database, for the few that every commit runs.

SQLAlchemy looks at a statement anew at each execution, which takes longer than the database itself.
These are written with it all the same; only their text and the order of their values are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.sql.expression import ClauseElement

Row = dict[str, Any]


class Prepared:
    """One INSERT, UPDATE or DELETE, for many rows at a time. fields: the columns, for an INSERT.

    Every value it binds is named by a bindparam: it has no constants.
    """

    __slots__ = ("_fields", "_known", "_statement")

    def __init__(self, statement: ClauseElement, fields: Sequence[str]) -> None:
        self._statement, self._fields = statement, list(fields)
        self._known: dict[str, tuple[str, list[str] | None]] = {}

    def run(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Run it for each row; returns how many rows of the table that touched."""
        text, order = self._known.get(connection.dialect.name) or self._compile(connection)
        values: Any = rows if order is None else [tuple([row[name] for name in order]) for row in rows]
        return connection.exec_driver_sql(text, values).rowcount

    def _compile(self, connection: Connection) -> tuple[str, list[str] | None]:
        compiled: Any = self._statement.compile(dialect=connection.dialect, column_keys=self._fields)
        order = list(compiled.positiontup) if compiled.positional else None
        known = self._known[connection.dialect.name] = str(compiled), order
        return known
