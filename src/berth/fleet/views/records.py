"""Every provider with all that it has, in slices: with one look-up in each column for all providers of a slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec
import numpy as np

from berth.fleet.state.aggregate_names import AggregateNames
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.model.aggregate import AggregateRecord, made_aggregate_uuid
from berth.model.inventory import Inventory
from berth.model.names import parse_uuid
from berth.model.record import InventoryRecord, ProviderRecord

SLICE: Final = 256

_DEFAULTS = {field.name: field.default for field in msgspec.structs.fields(InventoryRecord) if not field.required}


def records(fleet: Fleet) -> Iterator[ProviderRecord]:
    """Yield every provider with everything it has, parents before children."""
    renderer, slots = _Renderer(fleet), _parents_first(fleet)
    while part := list(islice(slots, SLICE)):
        yield from renderer.records(part)


def _parents_first(fleet: Fleet) -> Iterator[int]:
    pending = np.flatnonzero(fleet.root.values == np.arange(len(fleet.uuids)))[::-1].tolist()
    while pending:
        slot = pending.pop()
        pending += fleet.children.get(slot, ())[::-1]
        yield slot


class _Renderer:
    """Slots as records. The names of each distinct set are looked up once."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._traits: dict[int, tuple[str, ...]] = {}
        self._aggregates: dict[int, tuple[str, ...]] = {}

    def records(self, slots: list[int]) -> Iterator[ProviderRecord]:
        """Yield these providers as records."""
        fleet, inventories = self._fleet, self._inventories(slots)
        parents = fleet.parent.values[slots].tolist()
        traits = fleet.trait_set.values[slots].tolist()
        aggregates = fleet.aggregate_set.values[slots].tolist()
        for slot, parent, trait_set, aggregate_set in zip(slots, parents, traits, aggregates, strict=True):
            given = self._spelled(slot) or self._names(self._aggregates, aggregate_set, fleet.aggregate_sets.sets)
            yield ProviderRecord(
                name=fleet.names[slot],
                uuid=fleet.uuids[slot],
                parent=None if parent == NO_SLOT else fleet.uuids[parent],
                inventories=inventories[slot],
                traits=self._names(self._traits, trait_set, fleet.trait_sets.sets),
                aggregates=tuple(map(fleet.catalogue.aggregate_names.text, given)),
                aggregate_names=_aggregate_records(fleet.catalogue.aggregate_names, given),
            )

    def _inventories(self, slots: list[int]) -> dict[int, dict[str, InventoryRecord]]:
        fleet, name_of = self._fleet, self._fleet.catalogue.name_of
        having = defaultdict[int, list[int]](list)
        for slot in slots:
            for number in fleet.classes[slot]:
                having[number].append(slot)
        found: dict[int, dict[int, InventoryRecord]] = {}
        for number, its_slots in having.items():
            column = fleet.columns[number]
            inventories = column.inventories(column.places(its_slots))
            found[number] = dict(zip(its_slots, map(_record, inventories), strict=True))
        return {slot: {name_of(number): found[number][slot] for number in fleet.classes[slot]} for slot in slots}

    def _spelled(self, slot: int) -> tuple[str, ...]:
        return tuple(map(self._fleet.catalogue.name_of, sorted(self._fleet.spelled.get(slot, ()))))

    def _names(self, known: dict[int, tuple[str, ...]], number: int, sets: list[frozenset[int]]) -> tuple[str, ...]:
        names = known.get(number)
        if names is None:
            names = known[number] = tuple(map(self._fleet.catalogue.name_of, sorted(sets[number])))
        return names


def _aggregate_records(known: AggregateNames, uuids: tuple[str, ...]) -> dict[str, AggregateRecord]:
    """Return what an import cannot know of the names of aggregates: uuids not made from the name, and kinds."""
    records = {}
    for uuid in uuids if known.uuids else ():
        named = known.named(uuid)
        usual = parse_uuid(uuid) or uuid
        made = usual == made_aggregate_uuid(named.name)
        if named.name and not (made and not named.kind):
            records[named.name] = AggregateRecord(None if made else usual, named.kind)
    return records


def _record(inventory: Inventory) -> InventoryRecord:
    # A field that is not given is omitted from the JSON: msgspec recognises a default by identity, not by value.
    given = {name: value for name, default in _DEFAULTS.items() if (value := getattr(inventory, name)) != default}
    return InventoryRecord(total=inventory.total, **given)
