"""Names of aggregates, and their kinds."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"

_INDEX = "uq_names_kind_label"


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("label", _exact(255), nullable=True),
        sa.Column("label_kind", _exact(32), nullable=True),
    ]


def _present() -> tuple[set[Any], set[Any]]:
    """Return the columns and indexes of the table: where a migration is not one transaction, some may be there."""
    table = sa.inspect(op.get_bind())
    return {each["name"] for each in table.get_columns("names")}, {each["name"] for each in table.get_indexes("names")}


def upgrade() -> None:
    columns, indexes = _present()
    for column in _columns():
        if column.name not in columns:
            op.add_column("names", column)
    if _INDEX not in indexes:
        op.create_index(_INDEX, "names", ["kind", "label"], unique=True)


def downgrade() -> None:
    columns, indexes = _present()
    if _INDEX in indexes:
        op.drop_index(_INDEX, "names")
    for column in _columns():
        if column.name in columns:
            op.drop_column("names", column.name)
