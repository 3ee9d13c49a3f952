"""The answer to a CandidateRequest."""

from __future__ import annotations

import msgspec

from berth.model.consumer import Resources


class Candidate(msgspec.Struct, frozen=True):
    """One way to satisfy a request: what to claim of which provider, and which provider serves which group."""

    allocations: dict[str, Resources]
    mappings: dict[str, list[str]]


class Grant(msgspec.Struct, frozen=True):
    """What a consumer got: what it holds of which provider, and which provider serves which group of its request."""

    consumer: str
    generation: int
    allocations: dict[str, Resources]
    mappings: dict[str, list[str]]


class ResourceUsage(msgspec.Struct, frozen=True):
    """How much of one class can be claimed of a provider in all, and how much is held."""

    capacity: int
    used: int


class ProviderSummary(msgspec.Struct, frozen=True):
    """What a caller needs to weigh a provider that appears in candidates, or in a tree of theirs."""

    resources: dict[str, ResourceUsage]
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
    summaries: dict[str, ProviderSummary]
    bounded: bool = False
