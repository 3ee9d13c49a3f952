"""Entries of the change log: the effect of each command, as facts that can be applied again.

A fact is absolute (the new state), never a difference: applying it twice does no harm. Facts use
names and uuids, so that a person can read them and a follower needs nothing else.
"""

from __future__ import annotations

import enum

import msgspec

from berth.model.aggregate import AggregateName
from berth.model.consumer import Owner, Resources
from berth.model.consumer_name import ConsumerName
from berth.model.drain_state import DrainFact
from berth.model.inventory import Inventory
from berth.model.lease import LeaseFact
from berth.model.term import Span


class NameKind(enum.StrEnum):
    """The kinds of names that the ledger numbers."""

    CLASS = "class"
    TRAIT = "trait"
    AGGREGATE = "aggregate"
    TYPE = "type"


class CatalogueEntry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A name and its number. at: microseconds since 1970 UTC."""

    kind: NameKind
    id: int
    name: str
    at: int


class ProviderFact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A provider as it is now; see berth.model.provider.Provider."""

    id: int
    uuid: str
    name: str
    generation: int
    parent: str | None
    root: str
    created_at: int
    updated_at: int


class Facts(msgspec.Struct, omit_defaults=True):
    """What one command changed.

    names: new or changed names; unnamed: numbers of removed names;
    providers: created, renamed or moved ones;
    inventories, traits, aggregates: all that a provider has now, by provider uuid;
    used: how much is held now, by provider and class, with what has lapsed and was not swept; generations: by provider;
    claims: what a consumer holds now, by consumer and provider (empty: it is released);
    owners: of each of those consumers, now or until its release; none in entries of a Berth that did not log them;
    gone: uuids of deleted providers; tokens: names of new or changed API tokens;
    terms: from when until when each of those claims counts; none for a claim that is confirmed and has no end;
    leases: granted, overdue or ended, by uuid;
    mended: numbers of earlier entries that cannot be read, whose subjects these facts record again;
    aggregate_names: of aggregates, by canonical uuid, new or changed (with an empty name: removed);
    drains: of providers, by uuid, new or changed (null: ended);
    consumer_names: names and notes of consumers, new or changed (both empty: removed). They end with the consumer.
    """

    names: list[CatalogueEntry] = []
    unnamed: list[int] = []
    providers: list[ProviderFact] = []
    inventories: dict[str, dict[str, Inventory]] = {}
    traits: dict[str, list[str]] = {}
    aggregates: dict[str, list[str]] = {}
    used: dict[str, Resources] = {}
    generations: dict[str, int] = {}
    claims: dict[str, dict[str, Resources]] = {}
    gone: list[str] = []
    tokens: list[str] = []
    owners: dict[str, Owner] = {}
    terms: dict[str, Span] = {}
    mended: list[int] = []
    leases: dict[str, LeaseFact] = {}
    aggregate_names: dict[str, AggregateName] = {}
    drains: dict[str, DrainFact | None] = {}
    consumer_names: dict[str, ConsumerName] = {}


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of the change log.

    number: its place, without gaps; at: microseconds since 1970 UTC; operation: the command's name;
    actor: the caller; request: the id of the request; fault: why its facts cannot be read as stored, so that `facts`
    has only what could be salvaged ("": they can be read).
    """

    number: int
    at: int
    operation: str
    actor: str
    request: str
    facts: Facts
    fault: str = ""


def subjects_of(facts: Facts) -> set[str]:
    """Return the uuids of all providers, consumers and leases that facts are about."""
    about = {fact.uuid for fact in facts.providers}
    return about.union(
        facts.inventories,
        facts.traits,
        facts.aggregates,
        facts.used,
        facts.generations,
        facts.claims,
        facts.gone,
        facts.leases,
        facts.drains,
        facts.consumer_names,
    )
