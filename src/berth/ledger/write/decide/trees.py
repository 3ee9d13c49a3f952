"""Trees: deleted as a whole."""

from __future__ import annotations

from berth.ledger.write.draft import Draft
from berth.ledger.write.subtree import subtree_of
from berth.model.consumer import Resources
from berth.model.edits import DeleteTree
from berth.model.errors import TreeInUse


def delete_tree(draft: Draft, command: DeleteTree) -> list[str]:
    """Delete a provider and all below it. Return their uuids, parents first.

    Raises ProviderNotFound; TreeInUse, and deletes nothing, if anything is held of one of them.
    """
    providers = [draft.provider(uuid) for uuid in subtree_of(draft.fleet, command.uuid)]
    total: Resources = {}
    in_use: list[str] = []
    for provider in providers:
        used = {name: used for name in draft.inventories(provider) if (used := draft.used(provider, name))}
        if used:
            in_use.append(provider.uuid)
        for name, amount in used.items():
            total[name] = total.get(name, 0) + amount
    if in_use:
        raise TreeInUse(command.uuid, in_use, total)
    for provider in () if command.dry_run else reversed(providers):
        draft.delete_provider(provider)
    return [provider.uuid for provider in providers]
