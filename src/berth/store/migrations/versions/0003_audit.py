"""Who did what: the audit log, and API tokens."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_JSON = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _text(name: str, length: int = 255, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _exact(length), nullable=nullable)


def _at(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def upgrade() -> None:
    # Where a migration is not one transaction, an earlier one may have come this far.
    present = sa.inspect(op.get_bind())
    columns = {column["name"] for column in present.get_columns("head")}
    if "audit_number" not in columns:
        op.add_column("head", sa.Column("audit_number", sa.BigInteger, nullable=False, server_default="0"))
    if "audit_hash" not in columns:
        op.add_column("head", sa.Column("audit_hash", _exact(64), nullable=False, server_default=""))
    tables = set(present.get_table_names())
    if "audit" not in tables:
        _make_audit()
    if "audit_subjects" not in tables:
        op.create_table(
            "audit_subjects",
            sa.Column("block", _ID, nullable=False),
            _text("subject", 36),
            sa.Column("number", _ID, nullable=False),
            sa.PrimaryKeyConstraint("block", "subject", "number"),
            sqlite_with_rowid=False,
        )
    if "tokens" not in tables:
        _make_tokens()


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", _ID, primary_key=True, autoincrement=False),
        _at("at"),
        _text("request"),
        _text("actor"),
        _text("via", 16),
        _text("user"),
        _text("project"),
        _text("roles"),
        _text("address", 64),
        _text("operation", 64),
        _text("target"),
        _text("outcome", 16),
        _text("why"),
        sa.Column("change", _ID, nullable=True),
        sa.Column("before", _JSON, nullable=True),
        _text("hash", 64),
        sa.Index("ix_audit_at", "at"),
    )


def _make_tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", _exact(16), primary_key=True),
        _text("name"),
        _text("hash", 64),
        _text("user"),
        _text("project"),
        sa.Column("roles", _JSON, nullable=False),
        sa.Column("trees", _JSON, nullable=True),
        sa.Column("networks", _JSON, nullable=False),
        _at("created_at"),
        _at("expires_at", nullable=True),
        _at("revoked_at", nullable=True),
        _text("previous_hash", 64, nullable=True),
        _at("previous_until", nullable=True),
        _at("last_used_at", nullable=True),
        sa.UniqueConstraint("name"),
    )


def downgrade() -> None:
    present = sa.inspect(op.get_bind())
    for table in {"tokens", "audit_subjects", "audit"}.intersection(present.get_table_names()):
        op.drop_table(table)
    for column in {"audit_hash", "audit_number"}.intersection(each["name"] for each in present.get_columns("head")):
        op.drop_column("head", column)
