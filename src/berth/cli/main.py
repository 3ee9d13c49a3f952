"""`berth`: the commands. Exit status 0: done; 1: refused; 2: wrong usage, or an environment that cannot be used."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from berth.model.errors import BerthError
from berth.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=True, help="An allocation ledger for computers.")


@app.callback()
def _commands() -> None:
    """An allocation ledger for computers: what every machine has, who holds it, where the next request fits."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8778,
    database: Annotated[str, typer.Option(help="URL of the database.")] = "sqlite:///berth.db",
    auth: Annotated[str, typer.Option(help="How callers are told apart: dev (loopback only).")] = "dev",
    policy: Annotated[str, typer.Option(help="Who may do what: default, secure-rbac, open-policy.")] = "default",
    cors_origin: Annotated[list[str] | None, typer.Option(help="An origin that browsers may call from.")] = None,
    workers: Annotated[int, typer.Option(help="How many processes serve.", min=1)] = 1,
) -> None:
    """Serve the Placement API until Ctrl-C."""
    from berth import app as composition

    settings = Settings(
        host=host,
        port=port,
        database=database,
        auth=auth,
        policy=policy,
        cors_origins=tuple(cors_origin or ()),
        workers=workers,
    )
    typer.echo(f"berth: serving http://{host}:{port} from {database.partition('@')[2] or database}", err=True)
    composition.serve(settings)


def main() -> None:
    """Run a command; whatever is wrong is one sentence."""
    try:
        app()
    except BerthError as error:
        typer.echo(f"berth: {error}", err=True)
        sys.exit(2)
