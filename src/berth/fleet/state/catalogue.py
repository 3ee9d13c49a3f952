"""Names and their numbers, both ways: resource classes, traits, aggregates, consumer types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from berth.model.change import CatalogueEntry, NameKind
from berth.model.errors import ClassNotFound, TraitsNotFound


class Catalogue:
    """Every name with the number that the ledger gave it."""

    __slots__ = ("_entries", "_ids")

    def __init__(self) -> None:
        self._ids: dict[NameKind, dict[str, int]] = {kind: {} for kind in NameKind}
        self._entries: dict[int, CatalogueEntry] = {}

    def add(self, entry: CatalogueEntry) -> None:
        """Add a name, or rename the entry with its number."""
        self.remove(entry.id)
        self._ids[entry.kind][entry.name] = entry.id
        self._entries[entry.id] = entry

    def remove(self, number: int) -> None:
        """Remove the name with this number, if there is one."""
        old = self._entries.pop(number, None)
        if old is not None:
            del self._ids[old.kind][old.name]

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

    def snapshot(self) -> list[CatalogueEntry]:
        """Return every entry, by number."""
        return [self._entries[number] for number in sorted(self._entries)]
