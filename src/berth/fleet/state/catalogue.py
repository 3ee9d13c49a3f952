"""Names and their numbers, both ways: resource classes, traits, aggregates, consumer types."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from berth.fleet.state.aggregate_names import AggregateNames
from berth.model.change import CatalogueEntry, NameKind
from berth.model.errors import ClassNotFound, TraitsNotFound
from berth.model.names import parse_uuid


class Catalogue:
    """Every name with the number that the ledger gave it.

    An aggregate may have several: one for the usual form of its uuid, and one for each other spelling that was given.
    """

    __slots__ = ("_entries", "_ids", "_spelled", "aggregate_names")

    def __init__(self) -> None:
        self._ids: dict[NameKind, dict[str, int]] = {kind: {} for kind in NameKind}
        self._entries: dict[int, CatalogueEntry] = {}
        self._spelled: dict[int, str] = {}
        self.aggregate_names = AggregateNames()

    def __sizeof__(self) -> int:
        return sum(map(sys.getsizeof, (self._entries, self._spelled, self.aggregate_names, *self._ids.values())))

    def copy(self) -> Catalogue:
        """Return an independent copy."""
        copied = object.__new__(Catalogue)
        copied._ids = {kind: ids.copy() for kind, ids in self._ids.items()}
        copied._entries, copied._spelled = self._entries.copy(), self._spelled.copy()
        copied.aggregate_names = self.aggregate_names.copy()
        return copied

    def add(self, entry: CatalogueEntry) -> None:
        """Add a name, or rename the entry with its number."""
        self.remove(entry.id)
        self._ids[entry.kind][entry.name] = entry.id
        self._entries[entry.id] = entry
        if entry.kind is NameKind.AGGREGATE and parse_uuid(entry.name) not in (None, entry.name):
            self._spelled[entry.id] = entry.name

    def remove(self, number: int) -> None:
        """Remove the name with this number, if there is one."""
        old = self._entries.pop(number, None)
        if old is not None:
            del self._ids[old.kind][old.name]
            self._spelled.pop(number, None)

    def id_of(self, kind: NameKind, name: str) -> int | None:
        """Return the number of a name; None if there is no such name."""
        return self._ids[kind].get(name)

    def get(self, kind: NameKind, name: str) -> CatalogueEntry | None:
        """Return a name with its number and time of creation; None if there is no such name."""
        number = self._ids[kind].get(name)
        return None if number is None else self._entries[number]

    def name_of(self, number: int) -> str:
        """Return the name with this number."""
        return self._entries[number].name

    def all(self, kind: NameKind) -> Iterator[CatalogueEntry]:
        """Return every name of a kind, in order of creation."""
        return (self._entries[number] for number in sorted(self._ids[kind].values()))

    def class_id(self, name: str) -> int:
        """Return the number of a resource class; raises ClassNotFound."""
        number = self._ids[NameKind.CLASS].get(name)
        if number is None:
            raise ClassNotFound(name)
        return number

    def trait_ids(self, names: Iterable[str]) -> frozenset[int]:
        """Return the numbers of traits; raises TraitsNotFound with those that do not exist."""
        ids = self._ids[NameKind.TRAIT]
        wanted = set(names)
        missing = wanted - ids.keys()
        if missing:
            raise TraitsNotFound(missing)
        return frozenset(ids[name] for name in wanted)

    def aggregate_ids(self, uuids: Iterable[str]) -> frozenset[int]:
        """Return the numbers of these aggregates, without those that no provider was ever in."""
        ids = self._ids[NameKind.AGGREGATE]
        return frozenset(ids[uuid] for uuid in uuids if uuid in ids)

    def requested_aggregate_ids(self, aggregates: Iterable[str]) -> frozenset[int]:
        """Return the numbers of aggregates that are given by uuid or by name. Raises AggregateNotFound for a name."""
        ids, resolve = self._ids[NameKind.AGGREGATE], self.aggregate_names.resolve
        return self.aggregate_ids(each if each in ids else resolve(each) for each in aggregates)

    def usual_aggregates(self, numbers: frozenset[int]) -> frozenset[int]:
        """Return the numbers of these aggregates in the usual form of their uuids, by which they match."""
        if not self._spelled or self._spelled.keys().isdisjoint(numbers):
            return numbers
        ids = self._ids[NameKind.AGGREGATE]
        usual = ((number, parse_uuid(self._spelled.get(number, ""))) for number in numbers)
        return frozenset(number if uuid is None else ids.get(uuid, number) for number, uuid in usual)

    def snapshot(self) -> list[CatalogueEntry]:
        """Return every entry, by number."""
        return [self._entries[number] for number in sorted(self._entries)]
