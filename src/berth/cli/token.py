"""`berth token`: who may come in with an API token."""

from __future__ import annotations

import getpass
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from berth.cli.options import DEFAULTS, AsJson, DatabaseUrl
from berth.cli.paper import Paper
from berth.cli.table import Table
from berth.cli.times import shown, span
from berth.model.caller import ROLES, Caller
from berth.model.commands import RevokeToken
from berth.model.token import Token

if TYPE_CHECKING:
    from berth.ledger import Ledger

app: Final = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke API tokens.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")]
SecretFile = Annotated[
    str,
    typer.Option("--secret-file", metavar="FILE", envvar="BERTH_SECRET_FILE", help="What tokens are hashed with."),
]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What logs call whoever uses it. Names are not used twice.")],
    role: Annotated[list[str], typer.Option(metavar="ROLE", help=f"{', '.join(ROLES)}. May be repeated.")],
    project: Annotated[str, typer.Option(help="The project it belongs to.")] = "admin",
    user: Annotated[str, typer.Option(help="The user it belongs to; the token's name if left out.")] = "",
    tree: Annotated[
        list[str] | None, typer.Option(metavar="UUID", help="A root that a provider-owner owns. May be repeated.")
    ] = None,
    expires: Annotated[str | None, typer.Option(metavar="SPAN", help="Good for so long: 12h, 30d.")] = None,
    network: Annotated[
        list[str] | None, typer.Option("--from", metavar="CIDR", help="Good from this network only. May be repeated.")
    ] = None,
    database: DatabaseUrl = DEFAULTS.database,
    secret_file: SecretFile = "",
) -> None:
    """Make a token, and show it: this once. Only a keyed hash of it is kept."""
    from berth.ledger import minting

    wanted = minting.Wanted(
        name=name,
        roles=tuple(role),
        project=project,
        user=user,
        trees=tuple(tree or ()),
        networks=tuple(network or ()),
        lasts=None if expires is None else span(expires),
    )
    with _opened(database) as (ledger, caller):
        token, told = minting.create(ledger, minting.key_for(database, secret_file), wanted, caller)
    until = "for ever" if token.expires_at is None else f"until {shown(token.expires_at)} UTC"
    typer.echo(f"token {token.name}, good {until}. It is shown this once:", err=True)
    typer.echo(told)


@app.command("list")
def list_(database: DatabaseUrl = DEFAULTS.database, as_json: AsJson = False) -> None:
    """Every token there ever was, without what it reads."""
    with _opened(database) as (ledger, _):
        tokens = ledger.tokens()
    if as_json:
        for token in tokens:
            typer.echo(msgspec.json.encode(public(token)).decode())
        return
    rows = [
        (
            token.name,
            ", ".join(token.roles),
            token.project,
            _state(token),
            "never" if token.last_used_at is None else shown(token.last_used_at),
            ", ".join(token.networks),
        )
        for token in tokens
    ]
    Paper().people(Table(("NAME", "ROLES", "PROJECT", "STATE", "LAST USED (UTC)", "FROM"), rows).rich())


@app.command()
def revoke(name: Name, database: DatabaseUrl = DEFAULTS.database) -> None:
    """A token is good for nothing any more: from its next request on, in every process."""
    with _opened(database) as (ledger, caller):
        ledger.submit(RevokeToken(name=name), caller).result()
    typer.echo(f"token {name} is revoked")


@app.command()
def rotate(
    name: Name,
    grace: Annotated[str | None, typer.Option(metavar="SPAN", help="The old one stays good for so long.")] = None,
    database: DatabaseUrl = DEFAULTS.database,
    secret_file: SecretFile = "",
) -> None:
    """Another text for a token, shown this once. The old one ends at once, or after the grace."""
    from berth.ledger import minting

    with _opened(database) as (ledger, caller):
        key = minting.key_for(database, secret_file)
        _, told = minting.rotate(ledger, key, name, 0 if grace is None else span(grace), caller)
    typer.echo(f"token {name} reads anew. It is shown this once:", err=True)
    typer.echo(told)


def public(token: Token) -> dict[str, object]:
    """All of a token but its hashes."""
    told = msgspec.structs.asdict(token)
    return {name: value for name, value in told.items() if name not in ("hash", "previous_hash")}


def _state(token: Token) -> str:
    if token.revoked_at is not None:
        return f"revoked {shown(token.revoked_at)}"
    if token.expires_at is None:
        return "good"
    over = token.expires_at <= time.time_ns() // 1000
    return f"{'expired' if over else 'good until'} {shown(token.expires_at)}"


@contextmanager
def _opened(url: str) -> Iterator[tuple[Ledger, Caller]]:
    from berth.ledger import open_ledger

    name = getpass.getuser()
    with open_ledger(url, actor=name, via="local") as ledger:
        yield ledger, ledger.caller
