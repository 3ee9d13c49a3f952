"""What one commit writes: rows per table, each table's in one statement per kind of write."""

from __future__ import annotations

from itertools import compress
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, update

from berth.store.backend import StaleRead
from berth.store.many_rows import MANY, ROW_BY_ROW, WRITE_MANY
from berth.store.prepared import Prepared, deleting, inserting, updating
from berth.store.tables import (
    allocations,
    answers,
    consumers,
    drains,
    endings,
    inventories,
    leases,
    names,
    provider_aggregates,
    provider_traits,
    providers,
    tokens,
)

RowList = list[dict[str, Any]]


class WriteSet(msgspec.Struct, eq=False):
    """Rows to write, named after the statement that writes them. Fields are in the order of writing."""

    end_allocations: RowList = []
    end_consumers: RowList = []
    clear_inventories: RowList = []
    clear_traits: RowList = []
    clear_aggregates: RowList = []
    clear_drains: RowList = []
    delete_providers: RowList = []
    delete_names: RowList = []
    rename_names: RowList = []
    add_names: RowList = []
    add_providers: RowList = []
    change_providers: RowList = []
    touch_providers: RowList = []
    add_inventories: RowList = []
    add_traits: RowList = []
    add_aggregates: RowList = []
    add_drains: RowList = []
    drop_leases: RowList = []
    restart_grace: RowList = []
    change_leases: RowList = []
    add_leases: RowList = []
    add_consumers: RowList = []
    add_consumer_terms: RowList = []
    change_consumers: RowList = []
    change_consumer_terms: RowList = []
    name_consumers: RowList = []
    add_allocations: RowList = []
    add_tokens: RowList = []
    change_tokens: RowList = []
    drop_answers: RowList = []
    add_answers: RowList = []
    clear_endings: RowList = []
    add_endings: RowList = []
    label_names: RowList = []


_AT_KEY: Final = {"id": "key"}
_AT_GENERATION: Final = {"id": "key", "generation": "seen"}

_CONSUMER: Final = {
    "generation": "to",
    "project": "new_project",
    "user": "new_user",
    "type_id": "type",
    "updated_at": "at",
    "change": "number",
}
_TERM: Final = {
    "start": "start",
    "end": "end",
    "deadline": "deadline",
    "replaces": "replaces",
    "lease_id": "lease_id",
}
"""The columns of consumers that are null where a claim has no term."""

_NAMED: Final = {"name": "new_name", "note": "new_note"}
"""The columns of consumers that have a name or a note: written after the rest, so that others pay nothing."""

_UNUSED: Final = frozenset({"gang"})
"""The columns of consumers that nothing is written to yet."""

_LABEL: Final = {"label": "new_label", "label_kind": "new_kind"}
"""The columns of names that only aggregates have."""

_STATEMENTS: Final[dict[str, Prepared]] = {
    "end_allocations": deleting(allocations, {"consumer_id": "key"}),
    "end_consumers": deleting(consumers, _AT_KEY),
    "clear_inventories": deleting(inventories, {"provider_id": "key"}),
    "clear_traits": deleting(provider_traits, {"provider_id": "key"}),
    "clear_aggregates": deleting(provider_aggregates, {"provider_id": "key"}),
    "clear_drains": deleting(drains, {"provider_id": "key"}),
    "delete_providers": deleting(providers, _AT_GENERATION),
    "delete_names": deleting(names, _AT_KEY),
    "rename_names": updating(names, _AT_KEY, {"name": "to"}, unique=True),
    "add_names": inserting(names, without=_LABEL.keys()),
    "add_providers": inserting(providers),
    "change_providers": updating(
        providers,
        _AT_GENERATION,
        {"name": "new_name", "generation": "to", "parent_id": "parent", "root_id": "root", "updated_at": "at"},
        unique=True,
    ),
    "touch_providers": updating(providers, _AT_GENERATION, {"generation": "to", "updated_at": "at"}),
    "add_inventories": inserting(inventories),
    "add_traits": inserting(provider_traits),
    "add_aggregates": inserting(provider_aggregates),
    "add_drains": inserting(drains),
    "drop_leases": deleting(leases, _AT_KEY),
    "restart_grace": Prepared(
        update(leases)
        .where(leases.c.overdue_at.is_not(None), leases.c.ended_at.is_(None))
        .values(overdue_at=bindparam("at"), beat=bindparam("beats"))
    ),
    "change_leases": updating(
        leases,
        _AT_KEY,
        {"deadline": "until", "overdue_at": "overdue", "ended_at": "ended", "on_end": "then", "beat": "beats"},
    ),
    "add_leases": inserting(leases),
    "add_consumers": inserting(consumers, without=_UNUSED | _NAMED.keys() | _TERM.keys()),
    "add_consumer_terms": inserting(consumers, without=_UNUSED | _NAMED.keys()),
    "change_consumers": updating(consumers, _AT_KEY, _CONSUMER),
    "change_consumer_terms": updating(consumers, _AT_KEY, {**_CONSUMER, **_TERM}),
    "name_consumers": updating(consumers, _AT_KEY, _NAMED),
    "add_allocations": inserting(allocations),
    "add_tokens": inserting(tokens),
    "change_tokens": updating(
        tokens,
        _AT_KEY,
        {
            "hash": "to",
            "previous_hash": "old",
            "previous_until": "until",
            "expires_at": "expires",
            "revoked_at": "revoked",
        },
    ),
    "drop_answers": deleting(answers, {"key": "key"}),
    "add_answers": inserting(answers),
    "clear_endings": deleting(endings, {"change": "key", "consumer": "whose"}),
    "add_endings": inserting(endings),
    "label_names": updating(names, _AT_KEY, _LABEL, unique=True),
}

_GUARDED = frozenset({"delete_providers", "change_providers", "touch_providers"})


def write(connection: Connection, rows: WriteSet) -> None:
    """Write all rows, in the order that foreign keys need. Raises StaleRead if a generation was not as read."""
    lists: tuple[RowList, ...] = msgspec.structs.astuple(rows)
    for (name, statement), values in compress(zip(_STATEMENTS.items(), lists, strict=True), lists):
        touched = _run(connection, name, statement, values)
        if name in _GUARDED and touched != len(values):
            raise StaleRead(f"a row was not as it was read ({name})")


def _run(connection: Connection, name: str, statement: Prepared, values: RowList) -> int:
    """Write the rows of one kind. Return how many rows of the table were affected."""
    if len(values) >= MANY and name in WRITE_MANY and connection.dialect.name in ROW_BY_ROW:
        return WRITE_MANY[name](connection, values)
    return statement.run(connection, values)
