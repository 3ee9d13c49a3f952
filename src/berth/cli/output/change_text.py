"""One line for each change: what happened, as people say it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from berth.cli.amounts import told
from berth.cli.times import shown as moment
from berth.model.change import Change, Facts

NameOf = Callable[[str], str]

MOST: Final = 3
"""Of how many providers or consumers each is told by itself; of more, how many they are."""


def line(change: Change, name_of: NameOf) -> str:
    """When, its number, who, and what."""
    what = "; ".join(_happened(change, name_of)) or change.operation
    return f"{moment(change.at)}  #{change.number}  {change.actor or '-'}  {what}"


def _happened(change: Change, name_of: NameOf) -> Iterator[str]:
    facts = change.facts
    named = {each.uuid: each.name for each in facts.providers}

    def known(uuid: str) -> str:
        return named.get(uuid) or name_of(uuid)

    yield from _counted([f"{each.kind} {each.name}" for each in facts.names if each.kind != "type"], "new names")
    yield from _counted([f"name {number} removed" for number in facts.unnamed], "names removed")
    yield from _counted(_providers(change), "providers")
    yield from _counted(list(_possessions(facts, known)), "providers have something else now")
    yield from _counted(list(_claims(facts, known)), "consumers")
    yield from _counted([f"provider {uuid} is gone" for uuid in facts.gone], "providers are gone")


def _counted(sentences: list[str], many: str) -> Iterator[str]:
    if len(sentences) > MOST:
        yield f"{len(sentences):,} {many}"
    else:
        yield from sentences


def _providers(change: Change) -> list[str]:
    verb = {"CreateProvider": "made", "UpdateProvider": "renamed or moved"}.get(change.operation, "written")
    return [f"provider {each.name} {verb}" for each in change.facts.providers]


def _possessions(facts: Facts, known: NameOf) -> Iterator[str]:
    for uuid in dict.fromkeys([*facts.inventories, *facts.traits, *facts.aggregates]):
        parts = []
        if uuid in facts.inventories:
            has = told({name: each.total for name, each in facts.inventories[uuid].items()})
            parts.append(has or "no inventory")
        if uuid in facts.traits:
            parts.append(f"traits {', '.join(facts.traits[uuid]) or 'none'}")
        if uuid in facts.aggregates:
            parts.append(f"aggregates {', '.join(facts.aggregates[uuid]) or 'none'}")
        yield f"{known(uuid)} has {', '.join(parts)}"


def _claims(facts: Facts, known: NameOf) -> Iterator[str]:
    for consumer, held in facts.claims.items():
        places = " and ".join(f"{told(resources)} of {known(uuid)}" for uuid, resources in held.items())
        yield f"consumer {consumer} holds {places}" if held else f"consumer {consumer} released"
