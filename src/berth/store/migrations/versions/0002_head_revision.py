"""The head says which revision the schema is at, so that a process that runs on notices a migration."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"

_TEXT = (
    sa.String(32)
    .with_variant(mysql.VARCHAR(32, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
    .with_variant(mysql.VARCHAR(32, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
)


def upgrade() -> None:
    # Where a migration is not one transaction, an earlier one may have come this far.
    if "revision" not in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("head")}:
        op.add_column("head", sa.Column("revision", _TEXT, nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("head", "revision")
