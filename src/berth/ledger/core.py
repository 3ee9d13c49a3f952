"""The one way to write, and how a process stays up to date.

Writers queue their commands; whoever finds nobody at work carries out all that has queued, batch by
batch: one transaction, one durable commit, for as many commands as had arrived (group commit). The
transaction holds the head's lock, so that the draft is decided on is exactly what the database holds,
whatever other processes do. Readers take in what others committed before they look.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from berth.fleet.apply import apply
from berth.fleet.build import Source, build
from berth.fleet.fleet import Fleet
from berth.ledger import prefetch
from berth.ledger.decide import ALONE, decide
from berth.ledger.draft import Draft
from berth.ledger.patience import attempts
from berth.ledger.rows import rows_of
from berth.model.change import Change, Facts
from berth.model.commands import Command
from berth.model.errors import BerthError, Refusal, Unavailable
from berth.store import changes, consumers, fleet, head, names, rows
from berth.store.backend import StaleRead
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.watch import watch

T = TypeVar("T")

_LOG = logging.getLogger("berth")

MOST_IN_A_BATCH: Final = 512
TRIES: Final = 8
"""How often a batch is tried: a database that restarts is back before the last of them, two seconds on."""

MOST_OF_A_NAME: Final = 255
"""How many characters of who asked, and in which request, the change log keeps."""

LOOKS: Final = 4
"""How often a reader looks for what others have written."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command on its way. actor: who asks; request: an id that no other request has."""

    command: Command
    actor: str
    request: str
    answer: Future[Any]


@dataclass(slots=True)
class Outcome:
    """What became of one order: a result or a refusal."""

    order: Order
    result: Any = None
    refusal: BerthError | None = None


