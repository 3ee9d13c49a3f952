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
from contextlib import closing, contextmanager
from typing import Any, Final

from sqlalchemy import Connection

from berth.fleet.apply import apply
from berth.fleet.build import Source, build
from berth.fleet.fleet import Fleet
from berth.ledger import prefetch
from berth.ledger.decide import go_together
from berth.ledger.draft import Draft
from berth.ledger.order import Order, Outcome
from berth.ledger.patience import attempts
from berth.ledger.rows import rows_of
from berth.ledger.trail import Decided, attempted, decided
from berth.ledger.witness import Witness
from berth.logs.about import About
from berth.model.audit import Attempt
from berth.model.caller import Caller
from berth.model.change import Change
from berth.model.commands import Command
from berth.model.errors import BerthError, Unavailable
from berth.model.token import Token
from berth.store import audit, changes, consumers, fleet, head, names, rows, tokens
from berth.store.backend import StaleRead
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.watch import TurnWatch, Watch, watch

_LOG = logging.getLogger("berth")

MOST_IN_A_BATCH: Final = 512
TRIES: Final = 8
"""How often a batch is tried: a database that restarts is back before the last of them, two seconds on."""

SELDOM_US: Final = 60_000_000
"""How often the last use of a token is written, in microseconds."""

MOST_ATTEMPTS: Final = 10_000
"""How many refused attempts wait to be written; of more, only their number is."""

LOOKS: Final = 4
"""How often a reader looks for what others have written."""


