"""Reshaping: inventories move between providers together with what is held of them."""

from __future__ import annotations

from berth.ledger.write.decide.allocations import CheckedClaims, apply_claims, check_claims
from berth.ledger.write.decide.providers import check_generation
from berth.ledger.write.draft import Draft, DraftProvider
from berth.model import commands
from berth.model.errors import InventoryInUse, ReshapedProviderNotFound
from berth.model.inventory import Inventory


def reshape(draft: Draft, command: commands.Reshape) -> None:
    """All of it, or nothing.

    Claims are weighed against old and new inventories together; then nobody may hold anything of
    what is not to stay. Generations rise by two for a provider that is given inventories, by one
    for one that loses all, and by one more where claims touch it (Placement 1.30).
    """
    changed = [(_provider(draft, each), each.inventories) for each in command.inventories]
    for _, inventories in changed:
        for name in inventories:
            draft.need_class(name)
    meanwhile = {
        provider.uuid: {**draft.inventories(provider), **inventories} if inventories else draft.inventories(provider)
        for provider, inventories in changed
    }

    def stock(provider: DraftProvider, name: str) -> Inventory | None:
        if provider.uuid in meanwhile:
            return meanwhile[provider.uuid].get(name)
        return draft.inventory(provider, name)

    weighed = check_claims(draft, command.claims, stock)
    for provider, inventories in changed:
        _check_nothing_left(draft, provider, meanwhile[provider.uuid], inventories, weighed)
    for provider, inventories in changed:
        draft.set_inventories(provider, inventories)
        draft.touch(provider, by=2 if inventories else 1)
    apply_claims(draft, weighed)


def _provider(draft: Draft, wanted: commands.NewInventories) -> DraftProvider:
    provider = draft.find_provider(wanted.uuid)
    if provider is None:
        raise ReshapedProviderNotFound(wanted.uuid)
    check_generation(provider, wanted.generation)
    return provider


def _check_nothing_left(
    draft: Draft,
    provider: DraftProvider,
    meanwhile: dict[str, Inventory],
    kept: dict[str, Inventory],
    weighed: CheckedClaims,
) -> None:
    held = [
        name
        for name in meanwhile
        if name not in kept and weighed.used.get((provider.uuid, name), draft.used(provider, name))
    ]
    if held:
        raise InventoryInUse(provider.uuid, held)
