"""Names and their ids: resource classes, traits, aggregates, consumer types."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from berth.model.change import CatalogueEntry, NameKind
from berth.store.tables import names

_ALL = select(names.c.kind, names.c.id, names.c.name, names.c.created_at).order_by(names.c.id)


def all_names(connection: Connection) -> Iterator[CatalogueEntry]:
    """Yield every name in the order of creation."""
    for kind, number, name, at in connection.execute(_ALL):
        yield CatalogueEntry(NameKind(kind), number, name, at)
