"""What differs between databases: capabilities by name, ways to open, and what their failures mean."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from berth.model.errors import BerthError, Unavailable

CONNECT_S: Final = 5
"""How long to wait for a connection."""

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


class Unreachable(Unavailable):
    """The database cannot be reached."""


class Failure(NamedTuple):
    """What a failure means. kind: what to raise; words: the sentence after the database's name."""

    kind: type[BerthError]
    words: str


@dataclass(frozen=True, slots=True)
class Backend:
    """One kind of database. explain: returns None for a failure that is a fault of Berth's."""

    driver: str
    capabilities: Capabilities
    connect: Callable[[URL, Purpose], Engine]
    explain: Callable[[BaseException], Failure | None]
