"""`berth audit anomalies`: what in the audit log somebody should look at."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli.reaching import on_a_ledger
from berth.cli.session import Session
from berth.cli.table import Table
from berth.cli.times import moment, shown
from berth.model.anomaly import Anomaly

Moment = Annotated[str | None, typer.Option(metavar="WHEN", help="2h, 7d, 2026-05-01 or 2026-05-01T12:00 (UTC).")]


@on_a_ledger(csv=True)
def anomalies(session: Session, since: Moment = None, until: Moment = None) -> None:
    """Find unusual activity: bursts of refusals, new networks, mass releases and so on. Exit status 1: there is some.

    Through a server it is that of the last week; a database is looked through from beginning to end.

    Example: berth audit anomalies --since 7d
    """
    found = session.verbs.anomalies(
        since=None if since is None else moment(since), until=None if until is None else moment(until)
    )
    session.paper.show(found, _table(found.items))
    if not found.complete:
        session.paper.note(f"the server has looked at the records up to {found.last} so far: there may be more")
    elif not found.items:
        session.paper.note(f"nothing is unusual in records {found.first} to {found.last}")
    if found.items:
        raise typer.Exit(1)


def _table(items: list[Anomaly]) -> Table:
    rows = [(each.kind, shown(each.first_at), shown(each.last_at), _records(each), each.why) for each in items]
    return Table(("KIND", "FROM (UTC)", "TO (UTC)", "RECORDS", "WHY"), rows)


def _records(each: Anomaly) -> str:
    """The numbers of the first few, and how many more there are."""
    named = each.records[:3]
    more = each.count - len(named)
    return ", ".join(map(str, named)) + (f" and {more} more" if more else "")
