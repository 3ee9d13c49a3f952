"""`berth policy`: the roles that each operation allows."""

from __future__ import annotations

from typing import Final

import typer

from berth.cli.options import AsCsv, AsJson, configured
from berth.cli.output.output import Output, format_of
from berth.cli.output.table import Table

app: Final = typer.Typer(no_args_is_help=True, help="Show which roles may do what.")


@app.callback()
def about() -> None:
    """Show which roles may do what."""


@app.command()
def show(context: typer.Context, as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List every operation with the roles that may use it, under the configured policy."""
    from berth.app import policy_of

    output = Output(format_of(as_json=as_json, as_csv=as_csv))
    policy = policy_of(configured(context).settings)
    rows = [(operation, ", ".join(roles)) for operation, roles in policy.table().items()]
    output.note(f"policy {policy.name}")
    output.show(policy.table(), Table(("OPERATION", "ROLES"), rows))
