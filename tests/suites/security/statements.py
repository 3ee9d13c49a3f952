"""The texts of statements, and what there may be in them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy.dialects.mysql.reserved_words import RESERVED_WORDS_MARIADB
from sqlalchemy.dialects.postgresql.base import RESERVED_WORDS as RESERVED_WORDS_POSTGRESQL
from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer

from berth.store import tables
from tests.support.statement_recording.berth_statements import FOLDER

_PLACEHOLDER: Final = re.compile(r"%\(\w+\)s|%s|\$\d+|(?<![:\w]):\w+|\?")
_CAST: Final = re.compile(r"::[A-Za-z]+(\(\d+\))?(\[\])?")
_LENGTH: Final = re.compile(r"(?<=VARCHAR)\(\d+\)")
_LIST: Final = re.compile(r"\(\?(, \?)*\)(, \(\?(, \?)*\))*")
_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`|[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?")
_GENERATED: Final = re.compile(r"(anon|param)_\d+|\w+_\d+|pg_\w+|sqlite_\w+")

LITERALS: Final = {
    *("0", "1", "2", "6", "1000000", "'1970-01-01'"),
    *("'MEMBER'", "'changes'", "'audit'", "'DELETE'", "'UPDATE, DELETE'", "'/'", "'head'"),
}
"""Constants that stand in Berth's own statements."""

WORDS: Final = frozenset(
    [
        "adds",
        "alembic_version",
        "any",
        "avg",
        "begin",
        "boolean",
        "cast",
        "clock_timestamp",
        "commit",
        "coalesce",
        "collate",
        "conflict",
        "count",
        "current_setting",
        "current_user",
        "data_version",
        "deferred",
        "dual",
        "epoch",
        "extract",
        "microsecond",
        "timestampdiff",
        "sysdate",
        "duplicate",
        "excluded",
        "floor",
        "for",
        "greatest",
        "has_table_privilege",
        "immediate",
        "json",
        "kind",
        "latest",
        "length",
        "less",
        "lower",
        "max",
        "min",
        "nothing",
        "now",
        "of",
        "offset",
        "oid",
        "pragma",
        "privilege",
        "public",
        "relowner",
        "replace",
        "returning",
        "rolname",
        "rolsuper",
        "rollback",
        "row",
        "rows",
        "savepoint",
        "share",
        "sum",
        "text",
        "total",
        "upper",
        "user",
        "value",
        "values",
        "varchar",
        "version_num",
        "wal",
        "with",
        "bigint",
        "integer",
        "double",
        "precision",
        "float",
        "char",
        "character",
        "key",
        "index",
        "engine",
        "innodb",
        "utf8mb4",
        "utf8mb4_bin",
        "charset",
        "default",
        "autoincrement",
        "unsigned",
        "add",
        "alter",
        "column",
        "constraint",
        "global",
        "innodb_flush_log_at_trx_commit",
        "get_lock",
        "release_lock",
        "create",
        "drop",
        "references",
        "primary",
        "unique",
        "foreign",
        "check",
        "not",
        "null",
        "table",
        "type",
        "regclass",
        "recursive",
    ]
)
"""What databases understand and SQLAlchemy does not count among the reserved words, and names of migrations."""

GIVEN: Final = frozenset(
    [
        *("given", "json_to_recordset", "seen", "new_project", "new_user", "old", "until", "expires", "revoked"),
        *("whose", "overdue", "ended", "beats"),
    ]
)
"""What PostgreSQL is told of the rows that it is given in one JSON value (`berth.store.prepared`)."""

_OTHERS: Final = re.compile(r"\s*(PRAGMA|SHOW|GRANT|REVOKE|DESCRIBE|ALTER TABLE \S+ OWNER|CREATE|ALTER|DROP)\b")
"""Looks at the schema, and changes of it: of migrations, and of `berth db grant`, which quotes the names of roles."""

_SCHEMAS: Final = ("alembic_version", "information_schema", "pg_catalog", "sqlite_master")


def normal(statement: str) -> str:
    """The same text for every number of values: an expanding IN, or rows of an INSERT, are as long as needed."""
    bare = _LENGTH.sub("", _CAST.sub("", _PLACEHOLDER.sub("?", statement)))
    return _LIST.sub("(?)", " ".join(bare.split()))


def recorded() -> set[str]:
    """Every text that any process of this run has executed, in its normal form."""
    folder = Path(os.environ[FOLDER])
    # A process that was killed may have left half a line at the end.
    texts = (file.read_text(encoding="utf-8").rpartition("\n")[0] for file in folder.iterdir())
    return {normal(json.loads(line)) for text in texts for line in text.splitlines()}


def foreign(statement: str) -> Iterator[str]:
    """What stands in a text that is neither the database's language, nor the schema's, nor one of the constants."""
    if _OTHERS.match(statement) or any(schema in statement.lower() for schema in _SCHEMAS):
        return
    for token in _TOKEN.findall(statement):
        word = token.strip('"`').lower() if token[0] != "'" else token
        if word not in _known() and not _GENERATED.fullmatch(word):
            yield token


@cache
def _known() -> frozenset[str]:
    named: set[str] = set()
    for table in tables.metadata.tables.values():
        named |= {table.name, *(column.name for column in table.columns)}
        named |= {str(each.name) for each in (*table.constraints, *table.indexes)}
    return frozenset(
        {*map(str.lower, named), *WORDS, *GIVEN, *LITERALS}
        | set(RESERVED_WORDS_MARIADB)
        | set(RESERVED_WORDS_POSTGRESQL)
        | set(SQLiteIdentifierPreparer.reserved_words)
    )


def with_data(statements: Iterable[str]) -> dict[str, list[str]]:
    """The texts in which something foreign stands, with what that is."""
    found = {each: list(foreign(each)) for each in statements}
    return {each: tokens for each, tokens in found.items() if tokens}
