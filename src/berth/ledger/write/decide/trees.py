"""Trees: deleted, or renamed, as a whole."""

from __future__ import annotations

from berth.ledger.write.draft import Draft
from berth.ledger.write.subtree import subtree_of
from berth.model.consumer import Resources
from berth.model.edits import DeleteTree, RenamedProvider, RenameTree
from berth.model.errors import ProviderExists, TreeInUse
from berth.model.text import checked_text
from berth.model.validation import PROVIDER_NAME_LENGTH


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


def rename_tree(draft: Draft, command: RenameTree) -> list[RenamedProvider]:
    """Rename a provider, and those below it whose names begin with its name. Return them, parents first.

    Raises ProviderNotFound; ProviderExists if a new name is that of a provider, which may be one of these; Invalid if
    one is too long. Then nothing is renamed.
    """
    providers = [draft.provider(uuid) for uuid in subtree_of(draft.fleet, command.uuid)]
    old, renamed = providers[0].name, []
    for provider in providers:
        if provider.name.startswith(old):
            name = command.name + provider.name.removeprefix(old)
            named = draft.provider_named(checked_text(name, "the provider's name", PROVIDER_NAME_LENGTH))
            if named is not None and named != provider.uuid:
                raise ProviderExists("name", name, named, name)
            renamed.append((provider, RenamedProvider(provider.uuid, name, provider.name)))
    for provider, each in () if command.dry_run else renamed:
        draft.place_provider(provider, each.name, provider.parent, provider.root)
    return [each for _, each in renamed]
