"""The names of aggregates, both ways. A name is never a uuid, so that either can be given for an aggregate."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, KeysView

from berth.model.aggregate import NO_NAME, AggregateName, nearest_names
from berth.model.errors import AggregateNotFound
from berth.model.names import parse_uuid


class AggregateNames:
    """The aggregates that have a name, by canonical uuid: other spellings of a uuid are of the same aggregate."""

    __slots__ = ("_names", "_uuids")

    def __init__(self) -> None:
        self._names: dict[str, AggregateName] = {}
        self._uuids: dict[str, str] = {}

    def __sizeof__(self) -> int:
        return sys.getsizeof(self._names) + sys.getsizeof(self._uuids)

    def __iter__(self) -> Iterator[str]:
        return iter(self._uuids)

    @property
    def uuids(self) -> KeysView[str]:
        """The canonical uuids of the aggregates that have a name."""
        return self._names.keys()

    def copy(self) -> AggregateNames:
        """Return an independent copy."""
        copied = AggregateNames()
        copied._names, copied._uuids = self._names.copy(), self._uuids.copy()
        return copied

    def put(self, uuid: str, named: AggregateName) -> None:
        """Give an aggregate a name, or remove it (NO_NAME)."""
        old = self._names.pop(uuid, None)
        if old is not None and self._uuids.get(old.name) == uuid:
            del self._uuids[old.name]
        if named.name:
            self._names[uuid], self._uuids[named.name] = named, uuid

    def named(self, uuid: str) -> AggregateName:
        """Return the name of an aggregate; NO_NAME if it has none."""
        return self._names.get(parse_uuid(uuid) or uuid, NO_NAME) if self._names else NO_NAME

    def text(self, uuid: str) -> str:
        """Return an aggregate for people: its name, or what was given if it has none."""
        return self.named(uuid).name or uuid

    def uuid_of(self, name: str) -> str | None:
        """Return the uuid of the aggregate with this name; None if there is none."""
        return self._uuids.get(name)

    def resolve(self, given: str) -> str:
        """Return a uuid as given, and the uuid of a name. Raises AggregateNotFound, with similar names."""
        uuid = self._uuids.get(given)
        if uuid is not None or parse_uuid(given) is not None:
            return uuid or given
        raise AggregateNotFound(given, nearest_names(given, self._uuids))

    def texts(self, uuids: Iterable[str]) -> frozenset[str]:
        """Return aggregates for people."""
        return frozenset(map(self.text, uuids))
