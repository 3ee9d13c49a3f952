"""A change in brief: what it touched, without saying what is so now. A change of many providers has large facts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from berth.model.change import Change, Facts

FIRST: Final = 5
"""So many of what was touched are named."""


class TouchedNames(msgspec.Struct, frozen=True):
    """How many of a kind a change touched, and the first few of them."""

    count: int
    first: list[str]


class ChangeSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the change log in brief. providers, consumers: by uuid; names: of traits, classes, and so on."""

    number: int
    at: int
    operation: str
    actor: str
    request: str
    providers: TouchedNames
    consumers: TouchedNames
    names: TouchedNames


def brief_of(change: Change) -> ChangeSummary:
    """A change in brief."""
    facts = change.facts
    return ChangeSummary(
        number=change.number,
        at=change.at,
        operation=change.operation,
        actor=change.actor,
        request=change.request,
        providers=_touched(_providers(facts)),
        consumers=_touched(facts.claims),
        names=_touched([*(each.name for each in facts.names), *facts.tokens]),
    )


def _providers(facts: Facts) -> dict[str, None]:
    """Every provider that was touched, once, those that are new or moved first."""
    touched = dict.fromkeys(each.uuid for each in facts.providers)
    for part in (facts.inventories, facts.traits, facts.aggregates, facts.used, facts.generations, facts.gone):
        touched |= dict.fromkeys(part)
    return touched


def _touched(these: Iterable[str]) -> TouchedNames:
    every = list(these)
    return TouchedNames(len(every), every[:FIRST])
