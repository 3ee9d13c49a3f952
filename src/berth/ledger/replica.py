"""The replica of the database in memory: the fleet, kept current by applying what other processes committed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain, islice
from typing import Final

from sqlalchemy import Connection

from berth.fleet.state.fleet import Fleet
from berth.ledger.built_fleet import built_fleet
from berth.ledger.damaged_entries import DamagedEntries
from berth.ledger.history import Continuity, continuity
from berth.ledger.ledger_time import LedgerTime
from berth.ledger.observer import CommitObserver
from berth.ledger.request_scope import CurrentScope
from berth.ledger.retry import GIVE_UP_S, attempts
from berth.ledger.token_cache import TokenCache
from berth.ledger.versions import MOST_IN_PLACE, ChangeRejected, Version, Versions, is_small
from berth.model.change import Change
from berth.model.errors import Unavailable
from berth.model.position import Position
from berth.model.token import Token
from berth.store import changes, head
from berth.store.engine import Database
from berth.store.head import Head
from berth.store.shared_query import SharedQuery
from berth.store.watch import Watch, watch

_LOG = logging.getLogger("berth")

CHECKS: Final = 4
"""How often a reader tries to check the database for changes before it gives up."""

FEW_CHANGES: Final = 64
"""How many changes of others a thread applies that must not take long."""

MOST_UNDER_LOCK: Final = 512
"""How many changes of others a writer applies while it holds the head's lock, and all other writers wait for it."""

BELIEVED_AFTER_S: Final = 3.0
"""How long a database that answers with an older state is taken for a standby that lags, and not for a restored one."""


class LogBroken(Exception):
    """The change log does not continue where the fleet ends."""


class FarBehind(Unavailable):
    """This process has to catch up with much before it can write. It does so without the head's lock."""


