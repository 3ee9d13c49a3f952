"""Claims: who holds what. The rule that nothing is oversold stands here, in `_check_amount`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from berth.ledger.write.draft import Draft, DraftConsumer, DraftProvider
from berth.model import commands
from berth.model.change import NameKind
from berth.model.commands import KEEP, UNCHECKED, Claim
from berth.model.errors import (
    AllocationProviderNotFound,
    AllocationsNotFound,
    CapacityExceeded,
    ConsumerGenerationConflict,
    InventoryMissing,
    UnitsViolated,
)
from berth.model.inventory import Inventory

InventoryOf = Callable[[DraftProvider, str], Inventory | None]
"""What a provider has of a class, for the purposes of a claim."""

ProviderClass = tuple[str, str]
"""A provider's uuid and a class."""


@dataclass(frozen=True, slots=True)
class CheckedClaims:
    """Claims that fit. used: how much will be held, where that changes; touched: whose generation will rise."""

    claims: tuple[Claim, ...]
    used: dict[ProviderClass, int]
    touched: tuple[DraftProvider, ...]


def write(draft: Draft, command: commands.SetAllocations) -> None:
    """Each consumer of the claims holds just what its claim says."""
    apply_claims(draft, check_claims(draft, command.claims, draft.inventory))


def release(draft: Draft, command: commands.ReleaseAllocations) -> None:
    """A consumer holds nothing any more. No provider's generation rises: room only grows."""
    consumer = draft.consumer(command.consumer)
    if consumer is None:
        raise AllocationsNotFound(command.consumer)
    for (uuid, name), amount in _without(draft, [consumer]).items():
        draft.set_used(draft.provider(uuid), name, amount)
    draft.hold(consumer, {})


def check_claims(draft: Draft, claims: tuple[Claim, ...], stock: InventoryOf) -> CheckedClaims:
    """Whether claims can all be granted, in the order in which Placement looks. Changes nothing."""
    for claim in claims:
        _check_consumer(draft, claim)
    for claim in claims:
        for uuid in claim.allocations:
            if draft.find_provider(uuid) is None:
                raise AllocationProviderNotFound(uuid)
    consumers = [consumer for claim in claims if (consumer := draft.consumer(claim.consumer)) is not None]
    touched = _touched(draft, claims)
    _check_stocked(draft, claims, stock)
    used = _without(draft, consumers)
    for claim in claims:
        for uuid, resources in claim.allocations.items():
            provider = draft.provider(uuid)
            for name, amount in resources.items():
                place = (uuid, name)
                before = used[place] if place in used else draft.used(provider, name)
                _check_amount(draft, provider, name, amount, before, stock)
                used[place] = before + amount
    return CheckedClaims(claims, used, touched)


def apply_claims(draft: Draft, weighed: CheckedClaims) -> None:
    """Carry out what was weighed."""
    for (uuid, name), amount in weighed.used.items():
        draft.set_used(draft.provider(uuid), name, amount)
    for provider in weighed.touched:
        draft.touch(provider)
    for claim in weighed.claims:
        _settle_consumer(draft, claim)


def _check_consumer(draft: Draft, claim: Claim) -> None:
    if claim.generation is UNCHECKED:
        return
    assert not isinstance(claim.generation, commands.Marker)
    consumer = draft.consumer(claim.consumer)
    expected = None if consumer is None else consumer.generation
    if claim.generation != expected:
        raise ConsumerGenerationConflict(claim.consumer, expected, claim.generation)


def _touched(draft: Draft, claims: Iterable[Claim]) -> tuple[DraftProvider, ...]:
    """Providers named by the claims, and those that a consumer which is to hold nothing holds part of."""
    uuids: dict[str, None] = {}
    for claim in claims:
        consumer = draft.consumer(claim.consumer)
        uuids.update(dict.fromkeys(claim.allocations or (consumer.held if consumer else ())))
    return tuple(draft.provider(uuid) for uuid in uuids)


def _check_stocked(draft: Draft, claims: tuple[Claim, ...], stock: InventoryOf) -> None:
    """Every class exists, and every provider has at least one of all the classes that are asked for."""
    names = dict.fromkeys(name for claim in claims for resources in claim.allocations.values() for name in resources)
    for name in names:
        draft.need_class(name)
    for claim in claims:
        for uuid in claim.allocations:
            provider = draft.provider(uuid)
            if not any(stock(provider, name) is not None for name in names):
                raise InventoryMissing(uuid, names)


def _check_amount(
    draft: Draft, provider: DraftProvider, name: str, amount: int, before: int, stock: InventoryOf
) -> None:
    """The rule of capacity. before: what is held by others, and by claims of this command that came first.

    An inventory may have been set below what is held of it: then a claim is still granted if it
    leaves the overage no larger than it was.
    """
    inventory = stock(provider, name)
    if inventory is None:
        raise InventoryMissing(provider.uuid, (name,))
    if not inventory.takes(amount):
        raise UnitsViolated(provider.uuid, name)
    if before + amount > inventory.capacity and before + amount > draft.used(provider, name):
        raise CapacityExceeded(provider.uuid, name)


def _without(draft: Draft, consumers: Iterable[DraftConsumer]) -> dict[ProviderClass, int]:
    """How much is held without these consumers, wherever they hold something."""
    used: dict[ProviderClass, int] = defaultdict(int)
    for consumer in consumers:
        for uuid, resources in consumer.held.items():
            for name, amount in resources.items():
                place = (uuid, name)
                before = used[place] if place in used else draft.used(draft.provider(uuid), name)
                used[place] = before - amount
    return dict(used)


def _settle_consumer(draft: Draft, claim: Claim) -> None:
    consumer = draft.consumer(claim.consumer)
    if consumer is None:
        if not claim.allocations:
            return
        consumer = draft.add_consumer(claim.consumer)
        consumer.type = None
    consumer.generation += 1
    consumer.project, consumer.user = claim.project, claim.user
    if claim.type is not KEEP:
        assert not isinstance(claim.type, commands.Keep)
        consumer.type = claim.type
        if claim.type is not None and draft.id_of(NameKind.TYPE, claim.type) is None:
            draft.add_name(NameKind.TYPE, claim.type)
    draft.hold(consumer, claim.allocations)
