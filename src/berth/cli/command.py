"""Commands with a ledger: the options that say where it is, and the session opened from them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from berth.cli.options import DEFAULTS, AsCsv, AsJson, DatabaseUrl
from berth.cli.output.output import format_of
from berth.cli.request_options import OPTIONS, RequestOptions, pop_request_options
from berth.cli.session import LedgerLocation, Session
from berth.model.errors import BerthError

ServerUrl = Annotated[
    str,
    typer.Option(
        "--url", metavar="URL", envvar="BERTH_URL", help="Use the server at this address instead of a database."
    ),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        "--token-file", metavar="FILE", envvar="BERTH_TOKEN_FILE", help="Read the token for the server from this file."
    ),
]
TokenFrom = Annotated[
    str,
    typer.Option(
        "--token",
        metavar="-",
        help="'-' reads the token for the server from standard input. Or set BERTH_TOKEN.",
        show_default=False,
    ),
]

SecretFile = Annotated[
    str,
    typer.Option(
        "--secret-file",
        metavar="FILE",
        envvar="BERTH_SECRET_FILE",
        help="Key file for hashing tokens; only with --database.",
    ),
]

Wait = Annotated[
    float,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        envvar="BERTH_WAIT",
        help="Wait up to this long for the server to be ready.",
        min=0,
    ),
]

_SHARED: Final = (
    ("database", DatabaseUrl, DEFAULTS.database),
    ("url", ServerUrl, ""),
    ("token_file", TokenFile, None),
    ("token", TokenFrom, ""),
    ("wait", Wait, 0),
    ("as_json", AsJson, False),
)
_CSV: Final = ("as_csv", AsCsv, False)
_SECRET: Final = ("secret_file", SecretFile, "")


Options = tuple[tuple[str, Any, Any], ...]
"""Name, type and default of each option."""


def ledger_command(
    *, csv: bool = False, request: bool = False, secret: bool = False, create: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Turn a function whose first argument is a Session into a command.

    The command gets the options for the ledger and for the output format, and reports errors.
    csv: whether its output is a list; request: whether its second argument is RequestOptions;
    secret: whether it issues API tokens; create: whether a missing ledger is created.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        def run(context: typer.Context, **options: Any) -> None:
            _refuse_empty(context, options)
            location = _location(context, options, create=create)
            output_format = format_of(as_json=options.pop("as_json"), as_csv=options.pop("as_csv", False))
            if request:
                options["options"] = pop_request_options(options)
            with Session(location, output_format) as session:
                try:
                    function(session, **options)
                except BerthError as error:
                    from berth.cli import errors

                    raise typer.Exit(errors.report(error, session)) from None

        before = OPTIONS if request else ()
        after = (*_SHARED, *((_CSV,) if csv else ()), *((_SECRET,) if secret else ()))
        return _with_signature(run, function, before, after)

    return decorate


def _with_signature(
    run: Callable[..., None], function: Callable[..., None], before: Options, after: Options
) -> Callable[..., None]:
    """Return `run` with the function's name, help and own options, between the options `before` and `after`."""
    own = inspect.signature(function, eval_str=True).parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("context", keyword, annotation=typer.Context),
        *(inspect.Parameter(name, keyword, annotation=kind, default=default) for name, kind, default in before),
        *(each.replace(kind=keyword) for each in own if each.annotation not in (Session, RequestOptions)),
        *(inspect.Parameter(name, keyword, annotation=kind, default=default) for name, kind, default in after),
    ]
    run.__name__, run.__doc__, run.__module__ = function.__name__, function.__doc__, function.__module__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run


def _location(context: typer.Context, options: dict[str, Any], *, create: bool) -> LedgerLocation:
    """Return where the ledger is. Options override the environment; a server takes precedence over a database."""
    database, url = options.pop("database"), options.pop("url")
    named = {name for name in ("database", "url") if _is_on_command_line(context, name)}
    if named == {"database", "url"}:
        raise typer.BadParameter("give --database or --url, not both")
    return LedgerLocation(
        database=database,
        url="" if named == {"database"} else url,
        token_file=options.pop("token_file"),
        token=options.pop("token"),
        wait_s=options.pop("wait"),
        secret_file=options.pop("secret_file", ""),
        create=create,
    )


def _refuse_empty(context: typer.Context, options: dict[str, Any]) -> None:
    """Raise typer.BadParameter for an option with an empty value, such as --on "$HOST" without HOST.

    It would count as an option that is not given: a condition that is dropped without a word.
    """
    names = {each.name: each.opts[0] for each in context.command.params}
    for name, value in options.items():
        empty = value == "" or (isinstance(value, list | tuple) and "" in value)
        if empty and names[name].startswith("-") and _is_on_command_line(context, name):
            raise typer.BadParameter(f"{names[name]} has an empty value: leave it out, or give one")


def _is_on_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
