"""The answer to a CandidateRequest."""

from __future__ import annotations

import msgspec

from berth.model.consumer import Resources


class Candidate(msgspec.Struct, frozen=True):
    """One way to satisfy a request: what to claim of which provider, and which provider serves which group."""

    allocations: dict[str, Resources]
    mappings: dict[str, list[str]]


class Granted(msgspec.Struct, frozen=True):
    """What a consumer got: what it holds of which provider, and which provider serves which group of its request."""

    consumer: str
    generation: int
    allocations: dict[str, Resources]
    mappings: dict[str, list[str]]


class Room(msgspec.Struct, frozen=True):
    """How much of one class can be claimed of a provider in all, and how much is held."""

    capacity: int
    used: int


class Summary(msgspec.Struct, frozen=True):
    """What a caller needs to weigh a provider that appears in candidates, or in a tree of theirs."""

    resources: dict[str, Room]
    traits: list[str]
    parent: str | None
    root: str


class Candidates(msgspec.Struct, frozen=True):
    """Where a request fits.

    summaries: by provider uuid; every provider of each tree that a candidate takes from (only the
    providers taken from, if the request was for one provider per tree). bounded: the search gave up
    after its bound of steps without finding anything more, so there may be more.
    """

    candidates: list[Candidate]
    summaries: dict[str, Summary]
    bounded: bool = False
