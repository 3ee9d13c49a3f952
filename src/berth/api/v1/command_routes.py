"""The routes of commands: one for each, made from its name, its permission and its refusals."""

from __future__ import annotations

from typing import Any, Final

from berth.api.v1.endpoints import commands
from berth.api.v1.route import Route
from berth.model import errors, pages
from berth.model.commands import (
    AddInventory,
    Allocate,
    Command,
    Confirm,
    CreateClass,
    CreateProvider,
    CreateTrait,
    DeleteClass,
    DeleteInventory,
    DeleteProvider,
    DeleteTrait,
    Extend,
    PutRecords,
    ReleaseAllocations,
    RenameClass,
    Reshape,
    SetAggregates,
    SetAllocations,
    SetInventories,
    SetTraits,
    Undo,
    UpdateInventory,
    UpdateProvider,
)
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditConsumer, EditTraits, NameAggregate, RenameTree
from berth.model.inventory_edits import EditInventories
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.message import RESULTS, UNKEYED, message_of
from berth.model.releases import ReleaseMatching

_DRAIN_REFUSALS: Final = (
    errors.ProviderNotFound,
    errors.ClassNotFound,
    errors.TraitsNotFound,
    errors.AggregateNotFound,
    errors.NothingMatches,
)

COMMANDS: Final[dict[type[Command], tuple[str, str, tuple[type[errors.BerthError], ...]]]] = {
    CreateProvider: (
        "providers.create",
        "Add a provider",
        (errors.NameRequired, errors.ParentNotFound, errors.ParentIsSelf, errors.ProviderExists),
    ),
    UpdateProvider: (
        "providers.update",
        "Rename a provider, or move it",
        (
            errors.ProviderNotFound,
            errors.ParentNotFound,
            errors.TreeLoop,
            errors.ReparentingForbidden,
            errors.UnparentingForbidden,
            errors.ProviderExists,
        ),
    ),
    DeleteProvider: (
        "providers.delete",
        "Remove a provider",
        (errors.ProviderNotFound, errors.ProviderHasChildren, errors.ProviderInUse),
    ),
    DeleteTree: (
        "providers.delete_tree",
        "Remove a provider and all below it, or none of them",
        (errors.ProviderNotFound, errors.TreeInUse),
    ),
    RenameTree: (
        "providers.rename_tree",
        "Rename a provider and all below it whose names begin with its name, or none of them",
        (errors.ProviderNotFound, errors.ProviderExists, errors.NameRequired),
    ),
    SetInventories: (
        "inventories.replace",
        "Replace all inventories of a provider",
        (
            errors.ProviderNotFound,
            errors.ClassNotFound,
            errors.InvalidAmount,
            errors.ReservedExceedsTotal,
            errors.GenerationConflict,
            errors.InventoryInUse,
        ),
    ),
    AddInventory: (
        "inventories.create",
        "Add an inventory",
        (
            errors.ProviderNotFound,
            errors.ClassNotFound,
            errors.InvalidAmount,
            errors.ReservedExceedsTotal,
            errors.InventoryExists,
        ),
    ),
    UpdateInventory: (
        "inventory.update",
        "Replace an inventory",
        (
            errors.ProviderNotFound,
            errors.InventoryNotFound,
            errors.InvalidAmount,
            errors.ReservedExceedsTotal,
            errors.GenerationConflict,
        ),
    ),
    DeleteInventory: (
        "inventory.delete",
        "Remove an inventory",
        (errors.ProviderNotFound, errors.InventoryNotFound, errors.InventoryInUse),
    ),
    EditInventories: (
        "inventories.edit",
        "Set fields of one class of all providers that match, or of none",
        (
            errors.ClassNotFound,
            errors.TraitsNotFound,
            errors.AggregateNotFound,
            errors.NothingMatches,
            errors.InvalidAmount,
            errors.ReservedExceedsTotal,
            errors.UnitsContradict,
            errors.CapacityBelowUse,
        ),
    ),
    Drain: (
        "providers.drain",
        "Stop new claims on providers and everything below them",
        _DRAIN_REFUSALS,
    ),
    Undrain: (
        "providers.undrain",
        "Allow new claims on drained providers again",
        (*_DRAIN_REFUSALS, errors.DrainedAbove),
    ),
    SetTraits: (
        "provider_traits.set",
        "Replace the traits of a provider",
        (errors.ProviderNotFound, errors.TraitsNotFound, errors.GenerationConflict),
    ),
    SetAggregates: (
        "aggregates.set",
        "Replace the aggregates of a provider",
        (errors.ProviderNotFound, errors.AggregateNotFound, errors.GenerationConflict),
    ),
    EditTraits: (
        "provider_traits.edit",
        "Add traits to a provider and remove others",
        (errors.ProviderNotFound, errors.TraitsNotFound),
    ),
    EditAggregates: (
        "aggregates.edit",
        "Add a provider to aggregates and take it out of others",
        (errors.ProviderNotFound, errors.AggregateNotFound),
    ),
    CreateTrait: ("traits.ensure", "Create a custom trait", (errors.InvalidName,)),
    DeleteTrait: (
        "traits.delete",
        "Remove a custom trait",
        (errors.TraitsNotFound, errors.StandardName, errors.TraitInUse),
    ),
    CreateClass: ("classes.ensure", "Create a custom resource class", (errors.InvalidName, errors.ClassExists)),
    RenameClass: (
        "classes.rename",
        "Rename a custom resource class",
        (errors.ClassNotFound, errors.InvalidName, errors.StandardName, errors.ClassExists),
    ),
    DeleteClass: (
        "classes.delete",
        "Remove a custom resource class",
        (errors.ClassNotFound, errors.StandardName, errors.ClassInUse),
    ),
    SetAllocations: (
        "allocations.post",
        "Set the allocations of consumers, all or none",
        (
            errors.AllocationProviderNotFound,
            errors.ClassNotFound,
            errors.InvalidAmount,
            errors.InvalidTerm,
            errors.HoldTooLong,
            errors.LeaseNotFound,
            errors.LeaseEnded,
            errors.ConsumerGenerationConflict,
            errors.InventoryMissing,
            errors.UnitsViolated,
            errors.CapacityExceeded,
            errors.ProviderDrained,
        ),
    ),
    Allocate: (
        "allocations.post",
        "Find where a request fits and claim it, in one step",
        (
            errors.ClassNotFound,
            errors.TraitsNotFound,
            errors.AggregateNotFound,
            errors.InvalidTerm,
            errors.HoldTooLong,
            errors.LeaseNotFound,
            errors.LeaseEnded,
            errors.ConsumerGenerationConflict,
            errors.NothingFits,
        ),
    ),
    ReleaseAllocations: ("allocations.delete", "Release the allocations of a consumer", (errors.AllocationsNotFound,)),
    ReleaseMatching: (
        "allocations.release",
        "Release claims of consumers: of a list, a project or a provider, in whole or in part",
        (errors.ProviderNotFound,),
    ),
    Confirm: (
        "allocations.post",
        "Confirm a hold: it becomes the consumer's claim",
        (
            errors.AllocationsNotFound,
            errors.HoldLapsed,
            errors.NotPending,
            errors.NotHeld,
            errors.DoesNotJoin,
            errors.InvalidTerm,
            errors.InvalidAmount,
        ),
    ),
    Extend: (
        "allocations.post",
        "Extend a hold, or a claim that has an end",
        (errors.AllocationsNotFound, errors.HoldLapsed, errors.NoEnd, errors.HoldTooLong, errors.InvalidTerm),
    ),
    Undo: ("changes.undo", "Restore claims that Berth ended in a change", (errors.CannotUndo,)),
    Reshape: (
        "reshape",
        "Move inventories between providers together with their allocations",
        (
            errors.ReshapedProviderNotFound,
            errors.AllocationProviderNotFound,
            errors.ClassNotFound,
            errors.GenerationConflict,
            errors.ConsumerGenerationConflict,
            errors.InventoryInUse,
            errors.CannotAllocate,
        ),
    ),
    PutRecords: ("providers.import", "Import providers with their inventories, traits and aggregates", ()),
    GrantLease: (
        "leases.grant",
        "Grant a lease: claims with it last while it is renewed",
        (errors.LeaseExists, errors.LeaseEnded),
    ),
    RenewLeases: ("leases.renew", "Renew leases: each lasts for its full ttl again", ()),
    EndLease: (
        "leases.end",
        "End a lease: its claims are released, or kept without it",
        (errors.LeaseNotFound, errors.LeaseEnded),
    ),
    EditConsumer: (
        "consumers.edit",
        "Give a consumer a name and a note, or remove them",
        (errors.AllocationsNotFound,),
    ),
    NameAggregate: (
        "aggregates.name",
        "Give an aggregate a name and a kind, or remove them",
        (errors.AggregateNotFound, errors.AggregateNameTaken),
    ),
}
"""The commands that can be sent: their operation in the policy, a summary, their refusals."""


def of_command(command: type[Command]) -> Route:
    """Return the route of a command."""
    operation, summary, refusals = COMMANDS[command]
    result: Any = RESULTS[command]
    return Route(
        f"commands.{command.__name__}",
        "POST",
        f"/v1/commands/{command.__name__}",
        commands.do,
        summary,
        operation,
        body=message_of(command),
        reply=pages.Result[result],
        keyed=command not in UNKEYED,
        refusals=(*refusals, *([] if command in UNKEYED else [errors.KeyReused]), errors.Invalid, errors.Forbidden),
    )
