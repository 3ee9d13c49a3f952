"""Changes of the log, applied to the fleet: the only way in which it follows the ledger."""

from __future__ import annotations

from berth.fleet.state.columns import NO_ROW, ClassColumn
from berth.fleet.state.fleet import Fleet
from berth.model.change import Change, Facts
from berth.model.consumer import Resources
from berth.model.inventory import Inventory


def apply(fleet: Fleet, change: Change) -> None:
    """Apply the next change of the log; skip one that is already applied."""
    if change.number <= fleet.head:
        return
    _apply_facts(fleet, change.facts, change.at)
    fleet.head = change.number


def _apply_facts(fleet: Fleet, facts: Facts, at: int) -> None:
    """Apply names first, because all other facts use them, and deletions last."""
    _apply_names(fleet, facts)
    for fact in facts.providers:
        fleet.put_provider(fact)
    for uuid, inventories in facts.inventories.items():
        _set_inventories(fleet, fleet.slot_of[uuid], inventories, at)
    for uuid, names in facts.traits.items():
        fleet.set_traits(fleet.slot_of[uuid], fleet.catalogue.trait_ids(names))
    for uuid, uuids in facts.aggregates.items():
        fleet.set_aggregates(fleet.slot_of[uuid], fleet.catalogue.aggregate_ids(uuids))
    for uuid, used in facts.used.items():
        _set_used(fleet, fleet.slot_of[uuid], used)
    for uuid, generation in facts.generations.items():
        slot = fleet.slot_of[uuid]
        fleet.generation.values[slot] = generation
        fleet.updated_at.values[slot] = at
    for uuid in facts.gone:
        fleet.drop_provider(uuid)


def _apply_names(fleet: Fleet, facts: Facts) -> None:
    for number in facts.unnamed:
        fleet.catalogue.remove(number)
        fleet.columns.pop(number, None)
    for entry in facts.names:
        fleet.catalogue.add(entry)


def _set_used(fleet: Fleet, slot: int, used: Resources) -> None:
    for name, amount in used.items():
        column = fleet.columns[fleet.catalogue.class_id(name)]
        row = column.row(slot)
        if row != NO_ROW:  # a reshape may have removed the inventory, once nothing was held of it
            column.used.values[row] = amount


def _set_inventories(fleet: Fleet, slot: int, inventories: dict[str, Inventory], at: int) -> None:
    by_class = {fleet.catalogue.class_id(name): inventory for name, inventory in inventories.items()}
    for number in fleet.classes[slot]:
        if number not in by_class:
            fleet.columns[number].drop(slot)
    for number, inventory in by_class.items():
        if number not in fleet.columns:
            fleet.columns[number] = ClassColumn()
        fleet.columns[number].put(slot, inventory, at)
    fleet.set_classes(slot, tuple(sorted(by_class)))
