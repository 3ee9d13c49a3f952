"""Options that several commands share, and their defaults from the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from berth import __version__
from berth.cli.completion import completion_of
from berth.logs.redaction import secrets_in
from berth.settings import Resolved, Settings, resolved

DEFAULTS = Settings()

VISIBLE_TO_OTHERS: Final = (
    "a password on the command line is visible to other users (ps, the shell's history): put it into a file "
    "that only you can read, and name the file in BERTH_DATABASE_PASSWORD_FILE or as database_password_file"
)


def reject_secrets(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Return an address. Raises typer.BadParameter if it was typed with a password in it."""
    source = context.get_parameter_source(str(parameter.name))
    if value and source is not None and source.name == "COMMANDLINE" and secrets_in(value):
        raise typer.BadParameter(VISIBLE_TO_OTHERS)
    return value


def url_with_password(context: typer.Context, parameter: typer.CallbackParam, value: str) -> str:
    """Return the database's URL with the password from the configured file, wherever the URL comes from."""
    reject_secrets(context, parameter, value)
    if context.resilient_parsing or "@" not in value:
        return value
    return resolved({"database": value}, context.find_root().obj).settings.url


def parse_seal(text: str) -> tuple[int, str]:
    """Return the number and the hash of a record's seal. Raises typer.BadParameter."""
    number, _, seal = text.partition(":")
    if not (number.isascii() and number.isdigit() and seal):
        raise typer.BadParameter(f"{text!r} is not a seal: `berth audit verify` prints it at the end")
    return int(number), seal


DatabaseUrl = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="BERTH_DATABASE",
        help="URL of the ledger's database.",
        callback=url_with_password,
    ),
]
ProviderName = Annotated[
    str, typer.Argument(metavar="NAME", help="The provider's name or uuid.", autocompletion=completion_of("provider"))
]
SubjectName = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="Name or uuid of a provider or a consumer.",
        autocompletion=completion_of("provider"),
    ),
]
OnlyTree = Annotated[
    str,
    typer.Option(
        "--tree",
        metavar="NAME",
        help="Only this host and its parts.",
        autocompletion=completion_of("provider"),
    ),
]
OnlyTrait = Annotated[
    str, typer.Option("--trait", help="Only providers with this trait.", autocompletion=completion_of("trait"))
]
OnlyAggregate = Annotated[
    str,
    typer.Option(
        "--aggregate",
        metavar="NAME",
        help="Only providers in this aggregate.",
        autocompletion=completion_of("aggregate"),
    ),
]
OnlyProvider = Annotated[
    str,
    typer.Option("--provider", metavar="NAME", help="Only this provider.", autocompletion=completion_of("provider")),
]
HavingClass = Annotated[
    str,
    typer.Option(
        "--class", help="Only providers with an inventory of this class.", autocompletion=completion_of("class")
    ),
]
OfProject = Annotated[
    str, typer.Option("--project", help="Only consumers of this project.", autocompletion=completion_of("project"))
]
HoldingOf = Annotated[
    str,
    typer.Option(
        "--provider",
        metavar="NAME",
        help="Only consumers with claims on this provider.",
        autocompletion=completion_of("provider"),
    ),
]
HoldingClass = Annotated[
    str,
    typer.Option(
        "--class", help="Only consumers that hold resources of this class.", autocompletion=completion_of("class")
    ),
]
OnlyClass = Annotated[
    str, typer.Option("--class", help="Only this resource class.", autocompletion=completion_of("class"))
]
ConsumerWord = Annotated[
    str, typer.Argument(metavar="CONSUMER", help="The consumer's name or uuid, or a unique prefix.")
]
ShowUuids = Annotated[bool, typer.Option("--uuids", help="Also show the uuids of consumers that have a name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text, for programs.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table, for spreadsheets.")]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        envvar="BERTH_CONFIG",
        help="Settings file; default: berth.toml, here or in /etc/berth.",
    ),
]


def _print_version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"berth {__version__}")
        raise typer.Exit


ShowVersion = Annotated[
    bool,
    typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version),
]

NOT_CONFIGURED = frozenset({"demo", "serve", "config", "review", "doctor"})
"""Commands that do not use the configured database, or that read all settings themselves."""


def configure(context: typer.Context, config: ConfigFile = None, version: ShowVersion = False) -> None:  # noqa: ARG001
    """Set the defaults of --database and --secret-file for the command that is called, from the settings."""
    context.obj = config
    name = context.invoked_subcommand
    if context.resilient_parsing or name is None or name in NOT_CONFIGURED:
        return
    settings = resolved(file=config).settings
    group: Any = context.command
    defaults = {"database": settings.url, "secret_file": settings.secret_file}
    context.default_map = {name: _defaults(group.commands[name], defaults)}


def configured(context: typer.Context, flags: Mapping[str, Any] | None = None) -> Resolved:
    """Return the settings. Flags of the command line take precedence."""
    return resolved(flags, context.find_root().obj)


def _defaults(command: Any, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return those of the settings that a command takes, by command in a group: a `default_map` of Click."""
    if hasattr(command, "commands"):
        return {name: _defaults(each, settings) for name, each in command.commands.items()}
    accepted = {each.name for each in command.params}
    return {key: value for key, value in settings.items() if key in accepted}
