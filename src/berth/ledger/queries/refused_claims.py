"""Claims that were refused lately, for people: refusals change nothing, so no log of the ledger has them.

Each process counts those of which it handles the refusal, and now and then adds its counts to a table. So all
processes of a ledger show the same, also after a restart, and no refusal waits for a statement.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.exc import DBAPIError

from berth.ledger.observer import CommitObserver
from berth.ledger.queries.refusal_counts import SPAN_US, RefusalCounts, Refused, refused_of
from berth.ledger.write.writer import Writer
from berth.model.commands import Allocate, Claim, Command, SetAllocations
from berth.model.consumer import Resources
from berth.model.errors import BerthError, DatabaseUnusable, Refusal
from berth.model.summaries import RefusedClaim, RefusedClaimList
from berth.model.term import SECOND
from berth.store import head, refused_claims

_LOG = logging.getLogger("berth")

SHARE_S: Final = 3.0
"""How long a refusal waits for others before it is written, in seconds."""

KEEP_US: Final = 86_400 * SECOND
"""How long counts are kept, in microseconds."""

MOST_PAUSE_S: Final = 60.0
"""The longest pause after failures to write them."""

MOST_DOUBLINGS: Final = 10
"""After how many failures the pause no longer grows: it is the longest by then."""


class RefusedClaims(CommitObserver):
    """Counts the claims of which it handles the refusal."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lock, self._sharing = threading.Lock(), threading.Lock()
        self._waiting, self._moving = RefusalCounts(), RefusalCounts()
        self._written: tuple[Refused, int] | None = None  # of what is moving the latest, with its number once it is
        self._due, self._failures, self._shared = 0.0, 0, 0

    def command_refused(self, command: Command, error: Exception) -> None:
        """Count the refusal of a claim."""
        if isinstance(error, Refusal) and isinstance(command, Allocate | SetAllocations):
            now = self._writer.time.own()
            refused = _refused(command, str(error), now)
            with self._lock:
                if not self._waiting:
                    self._due = max(self._due, time.monotonic() + SHARE_S)
                self._waiting.add(refused, 1, now)

    def share_if_due(self) -> None:
        """Write the counts that wait, if they have waited long enough, and no other thread is at it."""
        if self._waiting and time.monotonic() >= self._due and not self._sharing.locked():
            self.share_now()

    def share_now(self) -> None:
        """Write the counts that wait. If that is impossible they go on waiting: nothing depends on them."""
        try:
            self.share()
        except (BerthError, DBAPIError) as error:
            _LOG.info("the number of refused claims could not be kept: %s", error)

    def share(self) -> None:
        """Write the counts that wait, for all processes. Raises Unavailable: then they go on waiting, for a day."""
        with self._sharing:
            with self._lock:
                counts = self._moving = self._waiting
                self._waiting = RefusalCounts()
            try:
                if counts:
                    self._write(counts)
            except BaseException:
                self._wait_on(counts)
                raise
            with self._lock:
                self._end_move()
                self._failures = 0

    def _wait_on(self, counts: RefusalCounts) -> None:
        """Let counts that could not be written wait again, but for old ones: those that answer may need the lock."""
        kept = counts.since(_oldest(self._writer.time.own()))
        with self._lock:
            for refused, (number, at) in self._waiting.counts.items():
                kept.add(refused, number, at)
            self._waiting = kept
            self._end_move()
            self._failures = min(self._failures + 1, MOST_DOUBLINGS)
            self._due = time.monotonic() + min(MOST_PAUSE_S, SHARE_S * 2**self._failures)

    def _end_move(self) -> None:
        self._moving, self._written = RefusalCounts(), None
        self._shared += 1

    def _write(self, counts: RefusalCounts) -> None:
        database = self._writer.database
        with database.writing() as connection:
            now = self._writer.time.at(head.lock(connection, database.capabilities))
            refused_claims.drop(connection, _oldest(now))
            all_counts = RefusalCounts()
            for row in refused_claims.of_spans(connection, {each.begin for each in counts.counts}):
                all_counts.put(_of_row(row), row.number, row.at)
            present = set(all_counts.counts)
            changed = {all_counts.add(each, number, at) for each, (number, at) in counts.counts.items()}
            rows = {Refused(*(row[name] for name in Refused._fields)): row for row in all_counts.rows()}
            refused_claims.add(connection, [rows[each] for each in changed - present])
            refused_claims.replace(connection, [rows[each] for each in changed & present])
            latest = max(changed, key=lambda each: rows[each]["at"])
            self._written = latest, rows[latest]["number"]

    def lately(self, within_s: int, project: str, limit: int) -> RefusedClaimList:
        """Return those refused in the last seconds by any process, the latest first. project: only those for it."""
        self._writer.require_time()
        instant = self._writer.time.own() - within_s * SECOND
        counted: dict[Refused, tuple[int, int]] = {}
        for refused, number, at in self._since(instant):
            if at >= instant and project in ("", refused.project):
                key = refused._replace(begin=0)
                before, last = counted.get(key, (0, 0))
                counted[key] = before + number, max(last, at)
        items = [
            RefusedClaim(at, each.project, each.user, each.resources, each.why, number)
            for each, (number, at) in sorted(counted.items(), key=lambda pair: -pair[1][1])
            if each.why
        ]
        return RefusedClaimList(items[:limit], sum(number for number, _ in counted.values()))

    def _since(self, instant: int) -> list[tuple[Refused, int, int]]:
        """Return the counts of all processes: what is counted, the number, and when it was last."""
        while True:
            shared = self._shared
            counts = [(_of_row(row), row.number, row.at) for row in self._rows(instant)]
            with self._lock:
                if shared != self._shared:  # some may be in both, or in neither
                    continue
                committed = self._written is not None and _has(counts, *self._written)
                own = (self._waiting,) if committed else (self._waiting, self._moving)
                return counts + [(each, *count) for part in own for each, count in part.counts.items()]

    def _rows(self, instant: int) -> Iterable[Any]:
        try:
            with self._writer.database.reading() as connection:
                return refused_claims.since(connection, instant - instant % SPAN_US, instant)
        except DatabaseUnusable as error:  # the role may not read them
            _LOG.info("the number of refused claims of other processes could not be read: %s", error)
            return ()


def _oldest(now: int) -> int:
    return now - now % SPAN_US - KEEP_US


def _has(counts: Iterable[tuple[Refused, int, int]], refused: Refused, number: int) -> bool:
    return any(each == refused and counted >= number for each, counted, _ in counts)


def _of_row(row: Any) -> Refused:
    return Refused(row.begin, row.project, row.user, row.asked, row.why)


def _refused(command: Allocate | SetAllocations, why: str, now: int) -> Refused:
    if isinstance(command, Allocate):
        asked = _summed(dict(group.resources) for group in command.request.groups)
        return refused_of(now, command.project, command.user, asked, why)
    first: Claim = command.claims[0]
    asked = _summed(resources for claim in command.claims for resources in claim.allocations.values())
    return refused_of(now, first.project, first.user, asked, why)


def _summed(parts: Iterable[Resources]) -> Resources:
    total: Counter[str] = Counter()
    for resources in parts:
        total.update(resources)
    return dict(total)
