"""The state of the anomaly detectors; and an index by which a provider's consumers are paged."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"

_PAGED = "ix_allocations_provider_id_consumer_id"
_BEFORE = "ix_allocations_provider_id"


def _exact(length: int) -> sa.String:
    return (
        sa.String(length)
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_0900_bin"), "mysql")
    )


_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BYTES = sa.LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")


def upgrade() -> None:
    # Where a migration is not one transaction, an earlier one may have come this far.
    if not sa.inspect(op.get_bind()).has_table("anomaly_scan"):
        op.create_table(
            "anomaly_scan",
            sa.Column("id", _ID, primary_key=True, autoincrement=False),
            sa.Column("version", sa.BigInteger, nullable=False),
            sa.Column("audit_number", sa.BigInteger, nullable=False),
            sa.Column("audit_hash", _exact(64), nullable=False),
            sa.Column("state", _BYTES, nullable=False),
            sa.Column("findings", _BYTES, nullable=False),
            sa.Column("scanner", _exact(36), nullable=False),
            sa.Column("leased_until", sa.BigInteger, nullable=False),
        )
    _replace_index(_BEFORE, _PAGED, ["provider_id", "consumer_id"])


def downgrade() -> None:
    _replace_index(_PAGED, _BEFORE, ["provider_id"])
    if sa.inspect(op.get_bind()).has_table("anomaly_scan"):
        op.drop_table("anomaly_scan")


def _replace_index(old: str, new: str, columns: list[str]) -> None:
    """Make the new index first: MariaDB needs one of them for the foreign key."""
    present = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("allocations")}
    if new not in present:
        op.create_index(new, "allocations", columns)
    if old in present:
        op.drop_index(old, "allocations")
