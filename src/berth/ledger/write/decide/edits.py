"""Edits of what a provider has. They need no generation: they do not depend on the rest of it."""

from __future__ import annotations

from berth.ledger.write.draft import Draft
from berth.model.edits import EditAggregates, EditTraits
from berth.model.names import parse_uuid


def edit_traits(draft: Draft, command: EditTraits) -> int:
    """Add and remove traits. Return the provider's generation, which rises only if something changes."""
    provider = draft.provider(command.uuid)
    draft.need_traits(command.add | command.remove)
    present = draft.traits(provider)
    edited = (present | command.add) - command.remove
    if edited != present:
        draft.set_traits(provider, edited)
        draft.touch(provider)
    return provider.generation


def edit_aggregates(draft: Draft, command: EditAggregates) -> int:
    """Add a provider to aggregates and take it out of others. Return its generation, as `edit_traits` does.

    One that it is in already keeps the spelling in which it was given first.
    """
    provider = draft.provider(command.uuid)
    add, remove = map(draft.aggregate_names.resolved, (command.add, command.remove))
    present = {_canonical(given): given for given in sorted(draft.aggregates(provider))}
    edited = {_canonical(given): given for given in add} | present
    for given in remove:
        edited.pop(_canonical(given), None)
    if edited != present:
        draft.set_aggregates(provider, tuple(edited.values()))
        draft.touch(provider)
    return provider.generation


def _canonical(given: str) -> str:
    return parse_uuid(given) or given
