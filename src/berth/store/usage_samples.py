"""The samples of how full the fleet was: a row for each instant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, or_, select

from berth.store.tables import usage_samples

ClassLevels = dict[int, tuple[int, int]]
"""What was held, and what could be held, by the number of the class."""


class UsageSample(NamedTuple):
    """What was held at an instant; None if the log does not say. damaged: the change that cannot be read, if so."""

    levels: ClassLevels | None
    damaged: int | None = None


_ALL: Final = select(usage_samples.c.at, usage_samples.c.levels, usage_samples.c.damaged)
_INSTANTS: Final = select(usage_samples.c.at)
_DROP: Final = delete(usage_samples).where(
    or_(
        usage_samples.c.at < bindparam("first"),
        usage_samples.c.at > bindparam("last"),
        (usage_samples.c.at < bindparam("fine")) & (usage_samples.c.at % bindparam("step") != 0),
    )
)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ClassLevels).decode


def all_samples(connection: Connection) -> dict[int, UsageSample]:
    """Return every sample by its instant; one that was altered so that it cannot be read says nothing."""
    return {at: UsageSample(_levels(text), damaged) for at, text, damaged in connection.execute(_ALL)}


def add(connection: Connection, samples: Mapping[int, UsageSample]) -> None:
    """Add those samples of whose instants there are none. The head must be locked: others add the same ones."""
    present = set(connection.execute(_INSTANTS).scalars())
    rows = [
        {
            "at": at,
            "levels": None if sample.levels is None else _encode(sample.levels).decode(),
            "damaged": sample.damaged,
        }
        for at, sample in sorted(samples.items())
        if at not in present
    ]
    if rows:
        connection.execute(insert(usage_samples), rows)


def drop(connection: Connection, first: int, fine: int, step: int, last: int) -> None:
    """Delete the samples before `first` and after `last`, and those before `fine` that are at no multiple of a step."""
    connection.execute(_DROP, {"first": first, "fine": fine, "step": step, "last": last})


def _levels(text: str | None) -> ClassLevels | None:
    try:
        return None if text is None else _decode(text)
    except msgspec.MsgspecError:
        return None
