"""Names and their ids: resource classes, traits, aggregates, consumer types."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, or_, select

from berth.model.aggregate import AggregateName
from berth.model.change import CatalogueEntry, NameKind
from berth.store.tables import names

_ALL = select(names.c.kind, names.c.id, names.c.name, names.c.created_at).order_by(names.c.id)
_LABELS = select(names.c.name, names.c.label, names.c.label_kind).where(
    or_(names.c.label.is_not(None), names.c.label_kind.is_not(None))
)


def all_names(connection: Connection) -> Iterator[CatalogueEntry]:
    """Yield every name in the order of creation."""
    for kind, number, name, at in connection.execute(_ALL):
        yield CatalogueEntry(NameKind(kind), number, name, at)


def aggregate_names(connection: Connection) -> dict[str, AggregateName]:
    """Return the names of aggregates, by uuid."""
    return {uuid: AggregateName(label or "", kind or "") for uuid, label, kind in connection.execute(_LABELS)}
