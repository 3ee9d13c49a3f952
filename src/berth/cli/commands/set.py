"""`berth set`: fields of the inventories of one class, on all providers that match."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

import typer

from berth.cli import provider_names
from berth.cli.amounts import parse_amounts
from berth.cli.command import ledger_command
from berth.cli.confirm import DryRun
from berth.cli.options import OnlyAggregate, OnlyProvider, OnlyTrait, OnlyTree
from berth.cli.output.table import Table
from berth.cli.session import Session
from berth.model.inventory import FIELDS
from berth.model.inventory_edits import EditedInventories, InventoryFields
from berth.model.overview import ProviderFilter
from berth.model.plural import plural

RATIO: Final = "allocation_ratio"
SHOWN: Final = 100
"""How many providers over their capacity are listed for people."""


@ledger_command()
def set_(
    session: Session,
    fields: Annotated[
        list[str],
        typer.Argument(metavar="CLASS.FIELD=VALUE...", help=f"Fields of one class; FIELD: {', '.join(FIELDS)}."),
    ],
    provider: OnlyProvider = "",
    tree: OnlyTree = "",
    name: Annotated[str, typer.Option(help="Only providers with this text in their name.")] = "",
    trait: OnlyTrait = "",
    aggregate: OnlyAggregate = "",
    every: Annotated[bool, typer.Option("--all", help="All providers that have the class.")] = False,
    over_capacity: Annotated[
        bool, typer.Option("--over-capacity", help="Allow less capacity than consumers hold.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Set fields of one class on all matching providers, in one commit: on all of them or on none.

    The command is refused if a provider would have less capacity than consumers hold, unless --over-capacity is given.
    --dry-run lists these providers. Running the command again changes nothing more.

    Example: berth set --trait CUSTOM_A100 VGPU.allocation_ratio=2 --dry-run
    """
    resource_class, values = _parse_fields(fields)
    where = ProviderFilter(
        name=name,
        uuid=provider_names.resolve(session, provider) if provider else "",
        trait=trait,
        aggregate=aggregate,
        root=session.ledger.provider(provider_names.resolve(session, tree)).root if tree else "",
    )
    if every == (where != ProviderFilter()):
        raise typer.BadParameter("which providers? Give a filter such as --aggregate rack-7, or --all")
    edited = session.ledger.edit_inventories(
        resource_class, values, where=None if every else where, over_capacity_ok=over_capacity, dry_run=dry_run
    )
    session.output.print_result(edited, *_report(edited, resource_class, dry_run=dry_run))


def _report(edited: EditedInventories, resource_class: str, *, dry_run: bool) -> Iterable[Any]:
    verb = "would change" if dry_run else "changed"
    yield f"{verb} {edited.changed:,} of {plural(edited.matched, 'provider')} with {resource_class}"
    if not edited.over_count:
        return
    have = ("provider would have", "providers would have") if dry_run else ("provider has", "providers have")
    yield f"{plural(edited.over_count, *have)} less capacity than consumers hold:"
    rows = [
        (each.name, each.used, each.capacity, each.capacity_before, each.uuid) for each in edited.over_capacity[:SHOWN]
    ]
    yield Table(("PROVIDER", "HELD", "CAPACITY", "BEFORE", "UUID"), rows).rich()
    if edited.over_count > SHOWN:
        yield f"and {edited.over_count - SHOWN:,} more"


def _parse_fields(words: Iterable[str]) -> tuple[str, InventoryFields]:
    """Return the class and the fields that are to be set. Raises typer.BadParameter."""
    names: dict[str, None] = {}
    values: dict[str, Any] = {}
    for word in words:
        place, equals, value = word.partition("=")
        name, dot, field = place.rpartition(".")
        if not (name and dot and equals) or field not in FIELDS:
            raise typer.BadParameter(f"{word!r} is not CLASS.FIELD=VALUE, with one of {', '.join(FIELDS)} as the field")
        if field in values:
            raise typer.BadParameter(f"{field} is given twice")
        names[name] = None
        values[field] = _parse_value(name, field, value)
    if len(names) > 1:
        raise typer.BadParameter(f"{', '.join(names)}: one command sets fields of one class")
    return next(iter(names)), InventoryFields(**values)


def _parse_value(name: str, field: str, text: str) -> float:
    """Return a ratio, or an amount as `parse_amounts` reads it. Raises typer.BadParameter."""
    if field == RATIO:
        try:
            return float(text)
        except ValueError:
            raise typer.BadParameter(f"{name}.{field}={text}: a ratio is a number, such as 1.5") from None
    return 0 if text == "0" else parse_amounts(f"{name}={text}")[name]
