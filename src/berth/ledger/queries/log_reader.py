"""The change log for streams and pages that must not continue in another history."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from berth.ledger.replica import Replica
from berth.model.change import Change
from berth.model.cursor import Cursor, PlacedChange
from berth.model.errors import LogReset
from berth.store import change_places

LOOK_S: Final = 0.2
"""How long a follower of the change log waits before it looks again."""

AT_ONCE: Final = 100
"""How many changes a follower reads at once."""

AT_ONCE_BYTES: Final = 1024 * 1024
"""How many bytes of facts a follower reads at once, if there is more than one change."""


class LogReader:
    """Reads changes with their places."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica

    def end(self) -> Cursor:
        """Return the place behind the last change."""
        with self._replica.read_with_rows() as (fleet, connection):
            return change_places.place(connection, fleet.head)

    def place(self, number: int) -> Cursor:
        """Return the place behind a change of the log."""
        with self._replica.database.reading() as connection:
            return change_places.place(connection, number)

    def has(self, place: Cursor) -> bool:
        """Whether the log has come to this place, in this history. Without a tag, the number alone counts."""
        return self.place(place.number) == place if place.tag else place.number <= self._head()

    def page(self, after: int, epoch: int, most: int, most_bytes: int) -> list[PlacedChange]:
        """Return the next changes, at least one. Raises LogReset if they do not continue what was read before.

        after: the number of a change that is not the last; epoch: the ledger's at the beginning; most, most_bytes: how
        many changes, and how many bytes of facts, at most.
        """
        with self._replica.database.reading() as connection:
            page = change_places.page(connection, after, most, most_bytes)
            self._replica.damaged_entries.note(connection, (each.change for each in page))
        head = self._head()  # not before: it would not notice what happened since
        if self._replica.history_epoch != epoch or not page or page[0].change.number != after + 1:
            raise LogReset(head)
        return page

    def follow(self, after: int | None) -> Iterator[Change]:
        """Yield every change after this number (None: from now on) once committed, without end. Raises LogReset."""
        head, epoch = self._head(), self._replica.history_epoch
        position = head if after is None else after
        while self._replica.history_epoch == epoch and position <= head:
            if position < head:
                for _, change in self.page(position, epoch, AT_ONCE, AT_ONCE_BYTES):
                    yield change
                    position = change.number
            else:
                time.sleep(LOOK_S)
            head = self._head()
        raise LogReset(head)

    def _head(self) -> int:
        with self._replica.read() as fleet:
            return fleet.head
