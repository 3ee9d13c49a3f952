"""Rows of the route table, and calls of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from berth.api.auth.policy import Policy
from berth.api.http.messages import Request
from berth.api.v1.feed import Feed
from berth.ledger import Ledger
from berth.model.alive_list import AliveList
from berth.model.anomaly import Anomalies
from berth.model.caller import Caller
from berth.model.commands import Command
from berth.model.errors import BerthError
from berth.settings import Limits


@dataclass(slots=True)
class Call:
    """An authenticated request.

    items: the parameters in the path; query, body: of the route's types; feed: the change log, live;
    recheck: raises HttpError if the caller may not do this any more; ways: the names of the authenticators;
    mints: whether API tokens are accepted; anomalies: returns the unusual activity in the audit log;
    limits: of one request; alive: the list that came in lines after the body, None if it is in the body.
    """

    request: Request
    caller: Caller
    ledger: Ledger
    items: dict[str, str]
    feed: Feed
    anomalies: Callable[[], Anomalies]
    limits: Limits
    recheck: Callable[[], None]
    policy: Policy
    ways: tuple[str, ...]
    mints: bool = False
    query: Any = None
    body: Any = None
    alive: AliveList | None = None


@dataclass(slots=True)
class PendingResult:
    """A command. finish: returns the reply's value from its result."""

    command: Command
    finish: Callable[[Any], Any]


class NoParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of a route without parameters."""


Endpoint = Callable[[Call], Any]
"""Returns the reply's value, or a PendingResult or a StreamReply."""


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A row of the route table.

    operation: its name in the policy; query: the parameters, a field each; body: the type of the JSON
    body, None for none; reply: the type of the reply's JSON, None for no body; streams: it may answer
    with a stream of events; dated: its answer changes with the ledger's head only, and is for everybody
    the same; timed: it says how long claims still count, and so changes with time while some end;
    project: whose business a call is, if it is a project's; keyed: whether it takes an idempotency key;
    lines: whether the body may also come as lines of JSON, a list of any length after it;
    refusals: those that the ledger may answer with.
    """

    name: str
    method: str
    path: str
    endpoint: Endpoint
    summary: str
    operation: str
    query: type[msgspec.Struct] = NoParameters
    body: Any = None
    reply: Any = None
    status: int = 200
    public: bool = False
    streams: bool = False
    dated: bool = True
    timed: bool = False
    project: Callable[[Call], str | None] = field(default=lambda _: None)
    keyed: bool = False
    lines: bool = False
    refusals: tuple[type[BerthError], ...] = ()
