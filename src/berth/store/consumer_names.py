"""Consumers by what people call them."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, or_, select

from berth.store.consumers import CONSUMER, NAMED, ConsumerRow, counted
from berth.store.tables import consumers

_LAST: Final = "\U0010ffff"
"""A character behind all that a name can have."""

_SIGNS: Final = re.compile("[/%_]")
"""The characters that mean something in a pattern of LIKE."""


def name_conditions(name: str, uuids: tuple[str, str] | None, text: str) -> list[ColumnElement[bool]]:
    """Return conditions on consumers: the beginning of the name, the first and the last uuid, a part of name or note.

    Those that are empty are left out. A beginning is a range of the index; a part is looked for in every row, without
    regard to capitals.
    """
    conditions: list[ColumnElement[bool]] = []
    if name:
        conditions += [consumers.c.name >= name, consumers.c.name < name + _LAST]
    if uuids is not None:
        conditions.append(consumers.c.uuid.between(*uuids))
    if text:
        conditions.append(or_(*(has_part(each, text) for each in NAMED)))
    return conditions


def has_part(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a text is a part of what is in a column, without regard to capitals."""
    part = func.lower("%" + _SIGNS.sub(r"/\g<0>", text) + "%")
    return func.lower(column).like(part, escape="/")


def having(connection: Connection, name: str, project: str | None, most: int, now: int | None) -> list[ConsumerRow]:
    """Return consumers that have a name, by uuid, at most as many as that. project: only its, None: any.

    now: as of `counted`.
    """
    query = select(*CONSUMER).where(consumers.c.name == name, counted(now)).order_by(consumers.c.uuid).limit(most)
    if project is not None:
        query = query.where(consumers.c.project == project)
    return list(map(ConsumerRow._make, connection.execute(query)))
