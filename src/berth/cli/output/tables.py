"""Values of the ledger as tables: one function for each kind of answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from berth.cli.output.claim_text import claims_text
from berth.cli.output.table import Fill, Table, TableCell
from berth.cli.times import format_left, format_moment
from berth.model.agenda import AgendaItem
from berth.model.amounts import as_text
from berth.model.audit import AuditRecord
from berth.model.candidate import Candidate, ResourceUsage
from berth.model.claim_life import ClaimLife, ClaimState
from berth.model.consumer import ConsumerItem, ProjectItem, Resources, TypeUsage
from berth.model.names import UNKNOWN_TYPE
from berth.model.overview import ClassOverview, ProviderDetails, ProviderItem
from berth.model.pages import HolderItem, NameItem

_CONSUMERS: Final = ("NAME", "TYPE", "PROJECT", "USER", "HOLDS", "SINCE (UTC)", "ENDS IN", "CONSUMER")
_SPARSE: Final = frozenset({"NAME", "ENDS IN", "CONSUMER"})

NameOf = Callable[[str], str]
"""A function from a provider's uuid to its name."""


def providers(items: Iterable[ProviderItem]) -> Table:
    """Return providers with their use; the fullest class as a bar."""
    rows = [
        (each.name, drained(each), fullest(each.resources), used_of_capacity(each.resources), each.uuid)
        for each in items
    ]
    return Table(("NAME", "DRAINED", "FULLEST", "USED OF CAPACITY", "UUID"), rows, sparse=frozenset({"DRAINED"}))


def drained(item: ProviderItem) -> str:
    """Return why a provider takes no claims, "yes" without a reason, "" if it does."""
    return "" if item.drain is None else item.drain.why or "yes"


def fullest(resources: Mapping[str, ResourceUsage]) -> Fill | None:
    """Return the use of the fullest class, None if there is none."""
    fills = [Fill(usage.used, usage.capacity) for usage in resources.values()]
    return max(fills, key=lambda fill: fill.share, default=None)


def used_of_capacity(resources: Mapping[str, ResourceUsage]) -> str:
    """Return used and capacity by class, as text."""
    return ", ".join(f"{name} {usage.used:,}/{usage.capacity:,}" for name, usage in resources.items())


def totals(items: Iterable[ClassOverview]) -> Table:
    """Return classes with their totals over all providers."""
    rows = [
        (
            each.name,
            Fill(each.used, each.capacity),
            each.used,
            each.capacity,
            each.drained or None,
            each.largest_free,
            each.providers,
        )
        for each in items
    ]
    columns = ("CLASS", "USED", "AMOUNT", "CAPACITY", "DRAINED", "LARGEST FREE", "PROVIDERS")
    return Table(columns, rows, sparse=frozenset({"DRAINED"}))


def inventories(provider: ProviderDetails) -> Table:
    """Return one provider's inventories with their use and rules."""
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
    """Return the restrictions on the amount of one claim, "" if there are none."""
    parts = [
        f"from {least:,}" if least > 1 else "",
        f"to {most:,}" if most < total else "",
        f"in steps of {step:,}" if step > 1 else "",
    ]
    return " ".join(filter(None, parts))


def holders(items: Iterable[HolderItem], *, uuids: bool = False) -> Table:
    """Return the holders of a provider with their amounts. uuids: also of those that have a name."""
    rows = [
        (
            each.name,
            each.type or UNKNOWN_TYPE,
            each.project,
            each.user,
            as_text(each.resources),
            format_moment(each.updated_at),
            ends_in(each),
            each.consumer if uuids or not each.name else None,
        )
        for each in items
    ]
    return Table(_CONSUMERS, rows, sparse=_SPARSE)


def consumers(items: Iterable[ConsumerItem], *, uuids: bool = False) -> Table:
    """Return consumers with the amounts they hold. uuids: also of those that have a name."""
    rows = [
        (
            each.name,
            each.type or UNKNOWN_TYPE,
            each.project,
            each.user,
            as_text(each.resources),
            format_moment(each.updated_at),
            ends_in(each),
            each.uuid if uuids or not each.name else None,
        )
        for each in items
    ]
    return Table(_CONSUMERS, rows, sparse=_SPARSE)


