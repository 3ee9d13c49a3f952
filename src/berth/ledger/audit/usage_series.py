"""The usage series: how full the fleet was, as samples that outlast the change log.

There is one for each half hour of the last day, and for each six hours of the last thirty days: at most 170 rows. A
process that is asked, archives or serves makes those that are missing, by going back from the present
(`usage_rewind.py`), the latest first. What a sample says depends on the log alone, so that it does not matter which
process makes it; of two that make the same one, the first adds it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from berth.fleet.state.fleet import Fleet
from berth.fleet.state.lapses import NEVER
from berth.ledger.audit.usage_rewind import UsageRewind
from berth.ledger.built_fleet import built_fleet
from berth.ledger.ledger_time import LedgerTime
from berth.model.errors import BerthError, DatabaseUnusable
from berth.model.position import Position
from berth.model.report import HOUR_US
from berth.store import audit, changes, checkpoints, head, usage_samples
from berth.store.audit import UndoneChange
from berth.store.checkpoints import Checkpoint
from berth.store.engine import Database
from berth.store.usage_samples import UsageSample

_LOG = logging.getLogger("berth")

DAY_STEP: Final = HOUR_US // 2
DAY_STEPS: Final = 48
MONTH_STEP: Final = 6 * HOUR_US
MONTH_STEPS: Final = 120
"""The time between two samples, and how many there are besides the first one. The longer is a multiple of the other."""

SETTLED_US: Final = 30_000_000
"""How long ago an instant is of which a sample is made: what was written before it is committed by then, or never."""

PAGE: Final = 50
"""How many changes are read at a time: other requests wait while a page is decoded, which is done in one go."""

UNKNOWN: Final = UsageSample(None)


class FleetMoment(NamedTuple):
    """The fleet at a moment, with a connection to the rows of the same. now: its instant."""

    fleet: Fleet
    connection: Connection
    position: Position
    now: int


@dataclass(frozen=True, slots=True)
class UsageSeries:
    """The samples by their instants.

    until: no sample is later than this; complete: whether none is missing that the log could make.
    """

    samples: dict[int, UsageSample]
    until: int
    complete: bool


def day_instants(until: int) -> list[int]:
    """Return the instants of the last day of which there are samples, in order."""
    return _instants(until, DAY_STEP, DAY_STEPS)


def month_instants(until: int) -> list[int]:
    """Return the instants of the last thirty days of which there are samples, in order."""
    return _instants(until, MONTH_STEP, MONTH_STEPS)


def _instants(until: int, step: int, steps: int) -> list[int]:
    last = until - until % step
    return [last - step * back for back in range(steps, -1, -1)]


def usage_series(
    database: Database,
    moment: Callable[[], AbstractContextManager[FleetMoment]],
    goes_on: Callable[[], bool] = lambda: True,
) -> UsageSeries:
    """Return the samples, and keep those that were missing.

    goes_on: called between pages of the log; False to go no further back now. What cannot be kept, because the role or
    the server may only read, is returned all the same.
    """
    made = _made(database, moment, goes_on)
    try:
        _keep(database, made)
    except (BerthError, DBAPIError) as error:
        _LOG.info("how full the fleet was could not be kept: %s", error)
    return made.series


def keep_series(database: Database) -> None:
    """Keep the samples that the log can make now, in a database without a ledger that is open. Raises Unavailable."""
    _keep(database, _made(database, lambda: _moment(database), lambda: True))


@contextmanager
def _moment(database: Database) -> Iterator[FleetMoment]:
    with database.reading() as connection:
        at = head.read(connection)
        now = LedgerTime().at(at)
        yield FleetMoment(built_fleet(connection, at, now), connection, at.position, now)


class _Made(NamedTuple):
    """A series, with those of its samples that are new, and the position in the log from which they were made."""

    series: UsageSeries
    new: dict[int, UsageSample]
    position: Position


def _made(
    database: Database, moment: Callable[[], AbstractContextManager[FleetMoment]], goes_on: Callable[[], bool]
) -> _Made:
    samples = _samples(database)
    with moment() as (fleet, connection, position, now):
        until = now - SETTLED_US
        missing = sorted({*day_instants(until), *month_instants(until)} - samples.keys(), reverse=True)
        if not missing:
            return _Made(UsageSeries(samples, until, complete=True), {}, position)
        rewind, since = UsageRewind(fleet, now), checkpoints.last(connection)
    new = _WayBack(database, position, since).samples(rewind, missing, goes_on)
    return _Made(UsageSeries(samples | new, until, len(new) == len(missing)), new, position)


def _samples(database: Database) -> dict[int, UsageSample]:
    """Return what is kept; nothing if the role may not read it. In a transaction of its own, which that can end."""
    try:
        with database.reading() as connection:
            return usage_samples.all_samples(connection)
    except DatabaseUnusable as error:
        _LOG.info("how full the fleet was is not read from what is kept: %s", error)
        return {}


def _keep(database: Database, made: _Made) -> None:
    """Add samples, unless the log from which they were made is another one by now, and delete old ones.

    Not those of instants that the log has changes of since: a commit that hung for longer than SETTLED_US.
    """
    if not made.new:
        return
    with database.writing() as connection:
        number = head.lock(connection, database.capabilities).number
        if audit.has(connection, made.position.audit_number, made.position.audit_hash):
            position = made.position.number
            changed = (changes.earliest_since(connection, position) if number != position else None) or NEVER
            usage_samples.add(connection, {at: each for at, each in made.new.items() if at < changed})
            until = made.series.until
            first, fine = month_instants(until)[0], day_instants(until)[0]
            usage_samples.drop(connection, first, fine, MONTH_STEP, until + HOUR_US)


class _WayBack:
    """The way back through the log, from a position to its beginning."""

    def __init__(self, database: Database, position: Position, since: Checkpoint) -> None:
        self._database, self._since = database, since
        self._record, self._change = position.audit_number, position.number
        self._stopped = False

    def samples(self, rewind: UsageRewind, missing: list[int], goes_on: Callable[[], bool]) -> dict[int, UsageSample]:
        """Return samples of these instants, which are in falling order; of the first ones, if it does not go on."""
        made: dict[int, UsageSample] = {}
        left, at = list(reversed(missing)), NEVER
        for undone in self._pages(goes_on):
            at = min(at, undone.change.at)  # time does not go back in the log, but for a clock that was put back
            while left and left[-1] >= at:
                instant = left.pop()
                made[instant] = UsageSample(rewind.levels(instant))
            if not left:
                return made
            if undone.fault:
                return made | dict.fromkeys(left, UsageSample(None, undone.change.number))
            rewind.undo(undone.change, undone.before)
        return made | self._first_samples(rewind, left)

    def _pages(self, goes_on: Callable[[], bool]) -> Iterator[UndoneChange]:
        """Yield the changes with the states before them, the last one first, while each follows the one before."""
        while self._change > self._since.number:
            self._stopped = not goes_on()
            if self._stopped:
                return
            with self._database.reading() as connection:
                page = audit.undone(connection, self._record, PAGE)
            for each in page:
                if each.change.number != self._change:
                    return
                yield each
                self._record, self._change = each.record - 1, self._change - 1
            if not page:
                return

    def _first_samples(self, rewind: UsageRewind, left: list[int]) -> dict[int, UsageSample]:
        """Return samples of the time before the last change that was found; none if it can be looked for later."""
        if self._stopped:
            return {}
        with self._database.reading() as connection:
            if checkpoints.last(connection) != self._since:  # archived since, by a process that kept the samples
                return {}
            # Nothing changed between the last change in an archive, whose time is there, and the first record left.
            first = audit.page(connection, self._since.archived, 1)
        if self._change > self._since.number:  # changes from before the audit log, or some that are missing
            return dict.fromkeys(left, UNKNOWN)
        if self._since == checkpoints.NONE:
            return {instant: UsageSample({}) for instant in left}
        known_from = min((each.row["at"] for each in first), default=NEVER)
        return {at: UsageSample(rewind.levels(at)) if at >= known_from else UNKNOWN for at in left}