class Core:
    """The fleet in memory, and the database behind it."""

    def __init__(self, database: Database, clock: Callable[[], int] | None = None) -> None:
        self.database = database
        self.clock = clock or (lambda: time.time_ns() // 1000)
        self.witness = Witness()
        self._orders: deque[Order] = deque()
        self._attempts: deque[Attempt] = deque()
        self._left_out = 0
        self._uses: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._tokens: dict[str, Token] | None = None
        self._at_work = threading.Lock()
        self._fleet_lock = threading.RLock()
        self._watch: Watch = watch(database)
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

    def tokens(self) -> dict[str, Token]:
        """Every API token by its id, as of now. Not to be changed."""
        with self.current():
            if self._tokens is None:
                with self.database.reading() as connection:
                    self._tokens = {token.id: token for token in tokens.all_tokens(connection)}
            return self._tokens

    def look_by_turns(self, later: Callable[[Callable[[], None]], object]) -> None:
        """For an event loop, in its thread: look once a turn whether others have written. later: its `call_soon`."""
        self._watch = TurnWatch(self._watch, later)

    def touch(self) -> None:
        """Ask the database, and take in what others committed: Unavailable or DatabaseUnusable if that cannot be."""
        with self.database.looking() as connection:
            head.read(connection)
        with self.current():
            pass

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
        began, known = time.perf_counter(), self.fleet.head
        with self._fleet_lock:
            if self._sound:
                with closing(changes.after(connection, self.fleet.head)) as log:
                    self._take_in(log)
            if to.number != self.fleet.head or not self._sound:
                _LOG.warning("the change log does not go on from change %d: reading everything anew", self.fleet.head)
                self.fleet, self._sound, self._tokens = _built(connection, to), True, None
        self.witness.followed(to.number, max(0, to.number - known), time.perf_counter() - began)

    def _take_in(self, log: Iterable[Change]) -> None:
        """The next changes into the fleet. If they do not fit, the fleet is not to be relied on.

        Raises nothing for it: what is taken in has been committed, and is true whatever this process makes of it.
        """
        for change in log:
            if change.number > self.fleet.head + 1:  # one is missing, and may yet appear where it is not looked for
                self._sound = False
                return
            try:
                apply(self.fleet, change)
            except Exception:  # noqa: BLE001 - whatever it is, half of the change may be in: all is read anew
                _LOG.exception("change %d does not fit what this process knows", change.number)
                self._sound = False
                return
            except BaseException:
                self._sound = False
                raise
            if change.facts.tokens:
                self._tokens = None

    # --- Writing ---

    def queue(self, command: Command, caller: Caller, request: str) -> Future[Any]:
        """Line a command up; `work` carries it out."""
        order = Order(command, caller, audit.fitting(request), Future())
        self._orders.append(order)
        return order.answer

    def note(self, attempt: Attempt) -> None:
        """Line an attempt up for the audit log; `work` writes it."""
        if len(self._attempts) < MOST_ATTEMPTS:
            self._attempts.append(attempt)
        else:
            self._left_out += 1

    def note_use(self, token: Token) -> None:
        """A token was used just now: written with the next work, and once in a while only."""
        now = self.clock()
        last = self._uses.get(token.id, token.last_used_at or 0)
        if now - last > SELDOM_US:
            self._uses[token.id] = now
            self._used[token.id] = now

    @property
    def waiting(self) -> bool:
        """Whether there is anything for `work` to do."""
        return bool(self._orders or self._attempts or self._used)

    def work(self) -> None:
        """Carry out all that has queued, unless another thread is at it: then that one will."""
        while self.waiting and self._at_work.acquire(blocking=False):
            try:
                while batch := self._next_batch():
                    self._carry_out(batch)
                    self._write_notes()
                if not self._write_notes():
                    return
            finally:
                self._at_work.release()

    def _next_batch(self) -> list[Order]:
        batch: list[Order] = []
        while self._orders and len(batch) < MOST_IN_A_BATCH:
            if batch and not go_together(batch[-1].command, self._orders[0].command):
                break
            batch.append(self._orders.popleft())
        return batch

    def _carry_out(self, batch: Sequence[Order]) -> None:
        with About([order.request for order in batch]):
            outcomes = self._outcomes(batch)
        self._orders.extendleft(outcome.order for outcome in reversed(outcomes) if outcome.later)
        for outcome in outcomes:
            if outcome.later:
                continue
            if outcome.refusal is None:
                outcome.order.answer.set_result(outcome.result)
            else:
                with About([outcome.order.request]):
                    self.witness.refused(outcome.refusal)
                outcome.order.answer.set_exception(outcome.refusal)

    def _outcomes(self, batch: Sequence[Order]) -> list[Outcome]:
        """What a batch comes to. Of one that fails, each order is carried out by itself; whoever asked is told."""
        try:
            return self._committed(batch)
        except BerthError as error:
            return [Outcome(order, refusal=error) for order in batch]
        except Exception as error:  # noqa: BLE001 - whoever asked is told, and the log says it
            _LOG.exception("a batch of %d failed", len(batch))
            if len(batch) > 1:  # nothing was committed, and only one of them need be at fault
                for order in batch:
                    self._carry_out([order])
                return []
            self.witness.refused(error)
            batch[0].answer.set_exception(error)
            return []

    def _committed(self, batch: Sequence[Order]) -> list[Outcome]:
        """Decide and commit a batch, again and again while others are in the way."""
        attempt = _Attempt()
        for last in attempts(TRIES):
            began = time.time_ns()
            try:
                outcomes = self._commit(batch, attempt)
            except Unavailable as error:
                if isinstance(error, StaleRead):
                    self._sound = False
                if last:
                    raise
                self.witness.tried_again()
            else:
                self.witness.committed([order.request for order in batch], began, time.time_ns())
                return outcomes
        raise AssertionError("the last attempt returns or raises")

    def _commit(self, batch: Sequence[Order], attempt: _Attempt) -> list[Outcome]:
        with self.database.writing() as connection:
            seen = head.lock(connection, self.database.capabilities)
            self._follow(connection, seen)
            landed = attempt.landed(connection)
            if landed is not None:
                return landed.outcomes
            known = prefetch.known_of(connection, self.fleet.catalogue, [order.command for order in batch])
            draft = Draft(self.fleet, self.clock(), seen.next_id, known)
            attempt.decided = done = decided(batch, draft, seen.number, _chain(seen))
            if done.log:
                rows.write(connection, rows_of(draft))
                changes.append(connection, done.log, done.texts)
                _append_audit(connection, seen, seen.number + len(done.log), draft.next_id, done.chain)
        self._publish(done.log)
        return done.outcomes

    def _publish(self, log: Sequence[Change]) -> None:
        with self._fleet_lock:
            self._take_in(log)

    def _write_notes(self) -> bool:
        """Write the attempts that wait, and when tokens were used; False if that has to wait."""
        if not self._attempts and not self._used:
            return True
        noted, left_out, used = list(self._attempts), self._left_out, dict(self._used)
        try:
            with self.database.writing() as connection:
                seen = head.lock(connection, self.database.capabilities)
                chain = _chain(seen)
                attempted(chain, noted, left_out, self.clock())
                _append_audit(connection, seen, seen.number, seen.next_id, chain)
                tokens.touch(connection, used)
        except BerthError as error:
            _LOG.warning("refused attempts wait to be written: %s", error)
            return False
        except Exception:  # noqa: BLE001 - the log says what
            # They are not to stand in the way of all that comes after them.
            _LOG.exception("%d refused attempts could not be written", len(noted))
        for _ in noted:
            self._attempts.popleft()
        self._left_out -= left_out
        for key, at in used.items():
            if self._used.get(key) == at:
                del self._used[key]
        return True

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
        self.decided: Decided | None = None

    def landed(self, connection: Connection) -> Decided | None:
        """What that attempt decided, if it was committed after all: then it must not be made twice."""
        done = self.decided
        if done is None or not done.log or not audit.has(connection, done.chain.number, done.chain.hash):
            return None
        return done


def _chain(seen: Head) -> audit.Chain:
    """The end of the audit log."""
    return audit.Chain(seen.audit_number, seen.audit_hash)


def _append_audit(connection: Connection, seen: Head, number: int, next_id: int, chain: audit.Chain) -> None:
    """Write new records of the audit log, and move the head to there."""
    audit.append(connection, chain)
    if not head.move(connection, seen, Head(number, next_id, chain.number, chain.hash)):
        raise StaleRead("the head was moved by somebody who did not hold it")
