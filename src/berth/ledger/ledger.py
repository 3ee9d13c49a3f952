"""The ledger: every verb, without HTTP, and the way in for commands."""

from __future__ import annotations

import logging
import uuid as uuids
from concurrent.futures import Future
from typing import Any

from berth.ledger.queries.consumers import ConsumerQueries
from berth.ledger.queries.fleet import FleetQueries
from berth.ledger.queries.history import HistoryQueries
from berth.ledger.tokens import TokenVerbs
from berth.ledger.write.writer import Writer
from berth.model.caller import Caller
from berth.model.commands import Command
from berth.model.errors import NothingFits
from berth.model.interface import LedgerInterface
from berth.store import grants, migrate
from berth.store.engine import Database

_LOG = logging.getLogger("berth")


class Ledger(FleetQueries, ConsumerQueries, HistoryQueries, TokenVerbs, LedgerInterface):
    """An open ledger. Safe to share between threads.

    Every reading verb answers from what is committed when it is called, by whichever process; every
    writing verb returns when its change is durable, or raises a Refusal and has changed nothing.
    uuids may be given in any spelling and come back canonical. Unavailable may be raised by all:
    the database is away, and asking again is safe.
    """

    def __init__(self, database: Database, caller: Caller, secret_file: str = "") -> None:
        self.core = Writer(database)
        self.caller, self.secret_file = caller, secret_file

    def close(self) -> None:
        """Carry out what is queued and close all connections."""
        self.core.close()

    # --- Any command ---

    def queue(self, command: Command, caller: Caller | None = None, request: str | None = None) -> Future[Any]:
        """Line a command up for the next call of `work`; the future gets its result or its refusal."""
        return self.core.queue(command, caller or self.caller, request or f"req-{uuids.uuid4()}")

    @property
    def waiting(self) -> bool:
        """Whether there is anything for `work` to do."""
        return self.core.waiting

    def work(self) -> None:
        """Carry out every queued command, together in as few durable commits as can be."""
        self.core.work()

    def submit(self, command: Command, caller: Caller | None = None) -> Future[Any]:
        """Carry a command out now, with whatever else is queued."""
        answer = self.queue(command, caller)
        self.work()
        return answer

    def _do(self, command: Command) -> Any:
        try:
            return self.submit(command).result()
        except NothingFits as refusal:
            raise self.explained(command, refusal) from None


def open_ledger(url: str, *, actor: str = "", via: str = "embedded", secret_file: str = "") -> Ledger:
    """Open the ledger in a database, for example sqlite:///berth.db (made and migrated if need be).

    actor: the name that the logs give to whoever writes through this ledger; via: how they came;
    secret_file: what API tokens are hashed with, if not the file beside the database. Raises DatabaseUnusable
    with one clear sentence if the database cannot be used.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        return Ledger(database, Caller(name=actor, via=via), secret_file)
    except BaseException:
        database.close()
        raise


def prepare_ledger(url: str) -> None:
    """Make sure that a ledger could be opened here, without taking its fleet in; DatabaseUnusable as open_ledger.

    What whoever runs this should know of the role it runs as, and of the server, is logged as warnings.
    """
    database = Database(url)
    try:
        migrate.prepare(database)
        for sentence in grants.advice(database):
            _LOG.warning(sentence)
    finally:
        database.close()
