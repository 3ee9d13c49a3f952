"""The ledger: head, names, providers and what they have, consumers and what they hold, and the change log."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None


def _exact(length: int) -> sa.String:
    mariadb = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin")
    return (
        sa.String(length)
        .with_variant(mariadb, "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_JSON = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _id() -> sa.Column[Any]:
    return sa.Column("id", _ID, primary_key=True, autoincrement=False)


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, length: int = 255) -> sa.Column[Any]:
    return sa.Column(name, _exact(length), nullable=False)


def _ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _ID, sa.ForeignKey(target), nullable=nullable)


def upgrade() -> None:
    _head_and_names()
    _providers()
    _what_providers_have()
    _consumers()
    _changes()


def _head_and_names() -> None:
    op.create_table("head", _id(), _number("number"), _number("next_id"))
    op.create_table("names", _id(), _text("kind", 16), _text("name"), _number("created_at"))
    op.create_index("uq_names_kind_name", "names", ["kind", "name"], unique=True)


def _providers() -> None:
    op.create_table(
        "providers",
        _id(),
        _text("uuid", 36),
        _text("name"),
        _number("generation"),
        _ref("parent_id", "providers.id", nullable=True),
        sa.Column("root_id", _ID, nullable=False),
        _number("created_at"),
        _number("updated_at"),
        sa.UniqueConstraint("uuid"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_providers_root_id", "providers", ["root_id"])


def _what_providers_have() -> None:
    op.create_table(
        "inventories",
        _ref("provider_id", "providers.id"),
        _ref("class_id", "names.id"),
        _number("total"),
        _number("reserved"),
        _number("min_unit"),
        _number("max_unit"),
        _number("step_size"),
        sa.Column("allocation_ratio", sa.Double, nullable=False),
        _number("updated_at"),
        sa.PrimaryKeyConstraint("provider_id", "class_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_inventories_class_id", "inventories", ["class_id"])
    for table, column in (("provider_traits", "trait_id"), ("provider_aggregates", "aggregate_id")):
        op.create_table(
            table,
            _ref("provider_id", "providers.id"),
            _ref(column, "names.id"),
            sa.PrimaryKeyConstraint("provider_id", column),
            sqlite_with_rowid=False,
        )
        op.create_index(f"ix_{table}_{column}", table, [column])


def _consumers() -> None:
    op.create_table(
        "consumers",
        _id(),
        _text("uuid", 36),
        _number("generation"),
        _text("project"),
        _text("user"),
        _ref("type_id", "names.id", nullable=True),
        _number("updated_at"),
        sa.UniqueConstraint("uuid"),
    )
    op.create_index("ix_consumers_project_user", "consumers", ["project", "user"])
    op.create_table(
        "allocations",
        _ref("consumer_id", "consumers.id"),
        _ref("provider_id", "providers.id"),
        _ref("class_id", "names.id"),
        _number("amount"),
        sa.PrimaryKeyConstraint("consumer_id", "provider_id", "class_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_allocations_provider_id", "allocations", ["provider_id"])


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("number", _ID, primary_key=True, autoincrement=False),
        _number("at"),
        _text("operation", 32),
        _text("actor"),
        _text("request"),
        sa.Column("facts", _JSON, nullable=False),
    )


def downgrade() -> None:
    for table in ("changes", "allocations", "consumers", "provider_aggregates", "provider_traits"):
        op.drop_table(table)
    for table in ("inventories", "providers", "names", "head"):
        op.drop_table(table)
