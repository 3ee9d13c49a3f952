"""`berth lease`: leases, with which claims go on."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from berth.cli.claimant import own_project
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.output.lease_text import leases_table
from berth.cli.session import Session
from berth.cli.times import format_moment, parse_span
from berth.model.lease import LeaseClaims, LeaseInfo, LeaseState, OnEnd, RenewalRefusal
from berth.model.plural import plural
from berth.model.term import SECOND
from berth.model.validation import canonical_uuid

app: Final = typer.Typer(
    no_args_is_help=True,
    help="Grant, renew, end and list leases: a claim with a lease lasts while the lease is renewed.",
)

PAGE: Final = 1000

LeaseArgument = Annotated[str, typer.Argument(metavar="UUID", help="The lease's uuid.")]


@app.command()
@ledger_command()
def grant(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the lease, such as the name of a host.")],
    project: Annotated[
        str,
        typer.Option(
            help="Project whose claims can use the lease; required, except of a member.",
            autocompletion=completion_of("project"),
            show_default=False,
        ),
    ] = "",
    ttl: Annotated[
        str, typer.Option(metavar="TIME", help="Time to live: how long it lasts without being renewed.")
    ] = "2m",
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="How long it can be overdue before it ends. Default: the same as --ttl.")
    ] = "",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep its claims if it ends because it was not renewed.")
    ] = False,
    uuid: Annotated[str, typer.Option(metavar="UUID", help="The lease's uuid; default: a new one.")] = "",
) -> None:
    """Grant a lease. Claims that use it (`berth claim --lease`) last while it is renewed.

    Example: berth lease grant node-1 --project physics --ttl 2m
    """
    granted = session.ledger.leases.grant(
        name,
        project=project or own_project(session)[0],
        ttl=parse_span(ttl) // SECOND,
        grace=parse_span(grace) // SECOND if grace else None,
        on_end=OnEnd.KEEP if keep else OnEnd.RELEASE,
        uuid=canonical_uuid(uuid) if uuid else None,
    )
    session.output.print_result(
        {"lease": granted.uuid, "deadline": granted.deadline},
        f"lease {granted.uuid}: renew it until {format_moment(granted.deadline)} UTC",
    )


@app.command()
@ledger_command()
def renew(
    session: Session,
    leases: Annotated[list[str], typer.Argument(metavar="UUID...", help="The leases to renew.")],
) -> None:
    """Renew leases: each lasts for its full time to live again. Exit status 1 if one has ended, or does not exist.

    Example: berth lease renew e0000000-0000-4000-8000-000000000001
    """
    answers = session.ledger.leases.renew(map(canonical_uuid, leases))
    lines = [
        f"lease {uuid} {f'is {answer.value}' if isinstance(answer, RenewalRefusal) else _until(answer)}"
        for uuid, answer in answers.items()
    ]
    session.output.print_result(answers, *lines)
    if any(isinstance(answer, RenewalRefusal) for answer in answers.values()):
        raise typer.Exit(1)


@app.command()
@ledger_command()
def end(
    session: Session,
    lease: LeaseArgument,
    detach: Annotated[bool, typer.Option("--detach", help="Keep its claims, without a lease.")] = False,
) -> None:
    """End a lease, and release its claims.

    Example: berth lease end e0000000-0000-4000-8000-000000000001
    """
    uuid, claims = canonical_uuid(lease), LeaseClaims.DETACH if detach else LeaseClaims.RELEASE
    count = session.ledger.leases.end(uuid, claims)
    done = (
        plural(count, "claim continues", "claims continue") + " without it"
        if detach
        else plural(count, "claim is", "claims are") + " released"
    )
    session.output.print_result({"ended": uuid, "claims": count}, f"lease {uuid} ended; {done}")


@app.command("list")
@ledger_command(csv=True)
def list_(
    session: Session,
    project: Annotated[str, typer.Option(help="Only leases of this project.")] = "",
    state: Annotated[LeaseState | None, typer.Option(help="Only leases in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of rows to show.")] = 100,
) -> None:
    """List leases; those that have ended are listed for a week.

    Example: berth lease list --state overdue
    """
    items: list[LeaseInfo] = []
    after: str | None = None
    while len(items) < limit:
        page = session.ledger.leases.list(
            project=project, state=state, limit=min(PAGE, limit - len(items)), after=after
        )
        items += page.items
        after = page.next
        if after is None:
            break
    session.output.show(items, leases_table(items))
    if after is not None:
        session.output.note(f"only the first {len(items):,} are shown (--limit for more)")
    elif not items:
        session.output.note("there are no such leases: grant one with `berth lease grant NAME --project PROJECT`")


def _until(deadline: int) -> str:
    return f"is renewed until {format_moment(deadline)} UTC"
