"""`berth audit`: the audit log, its verification, its archive, and unusual activity."""

from __future__ import annotations

import getpass
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from berth.cli import consumer_names
from berth.cli.command import ledger_command
from berth.cli.options import DEFAULTS, DatabaseUrl, parse_seal
from berth.cli.output import audit_text
from berth.cli.output.audit_text import NameOf
from berth.cli.output.claim_text import owners_text
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.provider_names import find_uuid
from berth.cli.session import Session
from berth.cli.times import format_moment, parse_moment
from berth.model.anomaly import Anomaly
from berth.model.audit import AuditRecord
from berth.model.caller import Caller
from berth.model.names import parse_uuid
from berth.model.plural import plural

if TYPE_CHECKING:
    from berth.model.interface import LedgerInterface

app: Final = typer.Typer(
    no_args_is_help=True, help="Show who did what, verify and archive the audit log, find unusual activity."
)

COLUMNS: Final = (
    "number",
    "at",
    "actor",
    "via",
    "project",
    "address",
    "operation",
    "target",
    "outcome",
    "why",
    "owner",
)

Moment = Annotated[str | None, typer.Option(metavar="WHEN", help="2h or 7d ago, 2026-05-01 or 2026-05-01T12:00 (UTC).")]
SealOption = Annotated[
    str | None, typer.Option(metavar="NUMBER:HASH", help="A seal noted earlier, which must still match.")
]


@app.command("list")
@ledger_command(csv=True)
def list_(
    session: Session,
    since: Moment = None,
    until: Moment = None,
    actor: Annotated[str | None, typer.Option(help="Only records of this actor, as named in the log.")] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME|UUID", help="Only records about this provider.")] = None,
    consumer: Annotated[str | None, typer.Option(metavar="CONSUMER", help="Only records about this consumer.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only this operation, such as SetAllocations.")] = None,
    outcome: Annotated[
        str | None, typer.Option(help="Only this outcome: done, or the status of a refusal, such as 403.")
    ] = None,
    limit: Annotated[int, typer.Option(help="Maximum number of records to show, the newest first.", min=1)] = 100,
) -> None:
    """List who did what, newest first, in sentences. With --json, a record per line, with the states before and after.

    Example: berth audit list --since 7d --outcome 403
    """
    records = session.ledger.audit(
        since=None if since is None else parse_moment(since),
        until=None if until is None else parse_moment(until),
        actor=actor,
        subject=_subject(session, provider, consumer),
        operation=operation,
        outcome=outcome,
        most=limit,
    )
    output = session.output
    if output.form is OutputFormat.JSON:
        for record in records:
            output.json_line(record)
    elif output.form is OutputFormat.CSV:
        output.show(records, Table(COLUMNS, [_csv_cells(record) for record in records]))
    else:
        output.print(_table(records, session.name_of).rich())


@app.command()
def verify(
    database: DatabaseUrl = DEFAULTS.database,
    archive: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Verify this archive, or several in order, or a folder of them, instead of the database.",
        ),
    ] = None,
    with_database: Annotated[
        bool, typer.Option("--with-database", help="Verify that the database continues the archives.")
    ] = False,
    seal: SealOption = None,
) -> None:
    """Verify that no record was altered, removed, inserted or moved. Exit status 1: list the records that were.

    The seal printed at the end covers every record up to it. Note it elsewhere from time to time: --seal then
    also proves that the whole log was not rewritten.
    """
    from berth.ledger.audit.archive_file import verify_archives
    from berth.ledger.audit.chain import verify as verify_chain
    from berth.store.engine import Database

    opened, noted = Database(database), None if seal is None else parse_seal(seal)
    try:
        if archive:
            result = verify_archives(archive, opened if with_database else None, noted)
        else:
            result = verify_chain(opened, noted)
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}") from None
    finally:
        opened.close()
    for finding in result.findings:
        typer.echo(finding.why)
    if result.findings:
        found = plural(len(result.findings), "finding")
        typer.echo(f"{found} in records {result.first} to {result.last}")
        raise typer.Exit(1)
    typer.echo(f"records {result.first} to {result.last} are intact; seal {result.last}:{result.seal}")


