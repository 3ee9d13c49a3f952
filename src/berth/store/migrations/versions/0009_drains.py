"""Drained providers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _name() -> sa.String:
    return (
        sa.String(255)
        .with_variant(mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


def _is_present() -> bool:
    """Whether the table is there: where a migration is not one transaction, it may be."""
    return sa.inspect(op.get_bind()).has_table("drains")


def upgrade() -> None:
    if _is_present():
        return
    op.create_table(
        "drains",
        sa.Column("provider_id", _ID, autoincrement=False, nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("actor", _name(), nullable=False),
        sa.Column("why", _name(), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name="pk_drains"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name="fk_drains_provider_id"),
    )


def downgrade() -> None:
    if _is_present():
        op.drop_table("drains")
