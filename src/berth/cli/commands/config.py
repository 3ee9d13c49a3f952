"""`berth config`: what is set, and by what."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import typer

from berth.cli.options import AsJson, configured
from berth.cli.output.output import Output, format_of
from berth.cli.output.table import Table
from berth.logs.redaction import url_without_secrets
from berth.settings import Resolved

app: Final = typer.Typer(no_args_is_help=True, help="See what is set, and where each value comes from.")


@app.command()
def show(context: typer.Context, as_json: AsJson = False) -> None:
    """Every setting, its value, and where it comes from. Passwords are not shown."""
    found = configured(context)
    values = _shown(found)
    data = {name: {"value": value, "from": found.origins[name]} for name, value in values.items()}
    rows = [
        (name, value if isinstance(value, str) else msgspec.json.encode(value).decode(), found.origins[name])
        for name, value in values.items()
    ]
    Output(format_of(as_json=as_json)).show(data, Table(("SETTING", "VALUE", "FROM"), rows))


@app.command()
def check(context: typer.Context) -> None:
    """Whether Berth would serve with these settings, as far as that can be said without doing it."""
    from berth import serve as server

    server.check(configured(context).settings)
    typer.echo("Berth can serve with these settings")


def _shown(found: Resolved) -> dict[str, Any]:
    """Every setting by its name; of a URL not its password."""
    return {
        name: url_without_secrets(value) if isinstance(value, str) and "://" in value else value
        for name, value in _flat(found.settings, "")
    }


def _flat(section: Any, prefix: str) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in msgspec.structs.asdict(section).items():
        if isinstance(value, msgspec.Struct):
            pairs += _flat(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", value))
    return pairs
