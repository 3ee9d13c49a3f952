"""What Berth ended, kept for some days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select

from berth.model.consumer import Resources
from berth.model.ended_consumer import EndedConsumer, EndReason
from berth.store.tables import endings

KEEP_S: Final = 7 * 24 * 3600
"""How long they are kept, if nothing else is set, in seconds."""

_AT_ONCE: Final = 1_024
"""How many are deleted with one commit."""

_OF = select(endings).where(endings.c.consumer.in_(bindparam("uuids", expanding=True))).order_by(endings.c.change)
_oldest = select(endings.c.change, endings.c.at).order_by(endings.c.change).limit(_AT_ONCE).subquery()
_LAST_OLD = select(func.max(_oldest.c.change)).where(_oldest.c.at < bindparam("before"))
_DROP = delete(endings).where(endings.c.change <= bindparam("last"))

_OF_CHANGES = (
    select(endings)
    .where(endings.c.change.in_(bindparam("numbers", expanding=True)))
    .order_by(endings.c.change, endings.c.consumer)
)

_decode = msgspec.json.Decoder(dict[str, Resources]).decode


def of_consumers(connection: Connection, uuids: Collection[str]) -> dict[str, EndedConsumer]:
    """Return how each of these consumers was ended last, by uuid, as far as that is kept."""
    return {row.consumer: _ended(row) for row in connection.execute(_OF, {"uuids": list(uuids)})}


def of_changes(connection: Connection, numbers: Collection[int]) -> dict[int, list[EndedConsumer]]:
    """Return the consumers that each of these changes ended, in their order, as far as that is kept."""
    found: dict[int, list[EndedConsumer]] = {}
    for row in connection.execute(_OF_CHANGES, {"numbers": list(numbers)}):
        found.setdefault(row.change, []).append(_ended(row))
    return found


def drop_old(connection: Connection, before: int) -> None:
    """Delete some of those that are older than this. before: in microseconds since 1970 UTC."""
    last = connection.execute(_LAST_OLD, {"before": before}).scalar()
    if last is not None:
        connection.execute(_DROP, {"last": last})


def rows_of(ended: Iterable[EndedConsumer], change: int) -> list[dict[str, Any]]:
    """Return the rows to write of consumers that one change ended."""
    return [
        {
            **{name: getattr(each, name) for name in EndedConsumer.__struct_fields__},
            "change": change,
            "why": each.why.value,
            "held": msgspec.json.encode(each.held).decode(),
        }
        for each in ended
    ]


def _ended(row: Any) -> EndedConsumer:
    return EndedConsumer(
        consumer=row.consumer,
        why=EndReason(row.why),
        at=row.at,
        project=row.project,
        user=row.user,
        type=row.type,
        end=row.end,
        deadline=row.deadline,
        held=_decode(row.held),
        name=row.name,
        note=row.note,
    )
