"""Names of consumers, and notes on them."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0010"
down_revision = "0009"

_INDEX = "ix_consumers_name"
_TABLES = ("consumers", "endings")
_NAMED = "name IS NOT NULL"


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


def _columns(table: str) -> list[sa.Column[Any]]:
    name = _exact(255)
    if table == "consumers":
        name = name.with_variant(sa.String(255, collation="C"), "postgresql")
    return [sa.Column("name", name, nullable=True), sa.Column("note", _exact(1000), nullable=True)]


def _present(table: str) -> tuple[set[Any], set[Any]]:
    """Return the columns and indexes of a table: where a migration is not one transaction, some may be there."""
    there = sa.inspect(op.get_bind())
    return {each["name"] for each in there.get_columns(table)}, {each["name"] for each in there.get_indexes(table)}


def upgrade() -> None:
    for table in _TABLES:
        present, _ = _present(table)
        for column in _columns(table):
            if column.name not in present:
                op.add_column(table, column)
    _, indexes = _present("consumers")
    if _INDEX not in indexes:
        named = sa.text(_NAMED)
        op.create_index(_INDEX, "consumers", ["name"], sqlite_where=named, postgresql_where=named)


def downgrade() -> None:
    _, indexes = _present("consumers")
    if _INDEX in indexes:
        op.drop_index(_INDEX, "consumers")
    for table in _TABLES:
        present, _ = _present(table)
        for column in _columns(table):
            if column.name in present:
                op.drop_column(table, column.name)
