"""Summaries of changes: what a change touched, without the new state, which can be large."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from berth.model.change import Change, Facts
from berth.model.consumer import Owner, Resources

FIRST: Final = 5
"""The most names given of each kind."""


class TouchedNames(msgspec.Struct, frozen=True):
    """The things of one kind that a change touched: their number, and the first few names."""

    count: int
    first: list[str]


class ChangeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of one entry of the change log.

    providers, consumers: uuids; names: of traits, classes, leases, and so on; owners: of the consumers that are named;
    held: what each of those holds now, by class, on all providers.
    """

    number: int
    at: int
    operation: str
    actor: str
    request: str
    providers: TouchedNames
    consumers: TouchedNames
    names: TouchedNames
    owners: dict[str, Owner] = {}
    held: dict[str, Resources] = {}


def brief_of(change: Change) -> ChangeSummary:
    """Return the summary of a change."""
    facts = change.facts
    consumers = _touched(dict.fromkeys([*facts.claims, *facts.consumer_names]))
    return ChangeSummary(
        number=change.number,
        at=change.at,
        operation=change.operation,
        actor=change.actor,
        request=change.request,
        providers=_touched(_providers(facts)),
        consumers=consumers,
        names=_touched([*_names(facts), *facts.tokens, *(each.name for each in facts.leases.values())]),
        owners={uuid: facts.owners[uuid] for uuid in consumers.first if uuid in facts.owners},
        held={uuid: _summed(facts.claims[uuid].values()) for uuid in consumers.first if uuid in facts.claims},
    )


def _summed(parts: Iterable[Resources]) -> Resources:
    total: Resources = {}
    for resources in parts:
        for name, amount in resources.items():
            total[name] = total.get(name, 0) + amount
    return total


def _providers(facts: Facts) -> dict[str, None]:
    """Return every touched provider once, as keys, with new and moved ones first."""
    touched = dict.fromkeys(each.uuid for each in facts.providers)
    for part in (
        facts.inventories,
        facts.traits,
        facts.aggregates,
        facts.used,
        facts.generations,
        facts.gone,
        facts.drains,
    ):
        touched |= dict.fromkeys(part)
    return touched


def _names(facts: Facts) -> Iterator[str]:
    """Yield the touched names; of an aggregate the one that it has now, its uuid if it has none."""
    named = facts.aggregate_names
    yield from (each.name for each in facts.names if each.name not in named)
    yield from (each.name or uuid for uuid, each in named.items())


def _touched(these: Iterable[str]) -> TouchedNames:
    every = list(these)
    return TouchedNames(len(every), every[:FIRST])
