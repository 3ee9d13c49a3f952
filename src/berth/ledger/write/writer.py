"""The one way to write.

Callers queue commands. A thread that finds no other at work carries out all that is queued, batch by batch: one
transaction, one durable commit, for as many commands as have arrived (group commit). The transaction holds the lock
on the head row, so the draft that is decided on is exactly what the database holds, regardless of other processes.
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
from berth.ledger.write.batch import DecidedBatch, Outcome, PendingCommand, decide_batch, record_refusals
from berth.ledger.write.decide import go_together
from berth.ledger.write.draft import Draft
from berth.ledger.write.prefetch import prefetch
from berth.ledger.write.write_set import write_set_of
from berth.logs.request_ids import REQUEST_IDS
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.change import Change
from berth.model.commands import Command
from berth.model.errors import BerthError, Unavailable
from berth.model.text import log_text
from berth.model.token import Token
from berth.store import audit, changes, head, tokens, write_set
from berth.store.backend import StaleRead
from berth.store.engine import Database
from berth.store.head import Head

_LOG = logging.getLogger("berth")

MOST_IN_A_BATCH: Final = 512
TRIES: Final = 8
"""How often a batch is tried: a database that restarts is back before the last attempt, two seconds later."""

TOKEN_USE_US: Final = 60_000_000
"""How often the last use of a token is written, in microseconds."""

MOST_REFUSALS: Final = 10_000
"""How many refused requests may wait to be written; beyond that only their number is kept."""


class Writer(Replica):
    """A replica that writes: commands, refused requests and uses of tokens that wait for the next commit."""

    def __init__(self, database: Database, clock: Callable[[], int] | None = None) -> None:
        super().__init__(database)
        self.clock = clock or (lambda: time.time_ns() // 1000)
        self._commands: deque[PendingCommand] = deque()
        self._refusals: deque[RefusedRequest] = deque()
        self._left_out = 0
        self._last_uses: dict[str, int] = {}
        self._new_uses: dict[str, int] = {}
        self._at_work = threading.Lock()

    # --- Requests ---

    @contextmanager
    def request(self, request_id: str) -> Iterator[RequestScope]:
        """Make everything this thread does inside belong to one request, so that one check for changes suffices.

        A token is taken from the cache; before anything is answered it has to be revalidated. For a command that is
        queued this happens when it is carried out.
        """
        scope = self._current.scope = RequestScope()
        entered = REQUEST_IDS.set((request_id,))
        try:
            yield scope
        finally:
            REQUEST_IDS.reset(entered)
            self._current.scope = None
            for refused in scope.refusals:
                self.record_refusal(refused)

    def cached_token(self, key: str) -> Token | None:
        """Return the token of this id: inside a request as this process knows it, otherwise as of now."""
        return (self.tokens() if self._current.scope is None else self._tokens.get()).get(key)

    def record_token_use(self, token: Token) -> None:
        """Note that a token authenticated a caller; written at most once a minute, with the next commit."""
        if self._current.scope is not None:
            self._current.scope.token = token
        now = self.clock()
        last = self._last_uses.get(token.id, token.last_used_at or 0)
        if now - last > TOKEN_USE_US:
            self._last_uses[token.id] = now
            self._new_uses[token.id] = now

    def revalidate(self, scope: RequestScope) -> bool:
        """Return whether the token that authenticated a request is still unchanged.

        If it is not, or if the database cannot be asked, discard the refusals recorded in the scope so far.
        """
        try:
            if scope.token is None or same_token(scope.token, self.tokens().get(scope.token.id)):
                return True
        except BerthError:
            pass
        scope.refusals.clear()
        return False

    # --- Writing ---

    def queue(self, command: Command, caller: Caller, request: str) -> Future[Any]:
        """Queue a command for `run_pending`, and return the future of its result."""
        token = None if self._current.scope is None else self._current.scope.token
        pending = PendingCommand(command, caller, log_text(request), Future(), token)
        self._commands.append(pending)
        return pending.answer

    def record_refusal(self, refused: RefusedRequest) -> None:
        """Queue a refused request for the audit log; `run_pending` writes it."""
        if self._current.scope is not None:
            self._current.scope.refusals.append(refused)
        elif len(self._refusals) < MOST_REFUSALS:
            self._refusals.append(refused)
        else:
            self._left_out += 1

    @property
    def has_pending(self) -> bool:
        """Whether there is anything for `run_pending` to do."""
        return bool(self._commands or self._refusals or self._new_uses)

    def run_pending(self) -> None:
        """Carry out everything that is queued, unless another thread is doing so: then leave it to that one."""
        while self.has_pending and self._at_work.acquire(blocking=False):
            try:
                while batch := self._next_batch():
                    self._carry_out(batch)
                    self._write_refusals()
                if not self._write_refusals():
                    return
            finally:
                self._at_work.release()

    def _next_batch(self) -> list[PendingCommand]:
        batch: list[PendingCommand] = []
        while self._commands and len(batch) < MOST_IN_A_BATCH:
            if batch and not go_together(batch[-1].command, self._commands[0].command):
                break
            batch.append(self._commands.popleft())
        return batch

    def _carry_out(self, batch: Sequence[PendingCommand]) -> None:
        entered = REQUEST_IDS.set(tuple(pending.request for pending in batch))
        try:
            outcomes = self._outcomes(batch)
        finally:
            REQUEST_IDS.reset(entered)
        self._commands.extendleft(outcome.pending for outcome in reversed(outcomes) if outcome.deferred)
        for outcome in outcomes:
            if outcome.deferred:
                continue
            if outcome.refusal is None:
                outcome.pending.answer.set_result(outcome.result)
            else:
                if not isinstance(outcome.refusal, TokenChanged):  # the request starts again: not its answer yet
                    self._report_refusal(outcome.pending, outcome.refusal)
                outcome.pending.answer.set_exception(outcome.refusal)

    def _report_refusal(self, pending: PendingCommand, refusal: BerthError) -> None:
        entered = REQUEST_IDS.set((pending.request,))
        try:
            self.observer.refused(refusal)
        finally:
            REQUEST_IDS.reset(entered)

    def _outcomes(self, batch: Sequence[PendingCommand]) -> list[Outcome]:
        """Commit a batch. If it fails, retry each command on its own and report the error to its caller."""
        try:
            return self._committed(batch)
        except BerthError as error:
            return [Outcome(pending, refusal=error) for pending in batch]
        except Exception as error:  # noqa: BLE001 - the caller gets it, and the log has it
            _LOG.exception("a batch of %d failed", len(batch))
            if len(batch) > 1:  # nothing was committed, and only one command need be at fault
                for pending in batch:
                    self._carry_out([pending])
                return []
            self.observer.refused(error)
            batch[0].answer.set_exception(error)
            return []

    def _committed(self, batch: Sequence[PendingCommand]) -> list[Outcome]:
        """Decide and commit a batch, with retries while it conflicts or the database is unreachable."""
        attempt = _Attempt()
        for last in attempts(TRIES):
            began = time.time_ns()
            try:
                outcomes = self._commit(batch, attempt)
            except Unavailable as error:
                if isinstance(error, StaleRead):
                    self._consistent = False
                if last:
                    raise
                self.observer.tried_again()
            else:
                self.observer.committed(REQUEST_IDS.get(), began, time.time_ns())
                return outcomes
        raise AssertionError("the last attempt returns or raises")

    def _commit(self, batch: Sequence[PendingCommand], attempt: _Attempt) -> list[Outcome]:
        with self.database.writing() as connection:
            seen = head.lock(connection, self.database.capabilities)
            self._catch_up(connection, seen)
            landed = attempt.landed(connection)
            if landed is not None:
                return landed.outcomes
            current, outdated = self._split_by_token(batch, connection)
            commands, now, chain = [pending.command for pending in current], self.clock(), _chain(seen)
            prefetched = prefetch(connection, self.fleet.catalogue, commands)
            draft = Draft(self.fleet, now, seen.next_id, prefetched)
            attempt.decided = done = decide_batch(current, draft, seen.number, chain)
            done.outcomes += [Outcome(pending, refusal=TokenChanged()) for pending in outdated]
            if done.log:
                write_set.write(connection, write_set_of(draft))
                changes.append(connection, done.log, done.texts)
                _append_audit(connection, seen, seen.number + len(done.log), draft.next_id, done.chain)
        self._publish(done.log)
        return done.outcomes

    def _split_by_token(
        self, batch: Iterable[PendingCommand], connection: Connection
    ) -> tuple[list[PendingCommand], list[PendingCommand]]:
        """Split a batch into commands whose token is unchanged since authentication, and the rest.

        Must be called with the head locked and the replica caught up.
        """
        current, outdated = list[PendingCommand](), list[PendingCommand]()
        for pending in batch:
            token = pending.token
            good = token is None or same_token(token, self._tokens.get(connection).get(token.id))
            (current if good else outdated).append(pending)
        return current, outdated

    def _publish(self, log: Sequence[Change]) -> None:
        with self._fleet_lock:
            self._apply_changes(log)

    def _write_refusals(self) -> bool:
        """Write the queued refusals and uses of tokens. Return False if that has to wait."""
        if not self._refusals and not self._new_uses:
            return True
        refused, left_out, uses = list(self._refusals), self._left_out, dict(self._new_uses)
        try:
            with self.database.writing() as connection:
                seen = head.lock(connection, self.database.capabilities)
                chain = _chain(seen)
                record_refusals(chain, refused, left_out, self.clock())
                _append_audit(connection, seen, seen.number, seen.next_id, chain)
                tokens.touch(connection, uses)
        except BerthError as error:
            _LOG.warning("refused requests wait to be written: %s", error)
            return False
        except Exception:  # noqa: BLE001 - the log has it
            # Dropped, so that they do not block everything that is queued after them.
            _LOG.exception("%d refused requests could not be written", len(refused))
        for _ in refused:
            self._refusals.popleft()
        self._left_out -= left_out
        for key, at in uses.items():
            if self._new_uses.get(key) == at:
                del self._new_uses[key]
        return True

    def close(self) -> None:
        """Carry out what is queued, then close all connections."""
        self.run_pending()
        with self._at_work:
            self._watch.close()
            self.database.close()


class _Attempt:
    """The last attempt at a batch: its connection may have been lost after the commit."""

    def __init__(self) -> None:
        self.decided: DecidedBatch | None = None

    def landed(self, connection: Connection) -> DecidedBatch | None:
        """Return what that attempt decided if it was committed after all: it must not be carried out twice."""
        done = self.decided
        if done is None or not done.log or not audit.has(connection, done.chain.number, done.chain.hash):
            return None
        return done


def _chain(seen: Head) -> audit.Chain:
    """Return the end of the audit log."""
    return audit.Chain(seen.audit_number, seen.audit_hash)


def _append_audit(connection: Connection, seen: Head, number: int, next_id: int, chain: audit.Chain) -> None:
    """Write new records of the audit log, and move the head to the last of them."""
    audit.append(connection, chain)
    if not head.move(connection, seen, Head(number, next_id, chain.number, chain.hash)):
        raise StaleRead("the head was moved by a writer that did not hold its lock")
