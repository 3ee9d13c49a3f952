"""Reshaping: inventories move between providers together with what is held of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from berth.ledger.write.decide.allocations import CollectedClaims, apply_claims, check_claims, collect_claims
from berth.ledger.write.decide.inventories import check_inventory
from berth.ledger.write.decide.providers import check_generation
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.model import commands
from berth.model.errors import InventoryInUse, ReshapedProviderNotFound
from berth.model.inventory import Inventory


@dataclass(frozen=True, slots=True)
class ReshapedProvider:
    """A provider whose inventories change. new: those that it is to have; old_and_new: both together."""

    provider: DraftProvider
    new: dict[str, Inventory]
    old_and_new: dict[str, Inventory]


def reshape(draft: Draft, command: commands.Reshape) -> None:
    """Replace inventories and claims: all of them, or nothing.

    Claims are checked against old and new inventories together; then nothing may be held of an inventory that goes.
    Generations rise by two for a provider that is given inventories, by one for one that loses all, and by one more
    where claims touch it (Placement 1.30).
    """
    reshaped = [_collect(draft, each) for each in command.inventories]
    for each in reshaped:
        for name, inventory in each.new.items():
            check_inventory(each.provider.uuid, name, inventory)
            draft.need_class(name)
    collected = _collect_claims(draft, command, reshaped)
    check_claims(collected)
    for each in reshaped:
        _check_not_in_use(draft, each, collected)
    for each in reshaped:
        draft.set_inventories(each.provider, each.new)
        draft.touch(each.provider, by=2 if each.new else 1)
    apply_claims(draft, collected)


def _collect(draft: Draft, inventories: commands.NewInventories) -> ReshapedProvider:
    """Look up a provider to reshape. Raises ReshapedProviderNotFound and GenerationConflict."""
    provider = draft.find_provider(inventories.uuid)
    if provider is None:
        raise ReshapedProviderNotFound(inventories.uuid)
    check_generation(provider, inventories.generation)
    new = inventories.inventories
    return ReshapedProvider(provider, new, {**draft.inventories(provider), **new})


def _collect_claims(draft: Draft, command: commands.Reshape, reshaped: Sequence[ReshapedProvider]) -> CollectedClaims:
    old_and_new = {each.provider.uuid: each.old_and_new for each in reshaped}

    def inventory_of(provider: DraftProvider, name: str) -> Inventory | None:
        if provider.uuid in old_and_new:
            return old_and_new[provider.uuid].get(name)
        return draft.inventory(provider, name)

    collected = collect_claims(draft, command.claims, inventory_of, confirm=False)
    # The command sets these inventories and the claims together: it can keep to the units. What is held stays on
    # the host where it is, though not on the same provider of it: that is no new claim, also if the host is drained.
    collected.amounts = [
        msgspec.structs.replace(each, before=() if each.provider in old_and_new else each.before, drain=None)
        for each in collected.amounts
    ]
    return collected


def _check_not_in_use(draft: Draft, each: ReshapedProvider, collected: CollectedClaims) -> None:
    """Raise InventoryInUse if, after the claims, something is held of an inventory that goes."""
    held = {
        name: used
        for name in each.old_and_new
        if name not in each.new
        and (used := collected.used.get((each.provider.uuid, name), draft.used(each.provider, name)))
    }
    if held:
        raise InventoryInUse(each.provider.uuid, held, held)
