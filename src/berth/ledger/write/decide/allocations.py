"""Claims: which consumer holds what. The rule that nothing is oversold is `_check_capacity`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, DraftProvider
from berth.model import commands
from berth.model.commands import KEEP, UNCHECKED, Claim
from berth.model.errors import (
    AllocationProviderNotFound,
    AllocationsNotFound,
    CapacityExceeded,
    ClassNotFound,
    ConsumerGenerationConflict,
    InventoryMissing,
    UnitsViolated,
)
from berth.model.inventory import Inventory

InventoryOf = Callable[[DraftProvider, str], Inventory | None]
"""Returns the inventory that a provider has of a class, for the purposes of a claim."""

ProviderClass = tuple[str, str]
"""A provider's uuid and the name of a resource class."""


@dataclass(frozen=True, slots=True)
class ClaimedAmount:
    """One amount of a claim.

    inventory: None if the provider has none of the class; held: all that is held of the class now; others: what
    remains of that without the consumers of the claims, plus the amounts of the same command that come first.
    """

    provider: str
    resource_class: str
    amount: int
    inventory: Inventory | None
    held: int
    others: int


@dataclass(slots=True)
class CollectedClaims:
    """Claims and all that their checks and their application need from the draft.

    consumers: those that hold something; providers: those that exist, of the claims and of what their consumers hold;
    classes: each class of the claims, and whether it exists; named: the uuids of the claims' providers; without_stock:
    those that have no inventory of any of the classes; used: how much will be held, where that changes; touched: the
    providers whose generation will rise.
    """

    claims: Sequence[Claim]
    consumers: dict[str, DraftConsumer] = field(default_factory=dict)
    providers: dict[str, DraftProvider] = field(default_factory=dict)
    classes: dict[str, bool] = field(default_factory=dict)
    named: dict[str, None] = field(default_factory=dict)
    without_stock: list[str] = field(default_factory=list)
    amounts: list[ClaimedAmount] = field(default_factory=list)
    used: dict[ProviderClass, int] = field(default_factory=dict)
    touched: dict[str, None] = field(default_factory=dict)


def write(draft: Draft, command: commands.SetAllocations) -> None:
    """Make each consumer of the claims hold exactly what its claim says."""
    collected = collect_claims(draft, command.claims, draft.inventory)
    check_claims(collected)
    apply_claims(draft, collected)


def release(draft: Draft, command: commands.ReleaseAllocations) -> None:
    """Release everything that a consumer holds. No provider's generation rises: only room is gained."""
    consumer = draft.consumer(command.consumer)
    if consumer is None:
        raise AllocationsNotFound(command.consumer)
    collected = CollectedClaims(())
    _collect_held(draft, consumer, collected)
    for (uuid, name), amount in collected.used.items():
        draft.set_used(collected.providers[uuid], name, amount)
    draft.hold(consumer, {})


# --- Collect ---


def collect_claims(draft: Draft, claims: Sequence[Claim], inventory_of: InventoryOf) -> CollectedClaims:
    """Return what the claims concern, looked up once. Refuses nothing: what does not exist is left out or marked."""
    collected = CollectedClaims(claims)
    for claim in claims:
        consumer = draft.consumer(claim.consumer)
        if consumer is not None:
            collected.consumers[claim.consumer] = consumer
            _collect_held(draft, consumer, collected)
        collected.named.update(dict.fromkeys(claim.allocations))
        collected.touched.update(dict.fromkeys(claim.allocations or (consumer.held if consumer else ())))
        for resources in claim.allocations.values():
            collected.classes.update(dict.fromkeys(resources, True))
    for name in collected.classes:
        collected.classes[name] = draft.class_id(name) is not None
    for uuid in collected.named:
        _collect_provider(draft, uuid, inventory_of, collected)
    for claim in claims:
        _collect_amounts(draft, claim, inventory_of, collected)
    return collected


