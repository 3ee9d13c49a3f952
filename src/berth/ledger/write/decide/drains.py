"""Drains: providers that take no new claims, and take them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from berth.fleet.state.columns import Mask
from berth.fleet.state.fleet import NO_SLOT, Fleet
from berth.fleet.views.provider_page import matching_providers
from berth.ledger.write.draft import Draft
from berth.ledger.write.draft_entities import DraftProvider
from berth.ledger.write.subtree import subtree_of
from berth.model.consumer import Resources
from berth.model.drain import MOST_DRAINED, MOST_NAMED, Drain, DrainedProvider, DrainOutcome, Undrain
from berth.model.drain_state import DrainFact
from berth.model.errors import DrainedAbove, Invalid, NothingMatches
from berth.model.plural import plural


def drain(draft: Draft, command: Drain) -> DrainOutcome:
    """Let providers take no new claims. Raises ProviderNotFound, NothingMatches, Invalid for too many."""
    fleet, changed = draft.fleet, dict[str, DrainFact | None]()
    chosen = _chosen(draft, command)
    for uuid in chosen:
        old = fleet.drains.by_slot.get(fleet.slot_of[uuid])
        if old is None:
            changed[uuid] = DrainFact(draft.now, draft.actor, command.why)
        elif command.why not in ("", old.why):
            changed[uuid] = DrainFact(old.since, draft.actor, command.why)
    return _carried_out(draft, chosen, changed, dry_run=command.dry_run)


def undrain(draft: Draft, command: Undrain) -> DrainOutcome:
    """Let providers take claims again. Raises ProviderNotFound, NothingMatches, DrainedAbove, Invalid for too many."""
    fleet, chosen = draft.fleet, _chosen(draft, command)
    together = set(chosen)
    for uuid in command.providers:
        above = fleet.drains.nearest(_parent(fleet, uuid), fleet.parent.values)
        if above is not None and fleet.uuids[above[0]] not in together:
            raise DrainedAbove(uuid, fleet.uuids[above[0]], fleet.names[above[0]])
    changed = dict.fromkeys(uuid for uuid in chosen if fleet.slot_of[uuid] in fleet.drains.by_slot)
    return _carried_out(draft, chosen, changed, dry_run=command.dry_run)


def drain_of(draft: Draft, provider: DraftProvider) -> DrainFact | None:
    """Return the drain of a provider, or of one above it; None if it takes claims."""
    fleet = draft.fleet
    while provider.slot == NO_SLOT:  # it is new, or below one that is
        if provider.parent is None:
            return None
        provider = draft.provider(provider.parent)
    found = fleet.drains.nearest(provider.slot, fleet.parent.values)
    return None if found is None else found[1]


def _chosen(draft: Draft, command: Drain | Undrain) -> list[str]:
    """Return the uuids of the providers that a command is about, those that are given first."""
    given = [draft.provider(uuid).uuid for uuid in command.providers]
    chosen = list(dict.fromkeys([*given, *_matching(draft.fleet, command)]))
    if len(chosen) > MOST_DRAINED:
        found = plural(len(chosen), "provider matches", "providers match")
        raise Invalid(f"{found}: the limit is {MOST_DRAINED:,}", at="/where")
    return chosen


def _matching(fleet: Fleet, command: Drain | Undrain) -> list[str]:
    """Return the uuids of the providers that match the filter of a command. Raises NothingMatches."""
    if command.where is None:
        return []
    matching = matching_providers(fleet, command.where)
    if not matching.any():
        raise NothingMatches(command.where.resource_class)
    slots = np.flatnonzero(matching).tolist()
    if isinstance(command, Undrain):
        slots = [slot for slot in slots if slot in fleet.drains.by_slot]
    else:
        slots = [slot for slot in slots if not _has_above(fleet, slot, matching)]
    return [fleet.uuids[slot] for slot in slots]


def _has_above(fleet: Fleet, slot: int, matching: Mask) -> bool:
    """Whether a provider above this one matches as well: to drain that is enough."""
    while (slot := int(fleet.parent.values[slot])) != NO_SLOT:
        if matching[slot]:
            return True
    return False


def _parent(fleet: Fleet, uuid: str) -> int:
    return int(fleet.parent.values[fleet.slot_of[uuid]])


def _carried_out(
    draft: Draft, chosen: Sequence[str], changed: dict[str, DrainFact | None], *, dry_run: bool
) -> DrainOutcome:
    fleet = draft.fleet
    for uuid, new in () if dry_run else changed.items():
        if (old := fleet.drains.by_slot.get(fleet.slot_of[uuid])) is not None:
            draft.before.drains[uuid] = old
        draft.drains[uuid] = draft.facts.drains[uuid] = new
    names = sorted((fleet.names[fleet.slot_of[uuid]], uuid) for uuid in changed)
    return DrainOutcome(
        matched=len(chosen),
        changed=len(changed),
        providers=[DrainedProvider(uuid, name) for name, uuid in names[:MOST_NAMED]],
        held=_held(draft, chosen),
    )


def _held(draft: Draft, uuids: Iterable[str]) -> Resources:
    """Return what is held of providers and of all below them, by class."""
    total: Resources = {}
    for uuid in dict.fromkeys(below for each in uuids for below in subtree_of(draft.fleet, each)):
        provider = draft.provider(uuid)
        for name in draft.inventories(provider):
            if used := draft.used(provider, name):
                total[name] = total.get(name, 0) + used
    return total
