"""``python -m tests.suites.torture.weakened_server ARGUMENT...``: berth, without some of what keeps writers apart.

``BERTH_TEST_WITHOUT`` names what is missing, separated by commas. It is read where this module is imported, so that it
holds in a server's worker processes as well. Berth itself has no such switch: its functions are replaced.
"""

from __future__ import annotations

import dataclasses
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, update

from berth.ledger import replica
from berth.ledger.write import batch
from berth.ledger.write.decide import leases
from berth.model.term import SECOND
from berth.store import audit, changes, head, tables, write_set
from berth.store.backend import Capabilities, StaleRead
from berth.store.head import Head

VARIABLE: Final = "BERTH_TEST_WITHOUT"
TURNED_AWAY: Final = "turned away:"
"""How a line of the server's log begins for every attempt that one of the defences has stopped."""

OVERLAP_S: Final = 0.03
"""How long a writer looks at the head before it goes on, so that another one looks at the same."""


def _without_lock() -> None:
    """Read the head without locking it."""
    locked = head.lock

    def lock(connection: Connection, capabilities: Capabilities) -> Head:
        seen = locked(connection, dataclasses.replace(capabilities, row_locks=False))
        time.sleep(OVERLAP_S)
        return seen

    head.lock = lock


def _without_number() -> None:
    """Move the head from any number, draw ids at random, and write no logs with numbers as keys."""
    locked = head.lock

    def lock(connection: Connection, capabilities: Capabilities) -> Head:
        return locked(connection, capabilities)._replace(next_id=random.SystemRandom().randrange(2**40, 2**50))

    def move(connection: Connection, _seen: Head, to: Head) -> bool:
        values = {"number": to.number, "audit_number": to.audit_number, "audit_hash": to.audit_hash}
        connection.execute(update(tables.head).values(values))
        return True

    head.lock, head.move = lock, move
    replica.BELIEVED_AFTER_S = 0.0  # type: ignore[misc]  # the head goes back and forth
    changes.append = audit.append = lambda *_: None


def _without_generation() -> None:
    """Write providers' rows whatever their generation is."""
    write_set._GUARDED = frozenset()  # type: ignore[misc]


DEFENCES: Final[dict[str, Callable[[], None]]] = {
    "lock": _without_lock,
    "number": _without_number,
    "generation": _without_generation,
}


def _without_deadline() -> None:
    """Let holds be confirmed after their deadlines, when their room has been given to others."""
    batch.lapsed = lambda _draft: []  # type: ignore[attr-defined]


def _without_renewal() -> None:
    """Answer a renewal with the deadline that it would bring, and write nothing."""
    leases._renew = lambda draft, lease: draft.now + lease.ttl * SECOND  # type: ignore[assignment]


def _without_release() -> None:
    """End leases, and leave their claims."""
    leases._release_ended = lambda _draft: None  # type: ignore[assignment]


RULES: Final[dict[str, Callable[[], None]]] = {
    "deadline": _without_deadline,
    "renewal": _without_renewal,
    "release": _without_release,
}
"""What does not keep writers apart, but time from selling anything twice, and from taking what is renewed."""


def _tell(self: StaleRead, *words: Any) -> None:
    """Write a line into the log for every StaleRead."""
    Exception.__init__(self, *words)
    print(TURNED_AWAY, *words, file=sys.stderr, flush=True)


if os.environ.get(VARIABLE):
    StaleRead.__init__ = _tell  # type: ignore[method-assign]
    for name in os.environ[VARIABLE].split(","):
        {**DEFENCES, **RULES}[name]()

if __name__ == "__main__":
    from berth.cli.main import main

    sys.exit(main())
