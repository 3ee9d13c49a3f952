"""The fleet in memory, and how it stays up to date: readers take in what others committed before they look."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.apply import apply
from berth.fleet.state.build import FleetRows, build
from berth.fleet.state.fleet import Fleet
from berth.ledger.observer import CommitObserver
from berth.ledger.request_scope import CurrentScope
from berth.ledger.retry import attempts
from berth.model.change import Change
from berth.model.errors import Unavailable
from berth.model.token import Token
from berth.store import changes, consumers, fleet_rows, head, names, tokens
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.watch import Watch, watch

_LOG = logging.getLogger("berth")

LOOKS: Final = 4
"""How often a reader looks for what others have written."""


class Replica:
    """The fleet and the tokens, as new as the database behind them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.witness = CommitObserver()
        self._tokens: dict[str, Token] | None = None
        self._fleet_lock = threading.RLock()
        self._watch: Watch = watch(database)
        self._here = CurrentScope()
        with database.reading() as connection:
            self.fleet = _built(connection, head.read(connection))
        self._sound = True

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
            self._looked()
            yield self.fleet, connection

    def tokens(self) -> dict[str, Token]:
        """Every API token by its id, as of now. Not to be changed."""
        with self.current():
            return self._known_tokens()

    def _known_tokens(self, connection: Connection | None = None) -> dict[str, Token]:
        """The same, as this process knows them. connection: of a transaction, if there is one already."""
        with self._fleet_lock:
            if self._tokens is None:
                with nullcontext(connection) if connection else self.database.reading() as reading:
                    self._tokens = {token.id: token for token in tokens.all_tokens(reading)}
            return self._tokens

    def touch(self) -> None:
        """Ask the database, and take in what others committed: Unavailable or DatabaseUnusable if that cannot be."""
        with self.database.looking() as connection:
            head.read(connection)
        with self.current():
            pass

    def _lock_current(self) -> None:
        for last in attempts(LOOKS):
            try:
                fresh = self._is_fresh()  # not under the lock: nobody else has to wait for this look
                return self._lock(fresh)
            except Unavailable:
                if last:
                    raise
        return None

    def _is_fresh(self) -> bool:
        """Whether the fleet is as new as the database was when this was asked, or when the visit looked."""
        visit = self._here.visit
        if visit is not None and visit.looked:
            return True
        known = self.fleet.head
        latest = self._watch.latest()
        # The fleet only moves forward, but where an older backup was restored: then the latest is below what was known.
        return latest is not None and known <= latest <= self.fleet.head

    def _lock(self, fresh: bool) -> None:
        """Lock the fleet, and take in what is new first if it is not fresh."""
        self._fleet_lock.acquire()
        try:
            if not (fresh and self._sound):
                with self.database.reading() as connection:
                    self._follow(connection, head.read(connection))
            self._looked()
        except BaseException:
            self._fleet_lock.release()
            raise

    def _looked(self) -> None:
        if self._here.visit is not None:
            self._here.visit.looked = True

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


def _built(connection: Connection, at: Head) -> Fleet:
    """The fleet from rows."""
    return build(
        FleetRows(
            names=names.all_names(connection),
            providers=fleet_rows.all_providers(connection),
            inventories=fleet_rows.all_inventories(connection),
            traits=fleet_rows.all_traits(connection),
            aggregates=fleet_rows.all_aggregates(connection),
            used=consumers.used(connection),
            head=at.number,
        )
    )