class Replica:
    """The fleet and the tokens, at least as recent as the database at each read."""

    def __init__(self, database: Database, clock: Callable[[], int] | None = None) -> None:
        self.database = database
        self.time = LedgerTime(clock)
        self.observer = CommitObserver()
        self.history_epoch = 0
        self.damaged_entries = DamagedEntries()
        self._tokens = TokenCache(database)
        self._watch: Watch = watch(database)
        self._current = CurrentScope()
        self._catch_up_query = SharedQuery(self._follow)
        self._behind_since: float | None = None
        database.address.remaining_s = self._current.remaining_s
        with database.reading() as connection:
            at = head.read(connection)
            self._versions = Versions(built_fleet(connection, at, self.time.at(at)), at.position)

    @property
    def fleet(self) -> Fleet:
        """The current version, for the thread that holds the head's lock: others `read`."""
        return self._versions.current.fleet

    @property
    def position(self) -> Position:
        """The end of the history that this process knows."""
        return self._versions.current.position

    @property
    def _consistent(self) -> bool:
        """Whether the fleet is what was committed. If not, it is read from rows again."""
        return self._versions.current.sound

    @contextmanager
    def read(self) -> Iterator[Fleet]:
        """Give a version of the fleet at least as recent as the database now; it does not change inside the context."""
        version = self._pin_fresh()
        try:
            yield version.fleet
        finally:
            self._versions.unpin(version)

    @contextmanager
    def read_with_rows(self) -> Iterator[tuple[Fleet, Connection]]:
        """Give a version of the fleet, with a connection to the rows of the same moment."""
        version = self._pin_fresh() if self.database.capabilities.embedded else self._pin_known()
        try:
            with self.database.reading() as connection:
                at = head.read(connection)
                version = self._versions.repin(version, at.position)
                if version.position != at.position:
                    version = self._advanced(version, connection, at, locked=False)
                version = self._lapsed(version, self.time.at(at))
                self._mark_checked()
                yield version.fleet, connection
        finally:
            self._versions.unpin(version)

    def require_time(self, *, long: bool = False) -> None:
        """Raise NeedsTime if this thread may not wait for a request, or not take long: see CurrentScope."""
        self._current.require_time(long=long)

    def check_time(self) -> None:
        """Raise NeedsTime if this thread has worked on its request for as long as it may."""
        self._current.check_time()

    def pause(self) -> None:
        """Pause now and then, if this thread works for long."""
        self._current.pause()

    def tokens(self) -> dict[str, Token]:
        """Return every API token by its id, as of now. The result must not be changed."""
        self._refresh_with_retry()
        if not (self._tokens.current or self.database.capabilities.embedded):
            self._current.require_time()
        return self._tokens.get()

    def ping(self) -> None:
        """Query the database and catch up with it. Raises Unavailable or DatabaseUnusable if that is impossible."""
        if not self.database.capabilities.embedded:
            self._current.require_time()
        with self.database.looking() as connection:
            head.read(connection)
        self._refresh_with_retry()

    def refresh(self) -> None:
        """Bring the fleet up to date with the database, unless the present request has checked already."""
        scope = self._current.scope
        if scope is not None and scope.checked and self._consistent:
            return
        missing = self._missing() if self._consistent else None
        if missing != 0:
            if missing is None or missing > FEW_CHANGES or self._catch_up_query.busy:
                self._current.require_time()
            self.catch_up()
        self._lapse(self.time.known)
        self._behind_since = None
        self._mark_checked()

    def catch_up(self) -> None:
        """Bring the fleet up to date with the database, in this thread or in one that is about to."""
        self._catch_up_query.get(0.0 if self._current.is_brief else self._current.remaining_s(GIVE_UP_S))

    def read_memory(self) -> tuple[int, int]:
        """Return how many old versions of the fleet are still read, and the bytes that only they use."""
        return self._versions.read_memory()

    # --- Checking ---

    def _refresh_with_retry(self) -> None:
        for last in attempts(CHECKS):
            try:
                return self.refresh()
            except Unavailable:
                if last:
                    raise
                self._current.require_time()  # for the pause
        return None

    def _pin_fresh(self) -> Version:
        while True:
            self._refresh_with_retry()
            version = self._pin()
            if version is not None:
                return version

    def _pin_known(self) -> Version:
        """Return the version as this process knows it, pinned: a query that follows shows how recent it is."""
        self._current.require_time()
        return self._pin() or self._pin_fresh()

    def _pin(self) -> Version | None:
        if self._versions.full:
            self._current.require_time()
        return self._versions.pin(self._current.remaining_s(GIVE_UP_S))

    def _missing(self) -> int | None:
        """Return how many changes this process does not know yet; None if that cannot be said, 0 if it knows all."""
        known = self.position
        if not self.database.capabilities.embedded:
            self._current.require_time()
        latest = self._watch.latest(self._current.remaining_s(GIVE_UP_S))
        if latest is None:
            return None
        self.time.at(latest)
        if self._versions.has_been_at(latest.position, known):
            return 0
        return max(1, latest.number - known.number) if latest.audit_number > known.audit_number else None

    def _mark_checked(self) -> None:
        if self._current.scope is not None:
            self._current.scope.checked = True

    # --- Catching up ---

    def _follow(self) -> None:
        """Catch up with the database, in a transaction of its own. Raises Unavailable."""
        for _ in range(CHECKS):
            since = self.position
            with self.database.reading() as connection:
                at = head.read(connection)
                self.time.at(at)
                if self._catch_up(connection, at, since):
                    return
        raise Unavailable("this process commits faster than it can compare its history with the database's")

    def _catch_up(self, connection: Connection, to: Head, since: Position | None = None) -> bool:
        """Bring the current version up to the head; read it from rows if the log does not continue where it ends.

        since: what a reader knew before its transaction began. None: the head is locked, so that it is the newest; then
        FarBehind is raised if this would take long. Return False if the version has passed the head unseen since then,
        so that this transaction cannot tell whether it is of the same history.
        """
        known = since or self.position
        if since is None and not (self._consistent and to.number - known.number <= MOST_UNDER_LOCK):
            raise FarBehind("a writer has to catch up first")
        while not (self._consistent and self._versions.has_been_at(to.position, known)):
            if known.audit_number <= to.audit_number < self.position.audit_number:
                return False
            version = self._versions.hold()
            try:
                if not known.audit_number <= to.audit_number < version.position.audit_number:  # not passed just now
                    version = self._advanced(version, connection, to, locked=since is None)
            finally:
                self._versions.unpin(version)
        return True

    def _advanced(self, version: Version, connection: Connection, to: Head, *, locked: bool) -> Version:
        """Return a version at `to`, which this transaction sees, pinned instead of the one that is given."""
        began, known = time.perf_counter(), version.position
        goes_on = continuity(connection, known, to.position)
        if goes_on is Continuity.BEHIND and not (locked or self._is_believed()):
            raise Unavailable(
                f"{self.database.shown} answers with an older state than it has had (record {to.audit_number}, after "
                f"{known.audit_number}): it is a standby that lags, or was restored"
            )
        new = self._followed(version, connection, to) if version.sound and goes_on is Continuity.SAME else None
        if new is None:
            if locked and goes_on is not Continuity.BEHIND:
                raise FarBehind("a writer has to read the fleet from rows first")
            new = self._rebuilt(version, connection, to, goes_on)
        if to.number != known.number:  # not for refused requests alone
            self.observer.followed(to.number, max(0, to.number - known.number), time.perf_counter() - began)
        return new

    def _is_believed(self) -> bool:
        """Whether an older state has been answered for so long, or where it counts at once, that it is the only one."""
        if self.database.capabilities.embedded:
            return True
        now = time.monotonic()
        since = self._behind_since  # read once: another thread may set it to None
        if since is None:
            since = self._behind_since = now
        return now - since >= BELIEVED_AFTER_S

    def _followed(self, version: Version, connection: Connection, to: Head) -> Version | None:
        """Apply the log; return None if it does not continue where the version ends, or does not fit it."""
        try:
            with closing(changes.after(connection, version.position.number)) as log:
                return self._applied(version, self._usable(connection, log), to.position)
        except (LogBroken, ChangeRejected) as failure:
            _LOG.warning("%s", failure, exc_info=failure.__cause__)
            return None

    def _usable(self, connection: Connection, log: Iterable[Change]) -> Iterator[Change]:
        """Yield the changes of the log. Raises LogBroken at one that cannot be read: the rows have its effect."""
        for change in log:
            self.damaged_entries.note(connection, (change,))
            if change.fault:
                raise LogBroken(f"change {change.number} cannot be read")
            yield change

    def _applied(self, version: Version, log: Iterable[Change], to: Position) -> Version:
        """Return a version with the changes of the log, pinned instead. Raises LogBroken, ChangeRejected."""
        continuous = self._continuous(log, version.position.number, to.number)
        first = list(islice(continuous, MOST_IN_PLACE + 1))
        in_place = len(first) <= MOST_IN_PLACE and is_small(first)
        return self._versions.advance(version, chain(first, continuous), to, in_place=in_place)

    def _continuous(self, log: Iterable[Change], number: int, to: int) -> Iterator[Change]:
        """Yield the changes after a number, and invalidate their tokens. Raises LogBroken if they do not reach `to`."""
        known = number
        for change in log:
            if change.number > number + 1:  # one is missing, and may still become visible later
                break
            number = max(number, change.number)
            if change.facts.tokens:
                self._tokens.invalidate(change.facts.tokens)
            yield change
        if number != to:
            raise LogBroken(f"the change log does not continue from change {known}, but ends with {number}, not {to}")

    def _lapsed(self, version: Version, now: int) -> Version:
        """Return a version without what lapses up to an instant, pinned instead of this one."""
        return self._versions.lapse(version, now) if version.fleet.lapses.next_due <= now else version

    def _lapse(self, now: int) -> None:
        """Let the current version be without what lapses up to an instant."""
        if self._versions.current.fleet.lapses.next_due <= now:
            version = self._versions.hold()
            try:
                version = self._lapsed(version, now)
            finally:
                self._versions.unpin(version)

    def _rebuilt(self, version: Version, connection: Connection, to: Head, goes_on: Continuity) -> Version:
        """Return a version that is read from rows, pinned instead of this one."""
        _LOG.warning("rebuilding the fleet of change %d from rows", to.number)
        self.damaged_entries.look_again(connection)
        fleet, forked = built_fleet(connection, to, self.time.known), goes_on is not Continuity.SAME
        self._tokens.invalidate()
        if forked and self._versions.current is version:  # first: nothing of the new history may count as the old one's
            self.history_epoch += 1
        new = self._versions.replace(version, fleet, to.position, another_history=forked)
        if forked and self._versions.current is new:
            self._report_fork(version.position, to.position, goes_on)
        return new

    def _report_fork(self, known: Position, found: Position, goes_on: Continuity) -> None:
        if goes_on is Continuity.ARCHIVED:
            _LOG.warning("record %d was archived, so that its history could not be compared", known.audit_number)
            return
        _LOG.error(
            "the database holds another history: of the audit log this process knew record %d (%s), found is %d (%s). "
            "Commits were lost in a failover, or a backup was restored",
            known.audit_number,
            known.tag,
            found.audit_number,
            found.tag,
        )
        self.observer.forked()

    # --- For the writer ---

    @contextmanager
    def _held(self) -> Iterator[Fleet]:
        """Give the current version, unchanged until the context exits, without waiting for any reader.

        Where the head's lock does not keep others from committing (Galera), a reader may catch up with them here.
        """
        version = self._versions.hold()
        try:
            yield version.fleet
        finally:
            self._versions.unpin(version)

    def _publish(self, log: Iterable[Change], to: Head, seen: Head | None = None) -> None:
        """Apply what this process has committed. Does not raise for changes that do not fit: they remain committed.

        seen: the head before, if the fleet was not caught up with it; the changes are left to the next catch-up if the
        fleet is elsewhere.
        """
        version = self._versions.hold()
        try:
            elsewhere = seen is not None and version.position != seen.position
            if version.sound and not elsewhere and version.position.audit_number < to.audit_number:
                version = self._applied(version, log, to.position)
        except (LogBroken, ChangeRejected) as failure:
            _LOG.warning("%s", failure, exc_info=failure.__cause__)
            self._versions.distrust()
        finally:
            self._versions.unpin(version)
