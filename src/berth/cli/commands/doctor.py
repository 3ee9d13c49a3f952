"""`berth doctor`: what is wrong here, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from berth import __version__
from berth.cli import diagnosis
from berth.cli.command import TokenFile, TokenFrom
from berth.cli.diagnosis import Diagnosis, Health
from berth.cli.options import AsJson, configured, reject_secrets
from berth.cli.output.output import Output, OutputFormat, format_of
from berth.cli.session import LedgerLocation, Session
from berth.model.errors import BerthError
from berth.settings import SettingsWrong

if TYPE_CHECKING:
    from berth.client import Client

DoctorDatabase = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Database to check, instead of the configured one.", callback=reject_secrets),
]
DoctorUrl = Annotated[str, typer.Option(metavar="URL", envvar="BERTH_URL", help="Server to check, too.")]


def doctor(
    context: typer.Context,
    database: DoctorDatabase = None,
    url: DoctorUrl = "",
    token_file: TokenFile = None,
    token: TokenFrom = "",
    as_json: AsJson = False,
) -> None:
    """Check this installation, and say how to fix what is wrong. Nothing is changed.

    It checks the settings, the database and its revision, the token key, the disk, clocks, the last records, unused
    tokens and, with --url, a server. Exit status 1: something is wrong.
    """
    output = Output(format_of(as_json=as_json))
    location = LedgerLocation(database="", url=url, token_file=token_file, token=token)
    found = [*_here(context, database), *(_there(location) if url else ())]
    _print(output, found)
    if any(each.state is Health.WRONG for each in found):
        raise typer.Exit(1)


def _here(context: typer.Context, database: str | None) -> Iterator[Diagnosis]:
    """Yield what there is to say of the settings and the ledger that they name."""
    try:
        settings = configured(context, {"database": database}).settings
    except SettingsWrong as error:
        yield Diagnosis("settings", Health.WRONG, str(error), "docs/configuration.md describes every setting")
        return
    yield from diagnosis.of_settings(settings)
    yield from diagnosis.of_ledger(settings)


def _there(location: LedgerLocation) -> Iterator[Diagnosis]:
    """Yield what there is to say of a server."""
    with Session(location, OutputFormat.JSON) as session:
        try:
            client: Client = session.client
        except BerthError as error:
            yield Diagnosis("server", Health.WRONG, str(error))
            return
        yield from diagnosis.of_server(client, __version__)


def _print(output: Output, found: list[Diagnosis]) -> None:
    if output.form is OutputFormat.JSON:
        output.json(found)
        return
    for each in found:
        output.print(f"{each.state.value:<6} {each.check:<9} {each.found}")
        if each.advice and each.state is not Health.GOOD:
            output.print(f"       {'':<9} do: {each.advice}")
