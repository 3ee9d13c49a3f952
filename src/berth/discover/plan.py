"""Plans: the changes that would bring a ledger in line with a machine."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from berth.discover.ledger import LedgerAccess
from berth.discover.machine import Machine, Note
from berth.discover.reconcile import Action, PlanStep, Record, added, is_own_class, missing, updated
from berth.discover.tree import FoundProvider, Naming
from berth.model.errors import Conflict, ProviderNotFound
from berth.model.provider import Provider
from berth.model.request import ProviderQuery


class NameTaken(Conflict):
    """Another provider has the name that a discovered one would get."""

    def __init__(self, name: str, uuid: str) -> None:
        super().__init__(
            f"Another resource provider, {uuid}, is already called {name}. "
            "Rename it, or give this machine another name."
        )
        self.name, self.uuid = name, uuid


class Renamed(Conflict):
    """The ledger knows this machine by another name, and no renaming was requested."""

    def __init__(self, known: str, name: str) -> None:
        super().__init__(
            f"The ledger knows the machine with this machine-id as {known}, but it is called {name} now. "
            "If it was renamed, use --rename. If it is a copy, give it a machine-id of its own "
            "(systemd-machine-id-setup)."
        )
        self.known, self.name = known, name


class DiscoveryPlan(msgspec.Struct, frozen=True):
    """The steps that would bring a ledger in line with a machine.

    steps: one for each provider of the machine, parents before children, missing ones below their former parent;
    found: the found providers, by uuid; complete: whether everything could be read; notes: those of the reading.
    """

    steps: tuple[PlanStep, ...]
    found: dict[str, FoundProvider]
    complete: bool
    notes: tuple[Note, ...]

    @property
    def changes(self) -> bool:
        """Whether applying the plan would write anything."""
        return any(step.writes for step in self.steps)


def plan(found: FoundProvider, machine: Machine, ledger: LedgerAccess, *, rename: bool = False) -> DiscoveryPlan:
    """Compare a machine with its state in a ledger, and return the plan. Writes nothing.

    found: its provider tree (berth.discover.machine_tree); rename: whether its root may be renamed.
    Raises Renamed if it would have to be but may not, NameTaken if a name belongs to another provider.
    """
    found_by_uuid = {each.uuid: each for each in found.walk()}
    below = descendants(ledger, found.uuid)
    steps = {uuid: planned(ledger, each, below, complete=machine.complete) for uuid, each in found_by_uuid.items()}
    if not rename:
        refuse_new_name(steps[found.uuid], below)
    refuse_taken_names(ledger, steps)
    naming = Naming(machine.identity, found.name)
    lost = [each for each in below.values() if each.uuid not in found_by_uuid and naming.owns(each.uuid, each.name)]
    steps |= departures(ledger, lost, below, found_by_uuid, complete=machine.complete)
    return DiscoveryPlan(tuple(in_order(found.uuid, steps)), found_by_uuid, machine.complete, machine.notes)


def descendants(ledger: LedgerAccess, top: str) -> dict[str, Provider]:
    """Return the provider `top` and all below it, by uuid, parents first; empty if the ledger does not have it."""
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
    """Return the step for a provider that was found. It may be registered elsewhere than below the machine."""
    provider = below.get(found.uuid)
    if provider is None:
        provider = registered(ledger, found.uuid)
    if provider is None:
        return added(found)
    return updated(found, recorded(ledger, provider, found), complete=complete)


def registered(ledger: LedgerAccess, uuid: str) -> Provider | None:
    """Return a provider, None if the ledger does not have it."""
    try:
        return ledger.provider(uuid)
    except ProviderNotFound:
        return None


def recorded(ledger: LedgerAccess, provider: Provider, found: FoundProvider | None) -> Record:
    """Return the state of a provider in the ledger. found: as it was found, None if it was not."""
    inventories_now = ledger.inventories(provider.uuid)
    inventories = inventories_now.inventories
    seen = found.inventories if found is not None else {}
    held = [
        name for name, inventory in inventories.items() if inventory.used and name not in seen and is_own_class(name)
    ]
    holders: dict[str, list[str]] = {}
    for holder in ledger.allocations_of(provider.uuid).holders if held else []:
        for name in set(held) & set(holder.resources):
            holders.setdefault(name, []).append(holder.consumer.uuid)
    return Record(
        provider, inventories_now.generation, inventories, frozenset(ledger.traits(provider.uuid).traits), holders
    )


def departures(
    ledger: LedgerAccess,
    lost: list[Provider],
    below: dict[str, Provider],
    found_by_uuid: dict[str, FoundProvider],
    *,
    complete: bool,
) -> dict[str, PlanStep]:
    """Return the steps for providers that were not found; children first: a parent remains with its children."""
    steps: dict[str, PlanStep] = {}
    for provider in reversed(lost):
        children = {each.uuid for each in below.values() if each.parent == provider.uuid} - set(found_by_uuid)
        leaving = {uuid for uuid, step in steps.items() if step.action is Action.REMOVE}
        needed = not children <= leaving
        steps[provider.uuid] = missing(recorded(ledger, provider, None), complete=complete, needed=needed)
    return steps


def refuse_new_name(top: PlanStep, below: dict[str, Provider]) -> None:
    """Raise Renamed if the machine is registered under another name."""
    if top.uuid in below and below[top.uuid].name != top.name:
        raise Renamed(below[top.uuid].name, top.name)


def refuse_taken_names(ledger: LedgerAccess, steps: dict[str, PlanStep]) -> None:
    """Raise NameTaken if another provider has one of the names, before anything is written."""
    for step in steps.values():
        if step.action is Action.ADD or step.moved:
            for other in ledger.providers(ProviderQuery(name=step.name)):
                if other.uuid != step.uuid:
                    raise NameTaken(step.name, other.uuid)


def in_order(top: str, steps: dict[str, PlanStep]) -> Iterator[PlanStep]:
    """Yield the steps, parents first; last the missing ones below a provider that is not in the plan."""
    yield from subtree(top, steps)
    for step in steps.values():
        if step.uuid != top and step.parent not in steps:
            yield from subtree(step.uuid, steps)


def subtree(top: str, steps: dict[str, PlanStep]) -> Iterator[PlanStep]:
    """Yield a step and those below it."""
    yield steps[top]
    for step in steps.values():
        if step.parent == top:
            yield from subtree(step.uuid, steps)
