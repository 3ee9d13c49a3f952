"""Applying a plan: the writes that bring a ledger in line with a machine."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.discover.ledger import LedgerAccess
from berth.discover.plan import DiscoveryPlan, recorded, registered
from berth.discover.reconcile import Action, PlanStep, Record, added, missing, updated
from berth.discover.tree import FoundProvider
from berth.model.commands import KEEP
from berth.model.errors import (
    GenerationConflict,
    InventoryInUse,
    ProviderExists,
    ProviderHasChildren,
    ProviderInUse,
    ProviderNotFound,
)
from berth.model.names import is_custom_name
from berth.model.request import ProviderQuery

ATTEMPTS: Final = 10
"""The most tries of a step while others write to the same provider. Every claim on it is such a write."""

OVERTAKEN: Final = (
    GenerationConflict,
    InventoryInUse,
    ProviderExists,
    ProviderHasChildren,
    ProviderInUse,
    ProviderNotFound,
)
"""The refusals that mean that the provider has changed since it was read."""


def apply(plan: DiscoveryPlan, ledger: LedgerAccess) -> DiscoveryPlan:
    """Carry out a plan. Return what was done, which differs from the plan if others wrote in between.

    Each provider is read again right before it is written, and written only if it has not changed: what
    others set or claimed is never overwritten. There is no transaction over all providers; after an
    interruption, run it again. Raises refusals for other reasons, or the last refusal after ATTEMPTS.
    """
    arrivals = [step for step in plan.steps if step.uuid in plan.found]
    departures = [step for step in reversed(plan.steps) if step.uuid not in plan.found]
    done = {step.uuid: apply_step(step, plan, ledger) if step.writes else step for step in (*arrivals, *departures)}
    return msgspec.structs.replace(plan, steps=tuple(done[step.uuid] for step in plan.steps))


def apply_step(step: PlanStep, plan: DiscoveryPlan, ledger: LedgerAccess) -> PlanStep:
    """Carry out one step, again if others write in between."""
    for _ in range(ATTEMPTS - 1):
        try:
            return try_step(step, plan, ledger)
        except OVERTAKEN:
            continue
    return try_step(step, plan, ledger)


def try_step(step: PlanStep, plan: DiscoveryPlan, ledger: LedgerAccess) -> PlanStep:
    """Read the provider again, decide again, and write."""
    found, provider = plan.found.get(step.uuid), registered(ledger, step.uuid)
    if provider is None:
        return create(found, ledger) if found else step  # already removed by another
    record = recorded(ledger, provider, found)
    if found is not None:
        now = updated(found, record, complete=plan.complete)
    else:
        now = missing(record, complete=plan.complete, needed=has_children(ledger, provider.uuid))
    change(now, record, ledger)
    # A provider that an earlier run left half written still counts as added.
    return step if step.action is Action.ADD else now


def create(found: FoundProvider, ledger: LedgerAccess) -> PlanStep:
    """Add a provider with everything it has."""
    step = added(found)
    made = ledger.create_provider(step.name, uuid=step.uuid, parent=step.parent)
    write(step, made.generation, ledger)
    return step


def change(step: PlanStep, record: Record, ledger: LedgerAccess) -> None:
    """Change a registered provider as the step says. The writes that can be refused come first."""
    if step.action is Action.REMOVE:
        ledger.delete_provider(step.uuid)
        return
    write(step, record.generation, ledger)
    if step.moved:
        parent = KEEP if step.parent == record.provider.parent else step.parent
        ledger.update_provider(step.uuid, name=step.name, parent=parent)


def write(step: PlanStep, generation: int, ledger: LedgerAccess) -> None:
    """Write the changes of a provider's inventories and traits, if the provider still has this generation."""
    create_names(step, ledger)
    if step.after != step.before:
        ledger.set_inventories(step.uuid, step.after, generation=generation)
        generation += 1  # a generation read afterwards could be another writer's
    if step.traits_after != step.traits_before:
        ledger.set_traits(step.uuid, step.traits_after, generation=generation)


def create_names(step: PlanStep, ledger: LedgerAccess) -> None:
    """Create the custom classes and traits that the ledger may lack."""
    for name in sorted(filter(is_custom_name, step.after.keys() - step.before.keys())):
        ledger.create_class(name, exist_ok=True)
    for name in sorted(filter(is_custom_name, step.traits_after - step.traits_before)):
        ledger.create_trait(name)


def has_children(ledger: LedgerAccess, uuid: str) -> bool:
    """Whether a provider has children."""
    return any(each.parent == uuid for each in ledger.providers(ProviderQuery(in_tree=uuid)))
