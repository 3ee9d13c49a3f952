"""Responses of /v1 that are more than one value of the model."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from berth.model.candidate import Candidate, ProviderSummary
from berth.model.claim_life import ClaimLife
from berth.model.consumer import Resources
from berth.model.funnel import Funnel

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a collection. next: the value of `after` for the next page, None at the end."""

    items: list[T]
    next: str | None = None


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A server.

    head: the number of the last change; documentation: paths by what they are; auth: the ways in which
    callers can authenticate; caller: the caller's name in logs, "" if not authenticated; keys: whether commands may
    have an idempotency key.
    """

    name: str
    version: str
    head: int
    documentation: dict[str, str]
    auth: list[str] = []
    caller: str = ""
    keys: bool = False


class CallerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The caller, as the server sees it.

    name: the name in logs; via: the way of authentication; may: the policy's operations that the caller may
    do; operations about a project only on its own.
    """

    name: str
    user: str
    project: str
    roles: list[str]
    via: str
    may: list[str] = []


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True):
    """A policy as a table.

    name: the policy's; operations: the roles that may do each operation; own_project: the operations that a
    reader and a member may do only on their own project.
    """

    name: str
    operations: dict[str, list[str]]
    own_project: list[str]


class NameItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A resource class, trait or aggregate. at: its creation, microseconds since 1970; providers: how many have it.

    name: of an aggregate, its uuid; label, kind: what people call an aggregate, and of which kind it is, if it has one.
    """

    name: str
    id: int
    at: int
    providers: int
    label: str = ""
    kind: str = ""


class HolderItem(ClaimLife, frozen=True):
    """One consumer's part of a provider. name, note: of the consumer, None if it has none."""

    consumer: str
    project: str
    user: str
    type: str | None
    generation: int
    resources: Resources
    updated_at: int
    name: str | None = None
    note: str | None = None


class HolderPage(msgspec.Struct, frozen=True):
    """A page of the holders of a provider. generation: the provider's."""

    generation: int
    items: list[HolderItem]
    next: str | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request fits, as Candidates. funnel: if requested; call: the same request as a Placement URL."""

    candidates: list[Candidate]
    summaries: dict[str, ProviderSummary]
    bounded: bool
    funnel: Funnel | None = None
    call: str


class Result(msgspec.Struct, Generic[T], frozen=True):
    """The result of a command."""

    result: T
