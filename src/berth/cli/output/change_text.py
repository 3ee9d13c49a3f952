"""Changes as text, one line each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from berth.cli.output.claim_text import owner_text
from berth.cli.output.consumer_text import called, named_text
from berth.cli.output.lease_text import lease_sentences
from berth.cli.times import format_moment
from berth.model.amounts import as_text
from berth.model.change import Change, Facts

NameOf = Callable[[str], str]

MOST: Final = 3
"""Up to this many providers or consumers are named one by one; beyond it only their number is given."""

_PROVIDER_VERBS: Final = {"CreateProvider": "created", "UpdateProvider": "renamed or moved", "RenameTree": "renamed"}


def line(change: Change, name_of: NameOf) -> str:
    """Return a change as one line: when, its number, who, and what."""
    what = "; ".join(_sentences(change, name_of)) or change.operation
    return f"{format_moment(change.at)}  #{change.number}  {change.actor or '-'}  {what}"


def _sentences(change: Change, name_of: NameOf) -> Iterator[str]:
    facts = change.facts
    named = {each.uuid: each.name for each in facts.providers}
    named |= {uuid: each.name for uuid, each in facts.aggregate_names.items()}

    def name_of_provider(uuid: str) -> str:
        return named.get(uuid) or name_of(uuid)

    new = [each for each in facts.names if each.kind != "type" and each.name not in facts.aggregate_names]
    yield from _counted([f"{each.kind} {each.name}" for each in new], "new names")
    yield from _counted([f"name {number} removed" for number in facts.unnamed], "names removed")
    yield from _counted(list(_aggregate_names(facts)), "aggregates have new names")
    yield from _counted(_providers(change), "providers")
    yield from _counted(
        list(_properties(facts, name_of_provider)), "providers have new inventories, traits or aggregates"
    )
    yield from _counted(list(_claims(facts, name_of_provider)), "consumers")
    yield from _counted(list(_drains(facts, name_of_provider)), "providers drained or undrained")
    yield from _counted([f"provider {uuid} deleted" for uuid in facts.gone], "providers deleted")
    yield from _counted(list(lease_sentences(facts)), "leases")


def _counted(sentences: list[str], summary: str) -> Iterator[str]:
    if len(sentences) > MOST:
        yield f"{len(sentences):,} {summary}"
    else:
        yield from sentences


def _providers(change: Change) -> list[str]:
    verb = _PROVIDER_VERBS.get(change.operation, "written")
    return [f"provider {each.name} {verb}" for each in change.facts.providers]


def _properties(facts: Facts, name_of_provider: NameOf) -> Iterator[str]:
    for uuid in dict.fromkeys([*facts.inventories, *facts.traits, *facts.aggregates]):
        parts = []
        if uuid in facts.inventories:
            has = as_text({name: each.total for name, each in facts.inventories[uuid].items()})
            parts.append(has or "no inventory")
        if uuid in facts.traits:
            parts.append(f"traits {', '.join(facts.traits[uuid]) or 'none'}")
        if uuid in facts.aggregates:
            parts.append(f"aggregates {', '.join(map(name_of_provider, facts.aggregates[uuid])) or 'none'}")
        yield f"{name_of_provider(uuid)} has {', '.join(parts)}"


def _aggregate_names(facts: Facts) -> Iterator[str]:
    for uuid, named in facts.aggregate_names.items():
        kind = named.kind or "aggregate"
        yield f"{kind} {uuid} is named {named.name}" if named.name else f"aggregate {uuid} has no name"


def _drains(facts: Facts, name_of_provider: NameOf) -> Iterator[str]:
    for uuid, drain in facts.drains.items():
        why = "" if drain is None or not drain.why else f": {drain.why}"
        yield f"{name_of_provider(uuid)} {'is undrained' if drain is None else 'is drained'}{why}"


def _claims(facts: Facts, name_of_provider: NameOf) -> Iterator[str]:
    for consumer, held in facts.claims.items():
        amounts = " and ".join(f"{as_text(resources)} of {name_of_provider(uuid)}" for uuid, resources in held.items())
        of = f" of {owner_text(facts.owners[consumer])}" if consumer in facts.owners else ""
        word = called(consumer, facts.consumer_names[consumer].name) if consumer in facts.consumer_names else consumer
        yield f"consumer {word}{of} holds {amounts}" if held else f"consumer {consumer}{of} released"
    for consumer, named in facts.consumer_names.items():
        if consumer not in facts.claims:
            yield named_text(consumer, named)
