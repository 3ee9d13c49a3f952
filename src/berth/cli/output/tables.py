"""What the ledger says, as tables: one function for each kind of answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from berth.cli.amounts import told
from berth.cli.output.table import Fill, Table, TableCell
from berth.cli.times import shown as moment
from berth.model.audit import AuditRecord
from berth.model.candidate import Candidate, ResourceUsage
from berth.model.consumer import ConsumerItem, ProjectItem, Resources, TypeUsage
from berth.model.names import UNKNOWN_TYPE
from berth.model.overview import ClassOverview, ProviderDetails, ProviderItem
from berth.model.pages import HolderItem, NameItem

NameOf = Callable[[str], str]
"""From a provider's uuid to its name."""


def providers(items: Iterable[ProviderItem]) -> Table:
    """Providers with how full they are: the fullest class as a bar."""
    rows = [(each.name, fullest(each.resources), rooms(each.resources), each.uuid) for each in items]
    return Table(("NAME", "FULLEST", "USED OF CAPACITY", "UUID"), rows)


def fullest(resources: Mapping[str, ResourceUsage]) -> Fill | None:
    """How full the fullest class is; None if there is none."""
    fills = [Fill(room.used, room.capacity) for room in resources.values()]
    return max(fills, key=lambda fill: fill.share, default=None)


def rooms(resources: Mapping[str, ResourceUsage]) -> str:
    """What is used of what can be claimed, by class."""
    return ", ".join(f"{name} {room.used:,}/{room.capacity:,}" for name, room in resources.items())


def totals(items: Iterable[ClassOverview]) -> Table:
    """Classes with what all providers have of them."""
    rows = [
        (each.name, Fill(each.used, each.capacity), each.used, each.capacity, each.largest_free, each.providers)
        for each in items
    ]
    return Table(("CLASS", "USED", "AMOUNT", "CAPACITY", "MOST FREE ON ONE", "PROVIDERS"), rows)


def inventories(provider: ProviderDetails) -> Table:
    """What one provider has, and the rules of each inventory."""
    rows = [
        (
            name,
            Fill(held.used, held.capacity),
            held.used,
            held.capacity,
            held.total,
            held.reserved,
            f"{held.allocation_ratio:g}",
            _units(held.min_unit, held.max_unit, held.step_size, held.total),
        )
        for name, held in provider.inventories.items()
    ]
    return Table(("CLASS", "USED", "AMOUNT", "CAPACITY", "TOTAL", "RESERVED", "RATIO", "ONE CLAIM"), rows)


def _units(least: int, most: int, step: int, total: int) -> str:
    """What one claim may ask for, "" if that is not restricted."""
    parts = [
        f"from {least:,}" if least > 1 else "",
        f"to {most:,}" if most < total else "",
        f"in steps of {step:,}" if step > 1 else "",
    ]
    return " ".join(filter(None, parts))


def holders(items: Iterable[HolderItem]) -> Table:
    """Who holds what of a provider."""
    rows = [
        (each.consumer, each.type or "", each.project, each.user, told(each.resources), moment(each.updated_at))
        for each in items
    ]
    return Table(("CONSUMER", "TYPE", "PROJECT", "USER", "HOLDS", "SINCE (UTC)"), rows)


def consumers(items: Iterable[ConsumerItem]) -> Table:
    """Consumers with what they hold."""
    rows = [
        (each.uuid, each.type or "", each.project, each.user, told(each.resources), moment(each.updated_at))
        for each in items
    ]
    return Table(("CONSUMER", "TYPE", "PROJECT", "USER", "HOLDS", "SINCE (UTC)"), rows)


def held(allocations: Mapping[str, Resources], name_of: NameOf) -> Table:
    """What a consumer holds, by provider."""
    rows = [(name_of(uuid), told(resources), uuid) for uuid, resources in allocations.items()]
    return Table(("PROVIDER", "HOLDS", "UUID"), rows)


def history(records: Iterable[AuditRecord]) -> Table:
    """What was done, newest first."""
    rows = [
        (moment(each.at), each.operation, each.actor or each.user, each.outcome, each.why, each.number)
        for each in records
    ]
    return Table(("WHEN (UTC)", "OPERATION", "WHO", "OUTCOME", "WHY", "RECORD"), rows)


def names(kind: str, items: Iterable[NameItem]) -> Table:
    """Names, and how many providers have each."""
    return Table((kind, "PROVIDERS"), [(each.name, each.providers) for each in items])


def projects(items: Iterable[ProjectItem]) -> Table:
    """Projects with what they hold."""
    rows = [(each.project, each.consumers, told(each.resources), ", ".join(sorted(each.by_type))) for each in items]
    return Table(("PROJECT", "CONSUMERS", "HOLDS", "TYPES"), rows)


def types(items: Iterable[TypeUsage]) -> Table:
    """What a project's consumers hold, by type."""
    rows = [(each.type or UNKNOWN_TYPE, each.consumers, told(each.resources)) for each in items]
    return Table(("TYPE", "CONSUMERS", "HOLDS"), rows)


def candidates(items: Sequence[Candidate], left: Mapping[str, Mapping[str, ResourceUsage]], name_of: NameOf) -> Table:
    """Where a request fits: a line for each provider of each candidate, and what would be left there."""
    rows: list[tuple[TableCell, ...]] = []
    for number, candidate in enumerate(items, 1):
        for place, (uuid, resources) in enumerate(candidate.allocations.items()):
            rows.append(
                (
                    None if place else number,
                    name_of(uuid),
                    told(resources),
                    _left(resources, left.get(uuid, {})),
                    _groups(candidate, uuid),
                )
            )
    grouped = any(row[-1] for row in rows)
    columns = ("NO", "PROVIDER", "GIVES", "LEFT THEN", "FOR")
    return Table(columns if grouped else columns[:-1], rows if grouped else [row[:-1] for row in rows])


def _left(taken: Resources, there: Mapping[str, ResourceUsage]) -> str:
    return told({name: there[name].capacity - there[name].used - taken[name] for name in taken if name in there})


def _groups(candidate: Candidate, uuid: str) -> str:
    """The names of the groups that a provider serves."""
    return ", ".join(suffix[1:] for suffix, served in candidate.mappings.items() if suffix and uuid in served)
