"""An independent check of the audit log after a run: every seal, and every acknowledged write.

A seal is the SHA-256 of three lines: the seal before and the record's fields as JSON, the state before, and the facts
of the change log, to the letter.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from berth.model.errors import Unavailable
from berth.store.engine import Database
from berth.store.tables import audit, changes, head
from tests.suites.torture.history import Event
from tests.support.servers import TOKEN_NAME

BACK_S = 60
"""How long a database that was killed may take until it is read again."""

_FIELDS = (
    *("number", "at", "request", "actor", "via", "user", "project", "roles", "address"),
    *("operation", "target", "outcome", "why", "change"),
)
_ROWS = select(audit, changes.c.facts).outerjoin(changes, changes.c.number == audit.c.change).order_by(audit.c.number)


class Follower:
    """A reader of the log from where it stopped last: it can check after every blow that no record is lost."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self.number, self.seal, self.change = 0, "", 0

    def close(self) -> None:
        self._database.close()

    def look(self) -> list[str]:
        """Check all records since the last call, as of one moment. Return what is wrong."""
        deadline = time.monotonic() + BACK_S
        while True:
            try:
                return list(self._look())
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _look(self) -> Iterator[str]:
        with self._database.reading() as connection:
            kept = connection.execute(select(audit.c.hash).where(audit.c.number == self.number)).scalar()
            rows = connection.execute(_ROWS.where(audit.c.number > self.number)).mappings().all()
            end = connection.execute(select(head)).mappings().one()
        if self.number and kept != self.seal:
            yield f"record {self.number} was there, and is gone or another"
        for row in rows:
            yield from self._next(row)
        if (self.number, self.seal, self.change) != (end["audit_number"], end["audit_hash"], end["number"]):
            yield f"the log ends with record {self.number}, change {self.change}; the head says {dict(end)}"

    def _next(self, row: Mapping[str, Any]) -> Iterator[str]:
        if row["number"] != self.number + 1:
            yield f"record {row['number']} follows record {self.number}"
        if sealed(self.seal, row) != row["hash"]:
            yield f"record {row['number']} is not as it was sealed"
        if row["change"] is not None:
            if self.change and row["change"] != self.change + 1:  # the first is of whoever made the ledger
                yield f"record {row['number']} is of change {row['change']}, and the last one of {self.change}"
            self.change = row["change"]
        self.number, self.seal = row["number"], row["hash"]


def sealed(before: str, row: Mapping[str, Any]) -> str:
    """Return the seal that a record must have."""
    said = json.dumps([before, *(row[name] for name in _FIELDS)], separators=(",", ":"), ensure_ascii=False)
    return sha256("\n".join((said, row["before"] or "", row["facts"] or "")).encode()).hexdigest()


def broken_records(events: Iterable[Event], records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield acknowledged writes that do not have exactly one change, made by their author and by no other."""
    made = [record for record in records if record["change"] is not None]
    times = Counter(record["request"] for record in made if record["request"])
    actors = {record["request"]: record["actor"] for record in made}
    for event in events:
        if event.writes and event.outcome == "done" and event.request:
            if times[event.request] != 1:
                yield f"{event.request} was acknowledged, and there are {times[event.request]} changes of it"
            elif actors[event.request] != TOKEN_NAME:
                yield f"{event.request} is said to be of {actors[event.request]}"
    yield from (f"{request} has {count} changes" for request, count in times.items() if count > 1)
