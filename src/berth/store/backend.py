"""What differs between databases: capabilities by name, ways to open, and what their failures mean."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Engine

from berth.model.errors import BerthError, Unavailable
from berth.store.address import Address

LOOK_S: Final = 5
"""How long to wait for the one row that shows whether others have written."""

WRITE_S: Final = 20
"""How long one statement of a write may take."""

READ_S: Final = 120
"""How long one statement of a read may take: a process that starts adds up every allocation in one."""

LOCK_S: Final = 10
"""How long to wait for another process's transaction to end."""

IDLE_S: Final = 15
"""How long a transaction may be idle before the database ends it: its process was stopped, or is gone."""


class Purpose(enum.Enum):
    """What a connection is for. Each has its own isolation and time limits."""

    READ = enum.auto()
    WRITE = enum.auto()
    LOOK = enum.auto()
    MIGRATE = enum.auto()


CONNECTIONS: Final = {Purpose.READ: 8, Purpose.WRITE: 1, Purpose.LOOK: 1, Purpose.MIGRATE: 1}
"""How many connections for each purpose a process has at most."""

ISOLATION: Final = {
    Purpose.READ: "REPEATABLE READ",  # all statements of a read see one moment
    Purpose.WRITE: "READ COMMITTED",  # a write must see what was committed before it got the head's lock
    Purpose.LOOK: "AUTOCOMMIT",
    Purpose.MIGRATE: "READ COMMITTED",
}
"""The isolation of each purpose on a database with a server."""

STATEMENT_S: Final = {Purpose.READ: READ_S, Purpose.WRITE: WRITE_S, Purpose.LOOK: LOOK_S, Purpose.MIGRATE: 0}
"""How long a statement of each purpose may take; 0 for as long as it needs."""

GRACE_S: Final = 2
"""How much longer than the server's own limit to wait for an answer: after that the network is at fault."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a database can do, by name; queries ask these, never which database it is.

    embedded: lives in a file that Berth itself migrates; data_version: reports within microseconds,
    without a query, whether another connection has committed; row_locks: locks rows
    with SELECT ... FOR UPDATE (SQLite instead begins the whole transaction as a writer);
    transactional_ddl: a failed migration leaves nothing behind; roles: has users and grants.
    """

    embedded: bool
    data_version: bool
    row_locks: bool
    transactional_ddl: bool
    roles: bool


class StaleRead(Unavailable):
    """The database differs from what was read: a writer did not hold the head's lock."""


class CertificationConflict(Unavailable):
    """Another transaction was first, on this server or another of its cluster. Nothing was written: try again."""


class Busy(Unavailable):
    """Another process writes to the database at this moment."""


class Unreachable(Unavailable):
    """The database cannot be reached, or this connection to it is of no more use."""


class ReadOnly(Unavailable):
    """The server may only be read now. Another one may be the right one: this connection is of no more use."""


class Failure(NamedTuple):
    """What a failure means. kind: what to raise; words: the sentence after the database's name."""

    kind: type[BerthError]
    words: str


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of database. explain: returns None for a failure that is a fault of Berth's; poolable: see Address."""

    driver: str
    capabilities: Capabilities
    connect: Callable[[Address, Purpose], Engine]
    explain: Callable[[BaseException], Failure | None]
    poolable: bool = False
