"""Decisions: for each command a pure function of a draft, which checks first and then changes the draft.

A refusal is raised before anything is changed. There is no I/O, no clock and no randomness here: the same commands on
the same ledger always have the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from berth.ledger.write.decide import (
    aggregates,
    allocations,
    consumers,
    drains,
    edits,
    holds,
    inventories,
    inventory_edits,
    leases,
    names,
    providers,
    reconciliation,
    records,
    releases,
    reshape,
    tokens,
    trees,
)
from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.commands import Command
from berth.model.drain import Drain, Undrain
from berth.model.edits import DeleteTree, EditAggregates, EditConsumer, EditTraits, NameAggregate, RenameTree
from berth.model.inventory_edits import EditInventories
from berth.model.lease_commands import EndLease, GrantLease, RenewLeases
from berth.model.reconciliation import Reconcile
from berth.model.releases import ReleaseMatching

_DECIDERS: Final[dict[type[Command], Callable[[Draft, Any], Any]]] = {
    commands.CreateProvider: providers.create,
    commands.UpdateProvider: providers.update,
    commands.DeleteProvider: providers.delete,
    DeleteTree: trees.delete_tree,
    RenameTree: trees.rename_tree,
    commands.SetTraits: providers.set_traits,
    commands.SetAggregates: providers.set_aggregates,
    Drain: drains.drain,
    Undrain: drains.undrain,
    EditTraits: edits.edit_traits,
    EditAggregates: edits.edit_aggregates,
    commands.SetInventories: inventories.replace,
    commands.AddInventory: inventories.add,
    commands.UpdateInventory: inventories.update,
    commands.DeleteInventory: inventories.delete,
    EditInventories: inventory_edits.edit_inventories,
    commands.CreateTrait: names.create_trait,
    commands.DeleteTrait: names.delete_trait,
    commands.CreateClass: names.create_class,
    commands.RenameClass: names.rename_class,
    commands.DeleteClass: names.delete_class,
    commands.SetAllocations: allocations.write,
    commands.ReleaseAllocations: allocations.release,
    ReleaseMatching: releases.release_matching,
    commands.Confirm: holds.confirm,
    commands.Extend: holds.extend,
    commands.Lapse: leases.sweep,
    Reconcile: reconciliation.reconcile,
    commands.Undo: reconciliation.undo,
    commands.Reshape: reshape.reshape,
    commands.PutRecords: records.put,
    commands.CreateToken: tokens.create,
    commands.RevokeToken: tokens.revoke,
    commands.RotateToken: tokens.rotate,
    GrantLease: leases.grant,
    RenewLeases: leases.renew,
    EndLease: leases.end,
    NameAggregate: aggregates.name_aggregate,
    EditConsumer: consumers.edit_consumer,
}

KEPT_BY_CONSUMERS: Final = frozenset(
    {
        commands.Allocate,
        commands.SetAllocations,
        commands.ReleaseAllocations,
        commands.Confirm,
        commands.Extend,
        commands.Lapse,
        Reconcile,
        commands.Undo,
        GrantLease,
        RenewLeases,
        EndLease,
        EditConsumer,
    }
)
"""The commands that change only consumers: what they hold, for how long, and what they are called."""

ALONE: Final = frozenset(
    {
        commands.UpdateProvider,
        commands.DeleteProvider,
        commands.DeleteTrait,
        commands.RenameClass,
        commands.DeleteClass,
        commands.Reshape,
        ReleaseMatching,
        EditInventories,
        DeleteTree,
        RenameTree,
        NameAggregate,
        Drain,
        Undrain,
    }
)
"""Commands that need a batch of their own.

Their rows cannot be written in a fixed order together with others, or they are about all that matches now.
"""


def decide(draft: Draft, command: Command) -> Any:
    """Carry out a command on a draft and return the result for its caller. Raises a Refusal.

    An Allocate is not among them: see berth.ledger.write.decide.allocate.
    """
    return _DECIDERS[type(command)](draft, command)