def _collect_held(draft: Draft, consumer: DraftConsumer, collected: CollectedClaims) -> None:
    """Collect the providers of what a consumer holds, and how much is held of each class without that consumer."""
    used = collected.used
    for uuid, resources in consumer.held.items():
        provider = collected.providers.get(uuid)
        if provider is None:
            provider = collected.providers[uuid] = draft.provider(uuid)
        for name, amount in resources.items():
            place = (uuid, name)
            held = used[place] if place in used else draft.used(provider, name)
            used[place] = held - amount


def _collect_provider(draft: Draft, uuid: str, inventory_of: InventoryOf, collected: CollectedClaims) -> None:
    provider = collected.providers.get(uuid) or draft.find_provider(uuid)
    if provider is None:
        return
    collected.providers[uuid] = provider
    for name in collected.classes:
        if inventory_of(provider, name) is not None:
            return
    collected.without_stock.append(uuid)


def _collect_amounts(draft: Draft, claim: Claim, inventory_of: InventoryOf, collected: CollectedClaims) -> None:
    used = collected.used
    for uuid, resources in claim.allocations.items():
        provider = collected.providers.get(uuid)
        if provider is None:
            continue
        for name, amount in resources.items():
            place = (uuid, name)
            held = draft.used(provider, name)
            others = used.get(place, held)
            inventory = inventory_of(provider, name)
            collected.amounts.append(ClaimedAmount(uuid, name, amount, inventory, held, others))
            used[place] = others + amount


# --- Check ---


def check_claims(collected: CollectedClaims) -> None:
    """Raise a Refusal unless all the claims can be granted. The order of the checks is Placement's."""
    for claim in collected.claims:
        _check_consumer(claim, collected.consumers.get(claim.consumer))
    for uuid in collected.named:
        if uuid not in collected.providers:
            raise AllocationProviderNotFound(uuid)
    for name, exists in collected.classes.items():
        if not exists:
            raise ClassNotFound(name)
    for uuid in collected.without_stock:
        raise InventoryMissing(uuid, collected.classes)
    for amount in collected.amounts:
        _check_capacity(amount)


def _check_consumer(claim: Claim, consumer: DraftConsumer | None) -> None:
    if claim.generation is UNCHECKED:
        return
    assert not isinstance(claim.generation, commands.Marker)
    expected = None if consumer is None else consumer.generation
    if claim.generation != expected:
        raise ConsumerGenerationConflict(claim.consumer, expected, claim.generation)


def _check_capacity(claimed: ClaimedAmount) -> None:
    """Raise a Refusal if the inventory cannot satisfy a claimed amount: the rule of capacity.

    An inventory may have been set below what is held of it. A claim is then still granted if it leaves the overage
    no larger than it was.
    """
    inventory, after = claimed.inventory, claimed.others + claimed.amount
    if inventory is None:
        raise InventoryMissing(claimed.provider, (claimed.resource_class,))
    if not inventory.takes(claimed.amount):
        raise UnitsViolated(claimed.provider, claimed.resource_class)
    if after > inventory.capacity and after > claimed.held:
        raise CapacityExceeded(claimed.provider, claimed.resource_class)


# --- Apply ---


def apply_claims(draft: Draft, collected: CollectedClaims) -> None:
    """Carry out claims that have been checked."""
    for claim in collected.claims:
        _apply_claim(draft, claim, collected.consumers.get(claim.consumer))
    for (uuid, name), amount in collected.used.items():
        draft.set_used(collected.providers[uuid], name, amount)
    for uuid in collected.touched:
        draft.touch(collected.providers[uuid])


def _apply_claim(draft: Draft, claim: Claim, consumer: DraftConsumer | None) -> None:
    if consumer is None:
        if not claim.allocations:
            return
        consumer = draft.add_consumer(claim.consumer)
        consumer.type_id = None
    consumer.generation += 1
    consumer.project, consumer.user = claim.project, claim.user
    if claim.type is not KEEP:
        assert not isinstance(claim.type, commands.Keep)
        consumer.type_id = None if claim.type is None else draft.type_id(claim.type)
    draft.hold(consumer, claim.allocations)
