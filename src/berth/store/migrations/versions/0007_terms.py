"""Claims that end: the ledger's time, the terms of consumers, what Berth ended, and leases."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_JSON = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _number(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _text(name: str, length: int = 255, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _exact(length), nullable=nullable)


def _head() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in ("at", "beat")]


def _consumers() -> list[sa.Column[Any]]:
    return [
        _number("start", nullable=True),
        _number("end", nullable=True),
        _number("deadline", nullable=True),
        sa.Column("lease_id", _ID, nullable=True),
        _text("gang", 36, nullable=True),
        _text("replaces", 36, nullable=True),
        _number("change", nullable=True),
    ]


def upgrade() -> None:
    # Where a migration is not one transaction, an earlier one may have come this far.
    present = sa.inspect(op.get_bind())
    for table, columns in (("head", _head()), ("consumers", _consumers())):
        known = {each["name"] for each in present.get_columns(table)}
        for column in columns:
            if column.name not in known:
                op.add_column(table, column)
    tables = present.get_table_names()
    if "endings" not in tables:
        _make_endings()
    if "leases" not in tables:
        _make_leases()


def _make_endings() -> None:
    op.create_table(
        "endings",
        _number("change"),
        _text("consumer", 36),
        _text("why", 16),
        _number("at"),
        _text("project"),
        _text("user"),
        _text("type", nullable=True),
        _number("end", nullable=True),
        _number("deadline", nullable=True),
        sa.Column("held", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("change", "consumer"),
        sa.Index("ix_endings_consumer", "consumer"),
        sqlite_with_rowid=False,
    )


def _make_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("id", _ID, primary_key=True, autoincrement=False),
        _text("uuid", 36),
        _text("name"),
        _text("project"),
        _number("ttl"),
        _number("grace"),
        _text("on_end", 16),
        _number("deadline"),
        _number("overdue_at", nullable=True),
        _number("ended_at", nullable=True),
        _number("beat"),
        sa.UniqueConstraint("uuid"),
        sa.Index("ix_leases_beat", "beat"),
    )


def downgrade() -> None:
    present = sa.inspect(op.get_bind())
    for table in {"leases", "endings"}.intersection(present.get_table_names()):
        op.drop_table(table)
    for table, columns in (("head", _head()), ("consumers", _consumers())):
        known = {each["name"] for each in present.get_columns(table)}
        for column in columns:
            if column.name in known:
                op.drop_column(table, column.name)
