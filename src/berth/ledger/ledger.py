"""The ledger: every verb, without HTTP, and the entry point for commands."""

from __future__ import annotations

import logging
import uuid as uuids
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any

from berth.ledger.observer import CommitObserver
from berth.ledger.queries.consumers import ConsumerQueries
from berth.ledger.queries.fleet import FleetQueries
from berth.ledger.queries.history import HistoryQueries
from berth.ledger.request_scope import RequestScope
from berth.ledger.tokens import TokenVerbs
from berth.ledger.write.writer import Writer
from berth.model.audit import RefusedRequest
from berth.model.caller import Caller
from berth.model.commands import Command
from berth.model.errors import NothingFits
from berth.model.interface import LedgerInterface
from berth.model.token import Token
from berth.store import grants, migrate
from berth.store.engine import Database

_LOG = logging.getLogger("berth")


class Ledger(FleetQueries, ConsumerQueries, HistoryQueries, TokenVerbs, LedgerInterface):
    """An open ledger. Safe to share between threads.

    Every reading verb answers from what is committed when it is called, by any process; every writing verb
    returns when its change is durable, or raises a Refusal and has changed nothing. uuids may be given in any
    spelling and are returned in the canonical one. Any verb may raise Unavailable: the database cannot be reached,
    and it is safe to retry.
    """

    def __init__(self, database: Database, caller: Caller, secret_file: str = "") -> None:
        self._writer = Writer(database)
        self.caller, self.secret_file = caller, secret_file

    def close(self) -> None:
        """Carry out what is queued, then close all connections."""
        self._writer.close()

    # --- For a server ---

    @property
    def embedded(self) -> bool:
        """Whether the database is a file that this process opens itself: there is no network to wait for."""
        return self._writer.database.capabilities.embedded

    @property
    def known_head(self) -> int:
        """The number of the last change that this process knows of. Does not query the database."""
        return self._writer.fleet.head

    def observe(self, observer: CommitObserver) -> None:
        """Report commits, searches and refusals to an observer from now on."""
        self._writer.observer = observer

    def ping(self) -> None:
        """Query the database and catch up with it. Raises Unavailable or DatabaseUnusable if that is impossible."""
        self._writer.ping()

    def request(self, request_id: str) -> AbstractContextManager[RequestScope]:
        """Make everything this thread does inside belong to one request, for the logs and for its token."""
        return self._writer.request(request_id)

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

    # --- Any command ---

    def queue(self, command: Command, caller: Caller | None = None, request: str | None = None) -> Future[Any]:
        """Queue a command for the next call of `work`; the future gets its result or its refusal."""
        return self._writer.queue(command, caller or self.caller, request or f"req-{uuids.uuid4()}")

    @property
    def waiting(self) -> bool:
        """Whether there is anything for `work` to do."""
        return self._writer.has_pending

    def work(self) -> None:
        """Carry out every queued command, in as few durable commits as possible."""
        self._writer.run_pending()

    def submit(self, command: Command, caller: Caller | None = None) -> Future[Any]:
        """Carry out a command now, together with everything else that is queued."""
        answer = self.queue(command, caller)
        self.work()
        return answer

    def _do(self, command: Command) -> Any:
        try:
            return self.submit(command).result()
        except NothingFits as refusal:
            raise self.explained(command, refusal) from None


def open_ledger(url: str, *, actor: str = "", via: str = "embedded", secret_file: str = "") -> Ledger:
    """Open the ledger in a database, for example sqlite:///berth.db, which is created and migrated if necessary.

    actor: the name under which the logs record writes through this ledger; via: how they were made; secret_file: the
    key that API tokens are hashed with, if not the file beside the database. Raises DatabaseUnusable, with one clear
    sentence, if the database cannot be used.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        return Ledger(database, Caller(name=actor, via=via), secret_file)
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
