"""Refused claims, counted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0012"
down_revision = "0011"

_TABLE = "refused_claims"
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


def _is_present() -> bool:
    """Whether the table is there: where a migration is not one transaction, it may be."""
    return sa.inspect(op.get_bind()).has_table(_TABLE)


def upgrade() -> None:
    if _is_present():
        return
    op.create_table(
        _TABLE,
        sa.Column("begin", _ID, nullable=False),
        sa.Column("key", _exact(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("project", _exact(255), nullable=False),
        sa.Column("user", _exact(255), nullable=False),
        sa.Column("asked", _JSON, nullable=False),
        sa.Column("why", _exact(1000), nullable=False),
        sa.PrimaryKeyConstraint("begin", "key", name="pk_refused_claims"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    if _is_present():
        op.drop_table(_TABLE)
