"""What an import would change: each record beside its provider."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from berth.model.names import parse_uuid
from berth.model.record import InventoryRecord, ProviderRecord, RecordStatus


@dataclass(slots=True)
class KnownRecords:
    """The providers of a ledger, and those that earlier records of an import would create."""

    by_name: dict[str, ProviderRecord] = field(default_factory=dict)
    by_uuid: dict[str, ProviderRecord] = field(default_factory=dict)

    @classmethod
    def from_records(cls, records: Iterable[ProviderRecord]) -> KnownRecords:
        """Return them all."""
        known = cls()
        for record in records:
            known.add(record)
        return known

    def add(self, record: ProviderRecord) -> None:
        """Add one, or replace it."""
        self.by_name[record.name] = record
        if record.uuid is not None:
            self.by_uuid[parse_uuid(record.uuid) or record.uuid] = record

    def compared(self, record: ProviderRecord) -> tuple[RecordStatus, str]:
        """Return what would become of a record, and in what it differs; it counts as imported then."""
        before = self._before(record)
        said = ", ".join(_new(record) if before is None else _changes(before, record))
        self.add(record)
        if before is None:
            return RecordStatus.CREATED, said
        return (RecordStatus.CHANGED if said else RecordStatus.UNCHANGED), said

    def _before(self, record: ProviderRecord) -> ProviderRecord | None:
        if record.uuid is not None:
            return self.by_uuid.get(parse_uuid(record.uuid) or record.uuid)
        return self.by_name.get(record.name)


def _new(record: ProviderRecord) -> Iterator[str]:
    yield from (f"{name} {each.total}" for name, each in record.inventories.items())
    yield from record.traits


def _changes(before: ProviderRecord, after: ProviderRecord) -> Iterator[str]:
    yield from _inventories(before.inventories, after.inventories)
    yield from _names(before.traits, after.traits, "")
    yield from _names(_uuids(before), _uuids(after), "aggregate ")


def _uuids(record: ProviderRecord) -> set[str]:
    return {parse_uuid(each) or each for each in record.aggregates}


def _inventories(before: Mapping[str, InventoryRecord], after: Mapping[str, InventoryRecord]) -> Iterator[str]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if old is not None and new is not None and old.total == new.total:
            yield f"{name} {_rules(old, new)}"
        else:
            yield f"{name} {'none' if old is None else old.total} -> {'none' if new is None else new.total}"


def _rules(old: InventoryRecord, new: InventoryRecord) -> str:
    names = ("reserved", "min_unit", "max_unit", "step_size", "allocation_ratio")
    pairs = ((name, getattr(old, name), getattr(new, name)) for name in names)
    return ", ".join(f"{name} {was} -> {now}" for name, was, now in pairs if was != now)


def _names(before: Iterable[str], after: Iterable[str], kind: str) -> Iterator[str]:
    yield from (f"+{kind}{name}" for name in sorted({*after} - {*before}))
    yield from (f"-{kind}{name}" for name in sorted({*before} - {*after}))
