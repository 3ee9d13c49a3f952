"""`berth token`: who may come in with an API token."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from berth.cli.command import ledger_command
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.session import Session
from berth.cli.times import shown, span
from berth.model.caller import ROLES
from berth.model.token import IssuedToken, TokenInfo, TokenSpec

app: Final = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke API tokens.")

SECOND_US: Final = 1_000_000

Name = Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")]


@app.command()
@ledger_command(secret=True, makes=True)
def create(
    session: Session,
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
) -> None:
    """Make a token, and show it: this once. Only a keyed hash of it is kept."""
    wanted = TokenSpec(
        name=name,
        roles=tuple(role),
        project=project,
        user=user,
        trees=tuple(tree or ()),
        networks=tuple(network or ()),
        lasts_seconds=None if expires is None else span(expires) // SECOND_US,
    )
    minted = session.ledger.create_token(wanted)
    until = minted.token.expires_at
    _tell(session, minted, f"token {name}, good {'for ever' if until is None else f'until {shown(until)} UTC'}")


@app.command("list")
@ledger_command(csv=True)
def list_(session: Session) -> None:
    """Every token there ever was, without what it reads. With --json, one token a line."""
    tokens = session.ledger.tokens()
    if session.output.form is OutputFormat.JSON:
        for token in tokens:
            session.output.json_line(token)
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
    session.output.show(tokens, Table(("NAME", "ROLES", "PROJECT", "STATE", "LAST USED (UTC)", "FROM"), rows))
    if not tokens:
        session.output.note("no token was ever made: `berth token create --name NAME --role ROLE` makes one")


@app.command()
@ledger_command()
def revoke(session: Session, name: Name) -> None:
    """A token is good for nothing any more: from its next request on, in every process."""
    session.ledger.revoke_token(name)
    session.output.tell({"revoked": name}, f"token {name} is revoked")


@app.command()
@ledger_command(secret=True)
def rotate(
    session: Session,
    name: Name,
    grace: Annotated[str | None, typer.Option(metavar="SPAN", help="The old one stays good for so long.")] = None,
) -> None:
    """Another text for a token, shown this once. The old one ends at once, or after the grace."""
    seconds = 0 if grace is None else span(grace) // SECOND_US
    _tell(session, session.ledger.rotate_token(name, grace_seconds=seconds), f"token {name} reads anew")


def _tell(session: Session, minted: IssuedToken, what: str) -> None:
    """The text alone on standard output, so that it can go into a file."""
    if session.output.form is OutputFormat.JSON:
        session.output.json(minted)
        return
    session.output.end_wait()
    typer.echo(f"{what}. It is shown this once:", err=True)
    typer.echo(minted.text)


def _state(token: TokenInfo) -> str:
    if token.revoked_at is not None:
        return f"revoked {shown(token.revoked_at)}"
    if token.expires_at is None:
        return "good"
    over = token.expires_at <= time.time_ns() // 1000
    return f"{'expired' if over else 'good until'} {shown(token.expires_at)}"
