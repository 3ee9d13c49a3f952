"""`berth report`: how much was held for how long."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

import typer

from berth.cli.command import ledger_command
from berth.cli.options import OfProject, OnlyClass
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Fill, Table, TableCell
from berth.cli.session import Session
from berth.cli.times import format_moment, parse_moment
from berth.model.plural import plural
from berth.model.report import HOUR_US, MOST_ROWS, ReportBy, ReportRow, ReportTotal, UsageReport

COLUMNS: Final = ("key", "name", "class", "hours", "capacity_hours", "share", "held_us")
"""The columns of a report as CSV."""


@ledger_command(csv=True)
def report(
    session: Session,
    by: Annotated[ReportBy, typer.Option(help="Show one row for each of these and each class.")] = ReportBy.PROJECT,
    since: Annotated[
        str, typer.Option(metavar="WHEN", help="Start: 12h or 30d ago, 2026-05-01 or 2026-05-01T12:00 (UTC).")
    ] = "30d",
    until: Annotated[str, typer.Option(metavar="WHEN", help="End, in the same form as --since. Default: now.")] = "",
    resource_class: OnlyClass = "",
    project: OfProject = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Maximum number of rows to show.")] = MOST_ROWS,
) -> None:
    """Report usage over time: amount x hours, such as GPU-hours, and its share of the capacity.

    A claim counts until it ends. A hold counts while it is pending, too.

    Example: berth report --by user --class PGPU --since 30d
    """
    found = session.ledger.report(
        by,
        since=parse_moment(since),
        until=parse_moment(until) if until else None,
        resource_class=resource_class,
        project=project,
        limit=limit,
    )
    csv = session.output.form is OutputFormat.CSV
    session.output.show(found, _csv_table(found.rows) if csv else _table(found), more=_totals(found))
    for note in _notes(found):
        session.output.note(note)


def _table(found: UsageReport) -> Table:
    rows = [(each.name, each.resource_class, each.hours, *_share(each)) for each in found.rows]
    columns = (found.by.value.upper(), "CLASS", "HOURS", "USED", "CAPACITY HOURS")
    return Table(columns if not rows else columns[: len(rows[0])], rows)


def _share(each: ReportTotal) -> tuple[TableCell, ...]:
    """Return the share and the capacity; nothing for a caller who may not see the fleet."""
    if each.capacity_us is None:
        return ()
    return Fill(each.held_us, each.capacity_us) if each.capacity_us else None, each.capacity_us / HOUR_US


def _csv_table(rows: list[ReportRow]) -> Table:
    return Table(
        COLUMNS,
        [
            (
                each.key,
                each.name,
                each.resource_class,
                each.hours,
                None if each.capacity_us is None else each.capacity_us / HOUR_US,
                each.share,
                each.held_us,
            )
            for each in rows
        ],
    )


def _notes(found: UsageReport) -> Iterator[str]:
    """Yield what a person has to know about a report."""
    yield f"{format_moment(found.since)} to {format_moment(found.until)} UTC" + (
        ": nothing was held" if not found.rows else ""
    )
    if found.complete_from > found.since:
        yield f"incomplete: the change log begins at {format_moment(found.complete_from)} UTC"
    if found.left_out:
        yield f"{plural(found.left_out, 'more row is', 'more rows are')} not shown (--limit)"
    if found.damaged:
        entries = plural(len(found.damaged), "entry", "entries")
        yield f"amounts may be wrong: {entries} of the change log cannot be read (`berth db verify`)"


def _totals(found: UsageReport) -> Iterator[str]:
    """Yield a line for each class, where there are several rows that do not say it themselves."""
    for each in found.totals if len(found.rows) > 1 and found.by is not ReportBy.CLASS else ():
        total = f"{each.resource_class} in total: {each.hours:,.1f}"
        if each.capacity_us:
            share = Fill(each.held_us, each.capacity_us).percent
            yield f"{total} of {each.capacity_us / HOUR_US:,.1f} hours, {share}"
        else:
            yield f"{total} hours"
