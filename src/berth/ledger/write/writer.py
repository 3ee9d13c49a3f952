"""The one way to write.

Callers queue commands. A thread that finds no other at work carries out all that is queued, batch by batch: one
transaction, one durable commit, for as many commands as have arrived (group commit). The transaction holds the lock
on the head row, so the draft that is decided on is exactly what the database holds, regardless of other processes.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.replica import FarBehind, Replica
from berth.ledger.request_scope import NeedsTime, RequestScope, TokenChanged, same_token
from berth.ledger.retry import GIVE_UP_S, attempts, pause_after_conflict
from berth.ledger.write.answers import AnswerShelf
from berth.ledger.write.batch import BRIEF_S as BRIEF_BATCH_S
from berth.ledger.write.batch import MOST_S, Batch, DecidedBatch, Outcome, decide_batch, without
from berth.ledger.write.candidate_search import CandidateSearch
from berth.ledger.write.committed_rows import write_batch, write_notes
from berth.ledger.write.draft import Draft
from berth.ledger.write.explanations import Explanations
from berth.ledger.write.failures import Failures
from berth.ledger.write.lease_clock import LeaseClock
from berth.ledger.write.lease_prefetch import LeaseMoment
from berth.ledger.write.notes import Notes
from berth.ledger.write.pending_command import LATE, PendingCommand
from berth.ledger.write.prefetch import prefetch
from berth.ledger.write.queue import CommandQueue
from berth.ledger.write.renewals import Renewals
from berth.logs.request_ids import REQUEST_IDS, logged_as
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import Allocate, Command
from berth.model.errors import BerthError, Unavailable
from berth.model.funnel import Funnel
from berth.model.idempotency import CommandKey
from berth.model.lease_commands import RenewLeases
from berth.model.request import CandidateRequest
from berth.model.term import LONGEST_HOLD_S
from berth.model.text import log_text
from berth.model.token import Token
from berth.store import audit, endings, head
from berth.store.backend import CertificationConflict, StaleRead
from berth.store.engine import Database
from berth.store.head import Head

_LOG = logging.getLogger("berth")

TRIES: Final = 8
"""How often a batch is tried: a database that restarts is back before the last attempt, two seconds later."""

MOST_EXPLAIN_S: Final = 30
"""How long a request without a deadline waits for another that explains the same."""

BRIEF_S: Final = 0.02
"""How long a thread that must not take long goes on with batches, in seconds."""

MOST_BRIEF_CHANGES: Final = 64
"""How many changes of other processes such a thread applies before it decides."""


class Writer(Replica):
    """A replica that writes: commands, and the notes that wait for the next commit."""

    def __init__(self, database: Database, clock: Callable[[], int] | None = None) -> None:
        super().__init__(database, clock)
        self._queue, self._notes, self._explanations = CommandQueue(), Notes(), Explanations()
        self._candidates = CandidateSearch(self._pinned, self._current)
        self.answers, self.renewals, self.lease_clock = AnswerShelf(), Renewals(), LeaseClock(database, self.time)
        self.longest_hold_s, self.keep_endings_s = LONGEST_HOLD_S, endings.KEEP_S

    # --- Requests ---

    @contextmanager
    def request(
        self,
        request_id: str,
        deadline: float = math.inf,
        brief: bool = False,
        long: bool = True,
        pause: Callable[[], None] | None = None,
    ) -> Iterator[RequestScope]:
        """Make everything this thread does inside belong to one request, so that one check for changes suffices.

        A token is taken from the cache; before anything is answered it has to be revalidated. For a command that is
        queued this happens when it is carried out.
        """
        scope = self._current.scope = RequestScope(deadline, brief, long, pause)
        entered = REQUEST_IDS.set((request_id,))
        try:
            yield scope
        finally:
            REQUEST_IDS.reset(entered)
            self._current.scope = None
            for refused in scope.refusals:
                self.record_refusal(refused)

    def is_overdue(self, grace_s: float) -> bool:
        """Whether the deadline of the present request is over for more than this, in seconds."""
        return self._current.scope is not None and time.monotonic() > self._current.scope.deadline + grace_s

    def explained(self, fleet: Fleet, request: CandidateRequest) -> Funnel:
        """Return the funnel of a request on a version of the fleet: computed once for all that ask for the same."""
        return self._explanations.of_request(fleet, request, self._current.remaining_s(MOST_EXPLAIN_S))

    def cached_token(self, key: str) -> Token | None:
        """Return the token of this id: inside a request as this process knows it, otherwise as of now."""
        if not (self._tokens.current or self.database.capabilities.embedded):
            self.require_time()
        return (self.tokens() if self._current.scope is None else self._tokens.get()).get(key)

    def record_token_use(self, token: Token) -> None:
        """Note that a token authenticated a caller; written at most once a minute, with the next commit."""
        if self._current.scope is not None:
            self._current.scope.token = token
        self._notes.add_use(token, self.time.own())

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

    def queue(self, command: Command, caller: Caller, request: str, key: CommandKey | None = None) -> Future[Any]:
        """Queue a command for `run_pending`, and return the future of its result. key: its idempotency key.

        For an Allocate, search for candidates first, outside of every lock.
        """
        scope = self._current.scope or RequestScope()
        pending = PendingCommand(command, caller, log_text(request), token=scope.token, key=key)
        if isinstance(command, Allocate):
            pending.shortlist, pending.searches = self._candidates.shortlist(command.request, self.fleet), 1
        pending.deadline = min(scope.deadline, time.monotonic() + GIVE_UP_S)
        (self.renewals if isinstance(command, RenewLeases) else self._queue).add(pending)
        return pending.answer

    @contextmanager
    def _pinned(self) -> Iterator[Fleet]:
        """Give the fleet as this process knows it, unchanged until the context exits."""
        version = self._pin() or self._pin_fresh()
        try:
            yield version.fleet
        finally:
            self._versions.unpin(version)

    def record_refusal(self, refused: RefusedRequest) -> None:
        """Queue a refused request for the audit log; `run_pending` writes it."""
        if self._current.scope is not None:
            self._current.scope.refusals.append(refused)
        else:
            self._notes.add_refusal(refused)

    @property
    def has_pending(self) -> bool:
        """Whether there is anything for `run_pending` to do."""
        return self._queue.waits() or self._notes.are_due or (bool(self.renewals.waiting) and self.renewals.due_s == 0)

    def run_pending(self, brief: bool = False) -> bool:
        """Carry out everything that is queued, unless another thread is doing so: then leave it to that one.

        brief: neither wait nor take long. Return False if something is left for which a thread must do so.
        """
        if brief and not self.database.capabilities.embedded:
            return not self.has_pending
        if self.renewals.waiting:
            self.renewals.move_due(self._queue)
        ends = time.monotonic() + BRIEF_S
        carry_out = (lambda batch: self._carry_out_briefly(batch, ends)) if brief else self._carry_out
        while self._queue.work(carry_out, self._search_again, brief):
            if not self._notes.are_due or not self._queue.acquire():
                return True
            try:
                written = self._write_notes(wait=not brief)
            finally:
                self._queue.release()
            if brief and not written:
                return False
        return False

    def _search_again(self, unsearched: Iterable[PendingCommand]) -> None:
        """Search for other candidates for commands whose first ones have gone, for as long as others can wait."""
        ends = time.monotonic() + MOST_S
        for pending in unsearched:
            assert isinstance(pending.command, Allocate)
            try:
                pending.shortlist = self._candidates.shortlist(pending.command.request, self.fleet, in_turn=False)
                pending.searches += 1
            except Exception as error:  # noqa: BLE001 - the caller gets it
                pending.resolve(error=error)
            if time.monotonic() >= ends:
                return

    def _carry_out(self, batch: Batch) -> bool:
        """Commit a batch, and give every caller an answer."""
        entered = REQUEST_IDS.set(batch.requests)
        try:
            outcomes = self._outcomes(batch)
        finally:
            REQUEST_IDS.reset(entered)
        self._answer(batch, outcomes)
        if self._notes.are_due:
            self._write_notes()
        return True

    def _carry_out_briefly(self, batch: Batch, ends: float) -> bool:
        """Try once to commit a batch. If that would wait or fails, or time is over, leave it to another thread."""
        if time.monotonic() >= ends:
            return False
        entered = REQUEST_IDS.set(batch.requests)
        try:
            outcomes = self._commit(batch, brief=True)
        except Exception as error:  # noqa: BLE001 - the thread that tries again reports it
            _LOG.debug("a batch of %d is left to a thread that can wait: %s", len(batch.pending), error)
            return False
        finally:
            REQUEST_IDS.reset(entered)
        self._answer(batch, outcomes)
        return not self._notes.are_due or self._write_notes(wait=False)

    def _answer(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Give the callers their answers; only then tell the observers, which cannot change them any more."""
        for outcome in outcomes:
            if outcome.search:
                outcome.pending.shortlist = None
        decided = [outcome for outcome in outcomes if not outcome.deferred]
        for outcome in decided:
            outcome.pending.resolve(outcome.result, outcome.refusal, replayed=outcome.replayed)
        self._queue.put_back([outcome.pending for outcome in outcomes if outcome.deferred])
        for requests, began, ended in batch.commits:
            with logged_as(requests):
                self.observer.committed(requests, began, ended)
        if batch.life:
            self.observer.claims_changed(batch.life)
        for outcome in decided:
            if outcome.replayed or outcome.refusal is not None:
                with logged_as((outcome.pending.request,)):
                    outcome.report(self.observer)

    def _outcomes(self, batch: Batch) -> list[Outcome]:
        """Decide and commit a batch, with retries while it conflicts or the database is unreachable.

        What one command may be at fault for is tried again in halves, until that command is alone.
        """
        failures = Failures()
        for last in attempts(TRIES, batch.deadline):
            try:
                return self._certified(batch)
            except Exception as error:  # noqa: BLE001 - the callers get it, and the log has it
                if isinstance(error, StaleRead):
                    self._versions.distrust()
                failures.add(error, batch.writing)
                if failures.one_may_be_at_fault and len(batch.pending) > 1:
                    return [outcome for half in batch.halves() for outcome in self._outcomes(half)]
                if last or failures.are_final:
                    return [Outcome(pending, refusal=failures.answer) for pending in batch.pending]
                self.observer.tried_again()
        raise AssertionError("the last attempt returns")

    def _certified(self, batch: Batch) -> list[Outcome]:
        """Commit a batch; if another transaction was first, try again at once, for as long as a caller waits."""
        while True:
            try:
                return self._commit(batch)
            except (CertificationConflict, FarBehind) as error:
                if time.monotonic() >= batch.deadline:
                    raise
                if isinstance(error, FarBehind):
                    self.catch_up()
                    continue
                self.observer.tried_again()
                pause_after_conflict()

    def _commit(self, batch: Batch, brief: bool = False) -> list[Outcome]:
        """Decide a batch and commit it. If anything is raised before `batch.attempts` grows, nothing was committed."""
        began, batch.writing = time.time_ns(), False
        with self.database.writing(wait=not brief) as connection:
            seen = head.lock(connection, self.database.capabilities)
            if brief and seen.number > self.fleet.head + MOST_BRIEF_CHANGES:
                raise NeedsTime
            self._catch_up(connection, seen)
            landed, to, now = batch.landed(connection), seen, self.time.at(seen)
            self._lapse(now)
            with self._held() as fleet:
                most_s = BRIEF_BATCH_S if brief else MOST_S
                done = self._decided(without(batch.pending, landed), connection, seen, fleet, now, most_s)
            if done.log or done.draft.leases.to_write or (done.draft.answers and done.draft.answers.new):
                batch.writing = True
                to = write_batch(connection, done, seen, self.keep_endings_s)
                batch.writing = False
                batch.attempts.append(done)
        if done.log:
            self._publish(done.log, to)
            batch.life += done.life
            batch.life += [row["why"] for row in done.ended]
        for shortlist, tried in done.draft.tried.items():
            shortlist.first = max(shortlist.first, tried)
        outcomes = landed + done.outcomes
        carried_out = tuple(each.pending.request for each in outcomes if not each.deferred)
        batch.commits.append((carried_out, began, time.time_ns()))
        return outcomes

    def _decided(
        self,
        pending: Sequence[PendingCommand],
        connection: Connection,
        seen: Head,
        fleet: Fleet,
        now: int,
        most_s: float,
    ) -> DecidedBatch:
        """Return what is decided now. The head must be locked, and the fleet be the one of that moment."""
        current, refused = self._split(pending, connection)
        commands = [each.command for each in current]
        moment = LeaseMoment(now, seen.at, bool(seen.beat), self.time.agrees)
        prefetched = prefetch(connection, fleet, commands, moment)
        claims_only = all(isinstance(command, Allocate) for command in commands)
        draft = Draft(fleet, now, seen.next_id, prefetched, claims_only=claims_only, longest_hold_s=self.longest_hold_s)
        if any(each.key is not None for each in current):
            draft.answers = self.answers.read(connection, current, now)
        done = decide_batch(current, draft, seen.number, audit.Chain(seen.audit_number, seen.audit_hash), most_s)
        done.outcomes += refused
        return done

    def _split(
        self, batch: Iterable[PendingCommand], connection: Connection
    ) -> tuple[list[PendingCommand], list[Outcome]]:
        """Split a batch into commands to decide, and outcomes of those whose token has changed or whose time is over.

        Must be called with the head locked and the replica caught up.
        """
        current, refused, now = list[PendingCommand](), list[Outcome](), time.monotonic()
        for pending in batch:
            token = pending.token
            if now >= pending.deadline:  # the head came too late: its caller has been answered
                refused.append(Outcome(pending, refusal=Unavailable(LATE)))
            elif token is None or same_token(token, self._tokens.get(connection).get(token.id)):
                current.append(pending)
            else:
                refused.append(Outcome(pending, refusal=TokenChanged()))
        return current, refused

    def _write_notes(self, wait: bool = True) -> bool:
        """Write refused requests and uses of tokens, once. Return False if that has to wait."""
        notes = self._notes.to_write()
        try:
            with self.database.writing(wait) as connection:
                seen = head.lock(connection, self.database.capabilities)
                to = write_notes(connection, notes, seen, self.time.at(seen))
            self._publish((), to, seen)
        except BerthError as error:
            if wait:
                _LOG.warning("refused requests wait to be written: %s", error)
                self._notes.failed()
            return False
        except Exception:  # noqa: BLE001 - the log has it; they are dropped, so that they do not block later ones
            _LOG.exception("%d refused requests could not be written", len(notes.refusals))
        self._notes.written(notes)
        return True

    def close(self) -> None:
        """Carry out what is queued, then close all connections."""
        self._notes.hurry()
        self.renewals.gather(0)
        self.run_pending()
        with self._queue.wait_for_turn():
            self._watch.close()
            self.database.close()
        self.run_pending()  # what has been queued since gets its answer: LedgerClosed
