"""Options that several commands have, and what stands in for those that are not given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from berth.logs.redaction import secrets_in
from berth.settings import Resolved, Settings, resolved

DEFAULTS = Settings()

PUBLIC: Final = (
    "a password among a command's words is there for everybody to read (ps, the shell's history): put it into a "
    "file that only you can read, and name that in BERTH_DATABASE_PASSWORD_FILE or as database_password_file"
)


def no_secrets(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> str | None:
    """The same address, unless a password stands in it and anybody could read it there."""
    source = context.get_parameter_source(str(parameter.name))
    if value and source is not None and source.name == "COMMANDLINE" and secrets_in(value):
        raise typer.BadParameter(PUBLIC)
    return value


def whole_url(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """The database's URL, with the password of the file that is set for it, wherever the URL came from."""
    no_secrets(context, parameter, value)
    if context.resilient_parsing or "@" not in value:
        return value
    return resolved({"database": value}, context.find_root().obj).settings.url


DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database", metavar="URL", envvar="BERTH_DATABASE", help="The ledger's database.", callback=whole_url
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs: JSON instead of text.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="For spreadsheets: CSV instead of a table.")]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", envvar="BERTH_CONFIG", help="Settings; else berth.toml, here or in /etc/berth."
    ),
]

NOT_CONFIGURED = frozenset({"demo", "serve", "config"})
"""Commands whose database is not the configured one, or that look at all settings themselves."""


def configure(context: typer.Context, config: ConfigFile = None) -> None:
    """Take the database of every command, and what tokens are hashed with, from the settings, unless they are given."""
    context.obj = config
    if context.resilient_parsing or context.invoked_subcommand in NOT_CONFIGURED:
        return
    settings = resolved(file=config).settings
    context.default_map = dict(
        _defaults(context.command, {"database": settings.url, "secret_file": settings.secret_file})
    )


def configured(context: typer.Context, flags: Mapping[str, Any] | None = None) -> Resolved:
    """The settings, with the command line's own before all others."""
    return resolved(flags, context.find_root().obj)


def _defaults(group: Any, settings: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Of these settings those that a command takes, for each command, in the form in which Click takes defaults."""
    for name, command in group.commands.items():
        if name in NOT_CONFIGURED:
            continue
        if hasattr(command, "commands"):
            yield name, dict(_defaults(command, settings))
        else:
            taken = {each.name for each in command.params}
            yield name, {key: value for key, value in settings.items() if key in taken}