def ends_in(life: ClaimLife) -> str:
    """Return how long a claim still counts, as text: 6d 23h, or 14m 3s (pending); "" if it counts for ever."""
    left = "" if life.expires_in is None else format_left(life.expires_in)
    return left if life.state is ClaimState.CONFIRMED else f"{left} ({life.state})".strip()


def agenda(items: Iterable[AgendaItem], *, uuids: bool = False) -> Table:
    """Return what ends next: when, whose it is, and what is free then. uuids: as of `consumers`."""
    rows = [
        (
            format_left(each.in_s),
            format_moment(each.at),
            each.event.value,
            each.name,
            each.project,
            each.user,
            "; ".join(f"{as_text(held.resources)} of {held.name}" for held in each.held),
            each.consumer if uuids or not each.name else None,
        )
        for each in items
    ]
    columns = ("IN", "AT (UTC)", "WHAT", "NAME", "PROJECT", "USER", "FREES", "CONSUMER")
    return Table(columns, rows, sparse=_SPARSE)


def held(allocations: Mapping[str, Resources], name_of: NameOf) -> Table:
    """Return the amounts that a consumer holds, by provider."""
    rows = [(name_of(uuid), as_text(resources), uuid) for uuid, resources in allocations.items()]
    return Table(("PROVIDER", "HOLDS", "UUID"), rows)


def history(records: Iterable[AuditRecord], subject: str, name_of: NameOf) -> Table:
    """Return audit records about a provider or consumer as a table, in the given order."""
    rows = [
        (
            format_moment(each.at),
            each.operation,
            each.actor or each.user,
            claims_text(each, subject, name_of),
            each.outcome,
            each.why,
            each.number,
        )
        for each in records
    ]
    return Table(("WHEN (UTC)", "OPERATION", "WHO", "CLAIM", "OUTCOME", "WHY", "RECORD"), rows)


def names(kind: str, items: Iterable[NameItem]) -> Table:
    """Return names with the number of providers that use each."""
    return Table((kind, "PROVIDERS"), [(each.name, each.providers) for each in items])


def aggregates(items: Iterable[NameItem]) -> Table:
    """Return aggregates by name, with the number of providers in each."""
    rows = [(each.label, each.kind, each.providers, each.name) for each in items]
    return Table(("NAME", "KIND", "PROVIDERS", "UUID"), rows)


def projects(items: Iterable[ProjectItem]) -> Table:
    """Return projects with the amounts they hold."""
    rows = [(each.project, each.consumers, as_text(each.resources), ", ".join(sorted(each.by_type))) for each in items]
    return Table(("PROJECT", "CONSUMERS", "HOLDS", "TYPES"), rows)


def types(items: Iterable[TypeUsage]) -> Table:
    """Return the amounts that a project's consumers hold, by type."""
    rows = [(each.type or UNKNOWN_TYPE, each.consumers, as_text(each.resources)) for each in items]
    return Table(("TYPE", "CONSUMERS", "HOLDS"), rows)


def candidates(items: Sequence[Candidate], left: Mapping[str, Mapping[str, ResourceUsage]], name_of: NameOf) -> Table:
    """Return candidates: a row for each provider of each, with what would be left there."""
    rows: list[tuple[TableCell, ...]] = []
    for number, candidate in enumerate(items, 1):
        for place, (uuid, resources) in enumerate(candidate.allocations.items()):
            rows.append(
                (
                    None if place else number,
                    name_of(uuid),
                    as_text(resources),
                    _left(resources, left.get(uuid, {})),
                    _groups(candidate, uuid),
                )
            )
    grouped = any(row[-1] for row in rows)
    columns = ("NO", "PROVIDER", "GIVES", "LEFT AFTER", "FOR")
    return Table(columns if grouped else columns[:-1], rows if grouped else [row[:-1] for row in rows])


def _left(taken: Resources, there: Mapping[str, ResourceUsage]) -> str:
    return as_text({name: there[name].capacity - there[name].used - taken[name] for name in taken if name in there})


def _groups(candidate: Candidate, uuid: str) -> str:
    """Return the names of the groups that a provider serves."""
    return ", ".join(suffix[1:] for suffix, served in candidate.mappings.items() if suffix and uuid in served)
