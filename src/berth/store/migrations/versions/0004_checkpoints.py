"""Checkpoints: the books as of a change, so that the change log before it can leave for an archive."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_HASH = (
    sa.String(64)
    .with_variant(mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
    .with_variant(mysql.VARCHAR(64, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
)
_BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def upgrade() -> None:
    # Where a migration is not one transaction, an earlier one may have come this far.
    present = set(sa.inspect(op.get_bind()).get_table_names())
    if "checkpoints" not in present:
        op.create_table(
            "checkpoints",
            sa.Column("number", _ID, primary_key=True, autoincrement=False),
            sa.Column("hash", _HASH, nullable=False),
            sa.Column("pieces", sa.BigInteger, nullable=False),
            sa.Column("archived", sa.BigInteger, nullable=False),
            sa.Column("audit_number", sa.BigInteger, nullable=False),
        )
    if "checkpoint_pieces" not in present:
        op.create_table(
            "checkpoint_pieces",
            sa.Column("number", _ID, nullable=False),
            sa.Column("piece", _ID, nullable=False),
            sa.Column("content", _BYTES, nullable=False),
            sa.PrimaryKeyConstraint("number", "piece"),
            sqlite_with_rowid=False,
        )


def downgrade() -> None:
    for table in {"checkpoint_pieces", "checkpoints"}.intersection(sa.inspect(op.get_bind()).get_table_names()):
        op.drop_table(table)
