"""Claims: which consumer holds what. The rule that nothing is oversold is `_check_capacity`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from berth.ledger.write.decide.drains import drain_of
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftConsumer, DraftProvider
from berth.ledger.write.draft_names import given_name, put_name
from berth.model import commands
from berth.model.commands import KEEP, UNCHECKED, Claim
from berth.model.drain_state import DrainFact
from berth.model.errors import (
    AllocationProviderNotFound,
    AllocationsNotFound,
    CapacityExceeded,
    ClassNotFound,
    ConsumerGenerationConflict,
    InventoryMissing,
    ProviderDrained,
    UnitsViolated,
)
from berth.model.inventory import Inventory
from berth.model.term import Span, Term, span_of

InventoryOf = Callable[[DraftProvider, str], Inventory | None]
"""Returns the inventory that a provider has of a class, for the purposes of a claim."""

ProviderClass = tuple[str, str]
"""A provider's uuid and the name of a resource class."""


class ClaimedAmount(msgspec.Struct, frozen=True, eq=False):
    """One amount of a claim.

    inventory: None if the provider has none of the class; held: all that is held of the class now; others: what
    remains of that without the consumers of the claims, plus the amounts of the same command that come first; before:
    what each consumer of the claims holds of the class now; drain: of the provider, None if it takes claims.
    """

    provider: str
    resource_class: str
    amount: int
    inventory: Inventory | None
    held: int
    others: int
    before: Sequence[int] = ()
    drain: DrainFact | None = None


class CollectedClaims(msgspec.Struct, eq=False):
    """Claims and all that their checks and their application need from the draft.

    consumers: those that hold something; providers: those that exist, of the claims and of what their consumers hold;
    classes: each class of the claims, and whether it exists; named: the uuids of the claims' providers; without_stock:
    those that have no inventory of any of the classes; available: the classes that those have which lack one; used: how
    much will be held, where that changes; before: what each consumer holds there now; touched: the providers whose
    generation will rise; spans: of the claims that have one, by consumer.
    """

    claims: Sequence[Claim]
    consumers: dict[str, DraftConsumer] = {}
    providers: dict[str, DraftProvider] = {}
    classes: dict[str, bool] = {}
    named: dict[str, None] = {}
    without_stock: list[str] = []
    available: dict[str, list[str]] = {}
    amounts: list[ClaimedAmount] = []
    used: dict[ProviderClass, int] = {}
    before: dict[ProviderClass, list[int]] = {}
    touched: dict[str, None] = {}
    spans: dict[str, Span] = {}


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
    release_all(draft, (consumer,))


def release_all(draft: Draft, consumers: Sequence[DraftConsumer]) -> None:
    """Release everything that some consumers hold."""
    collected = CollectedClaims(())
    for consumer in consumers:
        _collect_held(draft, consumer, collected)
    for (uuid, name), amount in collected.used.items():
        draft.set_used(collected.providers[uuid], name, amount)
    for consumer in consumers:
        draft.hold(consumer, {})


# --- Collect ---


def collect_claims(
    draft: Draft, claims: Sequence[Claim], inventory_of: InventoryOf, *, confirm: bool = True
) -> CollectedClaims:
    """Return what the claims concern, looked up once. What does not exist is left out or marked.

    confirm: whether a claim without a term confirms a hold. Raises InvalidTerm, HoldTooLong, LeaseNotFound, LeaseEnded,
    and refuses nothing else.
    """
    collected = CollectedClaims(claims)
    for claim in claims:
        consumer = draft.consumer(claim.consumer)
        _collect_span(draft, claim, consumer, collected, confirm=confirm)
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


def _collect_span(
    draft: Draft, claim: Claim, consumer: DraftConsumer | None, collected: CollectedClaims, *, confirm: bool
) -> None:
    if isinstance(claim.term, Term):
        span = span_of(claim.term, draft.now, draft.longest_hold_s)
        if claim.term.lease is not None:
            draft.leases.usable(claim.term.lease, claim.project)
    else:
        span = None if consumer is None else consumer.span
        if span is not None and span.deadline is not None and confirm:
            span = None  # a client that knows nothing of holds must not lose its claim
    if span is not None:
        collected.spans[claim.consumer] = span


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
            collected.before.setdefault(place, []).append(amount)


def _collect_provider(draft: Draft, uuid: str, inventory_of: InventoryOf, collected: CollectedClaims) -> None:
    provider = collected.providers.get(uuid) or draft.find_provider(uuid)
    if provider is None:
        return
    collected.providers[uuid] = provider
    for name in collected.classes:
        if inventory_of(provider, name) is not None:
            return
    collected.without_stock.append(uuid)
    collected.available[uuid] = list(draft.inventories(provider))


