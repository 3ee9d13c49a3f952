"""What would change in a ledger if it were to have a machine as it was found."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from berth.discover.ledger import LedgerAccess
from berth.discover.machine import Machine, Note
from berth.discover.reconcile import Action, PlanStep, Record, added, departed, is_own_class, updated
from berth.discover.tree import FoundProvider, Naming
from berth.model.errors import Conflict, ProviderNotFound
from berth.model.provider import Provider
from berth.model.request import ProviderQuery


class NameTaken(Conflict):
    """Another provider has the name that a discovered one would get."""

    def __init__(self, name: str, uuid: str) -> None:
        super().__init__(
            f"Another resource provider, {uuid}, is called {name} already. "
            "Rename it, or give this machine another name."
        )
        self.name, self.uuid = name, uuid


class Renamed(Conflict):
    """The ledger knows this machine by another name, and nobody said that it was renamed."""

    def __init__(self, known: str, name: str) -> None:
        super().__init__(
            f"The ledger knows the machine with this machine-id as {known}, but it is called {name} now. "
            "If it was renamed, say so (--rename). If it is a copy, give it a machine-id of its own "
            "(systemd-machine-id-setup)."
        )
        self.known, self.name = known, name


class DiscoveryPlan(msgspec.Struct, frozen=True):
    """What would change.

    steps: one for each provider of the machine, parents before children, what is gone below where it was;
    found: what was found, by uuid; complete: whether what was not found is not there; notes: the reading's.
    """

    steps: tuple[PlanStep, ...]
    found: dict[str, FoundProvider]
    complete: bool
    notes: tuple[Note, ...]

    @property
    def changes(self) -> bool:
        """Whether applying it would write anything."""
        return any(step.writes for step in self.steps)


def plan(found: FoundProvider, machine: Machine, ledger: LedgerAccess, *, rename: bool = False) -> DiscoveryPlan:
    """Compare a machine with what a ledger has of it. Writes nothing.

    found: its provider tree (berth.discover.found); rename: whether its root may get another name.
    Raises Renamed if it would but may not, NameTaken if a name belongs to another provider.
    """
    wanted = {each.uuid: each for each in found.walk()}
    below = descendants(ledger, found.uuid)
    steps = {uuid: planned(ledger, each, below, complete=machine.complete) for uuid, each in wanted.items()}
    if not rename:
        refuse_new_name(steps[found.uuid], below)
    refuse_taken_names(ledger, steps)
    naming = Naming(machine.identity, found.name)
    lost = [each for each in below.values() if each.uuid not in wanted and naming.owns(each.uuid, each.name)]
    steps |= departures(ledger, lost, below, wanted, complete=machine.complete)
    return DiscoveryPlan(tuple(in_order(found.uuid, steps)), wanted, machine.complete, machine.notes)


def descendants(ledger: LedgerAccess, top: str) -> dict[str, Provider]:
    """The provider top and all below it, by uuid, parents first; nothing if the ledger does not have it."""
    try:
        first = ledger.provider(top)
    except ProviderNotFound:
        return {}
    tree = ledger.providers(ProviderQuery(in_tree=top))
    found, grown = {top: first}, True
    while grown:
        more = {each.uuid: each for each in tree if each.parent in found and each.uuid not in found}
        found |= more
        grown = bool(more)
    return found


def planned(ledger: LedgerAccess, found: FoundProvider, below: dict[str, Provider], *, complete: bool) -> PlanStep:
    """What is to happen to a provider that was found. One that is not below the machine may be elsewhere."""
    provider = below.get(found.uuid)
    if provider is None:
        provider = registered(ledger, found.uuid)
    if provider is None:
        return added(found)
    return updated(found, recorded(ledger, provider, found), complete=complete)


def registered(ledger: LedgerAccess, uuid: str) -> Provider | None:
    """A provider, if the ledger has it."""
    try:
        return ledger.provider(uuid)
    except ProviderNotFound:
        return None


def recorded(ledger: LedgerAccess, provider: Provider, found: FoundProvider | None) -> Record:
    """All that the ledger has of a provider that matters here. found: as it was found, None if it was not."""
    has = ledger.inventories(provider.uuid)
    inventories = has.inventories
    seen = found.inventories if found is not None else {}
    held = [name for name, stocked in inventories.items() if stocked.used and name not in seen and is_own_class(name)]
    holders: dict[str, list[str]] = {}
    for holder in ledger.allocations_of(provider.uuid).holders if held else []:
        for name in set(held) & set(holder.resources):
            holders.setdefault(name, []).append(holder.consumer.uuid)
    return Record(provider, has.generation, inventories, frozenset(ledger.traits(provider.uuid).traits), holders)


def departures(
    ledger: LedgerAccess,
    lost: list[Provider],
    below: dict[str, Provider],
    wanted: dict[str, FoundProvider],
    *,
    complete: bool,
) -> dict[str, PlanStep]:
    """What is to happen to providers that were not found; children first, for a parent stays as long as they do."""
    steps: dict[str, PlanStep] = {}
    for provider in reversed(lost):
        children = {each.uuid for each in below.values() if each.parent == provider.uuid} - set(wanted)
        leaving = {uuid for uuid, step in steps.items() if step.action is Action.REMOVE}
        needed = not children <= leaving
        steps[provider.uuid] = departed(recorded(ledger, provider, None), complete=complete, needed=needed)
    return steps


def refuse_new_name(top: PlanStep, below: dict[str, Provider]) -> None:
    """Raise Renamed if the machine is registered under another name."""
    if top.uuid in below and below[top.uuid].name != top.name:
        raise Renamed(below[top.uuid].name, top.name)


def refuse_taken_names(ledger: LedgerAccess, steps: dict[str, PlanStep]) -> None:
    """Raise NameTaken if another provider has one of the names: better now than in the middle of writing."""
    for step in steps.values():
        if step.action is Action.ADD or step.moved:
            for other in ledger.providers(ProviderQuery(name=step.name)):
                if other.uuid != step.uuid:
                    raise NameTaken(step.name, other.uuid)


def in_order(top: str, steps: dict[str, PlanStep]) -> Iterator[PlanStep]:
    """The steps, each before those below it; last what is gone from below a provider of somebody else's."""
    yield from subtree(top, steps)
    for step in steps.values():
        if step.uuid != top and step.parent not in steps:
            yield from subtree(step.uuid, steps)


def subtree(top: str, steps: dict[str, PlanStep]) -> Iterator[PlanStep]:
    """A step and those below it."""
    yield steps[top]
    for step in steps.values():
        if step.parent == top:
            yield from subtree(step.uuid, steps)
