"""The replica of the database in memory: the fleet, kept current by applying what other processes committed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.apply import apply
from berth.fleet.state.build import FleetRows, build
from berth.fleet.state.fleet import Fleet
from berth.ledger.observer import CommitObserver
from berth.ledger.request_scope import CurrentScope
from berth.ledger.retry import attempts
from berth.ledger.token_cache import TokenCache
from berth.model.change import Change
from berth.model.errors import Unavailable
from berth.model.token import Token
from berth.store import changes, consumers, fleet_rows, head, names
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.watch import Watch, watch

_LOG = logging.getLogger("berth")

CHECKS: Final = 4
"""How often a reader tries to check the database for changes before it gives up."""


class Replica:
    """The fleet and the tokens, at least as recent as the database at each read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.observer = CommitObserver()
        self._tokens = TokenCache(database)
        self._fleet_lock = threading.RLock()
        self._watch: Watch = watch(database)
        self._current = CurrentScope()
        with database.reading() as connection:
            self.fleet = _built(connection, head.read(connection))
        self._consistent = True

    @contextmanager
    def read(self) -> Iterator[Fleet]:
        """Lock the fleet, at least as recent as the database at the time of the call, until the context exits."""
        self._lock_fresh()
        try:
            yield self.fleet
        finally:
            self._fleet_lock.release()

    @contextmanager
    def read_with_rows(self) -> Iterator[tuple[Fleet, Connection]]:
        """Lock the fleet, with a connection to the rows of the same moment, until the context exits."""
        with self._fleet_lock, self.database.reading() as connection:
            self._catch_up(connection, head.read(connection))
            self._mark_checked()
            yield self.fleet, connection

    def tokens(self) -> dict[str, Token]:
        """Return every API token by its id, as of now. The result must not be changed."""
        with self.read():
            return self._tokens.get()

    def ping(self) -> None:
        """Query the database and catch up with it. Raises Unavailable or DatabaseUnusable if that is impossible."""
        with self.database.looking() as connection:
            head.read(connection)
        with self.read():
            pass

    def _lock_fresh(self) -> None:
        for last in attempts(CHECKS):
            try:
                fresh = self._is_fresh()  # outside the lock: no other reader waits for this check
                return self._lock(fresh)
            except Unavailable:
                if last:
                    raise
        return None

    def _is_fresh(self) -> bool:
        """Whether the fleet is as recent as the database now, or as at the check of the present request."""
        scope = self._current.scope
        if scope is not None and scope.checked:
            return True
        known = self.fleet.head
        latest = self._watch.latest()
        # `latest` is below `known` only where an older backup was restored.
        return latest is not None and known <= latest <= self.fleet.head

    def _lock(self, fresh: bool) -> None:
        """Lock the fleet, and catch up first unless it is fresh."""
        self._fleet_lock.acquire()
        try:
            if not (fresh and self._consistent):
                with self.database.reading() as connection:
                    self._catch_up(connection, head.read(connection))
            self._mark_checked()
        except BaseException:
            self._fleet_lock.release()
            raise

    def _mark_checked(self) -> None:
        if self._current.scope is not None:
            self._current.scope.checked = True

    def _catch_up(self, connection: Connection, to: Head) -> None:
        """Apply every change up to the head; rebuild the fleet from rows if the log does not continue where it ends."""
        if to.number == self.fleet.head and self._consistent:
            return
        began, known = time.perf_counter(), self.fleet.head
        with self._fleet_lock:
            if self._consistent:
                with closing(changes.after(connection, self.fleet.head)) as log:
                    self._apply_changes(log)
            if to.number != self.fleet.head or not self._consistent:
                _LOG.warning("the change log does not continue from change %d: rebuilding the fleet", self.fleet.head)
                self.fleet, self._consistent = _built(connection, to), True
                self._tokens.invalidate()
        self.observer.followed(to.number, max(0, to.number - known), time.perf_counter() - began)

    def _apply_changes(self, log: Iterable[Change]) -> None:
        """Apply the next changes to the fleet. If one does not fit, mark the fleet inconsistent.

        Does not raise: the changes are committed, and remain so if this process cannot apply them.
        """
        for change in log:
            if change.number > self.fleet.head + 1:  # one is missing, and may still become visible later
                self._consistent = False
                return
            try:
                apply(self.fleet, change)
            except Exception:  # noqa: BLE001 - half of the change may be applied: rebuild
                _LOG.exception("change %d does not fit what this process knows", change.number)
                self._consistent = False
                return
            except BaseException:
                self._consistent = False
                raise
            if change.facts.tokens:
                self._tokens.invalidate()


def _built(connection: Connection, at: Head) -> Fleet:
    """Return the fleet as the rows have it."""
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
