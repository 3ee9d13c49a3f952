"""Candidates: the result of a CandidateRequest."""

from __future__ import annotations

import msgspec

from berth.model.consumer import Resources


class Candidate(msgspec.Struct, frozen=True):
    """One way to satisfy a request: what to claim of which provider, and which provider serves which group.

    names: of these providers, by uuid.
    """

    allocations: dict[str, Resources]
    mappings: dict[str, list[str]]
    names: dict[str, str] = {}


class Grant(msgspec.Struct, frozen=True):
    """The result of an allocate: what the consumer holds of which provider, and which provider serves which group."""

    consumer: str
    generation: int
    allocations: dict[str, Resources]
    mappings: dict[str, list[str]]


class ResourceUsage(msgspec.Struct, frozen=True):
    """Capacity and use of one class of a provider. capacity: what can be claimed in total."""

    capacity: int
    used: int


class ProviderSummary(msgspec.Struct, frozen=True):
    """A provider that appears in candidates, or in one of their trees, with what a caller needs to rank it."""

    resources: dict[str, ResourceUsage]
    traits: list[str]
    parent: str | None
    root: str


class Candidates(msgspec.Struct, frozen=True):
    """Where a request fits.

    summaries: by provider uuid; every provider of each tree that a candidate uses (only the
    used providers, if the request was for one provider per tree). bounded: the search stopped at its
    limit of steps, so there may be more candidates.
    """

    candidates: list[Candidate]
    summaries: dict[str, ProviderSummary]
    bounded: bool = False
