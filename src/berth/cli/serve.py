"""`berth serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from berth import app as composition
from berth.cli.options import DEFAULTS, DatabaseUrl
from berth.settings import Settings
from berth.store.engine import parse_url


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = DEFAULTS.host,
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = DEFAULTS.port,
    database: DatabaseUrl = DEFAULTS.database,
    auth: Annotated[
        str, typer.Option(help="How callers are known: dev believes what they say (loopback only).")
    ] = DEFAULTS.auth,
    policy: Annotated[
        str, typer.Option(help="Who may do what: default, legacy-rbac, secure-rbac or open-policy.")
    ] = DEFAULTS.policy,
    cors_origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Let browser pages of this origin call. May be repeated.")
    ] = None,
    workers: Annotated[int, typer.Option(help="How many processes serve.", min=1)] = DEFAULTS.workers,
) -> None:
    """Serve the Placement API. Ctrl-C or SIGTERM finishes the requests under way, then ends."""
    settings = Settings(
        host=host,
        port=port,
        database=database,
        auth=auth,
        policy=policy,
        cors_origins=tuple(cors_origin or ()),
        workers=workers,
    )
    ledger = parse_url(database).render_as_string(hide_password=True)
    composition.serve(settings, lambda: typer.echo(f"berth: serving {ledger} on http://{host}:{port}", err=True))
