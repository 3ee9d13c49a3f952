"""`berth`: the commands. Exit status 0: done; 1: refused; 2: wrong usage, or an environment that cannot be used."""

from __future__ import annotations

import sys

import typer

from berth.cli import bulk, db, demo, discover, serve
from berth.model.errors import BerthError, Refusal

app = typer.Typer(
    name="berth",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="An allocation ledger for computers: what every machine has, who holds it, where the next request fits.",
    epilog="Exit status: 0 done; 1 refused; 2 wrong usage, or something here that must be put right first.",
)

app.command()(serve.serve)
app.command()(demo.demo)
app.command()(discover.discover)
app.command("import")(bulk.import_)
app.command()(bulk.export)
app.add_typer(db.app, name="db")


def main() -> None:
    """Run a command; whatever is wrong is one sentence."""
    try:
        app()
    except Refusal as error:
        typer.echo(f"berth: {error}", err=True)
        sys.exit(1)
    except BerthError as error:
        typer.echo(f"berth: {error}", err=True)
        sys.exit(2)
