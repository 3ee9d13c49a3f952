"""`berth changes`, `berth watch`, `berth history`: the change log, and the history of one thing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Annotated

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.options import SubjectName
from berth.cli.output import tables
from berth.cli.output.change_text import line
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.session import Session
from berth.cli.times import format_moment
from berth.model.change import Change
from berth.model.errors import LogReset


@ledger_command(csv=True)
def changes(
    session: Session,
    after: Annotated[
        int | None, typer.Option(min=0, help="Changes after this number; default: the latest ones.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of changes to show.")] = 20,
) -> None:
    """Show the change log: every change of the ledger, oldest first.

    Example: berth changes --after 0 --limit 5
    """
    records = session.latest_changes(limit) if after is None else session.ledger.changes(after, limit)
    if session.output.form is OutputFormat.PEOPLE:
        session.output.print(*(line(each, session.name_of) for each in records))
    else:
        rows = [(each.number, format_moment(each.at), each.actor, each.operation, each.request) for each in records]
        session.output.show(records, Table(("NUMBER", "WHEN (UTC)", "WHO", "OPERATION", "REQUEST"), rows))
    if len(records) == limit and after is not None:
        session.output.note(f"there may be more: berth changes --after {records[-1].number}")
    if not records:
        session.output.note(f"there are no changes after {after}" if after else "there are no changes")


@ledger_command(csv=True)
def history(
    session: Session,
    name: SubjectName,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of records to show.")] = 20,
) -> None:
    """Show what was done to a provider or consumer and by whom, newest first, even if it no longer exists.

    Example: berth history host-1
    """
    subject = provider_names.resolve_subject(session, name)
    records = session.ledger.history(subject, most=limit)
    session.output.show(records, tables.history(records, subject, session.name_of))
    if not records:
        session.output.note("it has no history")


@ledger_command()
def watch(
    session: Session,
    after: Annotated[
        int | None, typer.Option(min=0, help="Start after this change; default: the latest change.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many changes.")] = None,
) -> None:
    """Follow the change log: print a line for each change as it happens, until Ctrl-C. With --json, JSON Lines.

    If the log does not continue, because a backup was restored or a failover lost changes, the command prints a line
    about it (with --json: {"reset": NUMBER}) and continues at the end of the log.

    Example: berth watch --after 41
    """
    try:
        for change in islice(_followed(session, after), limit):
            if session.output.form is OutputFormat.JSON:
                session.output.json_line(change)
            else:
                session.output.print(line(change, session.name_of))
    except KeyboardInterrupt:
        return


def _followed(session: Session, after: int | None) -> Iterator[Change]:
    """Yield changes without end; if another history takes the place of the log, say so and continue at its end."""
    while True:
        try:
            changes = session.ledger.follow(after)
            session.output.stop_spinner()
            yield from changes
        except LogReset as reset:
            after = reset.head
            if session.output.form is OutputFormat.JSON:
                session.output.json_line({"reset": after})
            else:
                session.output.note(
                    f"the change log was replaced (restore or failover): continuing after change {after}"
                )
