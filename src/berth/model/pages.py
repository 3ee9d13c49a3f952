"""What /v1 answers with, where it is not a value of the model by itself."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from berth.model.candidate import Candidate, ProviderSummary
from berth.model.consumer import Resources
from berth.model.funnel import Funnel

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some of a collection; next: what `after` takes to go on, None at the end."""

    items: list[T]
    next: str | None = None


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What answers here.

    head: the number of the last change; documentation: paths by what they are; auth: the ways in which
    callers are known; caller: what logs call whoever asks, "" if nobody is known.
    """

    name: str
    version: str
    head: int
    documentation: dict[str, str]
    auth: list[str] = []
    caller: str = ""


class CallerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who the caller is.

    name: what logs call them; via: how they are known; may: the policy's operations that they may do, where
    an operation is a project's to their own.
    """

    name: str
    user: str
    project: str
    roles: list[str]
    via: str
    may: list[str] = []


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True):
    """Who may do what.

    name: of the policy; operations: the roles that may do each; own_project: those of them that a reader
    may do to its own project only.
    """

    name: str
    operations: dict[str, list[str]]
    own_project: list[str]


class NameItem(msgspec.Struct, frozen=True):
    """A resource class, trait or aggregate. at: when it was made, microseconds since 1970; providers: that have it."""

    name: str
    id: int
    at: int
    providers: int


class HolderItem(msgspec.Struct, frozen=True):
    """One consumer's part of a provider."""

    consumer: str
    project: str
    user: str
    type: str | None
    generation: int
    resources: Resources
    updated_at: int


class HolderPage(msgspec.Struct, frozen=True):
    """Some of those who hold a part of a provider. generation: the provider's."""

    generation: int
    items: list[HolderItem]
    next: str | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request fits, as Candidates. funnel: if it was asked for; call: the same in Placement's words."""

    candidates: list[Candidate]
    summaries: dict[str, ProviderSummary]
    bounded: bool
    funnel: Funnel | None = None
    call: str


class Result(msgspec.Struct, Generic[T], frozen=True):
    """What a command came to."""

    result: T
