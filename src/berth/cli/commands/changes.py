"""`berth changes`, `berth watch`, `berth history`: what happened, and what happens."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.output import tables
from berth.cli.output.change_text import line
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.session import Session
from berth.cli.times import shown as moment
from berth.model.names import parse_uuid


@ledger_command(csv=True)
def changes(
    session: Session,
    after: Annotated[int | None, typer.Option(min=0, help="Those after this number; otherwise the last ones.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
) -> None:
    """Show the change log: everything that ever happened to the ledger, oldest first.

    Example: berth changes --after 0 --limit 5
    """
    first = max(session.ledger.head() - limit, 0) if after is None else after
    found = session.ledger.changes(first, limit)
    if session.output.form is OutputFormat.PEOPLE:
        session.output.people(*(line(each, session.name_of) for each in found))
    else:
        rows = [(each.number, moment(each.at), each.actor, each.operation, each.request) for each in found]
        session.output.show(found, Table(("NUMBER", "WHEN (UTC)", "WHO", "OPERATION", "REQUEST"), rows))
    if len(found) == limit and after is not None:
        session.output.note(f"there may be more: berth changes --after {found[-1].number}")
    if not found:
        session.output.note("nothing has happened" if not first else f"nothing has happened after {first}")


@ledger_command(csv=True)
def history(
    session: Session,
    what: Annotated[str, typer.Argument(metavar="NAME", help="A provider's name or uuid, or a consumer's uuid.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
) -> None:
    """Show what was done to a provider or a consumer and by whom, newest first, whether it is there still or not.

    Example: berth history host-1
    """
    subject = parse_uuid(what) or provider_names.resolve_prefix(session, what)
    found = session.ledger.history(subject, most=limit)
    session.output.show(found, tables.history(found))
    if not found:
        session.output.note("nothing is known of it")


@ledger_command()
def watch(
    session: Session,
    after: Annotated[
        int | None, typer.Option(min=0, help="Begin after this change, not now: nothing since then is missed.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many changes.")] = None,
) -> None:
    """Follow the change log: a line for each change as it happens, until Ctrl-C. With --json, JSON Lines.

    Example: berth watch --after 41
    """
    try:
        changes = session.ledger.follow(after)
        session.output.end_wait()
        for number, change in enumerate(changes, 1):
            if session.output.form is OutputFormat.JSON:
                session.output.json_line(change)
            else:
                session.output.people(line(change, session.name_of))
            if number == limit:
                return
    except KeyboardInterrupt:
        return
