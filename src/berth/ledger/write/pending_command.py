"""Commands on their way: from the queue until their callers have an answer."""

from __future__ import annotations

import math
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, Final

import msgspec

from berth.ledger.write.shortlist import Shortlist
from berth.model.caller import Caller
from berth.model.commands import Allocate, Command, PutRecords, Reshape, SetAllocations, Undo
from berth.model.errors import Unavailable
from berth.model.idempotency import CommandKey
from berth.model.lease_commands import EndLease, RenewLeases
from berth.model.reconciliation import Reconcile
from berth.model.token import Token

MOST_BRIEF_PARTS: Final = 50
"""How many records or claims a command may have that is carried out in a thread which must not take long."""

LATE: Final = "the request timed out before its command was carried out"

MOST_SEARCHES: Final = 3
"""How often candidates are searched for without the head's lock. If others were faster each time, it is locked."""


class PendingCommand(msgspec.Struct, eq=False):
    """A queued command and the future of its result.

    caller: on whose behalf; request: the request's unique id, as the logs keep it; token: the one that authenticated
    the caller, if it must be unchanged when the command is carried out; deadline: when its caller no longer waits for
    an answer, by time.monotonic(); key: its idempotency key, None without one. shortlist: the candidates of an
    Allocate, None while they have to be searched for; searches: how often they were. started: whether it can no longer
    be cancelled; resolved: whether it has its answer, once that is certain (the future itself is asked otherwise,
    which takes a lock).
    """

    command: Command
    caller: Caller
    request: str
    answer: Future[Any] = msgspec.field(default_factory=Future)
    token: Token | None = None
    deadline: float = math.inf
    key: CommandKey | None = None
    shortlist: Shortlist | None = None
    searches: int = 0
    started: bool = False
    resolved: bool = False

    @property
    def operation(self) -> str:
        """The command's name in the logs."""
        return type(self.command).__name__

    @property
    def is_brief(self) -> bool:
        """Whether the command can be carried out in a few milliseconds."""
        match self.command:
            case (
                PutRecords(records=parts)
                | SetAllocations(claims=parts)
                | Reshape(claims=parts)
                | Reconcile(orphans=parts)
            ):
                return len(parts) <= MOST_BRIEF_PARTS
            case RenewLeases(uuids=parts):
                return len(parts) <= MOST_BRIEF_PARTS
            case Undo() | EndLease():  # what it is about is known once it is read
                return False
        return True

    @property
    def needs_search(self) -> bool:
        """Whether candidates have to be searched for before the command is carried out."""
        return isinstance(self.command, Allocate) and self.shortlist is None and self.searches < MOST_SEARCHES

    @property
    def searches_locked(self) -> bool:
        """Whether candidates are searched for with the head locked, since all that were brought have gone."""
        return isinstance(self.command, Allocate) and self.shortlist is None

    def start(self) -> bool:
        """Make the command one that can no longer be cancelled; return False if its caller no longer waits for it."""
        if self.resolved or self.answer.done():  # or cancelled: a future takes no second notice of that
            return False
        if not self.started:
            self.started = self.answer.running() or self.answer.set_running_or_notify_cancel()
            if not self.started:
                return False
        if time.monotonic() < self.deadline:
            return True
        self.resolve(error=Unavailable(LATE))
        return False

    @property
    def settled(self) -> bool:
        """Whether the caller has an answer."""
        return self.resolved or (self.answer.done() and not self.answer.cancelled())

    def resolve(self, result: Any = None, error: BaseException | None = None, *, replayed: bool = False) -> None:
        """Give the caller an answer, unless there is one already. Does not raise. replayed: it is one that was kept."""
        if replayed and self.key is not None:
            self.key.replayed = True
        with suppress(InvalidStateError):
            if error is None:
                self.answer.set_result(result)
            else:
                self.answer.set_exception(error)
        self.resolved = True
