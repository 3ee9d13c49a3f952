"""Which queued commands share the next batch, and in which order they are decided.

Commands in the queue are concurrent, so any order of them is right. Those that are about one consumer keep theirs, and
so do changes of providers by one caller and what that caller does after them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Final

from berth.ledger.write.decide import ALONE, KEPT_BY_CONSUMERS
from berth.ledger.write.pending_command import PendingCommand
from berth.model.commands import Allocate, Confirm, Extend, ReleaseAllocations, Reshape, SetAllocations
from berth.model.edits import EditConsumer
from berth.model.lease_commands import EndLease, GrantLease
from berth.model.reconciliation import Reconcile

MOST_IN_A_BATCH: Final = 512
"""How many commands share a commit at most."""


class BatchPlan:
    """The commands of the next batch.

    Claims for which candidates have been found come before changes of providers, for which the candidates may not be
    right any more. Otherwise commands are decided as they came. One that needs a batch of its own lets others pass.
    """

    def __init__(self) -> None:
        self._claims: list[PendingCommand] = []
        self._others: list[PendingCommand] = []
        self._keys_of_others: set[Hashable] = set()
        self._keys_passed: set[Hashable] = set()
        self._ids: set[int] = set()
        self._search_locked = self._closed = False

    @property
    def is_full(self) -> bool:
        """Whether no other command can be added."""
        return self._closed or len(self._ids) >= MOST_IN_A_BATCH

    @property
    def commands(self) -> list[PendingCommand]:
        """The commands, in the order in which they are decided."""
        return self._claims + self._others

    def admits(self, pending: PendingCommand) -> bool:
        """Whether a command can be in this batch."""
        if not self._ids:
            return True
        command = pending.command
        if type(command) in ALONE or pending.searches_locked is not self._search_locked:
            return False
        before = self._keys_passed
        if isinstance(command, Allocate):
            before = self._keys_passed | self._keys_of_others
        elif self._search_locked:
            return False
        return not before or (pending.caller.called not in before and before.isdisjoint(_keys(pending)))

    def pass_by(self, pending: PendingCommand) -> None:
        """Let the commands that come later pass one that is not admitted, but for those whose order counts."""
        self._keys_passed.update(_keys(pending))

    def add(self, pending: PendingCommand) -> None:
        """Add a command that is admitted."""
        if id(pending) in self._ids:  # in the queue twice: it was put back by a thread that was interrupted
            return
        if not self._ids:
            self._closed = type(pending.command) in ALONE
            self._search_locked = pending.searches_locked
        self._ids.add(id(pending))
        self._place(pending)

    def _place(self, pending: PendingCommand) -> None:
        """Add a command where it is decided: one with candidates before the first change of a provider."""
        kind = type(pending.command)
        if kind is Allocate or (kind in KEPT_BY_CONSUMERS and not self._others):
            self._claims.append(pending)
        else:
            self._others.append(pending)
            self._keys_of_others.update(_keys(pending))


def _changes_providers(pending: PendingCommand) -> bool:
    return type(pending.command) not in KEPT_BY_CONSUMERS


def _keys(pending: PendingCommand) -> Iterator[Hashable]:
    """Yield what two commands whose order counts have in common: a consumer, or a caller that changes providers."""
    match pending.command:
        case SetAllocations(claims=claims) | Reshape(claims=claims):
            yield from (claim.consumer for claim in claims)
        case Allocate(consumer=consumer) | ReleaseAllocations(consumer=consumer) | Extend(consumer=consumer):
            yield consumer
        case EditConsumer(consumer=consumer):
            yield consumer
        case Confirm(consumer=consumer, onto=onto):
            yield from (consumer,) if onto is None else (consumer, onto)
        case Reconcile(orphans=orphans):
            yield from (orphan.consumer for orphan in orphans)
        case GrantLease(uuid=uuid) | EndLease(uuid=uuid):
            yield uuid
    if _changes_providers(pending):
        yield pending.caller.called
