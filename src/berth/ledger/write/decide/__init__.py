"""Decisions: for each command a pure function of a draft, which checks first and then changes the draft.

A refusal is raised before anything is changed. There is no I/O, no clock and no randomness here: the same commands on
the same ledger always have the same results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from berth.ledger.write.decide import allocate, allocations, inventories, names, providers, records, reshape, tokens
from berth.ledger.write.draft import Draft
from berth.model import commands
from berth.model.commands import Command

_DECIDERS: Final[dict[type[Command], Callable[[Draft, Any], Any]]] = {
    commands.CreateProvider: providers.create,
    commands.UpdateProvider: providers.update,
    commands.DeleteProvider: providers.delete,
    commands.SetTraits: providers.set_traits,
    commands.SetAggregates: providers.set_aggregates,
    commands.SetInventories: inventories.replace,
    commands.AddInventory: inventories.add,
    commands.UpdateInventory: inventories.update,
    commands.DeleteInventory: inventories.delete,
    commands.CreateTrait: names.create_trait,
    commands.DeleteTrait: names.delete_trait,
    commands.CreateClass: names.create_class,
    commands.RenameClass: names.rename_class,
    commands.DeleteClass: names.delete_class,
    commands.SetAllocations: allocations.write,
    commands.Allocate: allocate.allocate,
    commands.ReleaseAllocations: allocations.release,
    commands.Reshape: reshape.reshape,
    commands.PutRecords: records.put,
    commands.CreateToken: tokens.create,
    commands.RevokeToken: tokens.revoke,
    commands.RotateToken: tokens.rotate,
}

ALONE: Final = frozenset(
    {
        commands.UpdateProvider,
        commands.DeleteProvider,
        commands.DeleteTrait,
        commands.RenameClass,
        commands.DeleteClass,
        commands.Reshape,
    }
)
"""Commands that need a batch of their own, as their rows cannot be written in a fixed order together with others."""


def go_together(one: Command, other: Command) -> bool:
    """Whether two commands may be in the same batch."""
    if type(one) in ALONE or type(other) in ALONE:
        return False
    return isinstance(one, commands.Allocate) == isinstance(other, commands.Allocate)


def decide(draft: Draft, command: Command) -> Any:
    """Carry out a command on a draft and return the result for its caller. Raises a Refusal, or Deferred."""
    return _DECIDERS[type(command)](draft, command)
