"""`berth config`: the settings and their origins."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import typer

from berth.cli.options import AsJson, configured
from berth.cli.output.output import Output, format_of
from berth.cli.output.table import Table
from berth.logs.redaction import url_without_secrets
from berth.settings import Resolved

app: Final = typer.Typer(no_args_is_help=True, help="Show the settings and where each value comes from.")


@app.command()
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """Show every setting, its value, and where it comes from. Passwords are hidden."""
    resolved = configured(context)
    values = _without_passwords(resolved)
    data = {name: {"value": value, "from": resolved.origins[name]} for name, value in values.items()}
    rows = [
        (name, value if isinstance(value, str) else msgspec.json.encode(value).decode(), resolved.origins[name])
        for name, value in values.items()
    ]
    Output(format_of(as_json=as_json)).show(data, Table(("SETTING", "VALUE", "FROM"), rows))


@app.command()
def check(context: typer.Context) -> None:
    """Check the settings, as far as possible without starting the server."""
    from berth import serve as server

    server.check(configured(context).settings)
    typer.echo("Berth can serve with these settings")


def _without_passwords(resolved: Resolved) -> dict[str, Any]:
    """Return every setting by name, with passwords in URLs hidden."""
    return {
        name: url_without_secrets(value) if isinstance(value, str) and "://" in value else value
        for name, value in _flat(resolved.settings, "")
    }


def _flat(section: Any, prefix: str) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in msgspec.structs.asdict(section).items():
        if isinstance(value, msgspec.Struct):
            pairs += _flat(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", value))
    return pairs
