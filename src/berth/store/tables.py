"""The tables. Every id is given by the ledger (head.next_id), so that no statement depends on how a database counts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class _LongText(Text):
    """MariaDB's and MySQL's type for texts of any length, without an import of all that SQLAlchemy knows of them."""

    __visit_name__ = "LONGTEXT"


class _LongBlob(LargeBinary):
    """MariaDB's and MySQL's type for bytes of any length."""

    __visit_name__ = "LONGBLOB"


def _exact(length: int) -> String:
    """Return a text type that compares byte by byte: MariaDB would otherwise treat 'vm', 'VM' and 'vm ' as equal."""
    return (
        String(length)
        .with_variant(String(length, collation="utf8mb4_nopad_bin"), "mariadb")
        .with_variant(String(length, collation="utf8mb4_0900_bin"), "mysql")
    )


# Big integers everywhere, but SQLite uses only an INTEGER primary key as the rowid.
_Id = BigInteger().with_variant(Integer, "sqlite")
_Json = Text().with_variant(_LongText(collation="utf8mb4_bin"), "mysql", "mariadb")
_Bytes = LargeBinary().with_variant(_LongBlob(), "mysql", "mariadb")
_Uuid = _exact(36)
_Name = _exact(255)
# Ordered by code point everywhere, so that the names with a beginning are a range of an index.
_Ordered = _exact(255).with_variant(String(255, collation="C"), "postgresql")
_Note = _exact(1000)


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=False)


def _at(name: str) -> Column[int]:
    """Return a column for a time in microseconds since 1970 UTC."""
    return Column(name, BigInteger, nullable=False)


# One row, which orders all changes: the transaction that holds its lock is the only writer.
head = Table(
    "head",
    metadata,
    _id(),
    Column("number", BigInteger, nullable=False),
    Column("next_id", BigInteger, nullable=False),
    Column("revision", _exact(32), nullable=False),
    # The end of the audit log's chain, so that records missing at the end are noticed.
    Column("audit_number", BigInteger, nullable=False),
    Column("audit_hash", _exact(64), nullable=False),
    # Ledger time of the last commit, which never goes back; and a count of writes to leases.
    _at("at"),
    Column("beat", BigInteger, nullable=False),
)

# Resource classes, traits, aggregates and consumer types.
names = Table(
    "names",
    metadata,
    _id(),
    Column("kind", _exact(16), nullable=False),
    Column("name", _Name, nullable=False),
    _at("created_at"),
    # What people call an aggregate, and its kind, such as rack; null if it has no name.
    Column("label", _Name, nullable=True),
    Column("label_kind", _exact(32), nullable=True),
    Index("uq_names_kind_name", "kind", "name", unique=True),
    Index("uq_names_kind_label", "kind", "label", unique=True),
)

providers = Table(
    "providers",
    metadata,
    _id(),
    Column("uuid", _Uuid, nullable=False, unique=True),
    Column("name", _Name, nullable=False, unique=True),
    Column("generation", BigInteger, nullable=False),
    Column("parent_id", _Id, ForeignKey("providers.id"), nullable=True),
    # No foreign key: a root refers to itself, and MariaDB then refuses to delete it if it was changed before.
    Column("root_id", _Id, nullable=False),
    _at("created_at"),
    _at("updated_at"),
    Index("ix_providers_root_id", "root_id"),
)

inventories = Table(
    "inventories",
    metadata,
    Column("provider_id", _Id, ForeignKey("providers.id"), nullable=False),
    Column("class_id", _Id, ForeignKey("names.id"), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("min_unit", BigInteger, nullable=False),
    Column("max_unit", BigInteger, nullable=False),
    Column("step_size", BigInteger, nullable=False),
    Column("allocation_ratio", Double, nullable=False),
    _at("updated_at"),
    PrimaryKeyConstraint("provider_id", "class_id"),
    Index("ix_inventories_class_id", "class_id"),
    sqlite_with_rowid=False,
)

provider_traits = Table(
    "provider_traits",
    metadata,
    Column("provider_id", _Id, ForeignKey("providers.id"), nullable=False),
    Column("trait_id", _Id, ForeignKey("names.id"), nullable=False),
    PrimaryKeyConstraint("provider_id", "trait_id"),
    Index("ix_provider_traits_trait_id", "trait_id"),
    sqlite_with_rowid=False,
)

provider_aggregates = Table(
    "provider_aggregates",
    metadata,
    Column("provider_id", _Id, ForeignKey("providers.id"), nullable=False),
    Column("aggregate_id", _Id, ForeignKey("names.id"), nullable=False),
    PrimaryKeyConstraint("provider_id", "aggregate_id"),
    Index("ix_provider_aggregates_aggregate_id", "aggregate_id"),
    sqlite_with_rowid=False,
)

# Providers that take no new claims, each with all below it.
drains = Table(
    "drains",
    metadata,
    Column("provider_id", _Id, ForeignKey("providers.id"), primary_key=True, autoincrement=False),
    _at("since"),
    Column("actor", _Name, nullable=False),
    Column("why", _Name, nullable=False),
)

consumers = Table(
    "consumers",
    metadata,
    _id(),
    Column("uuid", _Uuid, nullable=False, unique=True),
    Column("generation", BigInteger, nullable=False),
    Column("project", _Name, nullable=False),
    Column("user", _Name, nullable=False),
    Column("type_id", _Id, ForeignKey("names.id"), nullable=True),
    _at("updated_at"),
    # The term (berth.model.term.Span); without one, `start` is null as well.
    Column("start", BigInteger, nullable=True),
    Column("end", BigInteger, nullable=True),
    Column("deadline", BigInteger, nullable=True),
    # No foreign keys: what a claim goes on with, or takes the place of, may end before it.
    Column("lease_id", _Id, nullable=True),
    Column("gang", _Uuid, nullable=True),
    Column("replaces", _Uuid, nullable=True),
    # The number of the change that wrote it last; null if that is older than the column.
    Column("change", BigInteger, nullable=True),
    # What people call it, and what they want to remember of it; null without.
    Column("name", _Ordered, nullable=True),
    Column("note", _Note, nullable=True),
    Index("ix_consumers_project_user", "project", "user"),
    # PostgreSQL's has the same condition, by its migration: to repeat it here would import that dialect everywhere.
    Index("ix_consumers_name", "name", sqlite_where=text("name IS NOT NULL")),
)

allocations = Table(
    "allocations",
    metadata,
    Column("consumer_id", _Id, ForeignKey("consumers.id"), nullable=False),
    Column("provider_id", _Id, ForeignKey("providers.id"), nullable=False),
    Column("class_id", _Id, ForeignKey("names.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    PrimaryKeyConstraint("consumer_id", "provider_id", "class_id"),
    Index("ix_allocations_provider_id_consumer_id", "provider_id", "consumer_id"),
    sqlite_with_rowid=False,
)

# Consumers that Berth ended, not their owners: late callers get the true answer, and undo has what it needs.
endings = Table(
    "endings",
    metadata,
    Column("change", BigInteger, nullable=False),
    Column("consumer", _Uuid, nullable=False),
    Column("why", _exact(16), nullable=False),
    _at("at"),
    Column("project", _Name, nullable=False),
    Column("user", _Name, nullable=False),
    Column("type", _Name, nullable=True),
    Column("end", BigInteger, nullable=True),
    Column("deadline", BigInteger, nullable=True),
    Column("held", _Json, nullable=False),
    Column("name", _Name, nullable=True),
    Column("note", _Note, nullable=True),
    PrimaryKeyConstraint("change", "consumer"),
    Index("ix_endings_consumer", "consumer"),
    sqlite_with_rowid=False,
)

# Leases: consumers go on while theirs is renewed. ttl, grace: in seconds; beat: of the head, when it was written last.
leases = Table(
    "leases",
    metadata,
    _id(),
    Column("uuid", _Uuid, nullable=False, unique=True),
    Column("name", _Name, nullable=False),
    Column("project", _Name, nullable=False),
    Column("ttl", BigInteger, nullable=False),
    Column("grace", BigInteger, nullable=False),
    Column("on_end", _exact(16), nullable=False),
    _at("deadline"),
    Column("overdue_at", BigInteger, nullable=True),
    Column("ended_at", BigInteger, nullable=True),
    Column("beat", BigInteger, nullable=False),
    Index("ix_leases_beat", "beat"),
)

# The change log: numbered without gaps, only ever appended to. Its beginning may be in archives; see `checkpoints`.
changes = Table(
    "changes",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=False),
    _at("at"),
    Column("operation", _exact(32), nullable=False),
    Column("actor", _Name, nullable=False),
    Column("request", _Name, nullable=False),
    Column("facts", _Json, nullable=False),
)

# The audit log: numbered without gaps, only ever appended to, each record sealed with the hash of the one before.
audit = Table(
    "audit",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=False),
    _at("at"),
    Column("request", _Name, nullable=False),
    Column("actor", _Name, nullable=False),
    Column("via", _exact(16), nullable=False),
    Column("user", _Name, nullable=False),
    Column("project", _Name, nullable=False),
    Column("roles", _Name, nullable=False),
    Column("address", _exact(64), nullable=False),
    Column("operation", _exact(64), nullable=False),
    Column("target", _Name, nullable=False),
    Column("outcome", _exact(16), nullable=False),
    Column("why", _Name, nullable=False),
    Column("change", _Id, nullable=True),
    Column("before", _Json, nullable=True),
    Column("hash", _exact(64), nullable=False),
    Index("ix_audit_at", "at"),
)

# Which records are about which provider or consumer; see store.audit_index. No foreign keys: history outlasts them.
audit_subjects = Table(
    "audit_subjects",
    metadata,
    Column("block", _Id, nullable=False),
    Column("subject", _Uuid, nullable=False),
    Column("number", _Id, nullable=False),
    PrimaryKeyConstraint("block", "subject", "number"),
    sqlite_with_rowid=False,
)

# The books as of a change, by the log: what a replay of the changes after it begins with. One row at most.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", _Id, primary_key=True, autoincrement=False),
    Column("hash", _exact(64), nullable=False),
    Column("pieces", BigInteger, nullable=False),
    # The last record of the audit log that is in an archive, and the record that seals this checkpoint.
    Column("archived", BigInteger, nullable=False),
    Column("audit_number", BigInteger, nullable=False),
)

checkpoint_pieces = Table(
    "checkpoint_pieces",
    metadata,
    Column("number", _Id, nullable=False),
    Column("piece", _Id, nullable=False),
    Column("content", _Bytes, nullable=False),
    PrimaryKeyConstraint("number", "piece"),
    sqlite_with_rowid=False,
)

# One row: how far the log was scanned for unusual activity, what was learned, and which process scans it now.
anomaly_scan = Table(
    "anomaly_scan",
    metadata,
    _id(),
    Column("version", BigInteger, nullable=False),
    Column("audit_number", BigInteger, nullable=False),
    Column("audit_hash", _exact(64), nullable=False),
    Column("state", _Bytes, nullable=False),
    Column("findings", _Bytes, nullable=False),
    Column("scanner", _exact(36), nullable=False),
    _at("leased_until"),
)

# The answers to commands with an idempotency key, each written by the commit that carried its command out. The key is
# a hash of the caller's project and user and of the key as it was sent. First by time: the oldest are removed first.
answers = Table(
    "answers",
    metadata,
    Column("at", _Id, nullable=False),
    Column("key", _exact(64), nullable=False),
    Column("fingerprint", _exact(64), nullable=False),
    # The kind of a refusal, and "" for a command that was carried out.
    Column("refusal", _exact(64), nullable=False),
    Column("body", _Json, nullable=False),
    PrimaryKeyConstraint("at", "key"),
    Index("uq_answers_key", "key", unique=True),
    sqlite_with_rowid=False,
)

# How full the fleet was at some instants of the last thirty days: by the number of a class what was held, and could be.
# levels: null if the log does not say; damaged: the change that cannot be read, if that is why.
usage_samples = Table(
    "usage_samples",
    metadata,
    Column("at", _Id, primary_key=True, autoincrement=False),
    Column("levels", _Json, nullable=True),
    Column("damaged", BigInteger, nullable=True),
)

# Refused claims, counted in spans of some minutes. key: a hash of who asked for what, and why it was refused.
refused_claims = Table(
    "refused_claims",
    metadata,
    Column("begin", _Id, nullable=False),
    Column("key", _exact(64), nullable=False),
    _at("at"),
    Column("number", BigInteger, nullable=False),
    Column("project", _Name, nullable=False),
    Column("user", _Name, nullable=False),
    Column("asked", _Json, nullable=False),
    Column("why", _Note, nullable=False),
    PrimaryKeyConstraint("begin", "key"),
    sqlite_with_rowid=False,
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", _exact(16), primary_key=True),
    Column("name", _Name, nullable=False, unique=True),
    Column("hash", _exact(64), nullable=False),
    Column("user", _Name, nullable=False),
    Column("project", _Name, nullable=False),
    Column("roles", _Json, nullable=False),
    Column("trees", _Json, nullable=True),
    Column("networks", _Json, nullable=False),
    _at("created_at"),
    Column("expires_at", BigInteger, nullable=True),
    Column("revoked_at", BigInteger, nullable=True),
    Column("previous_hash", _exact(64), nullable=True),
    Column("previous_until", BigInteger, nullable=True),
    Column("last_used_at", BigInteger, nullable=True),
)