@app.command()
def archive(
    place: Annotated[Path, typer.Argument(metavar="FILE", help="A new file (JSON Lines), or a folder for such files.")],
    before: Annotated[str, typer.Option(metavar="WHEN", help="Move the records older than this: 90d, 2026-05-01.")],
    database: DatabaseUrl = DEFAULTS.database,
) -> None:
    """Move old records and their changes into a file. Two new records and a checkpoint stand for what was moved.

    Servers can keep running. If it is interrupted, run it again with the same FILE. Records of the last five minutes
    stay. In a folder, files are named after their first record. This needs the role that owns the tables: the server's
    role can only append.
    """
    from berth.ledger.audit.archive import archive as move_records
    from berth.store.engine import Database

    opened = Database(database)
    try:
        moved = move_records(opened, parse_moment(before), place, Caller(name=getpass.getuser(), via="local"))
    except OSError as error:
        raise typer.BadParameter(f"{place}: {error.strerror}") from None
    finally:
        opened.close()
    if moved is None:
        typer.echo("there are no records that old")
    else:
        typer.echo(
            f"records {moved.first} to {moved.last} and their changes are in {moved.file}, "
            "and no longer in the database"
        )


def _subject(session: Session, provider: str | None, consumer: str | None) -> str | None:
    """Return the uuid of what the records are about; None: of anything."""
    if consumer is not None:
        return consumer_names.resolve(session, consumer)
    return None if provider is None else _uuid_of(session.ledger, provider)


def _uuid_of(ledger: LedgerInterface, name: str) -> str:
    uuid = find_uuid(ledger, name) or parse_uuid(name)  # a deleted provider still has records
    if uuid is None:
        raise typer.BadParameter(f"there is no provider {name}; for a deleted one, give its uuid")
    return uuid


def _csv_cells(record: AuditRecord) -> list[str]:
    computed = {"at": format_moment(record.at), "owner": owners_text(record)}
    return [computed[name] if name in computed else str(getattr(record, name)) for name in COLUMNS]


def _table(records: Iterable[AuditRecord], name_of: NameOf) -> Table:
    rows = [
        (
            each.number,
            format_moment(each.at),
            audit_text.sentence(each, name_of),
            audit_text.outcome(each),
            _actor(each),
            each.operation,
        )
        for each in records
    ]
    return Table(("NUMBER", "AT (UTC)", "WHAT HAPPENED", "OUTCOME", "WHO", "OPERATION"), rows)


def _actor(record: AuditRecord) -> str:
    address = f" from {record.address}" if record.address else ""
    return f"{record.actor or 'unknown'} ({record.via or 'unknown'}{address})"


@app.command()
@ledger_command(csv=True)
def anomalies(session: Session, since: Moment = None, until: Moment = None) -> None:
    """Find unusual activity: bursts of refusals, new networks, mass releases and so on. Exit status 1 if there is any.

    A server reports the last week; a database is scanned from beginning to end.

    Example: berth audit anomalies --since 7d
    """
    found = session.ledger.anomalies(
        since=None if since is None else parse_moment(since), until=None if until is None else parse_moment(until)
    )
    session.output.show(found, _anomaly_table(found.items))
    if not found.complete:
        session.output.note(f"the server has scanned the records up to {found.last} so far: there may be more")
    elif not found.items:
        session.output.note(f"no unusual activity in records {found.first} to {found.last}")
    if found.items:
        raise typer.Exit(1)


def _anomaly_table(items: list[Anomaly]) -> Table:
    rows = [
        (each.kind, format_moment(each.first_at), format_moment(each.last_at), _records(each), each.why)
        for each in items
    ]
    return Table(("KIND", "FROM (UTC)", "TO (UTC)", "RECORDS", "WHY"), rows)


def _records(each: Anomaly) -> str:
    """Return the numbers of the first records, and how many more there are."""
    first = each.records[:3]
    more = each.count - len(first)
    return ", ".join(map(str, first)) + (f" and {more} more" if more else "")
