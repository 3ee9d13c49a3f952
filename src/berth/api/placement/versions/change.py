"""A version's changes to the Placement API, as a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from berth.api.placement.responses import Replies
from berth.api.placement.schemas import Schema

Body = Any
"""A JSON value that a client sent, valid in the client's version."""


NOTHING_THERE: Final = -1
"""In place of a time: the answer is about something that can change, but is empty."""


@dataclass(slots=True)
class Answer:
    """An operation's answer, before it is encoded.

    payload: a JSON value, None for no body; modified: microseconds since 1970 UTC, shown as
    Last-Modified since 1.15, NOTHING_THERE for Cache-Control alone, None for neither; location: a path;
    bounded: there may be more than is shown, for the search was ended; link: the value of a Link header.
    """

    status: int = 200
    payload: Any = None
    modified: int | None = None
    location: str | None = None
    bounded: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a downgrade of an answer depends on: the classes in the query."""

    resources: frozenset[str] = frozenset()


Upgrade = Callable[[Body], Body]
Downgrade = Callable[[Answer, Asked], None]
SchemaChange = Callable[[Schema], Schema]


@dataclass(frozen=True, slots=True)
class VersionChange:
    """One version.

    minor: its number after "1."; title: what it brought, why: what for; opens: operations that begin
    with it; closes: operations that it removes; rules: behaviours that it switches on; schemas:
    for an operation, from the schema before to its own; incoming: brings a body of the version
    before into this version's form; outgoing: brings an answer back into the form of the version before.
    parts and replies say of answers what `outgoing` does to them: for a named part, from its schema in
    this version to the one before; for an operation, how the version before answered.
    """

    minor: int
    title: str
    why: str
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    schemas: Mapping[str, SchemaChange] = field(default_factory=dict)
    incoming: Mapping[str, Upgrade] = field(default_factory=dict)
    outgoing: Mapping[str, Downgrade] = field(default_factory=dict)
    parts: Mapping[str, SchemaChange] = field(default_factory=dict)
    replies: Mapping[str, Replies] = field(default_factory=dict)
