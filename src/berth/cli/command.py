"""How a command gets at a ledger, here or behind a server: the options for it, and a session made of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from berth.cli.options import DEFAULTS, AsCsv, AsJson, DatabaseUrl
from berth.cli.output.output import format_of
from berth.cli.request_options import OPTIONS, RequestOptions, options_of
from berth.cli.session import Session, Where
from berth.model.errors import BerthError

ServerUrl = Annotated[
    str,
    typer.Option("--url", metavar="URL", envvar="BERTH_URL", help="Ask the server at this address, not a database."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", envvar="BERTH_TOKEN_FILE", help="The server's token is in here."),
]
TokenFrom = Annotated[
    str,
    typer.Option(
        "--token", metavar="-", help="-: the server's token is on standard input. Or: BERTH_TOKEN.", show_default=False
    ),
]

SecretFile = Annotated[
    str,
    typer.Option(
        "--secret-file",
        metavar="FILE",
        envvar="BERTH_SECRET_FILE",
        help="What tokens are hashed with, where a database is named.",
    ),
]

_SHARED: Final = (
    ("database", DatabaseUrl, DEFAULTS.database),
    ("url", ServerUrl, ""),
    ("token_file", TokenFile, None),
    ("token", TokenFrom, ""),
    ("as_json", AsJson, False),
)
_CSV: Final = ("as_csv", AsCsv, False)
_SECRET: Final = ("secret_file", SecretFile, "")


Options = tuple[tuple[str, Any, Any], ...]
"""Name, type and default of each."""


def ledger_command(
    *, csv: bool = False, asking: bool = False, secret: bool = False, makes: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a command of a function whose first argument is a Session.

    It gets the options that say where the ledger is and how to show what it says, and tells what fails.
    csv: whether what it shows is a list; asking: whether its second argument is the Words of a request;
    secret: whether it makes API tokens; makes: whether a ledger that is not there yet is made.
    """

    def made(function: Callable[..., None]) -> Callable[..., None]:
        def run(context: typer.Context, **words: Any) -> None:
            where = _where(context, words, makes=makes)
            form = format_of(as_json=words.pop("as_json"), as_csv=words.pop("as_csv", False))
            if asking:
                words["words"] = options_of(words)
            with Session(where, form) as session:
                try:
                    function(session, **words)
                except BerthError as error:
                    from berth.cli import errors

                    raise typer.Exit(errors.tell(error, session)) from None

        before = OPTIONS if asking else ()
        after = (*_SHARED, *((_CSV,) if csv else ()), *((_SECRET,) if secret else ()))
        return _signed(run, function, before, after)

    return made


def _signed(
    run: Callable[..., None], function: Callable[..., None], before: Options, after: Options
) -> Callable[..., None]:
    """`run`, with the function's name, help and options (but those that `run` makes), and shared options."""
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


def _where(context: typer.Context, words: dict[str, Any], *, makes: bool) -> Where:
    """Where the ledger is. What was typed goes before what the environment says; a server goes before a database."""
    database, url = words.pop("database"), words.pop("url")
    typed = {name for name in ("database", "url") if _was_typed(context, name)}
    if typed == {"database", "url"}:
        raise typer.BadParameter("give --database or --url, not both")
    return Where(
        database=database,
        url="" if typed == {"database"} else url,
        token_file=words.pop("token_file"),
        token=words.pop("token"),
        secret_file=words.pop("secret_file", ""),
        makes=makes,
    )


def _was_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
