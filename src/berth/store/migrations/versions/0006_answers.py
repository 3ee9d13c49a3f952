"""Answers to commands that came with an idempotency key."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_JSON = sa.Text().with_variant(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb")


def upgrade() -> None:
    # Where a migration is not one transaction, an earlier one may have come this far.
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table("answers"):
        op.create_table(
            "answers",
            sa.Column("at", _ID, nullable=False),
            sa.Column("key", _exact(64), nullable=False),
            sa.Column("fingerprint", _exact(64), nullable=False),
            sa.Column("refusal", _exact(64), nullable=False),
            sa.Column("body", _JSON, nullable=False),
            sa.PrimaryKeyConstraint("at", "key", name="pk_answers"),
            sqlite_with_rowid=False,
        )
    if "uq_answers_key" not in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("answers")}:
        op.create_index("uq_answers_key", "answers", ["key"], unique=True)


def downgrade() -> None:
    if sa.inspect(op.get_bind()).has_table("answers"):
        op.drop_table("answers")
