"""`berth token`: API tokens."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from berth.cli.command import ledger_command
from berth.cli.output.output import OutputFormat
from berth.cli.output.table import Table
from berth.cli.session import Session
from berth.cli.times import format_moment, parse_span
from berth.model.caller import ROLES
from berth.model.token import IssuedToken, TokenInfo, TokenSpec

app: Final = typer.Typer(no_args_is_help=True, help="Create, list, rotate and revoke API tokens.")

SECOND_US: Final = 1_000_000

Name = Annotated[str, typer.Argument(metavar="NAME", help="The token's name.")]


@app.command()
@ledger_command(secret=True, create=True)
def create(
    session: Session,
    name: Annotated[str, typer.Option(help="The token's name in logs. Names are never reused.")],
    role: Annotated[list[str], typer.Option(metavar="ROLE", help=f"Role: {', '.join(ROLES)}. May be repeated.")],
    project: Annotated[str, typer.Option(help="Project that the token belongs to.")] = "admin",
    user: Annotated[str, typer.Option(help="User that the token belongs to; default: the token's name.")] = "",
    tree: Annotated[
        list[str] | None,
        typer.Option(metavar="UUID", help="Uuid of a host that a provider-owner owns. May be repeated."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="SPAN", help="Lifetime of the token: 12h, 30d. Default: never expires.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option("--from", metavar="CIDR", help="Valid only from this network. May be repeated.")
    ] = None,
) -> None:
    """Create a token and print it. It cannot be shown again: only a keyed hash of it is stored."""
    spec = TokenSpec(
        name=name,
        roles=tuple(role),
        project=project,
        user=user,
        trees=tuple(tree or ()),
        networks=tuple(network or ()),
        lasts_seconds=None if expires is None else parse_span(expires) // SECOND_US,
    )
    issued = session.ledger.create_token(spec)
    until = issued.token.expires_at
    _print_token(
        session,
        issued,
        f"Token {name!r} created, {'never expires' if until is None else f'valid until {format_moment(until)} UTC'}",
    )


@app.command("list")
@ledger_command(csv=True)
def list_(session: Session) -> None:
    """List all tokens, including revoked ones. Secrets are not shown. With --json, one token per line."""
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
            "never" if token.last_used_at is None else format_moment(token.last_used_at),
            ", ".join(token.networks),
        )
        for token in tokens
    ]
    session.output.show(tokens, Table(("NAME", "ROLES", "PROJECT", "STATE", "LAST USED (UTC)", "FROM"), rows))
    if not tokens:
        session.output.note("there are no tokens: create one with `berth token create --name NAME --role ROLE`")


@app.command()
@ledger_command()
def revoke(session: Session, name: Name) -> None:
    """Revoke a token, effective immediately."""
    session.ledger.revoke_token(name)
    session.output.print_result({"revoked": name}, f"token {name} revoked")


@app.command()
@ledger_command(secret=True)
def rotate(
    session: Session,
    name: Name,
    grace: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="How long the old secret stays valid, such as 1h. Default: not at all."),
    ] = None,
) -> None:
    """Issue a new secret for a token, and print it once. The old one stays valid for --grace."""
    seconds = 0 if grace is None else parse_span(grace) // SECOND_US
    _print_token(session, session.ledger.rotate_token(name, grace_seconds=seconds), f"New secret for token {name!r}")


def _print_token(session: Session, issued: IssuedToken, summary: str) -> None:
    """Print a token's secret, alone on standard output, so that it can be redirected into a file."""
    if session.output.form is OutputFormat.JSON:
        session.output.json(issued)
        return
    session.output.stop_spinner()
    typer.echo(f"{summary}. Copy it now, it will not be shown again:", err=True)
    typer.echo(issued.text)


def _state(token: TokenInfo) -> str:
    if token.revoked_at is not None:
        return f"revoked {format_moment(token.revoked_at)}"
    if token.expires_at is None:
        return "valid"
    expired = token.expires_at <= time.time_ns() // 1000
    return f"{'expired' if expired else 'valid until'} {format_moment(token.expires_at)}"
