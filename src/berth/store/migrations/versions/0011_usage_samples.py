"""Samples of how full the fleet was."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"

_TABLE = "usage_samples"
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def _is_present() -> bool:
    """Whether the table is there: where a migration is not one transaction, it may be."""
    return sa.inspect(op.get_bind()).has_table(_TABLE)


def upgrade() -> None:
    if _is_present():
        return
    op.create_table(
        _TABLE,
        sa.Column("at", _ID, autoincrement=False, nullable=False),
        sa.Column("levels", _JSON, nullable=True),
        sa.Column("damaged", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("at", name="pk_usage_samples"),
    )


def downgrade() -> None:
    if _is_present():
        op.drop_table(_TABLE)
