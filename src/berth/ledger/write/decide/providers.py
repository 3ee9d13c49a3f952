"""Providers: created, renamed, moved and deleted; their traits and aggregates."""

from __future__ import annotations

from itertools import islice

from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.model import commands
from berth.model.commands import KEEP, UNCHECKED, Generation
from berth.model.errors import (
    MOST_NAMED,
    GenerationConflict,
    NameRequired,
    ParentIsSelf,
    ParentNotFound,
    ProviderExists,
    ProviderHasChildren,
    ProviderInUse,
    ReparentingForbidden,
    TreeLoop,
    UnparentingForbidden,
)
from berth.model.provider import Provider


def create(draft: Draft, command: commands.CreateProvider, *, may_lack_name: bool = False) -> Provider:
    """Create a provider. may_lack_name: whether it may have the empty name, as the Placement API can rename one."""
    if not (command.name or may_lack_name):
        raise NameRequired
    if command.parent == command.uuid:
        raise ParentIsSelf(command.uuid)
    parent = None if command.parent is None else draft.find_provider(command.parent)
    if command.parent is not None and parent is None:
        raise ParentNotFound(command.parent)
    existing = draft.find_provider(command.uuid)
    if existing is not None:
        raise ProviderExists("uuid", command.uuid, existing.uuid, existing.name)
    named = draft.provider_named(command.name)
    if named is not None:
        raise ProviderExists("name", command.name, named, command.name)
    return _as_provider(draft.add_provider(command.uuid, command.name, parent))


def update(draft: Draft, command: commands.UpdateProvider) -> Provider:
    """Rename a provider, give it another parent, or both. Its descendants move with it."""
    provider = draft.provider(command.uuid)
    name = provider.name if command.name is KEEP else str(command.name)
    parent = provider.parent if command.parent is KEEP else command.parent
    assert not isinstance(parent, commands.Keep)
    root = _new_root(draft, provider, parent, may_move=command.reparenting)
    named = draft.provider_named(name)
    if named is not None and named != provider.uuid:
        raise ProviderExists("name", name, named, name)
    moves = root != provider.root
    draft.place_provider(provider, name, parent, root)
    for below in _descendants(draft, provider.uuid) if moves else ():
        draft.place_provider(below, below.name, below.parent, root)
    return _as_provider(provider)


def _new_root(draft: Draft, provider: DraftProvider, parent: str | None, *, may_move: bool) -> str:
    """Return the root of the tree that a provider will be in."""
    if parent is None:
        if provider.parent is not None and not may_move:
            raise UnparentingForbidden(provider.uuid, provider.parent)
        return provider.uuid
    above = draft.find_provider(parent)
    if above is None:
        raise ParentNotFound(parent)
    if provider.parent is not None and provider.parent != parent and not may_move:
        raise ReparentingForbidden(provider.uuid, provider.parent)
    ancestor: DraftProvider | None = above
    while ancestor is not None:
        if ancestor.uuid == provider.uuid:
            raise TreeLoop(provider.uuid, parent)
        ancestor = None if ancestor.parent is None else draft.provider(ancestor.parent)
    return above.root


def _descendants(draft: Draft, uuid: str) -> list[DraftProvider]:
    """Return all descendants of a stored provider, parents first."""
    fleet = draft.fleet
    descendants: list[DraftProvider] = []
    pending = [fleet.slot_of[uuid]]
    while pending:
        for child in fleet.children.get(pending.pop(), ()):
            descendants.append(draft.provider(fleet.uuids[child]))
            pending.append(child)
    return descendants


def delete(draft: Draft, command: commands.DeleteProvider) -> None:
    """Delete a provider."""
    provider = draft.provider(command.uuid)
    fleet = draft.fleet
    children = fleet.children.get(provider.slot, ())
    if children:
        first = sorted(fleet.uuids[child] for child in islice(children, MOST_NAMED))
        raise ProviderHasChildren(command.uuid, first, len(children))
    used = {name: used for name in draft.inventories(provider) if (used := draft.used(provider, name))}
    if used:
        raise ProviderInUse(command.uuid, used)
    draft.delete_provider(provider)


def set_traits(draft: Draft, command: commands.SetTraits) -> int:
    """Replace a provider's traits. Return its generation, which rises only if something changes."""
    provider = draft.provider(command.uuid)
    check_generation(provider, command.generation)
    draft.need_traits(command.traits)
    if command.traits != draft.traits(provider):
        draft.set_traits(provider, command.traits)
        draft.touch(provider)
    return provider.generation


def set_aggregates(draft: Draft, command: commands.SetAggregates) -> int:
    """Replace a provider's aggregates. Return its generation."""
    provider = draft.provider(command.uuid)
    check_generation(provider, command.generation)
    draft.set_aggregates(provider, draft.aggregate_names.resolved(command.aggregates))
    if command.counts:
        draft.touch(provider)
    return provider.generation


def check_generation(provider: DraftProvider, given: Generation) -> None:
    """Raise GenerationConflict unless the given generation is the present one, or UNCHECKED."""
    if given is not UNCHECKED and given != provider.generation:
        assert isinstance(given, int)
        raise GenerationConflict(provider.uuid, provider.generation, given)


def _as_provider(provider: DraftProvider) -> Provider:
    return Provider(
        provider.uuid,
        provider.name,
        provider.generation,
        provider.parent,
        provider.root,
        provider.created_at,
        provider.updated_at,
    )