class Core:
    """The fleet in memory, and the database behind it."""

    def __init__(self, database: Database, clock: Callable[[], int] | None = None) -> None:
        self.database = database
        self.clock = clock or (lambda: time.time_ns() // 1000)
        self._orders: deque[Order] = deque()
        self._at_work = threading.Lock()
        self._fleet_lock = threading.RLock()
        self._watch = watch(database)
        with database.reading() as connection:
            self.fleet = _built(connection, head.read(connection))
        self._sound = True

    # --- Reading ---

    @contextmanager
    def current(self) -> Iterator[Fleet]:
        """The fleet, as new as the database was when this was asked, and unchanged until this ends."""
        self._lock_current()
        try:
            yield self.fleet
        finally:
            self._fleet_lock.release()

    @contextmanager
    def current_rows(self) -> Iterator[tuple[Fleet, Connection]]:
        """The same, with the rows behind it: both are of one moment."""
        with self._fleet_lock, self.database.reading() as connection:
            self._follow(connection, head.read(connection))
            yield self.fleet, connection

    def _lock_current(self) -> None:
        for last in attempts(LOOKS):
            self._fleet_lock.acquire()
            try:
                return self._catch_up()
            except BaseException as error:
                self._fleet_lock.release()
                if last or not isinstance(error, Unavailable):
                    raise
        return None

    def _catch_up(self) -> None:
        if self._watch.unchanged(self.fleet.head) and self._sound:
            return
        with self.database.reading() as connection:
            self._follow(connection, head.read(connection))
        self._watch.taken_in()

    def _follow(self, connection: Connection, to: Head) -> None:
        """Take in every change up to the head; all of it anew if the log does not go on from what is known."""
        if to.number == self.fleet.head and self._sound:
            return
        with self._fleet_lock:
            if self._sound:
                self._take_in(changes.after(connection, self.fleet.head))
            if to.number != self.fleet.head or not self._sound:
                _LOG.warning("the change log does not go on from change %d: reading everything anew", self.fleet.head)
                self.fleet, self._sound = _built(connection, to), True

    def _take_in(self, log: Iterable[Change]) -> None:
        """The next changes into the fleet. If they do not fit, the fleet is not to be relied on."""
        for change in log:
            try:
                apply(self.fleet, change)
            except (LookupError, Refusal):
                _LOG.exception("change %d does not fit what this process knows", change.number)
                self._sound = False
                return

    # --- Writing ---

    def queue(self, command: Command, actor: str, request: str) -> Future[Any]:
        """Line a command up; `work` carries it out."""
        order = Order(command, actor[:MOST_OF_A_NAME], request[:MOST_OF_A_NAME], Future())
        self._orders.append(order)
        return order.answer

    def work(self) -> None:
        """Carry out all that has queued, unless another thread is at it: then that one will."""
        while self._orders and self._at_work.acquire(blocking=False):
            try:
                while batch := self._next_batch():
                    self._carry_out(batch)
            finally:
                self._at_work.release()

    def _next_batch(self) -> list[Order]:
        batch: list[Order] = []
        while self._orders and len(batch) < MOST_IN_A_BATCH:
            alone = type(self._orders[0].command) in ALONE
            if alone and batch:
                break
            batch.append(self._orders.popleft())
            if alone:
                break
        return batch

    def _carry_out(self, batch: Sequence[Order]) -> None:
        outcomes: list[Outcome] = []
        try:
            outcomes = self._committed(batch)
        except BerthError as error:
            outcomes = [Outcome(order, refusal=error) for order in batch]
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the log says it
            _LOG.exception("a batch of %d failed", len(batch))
            if len(batch) > 1:  # nothing was committed, and only one of them need be at fault
                for order in batch:
                    self._carry_out([order])
                return
            batch[0].answer.set_exception(error)
        for outcome in outcomes:
            if outcome.refusal is None:
                outcome.order.answer.set_result(outcome.result)
            else:
                outcome.order.answer.set_exception(outcome.refusal)

    def _committed(self, batch: Sequence[Order]) -> list[Outcome]:
        """Decide and commit a batch, again and again while others are in the way."""
        attempt = _Attempt()
        for last in attempts(TRIES):
            try:
                return self._commit(batch, attempt)
            except Unavailable as error:
                if isinstance(error, StaleRead):
                    self._sound = False
                if last:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _commit(self, batch: Sequence[Order], attempt: _Attempt) -> list[Outcome]:
        with self.database.writing() as connection:
            seen = head.lock(connection, self.database.capabilities)
            self._follow(connection, seen)
            if attempt.landed(connection):
                return attempt.outcomes
            known = prefetch.consumers_of(connection, self.fleet.catalogue, [order.command for order in batch])
            draft = Draft(self.fleet, self.clock(), seen.next_id, known)
            attempt.outcomes, attempt.log = _decided(batch, draft, seen.number)
            if attempt.log:
                rows.write(connection, rows_of(draft))
                changes.append(connection, attempt.log)
                if not head.move(connection, seen, Head(seen.number + len(attempt.log), draft.next_id)):
                    raise StaleRead("the head was moved by somebody who did not hold it")
        self._publish(attempt.log)
        return attempt.outcomes

    def _publish(self, log: Sequence[Change]) -> None:
        with self._fleet_lock:
            self._take_in(log)

    def close(self) -> None:
        """End all connections. Orders that are queued are carried out first."""
        self.work()
        with self._at_work:
            self._watch.close()
            self.database.close()


def _built(connection: Connection, at: Head) -> Fleet:
    """The fleet from rows."""
    return build(
        Source(
            names=names.all_names(connection),
            providers=fleet.all_providers(connection),
            inventories=fleet.all_inventories(connection),
            traits=fleet.all_traits(connection),
            aggregates=fleet.all_aggregates(connection),
            used=consumers.used(connection),
            head=at.number,
        )
    )


class _Attempt:
    """What the last attempt at a batch would have committed: its connection may have been lost after the commit."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.log: list[Change] = []

    def landed(self, connection: Connection) -> bool:
        """Whether that attempt was committed after all: then it must not be made twice."""
        if not self.log:
            return False
        return changes.page(connection, self.log[0].number - 1, len(self.log)) == self.log


def _decided(batch: Sequence[Order], draft: Draft, number: int) -> tuple[list[Outcome], list[Change]]:
    """Each order in turn, on what those before it have made of the draft; and the log's new entries."""
    outcomes: list[Outcome] = []
    log: list[Change] = []
    nothing = Facts()
    for order in batch:
        outcome = Outcome(order)
        try:
            outcome.result = decide(draft, order.command)
        except Refusal as refusal:
            outcome.refusal = refusal
        outcomes.append(outcome)
        facts = draft.take_facts()
        if facts != nothing:
            operation = type(order.command).__name__
            log.append(Change(number + len(log) + 1, draft.now, operation, order.actor, order.request, facts))
    return outcomes, log
