"""`berth audit`: who did what, and whether the log of it is whole."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import typer

from berth.cli.command import ledger_command
from berth.cli.options import DEFAULTS, DatabaseUrl
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.session import Session
from berth.cli.times import moment, shown
from berth.model.anomaly import Anomaly
from berth.model.audit import AuditRecord
from berth.model.caller import Caller
from berth.model.names import parse_uuid
from berth.model.request import ProviderQuery

if TYPE_CHECKING:
    from berth.model.interface import LedgerInterface

app: Final = typer.Typer(no_args_is_help=True, help="See who did what, prove that the log of it is whole, archive it.")

COLUMNS: Final = ("number", "at", "actor", "via", "project", "address", "operation", "target", "outcome", "why")

Moment = Annotated[str | None, typer.Option(metavar="WHEN", help="2h, 7d, 2026-05-01 or 2026-05-01T12:00 (UTC).")]
Seal = Annotated[str | None, typer.Option(metavar="NUMBER:HASH", help="A seal noted earlier, which must still hold.")]


@app.command("list")
@ledger_command(csv=True)
def list_(
    session: Session,
    since: Moment = None,
    until: Moment = None,
    actor: Annotated[str | None, typer.Option(help="Who, as the log names them.")] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME|UUID", help="About this provider.")] = None,
    consumer: Annotated[str | None, typer.Option(metavar="UUID", help="About this consumer.")] = None,
    operation: Annotated[str | None, typer.Option(help="What was done, such as SetAllocations.")] = None,
    outcome: Annotated[str | None, typer.Option(help="done, or the status of a refusal, such as 403.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 100,
) -> None:
    """Who did what, newest first. With --json, one record a line, with what was there before and after.

    Example: berth audit list --since 7d --outcome 403
    """
    found = session.ledger.audit(
        since=None if since is None else moment(since),
        until=None if until is None else moment(until),
        actor=actor,
        subject=consumer if provider is None else _uuid_of(session.ledger, provider),
        operation=operation,
        outcome=outcome,
        most=limit,
    )
    output = session.output
    if output.form is OutputFormat.JSON:
        for record in found:
            output.json_line(record)
    elif output.form is OutputFormat.CSV:
        output.show(found, Table(COLUMNS, [_cells(record) for record in found]))
    else:
        output.people(_table(found).rich())


@app.command()
def verify(
    database: DatabaseUrl = DEFAULTS.database,
    archive: Annotated[Path | None, typer.Option(metavar="FILE", help="Check this archive instead.")] = None,
    seal: Seal = None,
) -> None:
    """Whether any record was altered, taken away, put in or moved. Exit status 1: one was, and which.

    The seal at the end stands for every record up to it. Note it somewhere else now and then: --seal then
    also proves that nobody made the whole log anew.
    """
    from berth.ledger.audit import chain
    from berth.store.engine import Database

    if archive is not None:
        with _reading(archive) as lines:
            checked = chain.verify_archive(lines)
    else:
        opened = Database(database)
        try:
            checked = chain.verify(opened, _sealed(seal))
        finally:
            opened.close()
    for finding in checked.findings:
        typer.echo(finding.why)
    if checked.findings:
        typer.echo(f"{len(checked.findings)} findings in records {checked.first} to {checked.last}")
        raise typer.Exit(1)
    typer.echo(f"records {checked.first} to {checked.last} are whole; seal {checked.last}:{checked.seal}")


@app.command()
def archive(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, of JSON Lines.")],
    before: Annotated[str, typer.Option(metavar="WHEN", help="Move records older than this: 90d, 2026-05-01.")],
    database: DatabaseUrl = DEFAULTS.database,
) -> None:
    """Move old records into a file. A record that stays vouches for them; `verify --archive` checks the file.

    Needs the role that owns the tables: the one that serves can only append.
    """
    from berth.ledger.audit import chain
    from berth.store.engine import Database

    opened = Database(database)
    try:
        moved = chain.archive(opened, moment(before), file, Caller(name=getpass.getuser(), via="local"))
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None
    finally:
        opened.close()
    if moved is None:
        typer.echo("there are no records as old as that")
    else:
        typer.echo(f"records {moved[0]} to {moved[1]} are in {file}, and no longer in the database")


def _uuid_of(ledger: LedgerInterface, named: str) -> str:
    uuid = parse_uuid(named)
    if uuid is not None:  # its history is there even if the provider is not any more
        return uuid
    found = ledger.providers(ProviderQuery(name=named))
    if not found:
        raise typer.BadParameter(f"there is no provider {named}; one that was deleted is asked for by its uuid")
    return found[0].uuid


def _sealed(given: str | None) -> tuple[int, str] | None:
    if given is None:
        return None
    number, _, sealed = given.partition(":")
    if not (number.isascii() and number.isdigit() and sealed):
        raise typer.BadParameter(f"{given!r} is no seal: it is what `berth audit verify` says at its end")
    return int(number), sealed


def _reading(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from None


def _cells(record: AuditRecord) -> list[str]:
    return [shown(record.at) if name == "at" else str(getattr(record, name)) for name in COLUMNS]


def _table(found: Iterable[AuditRecord]) -> Table:
    rows = [
        (
            each.number,
            shown(each.at),
            _who(each),
            each.operation,
            each.target,
            f"{each.outcome}: {each.why}" if each.why else each.outcome,
        )
        for each in found
    ]
    return Table(("NUMBER", "AT (UTC)", "WHO", "OPERATION", "TARGET", "OUTCOME"), rows)


def _who(record: AuditRecord) -> str:
    address = f" from {record.address}" if record.address else ""
    return f"{record.actor or 'nobody'} ({record.via or 'unknown'}{address})"


@app.command()
@ledger_command(csv=True)
def anomalies(session: Session, since: Moment = None, until: Moment = None) -> None:
    """Find unusual activity: bursts of refusals, new networks, mass releases and so on. Exit status 1: there is some.

    Through a server it is that of the last week; a database is looked through from beginning to end.

    Example: berth audit anomalies --since 7d
    """
    found = session.ledger.anomalies(
        since=None if since is None else moment(since), until=None if until is None else moment(until)
    )
    session.output.show(found, _anomaly_table(found.items))
    if not found.complete:
        session.output.note(f"the server has looked at the records up to {found.last} so far: there may be more")
    elif not found.items:
        session.output.note(f"nothing is unusual in records {found.first} to {found.last}")
    if found.items:
        raise typer.Exit(1)


def _anomaly_table(items: list[Anomaly]) -> Table:
    rows = [(each.kind, shown(each.first_at), shown(each.last_at), _records(each), each.why) for each in items]
    return Table(("KIND", "FROM (UTC)", "TO (UTC)", "RECORDS", "WHY"), rows)


def _records(each: Anomaly) -> str:
    """The numbers of the first few, and how many more there are."""
    named = each.records[:3]
    more = each.count - len(named)
    return ", ".join(map(str, named)) + (f" and {more} more" if more else "")
