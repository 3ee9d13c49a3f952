"""The ledger: every verb, without HTTP, and the entry point for commands."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing
from typing import TYPE_CHECKING, Any, Final

from berth.fleet.state.lapses import NEVER
from berth.ledger.observer import CommitObserver, CommitObservers
from berth.ledger.queries.agenda import AgendaQueries
from berth.ledger.queries.claim_ends import explain_absence
from berth.ledger.queries.consumers import ConsumerQueries, name_holders
from berth.ledger.queries.fleet import FleetQueries
from berth.ledger.queries.history import HistoryQueries
from berth.ledger.queries.largest_consumers import LargestConsumers
from berth.ledger.queries.leases import LeaseQueries
from berth.ledger.queries.log_reader import LogReader
from berth.ledger.queries.named_consumers import ConsumerNameQueries
from berth.ledger.queries.projects import ProjectQueries
from berth.ledger.queries.reconciliation import ReconcileVerbs
from berth.ledger.queries.report import ReportQueries
from berth.ledger.queries.summaries import SummaryQueries
from berth.ledger.request_scope import RequestScope
from berth.ledger.tokens import TokenVerbs
from berth.ledger.write.answers import KEEP_S
from berth.ledger.write.batch import BERTH
from berth.ledger.write.writer import Writer
from berth.logs.request_ids import new_request_id
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.change import Change
from berth.model.commands import Allocate, Command, Lapse
from berth.model.errors import (
    AllocationsNotFound,
    BerthError,
    DatabaseUnusable,
    Invalid,
    NothingFits,
    Refusal,
    Unavailable,
)
from berth.model.idempotency import CommandKey, command_key
from berth.model.interface import LedgerInterface
from berth.model.message import KEPT_RESULTS, UNKEYED, message
from berth.model.position import Position
from berth.model.term import LONGEST_HOLD_S
from berth.model.token import Token
from berth.model.types import typed
from berth.store import grants, migrate
from berth.store.endings import KEEP_S as KEEP_ENDINGS_S
from berth.store.engine import Database

if TYPE_CHECKING:
    from berth.ledger.audit.anomalies import SharedScan

_LOG = logging.getLogger("berth")

LOOK_AGAIN_S: Final = 1
"""How often a caller whose command another thread carries out looks whether any thread does."""


class Ledger(
    FleetQueries,
    ConsumerQueries,
    ProjectQueries,
    ConsumerNameQueries,
    AgendaQueries,
    HistoryQueries,
    TokenVerbs,
    ReconcileVerbs,
    ReportQueries,
    LedgerInterface,
):
    """An open ledger. Safe to share between threads.

    Every reading verb answers from what is committed when it is called, by any process; every writing verb
    returns when its change is durable, or raises a Refusal and has changed nothing. uuids may be given in any
    spelling and are returned in the canonical one. Any verb may raise Unavailable: the database cannot be reached,
    and it is safe to retry. clock: the time in microseconds since 1970 UTC, instead of the database's, for tests.
    """

    def __init__(
        self,
        database: Database,
        caller: Caller,
        secret_file: str = "",
        keep_keys_s: float = KEEP_S,
        *,
        longest_hold_s: int = LONGEST_HOLD_S,
        keep_endings_s: int = KEEP_ENDINGS_S,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._writer = Writer(database, clock)
        self._largest, self._leases = LargestConsumers(self._writer), LeaseQueries(self, self._writer)
        self.summaries: Final = SummaryQueries(self._writer)
        self._writer.answers.keep_s = keep_keys_s
        self._writer.longest_hold_s, self._writer.keep_endings_s = longest_hold_s, keep_endings_s
        self.caller, self.secret_file = caller, secret_file

    def close(self) -> None:
        """Carry out what is queued, then close all connections."""
        with closing(self._writer):
            self.summaries.refused.share_now()

    @property
    def leases(self) -> LeaseQueries:
        """The verbs of leases."""
        return self._leases

    def sweep(self) -> None:
        """Mark and end leases, and sweep what has lapsed: for a program without a server, about once a second.

        Leases end in no other way. Nothing else depends on it.
        """
        answer = self.submit(Lapse(), BERTH)
        if answer.done():  # else another thread is about to do it
            answer.result()

    # --- For a server ---

    @property
    def embedded(self) -> bool:
        """Whether the database is a file that this process opens itself: there is no network to wait for."""
        return self._writer.database.capabilities.embedded

    @property
    def known_head(self) -> int:
        """The number of the last change that this process knows of. Does not query the database."""
        return self._writer.fleet.head

    @property
    def known_position(self) -> Position:
        """The end of the history that this process knows of. Does not query the database."""
        return self._writer.position

    @property
    def lapsed_at(self) -> int:
        """The last instant at which something lapsed that this process knows of, in microseconds; 0: there is none."""
        return self._writer.fleet.lapses.since

    @property
    def claims_end(self) -> bool:
        """Whether this process knows of claims that end or are pending: what is said of them changes with time."""
        return bool(self._writer.fleet.lapses.ahead)

    @property
    def timed_claims(self) -> tuple[int, int]:
        """How many holds are pending, and how many confirmed claims have an end, as this process knows."""
        lapses = self._writer.fleet.lapses
        return lapses.holds, len(lapses.ahead) - lapses.holds

    def next_lapse_s(self) -> float | None:
        """Return the time until something is to be swept, in seconds; None if nothing is known that ends.

        Raises Unavailable if there are leases, and the database cannot be asked when they end.
        """
        fleet, clock = self._writer.fleet, self._writer.time
        lapses, lease_due = fleet.lapses, clock.own() if fleet.leased.ending else self._writer.lease_clock.due()
        if not (lapses.ahead or lapses.lapsed or lease_due is not None):
            return None
        due = lapses.now if lapses.lapsed else lapses.next_due
        return (min(due, NEVER if lease_due is None else lease_due) - clock.own()) / 1_000_000

    def gather_renewals(self, gap_s: float) -> None:
        """Let renewals of leases wait for each other, so that those of `gap_s` seconds share a commit; 0: no more."""
        self._writer.renewals.gather(gap_s)

    @property
    def renewals_due_s(self) -> float | None:
        """The time until renewals that wait for each other can be carried out, in seconds; None if none wait."""
        return self._writer.renewals.due_s

    @property
    def clock_skew_s(self) -> float:
        """By how much this process's clock is ahead of the database's, in seconds, when it was asked last."""
        return self._writer.time.skew_us / 1_000_000

    @property
    def history_epoch(self) -> int:
        """How often the database was found to hold another history than before, since the ledger was opened."""
        return self._writer.history_epoch

    @property
    def damaged_entries(self) -> tuple[int, ...]:
        """The numbers of those entries of the change log that this process has met and cannot read."""
        return self._writer.damaged_entries.numbers

    def read_memory(self) -> tuple[int, int]:
        """Return how many old versions of the fleet are still read, and the bytes that only they use."""
        return self._writer.read_memory()

    @property
    def log_reader(self) -> LogReader:
        """Pages of the change log that belong to one history."""
        return LogReader(self._writer)

    @property
    def shared_scan(self) -> SharedScan:
        """A share in the scan for unusual activity that all processes of this ledger make together."""
        from berth.ledger.audit.anomalies import SharedScan

        return SharedScan(self._writer)

    def observe(self, observer: CommitObserver) -> None:
        """Report commits, searches and refusals to an observer from now on. What it raises is logged."""
        self._writer.observer = CommitObservers(self.summaries.refused, observer)

    def ping(self) -> None:
        """Query the database and catch up with it. Raises Unavailable or DatabaseUnusable if that is impossible."""
        self._writer.ping()

    def request(
        self,
        request_id: str,
        *,
        deadline: float = math.inf,
        brief: bool = False,
        long: bool = True,
        pause: Callable[[], None] | None = None,
    ) -> AbstractContextManager[RequestScope]:
        """Make everything this thread does inside belong to one request, for the logs and for its token.

        deadline: when the request must have been answered, by time.monotonic(); brief: raise NeedsTime before anything
        that would wait or take long; long: whether it may take long where it may wait; pause: called now and then then.
        """
        return self._writer.request(request_id, deadline, brief, long, pause)

    def require_time(self, *, long: bool = False) -> None:
        """Raise NeedsTime if this thread may not wait for its request (long: not take long)."""
        self._writer.require_time(long=long)

    def check_time(self) -> None:
        """Raise NeedsTime if this thread has worked on its request for as long as it may. Call it during long work."""
        self._writer.check_time()

    def pause(self) -> None:
        """Pause now and then, if this thread works for long. Call it where what is left to do has a bound."""
        self._writer.pause()

    def revalidate(self, scope: RequestScope) -> bool:
        """Return whether the token that authenticated a request is still unchanged. False if it cannot be known."""
        return self._writer.revalidate(scope)

    def token(self, key: str, *, cached: bool = False) -> Token | None:
        """Return the API token of this id, or None. cached: inside a request, as this process knows it."""
        return self._writer.cached_token(key) if cached else self._writer.tokens().get(key)

    def record_token_use(self, token: Token) -> None:
        """Note that a token authenticated a caller; written at most once a minute, with the next commit."""
        self._writer.record_token_use(token)

    def record_refusal(self, refused: RefusedRequest) -> None:
        """Queue a request that was refused elsewhere for the audit log; `work` writes it."""
        self._writer.record_refusal(refused)

    note = record_refusal
    ends_early = FleetQueries.placement_finds_nothing_first
    """The names of 0.1, which remain until 0.2."""

    # --- The change log ---

    def follow(self, after: int | None = None) -> Iterator[Change]:
        """Yield every change after this number (None: from now on) once committed, without end.

        Raises LogReset if the log does not continue from there: another history took its place, or the next changes are
        in an archive.
        """
        return self.log_reader.follow(after)

    # --- Any command ---

    def explained(self, command: Command, refusal: BerthError, *, holders: bool = True) -> BerthError:
        """Return a refusal with what the database knows of it: why nothing fits, who holds the provider, what ended.

        holders: whether the caller may see them. Return it unchanged if the database cannot be queried any more: the
        decision stands.
        """
        try:
            if isinstance(refusal, NothingFits) and isinstance(command, Allocate):
                return NothingFits(bounded=refusal.bounded, funnel=self.explain(command.request))
            if isinstance(refusal, AllocationsNotFound):
                return explain_absence(self._writer, refusal)
            if isinstance(refusal, Refusal) and holders:
                name_holders(self._writer, refusal)
        except (Unavailable, DatabaseUnusable):
            pass
        return refusal

    def queue(
        self,
        command: Command,
        caller: Caller | None = None,
        request: str | None = None,
        *,
        key: CommandKey | None = None,
    ) -> Future[Any]:
        """Queue a command for the next call of `work`; the future gets its result or its refusal.

        key: its idempotency key. Raises Invalid if a value of it is not of its type: the change log would be of no use
        to anyone; or for a key with a command about API tokens: its answer has a secret, which must not be kept.
        """
        command = typed(command, type(command))
        if type(command) in UNKEYED:
            key = None
        if key is not None and type(command) not in KEPT_RESULTS:
            raise Invalid("a command about API tokens cannot have an idempotency key")
        return self._writer.queue(command, caller or self.caller, request or new_request_id(), key)

    @property
    def waiting(self) -> bool:
        """Whether there is anything for `work` to do."""
        return self._writer.has_pending

    def work(self, brief: bool = False) -> bool:
        """Carry out every queued command, in as few durable commits as possible.

        brief: only what neither waits nor takes long. Return False if something is left for which a thread must do so.
        """
        return self._writer.run_pending(brief)

    def submit(self, command: Command, caller: Caller | None = None, *, key: CommandKey | None = None) -> Future[Any]:
        """Carry out a command now, together with everything else that is queued. key: its idempotency key."""
        answer = self.queue(command, caller, key=key)
        self.work()
        self.summaries.refused.share_if_due()
        return answer

    def _do(self, command: Command, key: str | None = None) -> Any:
        by = None if key is None else command_key(key, self.caller, type(command).__name__, message(command))
        return self._answer(command, by)

    def _answer(self, command: Command, by: CommandKey | None) -> Any:
        """Carry out a valid command, and return its result. Raises a Refusal. by: its idempotency key."""
        answer = self.submit(command, key=by)
        try:
            while True:
                try:
                    return answer.result(LOOK_AGAIN_S)
                except TimeoutError:
                    if answer.done():  # just now, or it is the command's own error
                        return answer.result()
                    self.work()  # the thread that was at work may have been interrupted
        except Refusal as refusal:
            raise (refusal if by is not None and by.replayed else self.explained(command, refusal)) from None


def open_ledger(
    url: str,
    *,
    actor: str = "",
    via: str = "embedded",
    secret_file: str = "",
    keep_keys_s: float = KEEP_S,
    longest_hold_s: int = LONGEST_HOLD_S,
    keep_endings_s: int = KEEP_ENDINGS_S,
) -> Ledger:
    """Open the ledger in a database, for example sqlite:///berth.db, which is created and migrated if necessary.

    actor: the name under which the logs record writes through this ledger; via: how they were made; secret_file: the
    key that API tokens are hashed with, if not the file beside the database; keep_keys_s: for how many seconds the
    answers to commands with an idempotency key are kept; longest_hold_s: how long a hold may be pending in all;
    keep_endings_s: for how many seconds it is known why and when Berth ended a claim, and a reconciliation can be
    undone. Raises DatabaseUnusable, with one clear sentence, if the database cannot be used.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        return Ledger(
            database,
            Caller(name=actor, via=via),
            secret_file,
            keep_keys_s,
            longest_hold_s=longest_hold_s,
            keep_endings_s=keep_endings_s,
        )
    except BaseException:
        database.close()
        raise


def prepare_ledger(url: str) -> None:
    """Check that a ledger can be opened here, without reading its fleet. Raises DatabaseUnusable as open_ledger does.

    Warnings about the database role in use, and about the database server, are logged.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        for sentence in grants.advice(database):
            _LOG.warning(sentence)
    finally:
        database.close()
