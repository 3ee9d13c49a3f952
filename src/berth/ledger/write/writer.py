"""The one way to write.

Writers queue their commands; whoever finds nobody at work carries out all that has queued, batch by
batch: one transaction, one durable commit, for as many commands as had arrived (group commit). The
transaction holds the head's lock, so that the draft is decided on is exactly what the database holds,
whatever other processes do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection

from berth.ledger.replica import Replica
from berth.ledger.request_scope import RequestScope, TokenChanged, same_token
from berth.ledger.retry import attempts
from berth.ledger.write import prefetch
from berth.ledger.write.batch import DecidedBatch, Outcome, PendingCommand, decide_batch, record_refusals
from berth.ledger.write.decide import go_together
from berth.ledger.write.draft import Draft
from berth.ledger.write.write_set import write_set_of
from berth.logs.request_ids import RequestIds
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.change import Change
from berth.model.commands import Command
from berth.model.errors import BerthError, Unavailable
from berth.model.token import Token
from berth.store import audit, changes, head, tokens, write_set
from berth.store.backend import StaleRead
from berth.store.engine import Database
from berth.store.head import Head

_LOG = logging.getLogger("berth")

MOST_IN_A_BATCH: Final = 512
TRIES: Final = 8
"""How often a batch is tried: a database that restarts is back before the last of them, two seconds on."""

SELDOM_US: Final = 60_000_000
"""How often the last use of a token is written, in microseconds."""

MOST_ATTEMPTS: Final = 10_000
"""How many refused attempts wait to be written; of more, only their number is."""


class Writer(Replica):
    """A ledger's database, what is known of it, and what waits to be written."""

    def __init__(self, database: Database, clock: Callable[[], int] | None = None) -> None:
        super().__init__(database)
        self.clock = clock or (lambda: time.time_ns() // 1000)
        self._orders: deque[PendingCommand] = deque()
        self._attempts: deque[RefusedRequest] = deque()
        self._left_out = 0
        self._uses: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._at_work = threading.Lock()

    # --- Visits ---

    @contextmanager
    def visit(self) -> Iterator[RequestScope]:
        """What this thread does until this ends is for one request, which came before: one look is enough for it.

        A token lets it in on what is `presumed`; before anybody is told anything this must be `certain`. Of a command
        that is queued it is when that is carried out.
        """
        visit = self._here.visit = RequestScope()
        try:
            yield visit
        finally:
            self._here.visit = None
            for attempt in visit.attempts:
                self.note(attempt)

    def presumed(self, key: str) -> Token | None:
        """The token of this id, during a visit as this process knows it, else as of now."""
        return (self.tokens() if self._here.visit is None else self._known_tokens()).get(key)

    def let_in(self, token: Token) -> None:
        """A token is good for whoever asks: note its use, once in a while, with the next work."""
        if self._here.visit is not None:
            self._here.visit.token = token
        now = self.clock()
        last = self._uses.get(token.id, token.last_used_at or 0)
        if now - last > SELDOM_US:
            self._uses[token.id] = now
            self._used[token.id] = now

    def certain(self, visit: RequestScope) -> bool:
        """During a visit: whether the token that let it in is what it was. If not, nothing that it noted is kept.

        It is not certain either where the database does not answer.
        """
        try:
            if visit.token is None or same_token(visit.token, self.tokens().get(visit.token.id)):
                return True
        except BerthError:
            pass
        visit.attempts.clear()
        return False

    # --- Writing ---

    def queue(self, command: Command, caller: Caller, request: str) -> Future[Any]:
        """Line a command up; `work` carries it out."""
        token = None if self._here.visit is None else self._here.visit.token
        order = PendingCommand(command, caller, audit.fitting(request), Future(), token)
        self._orders.append(order)
        return order.answer

    def note(self, attempt: RefusedRequest) -> None:
        """Line an attempt up for the audit log; `work` writes it."""
        if self._here.visit is not None:
            self._here.visit.attempts.append(attempt)
        elif len(self._attempts) < MOST_ATTEMPTS:
            self._attempts.append(attempt)
        else:
            self._left_out += 1

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

    def _next_batch(self) -> list[PendingCommand]:
        batch: list[PendingCommand] = []
        while self._orders and len(batch) < MOST_IN_A_BATCH:
            if batch and not go_together(batch[-1].command, self._orders[0].command):
                break
            batch.append(self._orders.popleft())
        return batch

    def _carry_out(self, batch: Sequence[PendingCommand]) -> None:
        with RequestIds([order.request for order in batch]):
            outcomes = self._outcomes(batch)
        self._orders.extendleft(outcome.order for outcome in reversed(outcomes) if outcome.later)
        for outcome in outcomes:
            if outcome.later:
                continue
            if outcome.refusal is None:
                outcome.order.answer.set_result(outcome.result)
            else:
                if not isinstance(outcome.refusal, TokenChanged):  # that is not the last word
                    with RequestIds([outcome.order.request]):
                        self.witness.refused(outcome.refusal)
                outcome.order.answer.set_exception(outcome.refusal)

    def _outcomes(self, batch: Sequence[PendingCommand]) -> list[Outcome]:
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

    def _committed(self, batch: Sequence[PendingCommand]) -> list[Outcome]:
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

    def _commit(self, batch: Sequence[PendingCommand], attempt: _Attempt) -> list[Outcome]:
        with self.database.writing() as connection:
            seen = head.lock(connection, self.database.capabilities)
            self._follow(connection, seen)
            landed = attempt.landed(connection)
            if landed is not None:
                return landed.outcomes
            let_in, outdated = self._parted(batch, connection)
            known = prefetch.known_of(connection, self.fleet.catalogue, [order.command for order in let_in])
            draft = Draft(self.fleet, self.clock(), seen.next_id, known)
            attempt.decided = done = decide_batch(let_in, draft, seen.number, _chain(seen))
            done.outcomes += [Outcome(order, refusal=TokenChanged()) for order in outdated]
            if done.log:
                write_set.write(connection, write_set_of(draft))
                changes.append(connection, done.log, done.texts)
                _append_audit(connection, seen, seen.number + len(done.log), draft.next_id, done.chain)
        self._publish(done.log)
        return done.outcomes

    def _parted(
        self, batch: Iterable[PendingCommand], connection: Connection
    ) -> tuple[list[PendingCommand], list[PendingCommand]]:
        """The orders of a batch whose tokens are what they were when they let them in, and the others.

        To be asked when the head is locked, and all before it taken in.
        """
        let_in, outdated = list[PendingCommand](), list[PendingCommand]()
        for order in batch:
            token = order.token
            good = token is None or same_token(token, self._known_tokens(connection).get(token.id))
            (let_in if good else outdated).append(order)
        return let_in, outdated

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
                record_refusals(chain, noted, left_out, self.clock())
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


class _Attempt:
    """What the last attempt at a batch would have committed: its connection may have been lost after the commit."""

    def __init__(self) -> None:
        self.decided: DecidedBatch | None = None

    def landed(self, connection: Connection) -> DecidedBatch | None:
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