def _collect_amounts(draft: Draft, claim: Claim, inventory_of: InventoryOf, collected: CollectedClaims) -> None:
    used = collected.used
    for uuid, resources in claim.allocations.items():
        provider = collected.providers.get(uuid)
        if provider is None:
            continue
        drain = drain_of(draft, provider) if draft.fleet.drains.by_slot else None
        for name, amount in resources.items():
            place = (uuid, name)
            held = draft.used(provider, name)
            others = used.get(place, held)
            inventory = inventory_of(provider, name)
            if inventory is None:
                collected.available[uuid] = list(draft.inventories(provider))
            before = collected.before.get(place, ())
            collected.amounts.append(ClaimedAmount(uuid, name, amount, inventory, held, others, before, drain))
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
        raise InventoryMissing(uuid, collected.classes, collected.available[uuid])
    for amount in collected.amounts:
        _check_capacity(amount, collected.available.get(amount.provider, ()))


def _check_consumer(claim: Claim, consumer: DraftConsumer | None) -> None:
    if claim.generation is UNCHECKED:
        return
    assert not isinstance(claim.generation, commands.Marker)
    if claim.generation != (None if consumer is None else consumer.generation):
        raise generation_conflict(claim.consumer, consumer, claim.generation)


def generation_conflict(uuid: str, consumer: DraftConsumer | None, given: int | None) -> ConsumerGenerationConflict:
    """Return the refusal of a claim that expects another generation of a consumer than it has (None: holds nothing)."""
    if consumer is None:
        return ConsumerGenerationConflict(uuid, None, given)
    owner = consumer.project, consumer.user
    return ConsumerGenerationConflict(uuid, consumer.generation, given, consumer.held, owner)


def _check_capacity(claimed: ClaimedAmount, available: Sequence[str]) -> None:
    """Raise a Refusal if the inventory cannot satisfy a claimed amount: the rule of capacity.

    An inventory may have been set below what is held of it, or to other units. A claim is then still granted if it
    leaves the overage no larger than it was, and needs no other units than what its consumers hold already. available:
    the classes that the provider has, if it has none of the claimed one. Of a drained provider no more can be held than
    is held now.
    """
    inventory, after = claimed.inventory, claimed.others + claimed.amount
    if inventory is None:
        raise InventoryMissing(claimed.provider, (claimed.resource_class,), available)
    if not inventory.takes(claimed.amount) and not _is_held(claimed, inventory):
        rule, value = inventory.violated_unit(claimed.amount)
        raise UnitsViolated(claimed.provider, claimed.resource_class, rule, value, claimed.amount)
    if claimed.drain is not None and after > claimed.held:
        raise _refusal_of(claimed, claimed.drain)
    capacity = inventory.capacity
    if after > capacity and after > claimed.held:
        raise CapacityExceeded(
            claimed.provider,
            claimed.resource_class,
            amount=claimed.amount,
            free=max(0, capacity - claimed.others),
            capacity=capacity,
            used=claimed.held,
        )


def _refusal_of(claimed: ClaimedAmount, drain: DrainFact) -> ProviderDrained:
    return ProviderDrained(claimed.provider, claimed.resource_class, claimed.held, drain.by, drain.why)


def _is_held(claimed: ClaimedAmount, inventory: Inventory) -> bool:
    """Whether an amount is no new claim: one consumer's of before, or a part of what is held against the units."""
    if claimed.amount in claimed.before:
        return True
    return claimed.amount <= sum(claimed.before) and not all(map(inventory.takes, claimed.before))


# --- Apply ---


def apply_claims(draft: Draft, collected: CollectedClaims) -> None:
    """Carry out claims that have been checked."""
    for claim in collected.claims:
        _apply_claim(draft, claim, collected.consumers.get(claim.consumer), collected.spans.get(claim.consumer))
    for (uuid, name), amount in collected.used.items():
        draft.set_used(collected.providers[uuid], name, amount)
    for uuid in collected.touched:
        draft.touch(collected.providers[uuid])


def _apply_claim(draft: Draft, claim: Claim, consumer: DraftConsumer | None, span: Span | None) -> None:
    if consumer is None:
        if not claim.allocations:
            return
        consumer = draft.add_consumer(claim.consumer)
        consumer.type_id = None
    consumer.generation += 1
    type_id = consumer.type_id
    if claim.type is not KEEP:
        assert not isinstance(claim.type, commands.Keep)
        type_id = None if claim.type is None else draft.type_id(claim.type)
    # A claim of nothing is a release: the logs keep whose it was, not who is named in it.
    if claim.allocations:
        draft.set_owner(consumer, claim.project, claim.user, type_id)
    draft.hold(consumer, claim.allocations, span if claim.allocations else None)
    if claim.allocations and not (claim.name is KEEP and claim.note is KEEP):
        put_name(draft.facts, draft.before, consumer, given_name(consumer.named, claim.name, claim.note))
