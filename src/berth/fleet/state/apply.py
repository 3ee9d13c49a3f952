"""Changes of the log, applied to the fleet: the only way in which it follows the ledger."""

from __future__ import annotations

from berth.fleet.state.fleet import Fleet
from berth.fleet.state.lapses import Ending, SlotClass
from berth.model.change import Change, Facts, NameKind
from berth.model.consumer import Resources
from berth.model.inventory import Inventory


def apply(fleet: Fleet, change: Change) -> None:
    """Apply the next change of the log; skip one that is already applied."""
    if change.number <= fleet.head:
        return
    if _restructures(change.facts):
        fleet.restructured_at = fleet.room_made_at = change.number
    _apply_facts(fleet, change.facts, change.at)
    fleet.head = change.number


def _restructures(facts: Facts) -> bool:
    """Whether a change is about more than what is held of which provider, and by which type of consumer."""
    return bool(
        facts.providers
        or facts.inventories
        or facts.traits
        or facts.aggregates
        or facts.gone
        or facts.unnamed
        or facts.aggregate_names
        or facts.drains
        or any(entry.kind is not NameKind.TYPE for entry in facts.names)
    )


def _apply_facts(fleet: Fleet, facts: Facts, at: int) -> None:
    """Apply names first, because all other facts use them, and deletions last."""
    _apply_names(fleet, facts)
    _apply_providers(fleet, facts, at)
    if facts.terms or fleet.lapses.ahead or fleet.lapses.lapsed or fleet.leased.lease_of:
        _set_endings(fleet, facts)
    for uuid, lease in facts.leases.items():
        fleet.own("leased").end(uuid, lease)
    for uuid, used in facts.used.items():
        _set_used(fleet, fleet.slot_of[uuid], used)
    for uuid, generation in facts.generations.items():
        fleet.set_generation(fleet.slot_of[uuid], generation, at)
    for uuid in facts.gone:
        fleet.drop_provider(uuid)


def _apply_providers(fleet: Fleet, facts: Facts, at: int) -> None:
    for fact in facts.providers:
        fleet.put_provider(fact)
    for uuid, inventories in facts.inventories.items():
        _set_inventories(fleet, fleet.slot_of[uuid], inventories, at)
    for uuid, names in facts.traits.items():
        fleet.set_traits(fleet.slot_of[uuid], fleet.catalogue.trait_ids(names))
    for uuid, uuids in facts.aggregates.items():
        fleet.set_aggregates(fleet.slot_of[uuid], fleet.catalogue.aggregate_ids(uuids))
    for uuid, drain in facts.drains.items():
        if uuid in fleet.slot_of:  # what is mended may be gone
            fleet.set_drain(fleet.slot_of[uuid], drain)


def _apply_names(fleet: Fleet, facts: Facts) -> None:
    for number in facts.unnamed:
        fleet.remove_name(number)
    for entry in facts.names:
        fleet.add_name(entry)
    for uuid, named in facts.aggregate_names.items():
        fleet.name_aggregate(uuid, named)


def _set_endings(fleet: Fleet, facts: Facts) -> None:
    for consumer, held in facts.claims.items():
        span = facts.terms.get(consumer)
        due = None if span is None else span.due
        pending = span is not None and span.deadline is not None
        fleet.set_ending(consumer, None if due is None else Ending(due, _amounts(fleet, held), pending))
        lease = None if span is None else span.lease
        if lease is not None or fleet.leased.lease_of:
            fleet.own("leased").put(consumer, lease)


def _amounts(fleet: Fleet, held: dict[str, Resources]) -> tuple[tuple[SlotClass, int], ...]:
    return tuple(
        ((fleet.slot_of[uuid], fleet.catalogue.class_id(name)), amount)
        for uuid, resources in held.items()
        for name, amount in resources.items()
    )


def _set_used(fleet: Fleet, slot: int, used: Resources) -> None:
    for name, amount in used.items():
        fleet.set_used(slot, fleet.catalogue.class_id(name), amount)


def _set_inventories(fleet: Fleet, slot: int, inventories: dict[str, Inventory], at: int) -> None:
    by_class = {fleet.catalogue.class_id(name): inventory for name, inventory in inventories.items()}
    for number in fleet.classes[slot]:
        if number not in by_class:
            fleet.own_column(number).drop(slot)
    for number, inventory in by_class.items():
        fleet.own_column(number).put(slot, inventory, at)
    fleet.set_classes(slot, tuple(sorted(by_class)))
