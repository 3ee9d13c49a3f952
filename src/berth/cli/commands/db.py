"""`berth db`: the schema of a database, its roles, and the consistency of its contents."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from berth.cli.options import DEFAULTS, DatabaseUrl
from berth.cli.output.output import Output

if TYPE_CHECKING:
    from berth.store.engine import Database

app: Final = typer.Typer(no_args_is_help=True, help="Set up, migrate, check and verify the database.")


@app.command()
def upgrade(database: DatabaseUrl = DEFAULTS.database) -> None:
    """Create the tables, or migrate them to the revision that this version needs. Servers can keep running."""
    from berth.store import migrate

    with _opened(database) as opened:
        with Output().spinner("migrating"):
            migrate.upgrade(opened)
        typer.echo(f"{opened.shown} is at revision {migrate.NEWEST}")


@app.command()
def check(database: DatabaseUrl = DEFAULTS.database) -> None:
    """Check that the schema matches this version. Exit status 1: run `berth db upgrade` first."""
    from berth.store import grants, migrate

    with _opened(database) as opened:
        current = migrate.check(opened)
        typer.echo(f"{opened.shown} is at revision {current or 'none'}; this version needs {migrate.NEWEST}")
        for sentence in grants.advice(opened) if current == migrate.NEWEST else ():
            typer.echo(f"note: {sentence}")
        if current != migrate.NEWEST:
            typer.echo("run `berth db upgrade`", err=True)
            raise typer.Exit(1)


@app.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="An earlier revision, or base: drop all tables.")],
    database: DatabaseUrl = DEFAULTS.database,
) -> None:
    """Migrate to an earlier revision, for an older version. Data that it does not know is lost; with base, all data."""
    from berth.store import migrate

    with _opened(database) as opened:
        with Output().spinner("migrating"):
            migrate.downgrade(opened, revision)
        typer.echo(f"{opened.shown} is at revision {revision}")


@app.command()
def grant(
    database: DatabaseUrl = DEFAULTS.database,
    owner: Annotated[str, typer.Option(help="Role that owns the tables and migrates.")] = "berth_owner",
    server: Annotated[str, typer.Option(help="Role that `berth serve` uses.")] = "berth",
    host: Annotated[str, typer.Option(help="Host part of MariaDB's users.")] = "%",
    apply: Annotated[bool, typer.Option("--apply", help="Execute the statements as well as printing them.")] = False,
) -> None:
    """Print the statements for two roles: one that owns the tables, one that can only read and write rows."""
    from berth.store import grants

    with _opened(database) as opened:
        statements = grants.statements(opened, grants.Roles(owner, server, host))
        if apply:
            grants.carry_out(opened, statements)
        for statement in statements:
            typer.echo(f"{statement};")


@app.command()
def verify(database: DatabaseUrl = DEFAULTS.database) -> None:
    """Recompute usages, generations and trees from the rows and from the change log. Exit status 1: they differ."""
    from berth.ledger.verify import verify as verified

    with _opened(database) as opened:
        with Output().spinner("recomputing all totals"):
            report = verified(opened)
        for finding in report.findings:
            typer.echo(finding)
        typer.echo(report.summary)
        if report.findings:
            raise typer.Exit(1)


@app.command()
def mend(
    database: DatabaseUrl = DEFAULTS.database,
    apply: Annotated[
        bool, typer.Option("--apply", help="Repair them; without this option, only show what would change.")
    ] = False,
) -> None:
    """Show, or repair, invalid inventories and entries of the change log that cannot be read.

    `berth db verify` lists them. Invalid values are replaced by the nearest valid ones; a new entry of the change log
    records the affected objects again. Servers can keep running.
    """
    from berth.ledger.mend import mend as mended
    from berth.model.caller import Caller

    with _opened(database) as opened:
        with Output().spinner("looking for damage"):
            done = mended(opened, Caller(name=getpass.getuser(), via="local"), apply=apply)
        for line in done.lines:
            typer.echo(line)
        if not done.lines:
            typer.echo("nothing to repair")
        elif done.change is None:
            typer.echo("nothing was changed yet: add --apply")
        else:
            typer.echo(f"mended with change {done.change}; run `berth db verify` to check the whole ledger")


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    from berth.store.engine import Database

    database = Database(url)
    try:
        yield database
    finally:
        database.close()
