"""Making a ledger have a machine as it was found."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.discover.ledger import LedgerAccess
from berth.discover.plan import DiscoveryPlan, recorded, registered
from berth.discover.reconcile import Action, PlanStep, Record, added, departed, updated
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
"""How often to look again when others write to the same provider meanwhile. Every claim on it is such a write."""

OVERTAKEN: Final = (
    GenerationConflict,
    InventoryInUse,
    ProviderExists,
    ProviderHasChildren,
    ProviderInUse,
    ProviderNotFound,
)
"""The refusals that mean that the provider is not any more as it was when we looked."""


def apply(plan: DiscoveryPlan, ledger: LedgerAccess) -> DiscoveryPlan:
    """Do what a plan says. Returns what was done, which differs from the plan where others wrote meanwhile.

    Each provider is looked at once more right before it is written, and written only if nobody came
    in between: what others set or claimed is never overwritten. There is no transaction over all of
    them; whoever breaks off in the middle runs it again. Raises what the ledger refuses for other
    reasons, or the last refusal after ATTEMPTS.
    """
    arrivals = [step for step in plan.steps if step.uuid in plan.found]
    departures = [step for step in reversed(plan.steps) if step.uuid not in plan.found]
    done = {step.uuid: settle(step, plan, ledger) if step.writes else step for step in (*arrivals, *departures)}
    return msgspec.structs.replace(plan, steps=tuple(done[step.uuid] for step in plan.steps))


def settle(step: PlanStep, plan: DiscoveryPlan, ledger: LedgerAccess) -> PlanStep:
    """Do one step, looking again as often as others get in between."""
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt(step, plan, ledger)
        except OVERTAKEN:
            continue
    return attempt(step, plan, ledger)


def attempt(step: PlanStep, plan: DiscoveryPlan, ledger: LedgerAccess) -> PlanStep:
    """Look at the provider again, decide again, and write."""
    found, provider = plan.found.get(step.uuid), registered(ledger, step.uuid)
    if provider is None:
        return create(found, ledger) if found else step  # somebody else removed it already
    record = recorded(ledger, provider, found)
    if found is not None:
        now = updated(found, record, complete=plan.complete)
    else:
        now = departed(record, complete=plan.complete, needed=has_children(ledger, provider.uuid))
    change(now, record, ledger)
    # What an earlier attempt left half done is an addition all the same.
    return step if step.action is Action.ADD else now


def create(found: FoundProvider, ledger: LedgerAccess) -> PlanStep:
    """Add a provider with all that it has."""
    step = added(found)
    made = ledger.create_provider(step.name, uuid=step.uuid, parent=step.parent)
    write(step, made.generation, ledger)
    return step


def change(step: PlanStep, record: Record, ledger: LedgerAccess) -> None:
    """Make a registered provider what the step says. The writes that can be overtaken come first."""
    if step.action is Action.REMOVE:
        ledger.delete_provider(step.uuid)
        return
    write(step, record.generation, ledger)
    if step.moved:
        parent = KEEP if step.parent == record.provider.parent else step.parent
        ledger.update_provider(step.uuid, name=step.name, parent=parent)


def write(step: PlanStep, generation: int, ledger: LedgerAccess) -> None:
    """Write what changes of a provider's inventories and traits, if the provider still has this generation."""
    declare(step, ledger)
    if step.after != step.before:
        ledger.set_inventories(step.uuid, step.after, generation=generation)
        generation += 1  # not what is read afterwards: that may be somebody else's
    if step.traits_after != step.traits_before:
        ledger.set_traits(step.uuid, step.traits_after, generation=generation)


def declare(step: PlanStep, ledger: LedgerAccess) -> None:
    """Make the custom classes and traits that the ledger may not have yet."""
    for name in sorted(filter(is_custom_name, step.after.keys() - step.before.keys())):
        ledger.create_class(name, exist_ok=True)
    for name in sorted(filter(is_custom_name, step.traits_after - step.traits_before)):
        ledger.create_trait(name)


def has_children(ledger: LedgerAccess, uuid: str) -> bool:
    """Whether any provider is right below this one."""
    return any(each.parent == uuid for each in ledger.providers(ProviderQuery(in_tree=uuid)))
