"""`berth hold`, `confirm`, `extend`, `agenda`: claims that wait for a confirmation, and what ends next."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer

from berth.cli import consumer_names, provider_names
from berth.cli.amounts import parse_amounts
from berth.cli.claimant import (
    ConsumerOption,
    LastsOption,
    LeaseOption,
    NameOption,
    NoteOption,
    ProjectOption,
    TypeOption,
    UntilOption,
    UserOption,
    new_claimant,
    print_claimed,
    term_lines,
    term_of,
)
from berth.cli.command import ledger_command
from berth.cli.options import ConsumerWord, OfProject, ShowUuids
from berth.cli.output import tables
from berth.cli.output.consumer_text import called
from berth.cli.output.lease_text import overdue_line
from berth.cli.output.output import OutputFormat
from berth.cli.output.total import total_text
from berth.cli.request_options import RequestOptions
from berth.cli.session import Session
from berth.cli.times import parse_instant, parse_span
from berth.model.agenda import AgendaItem
from berth.model.commands import KEEP, Keep
from berth.model.consumer import Resources
from berth.model.term import SECOND

PAGE: Final = 1000


@ledger_command(request=True)
def hold(
    session: Session,
    options: RequestOptions,
    within: Annotated[
        str, typer.Option(metavar="TIME", help="Time in which to confirm the hold: 90s, 15m, 2h; at most 24h.")
    ] = "15m",
    project: ProjectOption = "",
    user: UserOption = "",
    consumer: ConsumerOption = "",
    kind: TypeOption = "",
    lasts: LastsOption = "",
    until: UntilOption = "",
    lease: LeaseOption = "",
    name: NameOption = "",
    note: NoteOption = "",
) -> None:
    """Hold resources where they fit (as `berth find`). If the hold is not confirmed in time, it lapses.

    Example: berth hold PGPU=2 --within 15m --project students
    """
    term = term_of(lasts, until, within, lease)
    claimant = new_claimant(session, consumer=consumer, project=project, user=user, kind=kind, term=term)
    claimant = claimant.called(name, note)
    print_claimed(session, claimant, claimant.claim_candidate(session, options).allocations)


@ledger_command()
def confirm(
    session: Session,
    consumer: ConsumerWord,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:AMOUNTS", help="Keep only these amounts of a provider, and release the rest. May be repeated."
        ),
    ] = None,
    until: Annotated[
        str, typer.Option(metavar="WHEN", help="When the claim ends. Default: as given with the hold.")
    ] = "",
) -> None:
    """Confirm a hold: it becomes a claim. Until its deadline, the resources are guaranteed.

    Example: berth confirm c0000000-0000-4000-8000-000000000001
    """
    uuid = consumer_names.resolve(session, consumer)
    session.ledger.holds.confirm(uuid, allocations=_kept(session, only), end=parse_instant(until) if until else KEEP)
    details = session.ledger.consumer(uuid)
    session.output.print_result(
        {"consumer": uuid, "allocations": details.allocations, "end": details.end},
        f"confirmed: consumer {called(uuid, details.name)} holds",
        tables.held(details.allocations, session.name_of).rich(),
        *term_lines(details),
    )


@ledger_command()
def extend(
    session: Session,
    consumer: ConsumerWord,
    lasts: Annotated[
        str, typer.Option("--for", metavar="TIME", help="Time from now until the new end: 15m, 2h, 7d.")
    ] = "15m",
) -> None:
    """Extend a claim that has an end, or a hold that is not confirmed yet.

    A hold can be pending for at most 24 hours in all. An end is never moved to an earlier time.

    Example: berth extend train-7 --for 7d
    """
    uuid = consumer_names.resolve(session, consumer)
    session.ledger.holds.extend(uuid, parse_span(lasts) // SECOND)
    details = session.ledger.consumer(uuid)
    session.output.print_result(
        {"consumer": uuid, "deadline": details.deadline, "end": details.end},
        f"consumer {called(uuid, details.name)}",
        *term_lines(details),
    )


@ledger_command(csv=True)
def agenda(
    session: Session,
    within: Annotated[
        str, typer.Option(metavar="TIME", help="Only what ends within this time: 1h, 1d, 7d. Default: all.")
    ] = "",
    project: OfProject = "",
    limit: Annotated[int, typer.Option(min=1, help="Maximum number of rows to show.")] = 100,
    uuids: ShowUuids = False,
) -> None:
    """List which claims end and which holds lapse next, the earliest first. Overdue leases come before them.

    Example: berth agenda --within 7d
    """
    until = time.time_ns() // 1000 + parse_span(within) if within else None
    items: list[AgendaItem] = []
    overdue: list[str] = []
    after: str | None = None
    total = ""
    while len(items) < limit:
        page = session.ledger.agenda(until=until, project=project, limit=min(PAGE, limit - len(items)), after=after)
        total = total or total_text(page.total, bounded=page.bounded)
        items += page.items
        overdue += [overdue_line(each, page.now) for each in page.overdue]
        after = page.next
        if after is None:
            break
    if session.output.form is OutputFormat.PEOPLE:
        session.output.print(*overdue)
    session.output.show(items, tables.agenda(items, uuids=uuids or session.output.form is not OutputFormat.PEOPLE))
    if after is not None:
        session.output.note(f"{len(items):,} of {total}claims shown (--limit for more)")
    elif not items:
        session.output.note(f"nothing ends within {within}" if within else "no claim has an end")


def _kept(session: Session, only: list[str] | None) -> dict[str, Resources] | Keep:
    """Return the part of a hold that is confirmed; KEEP for all of it. Raises typer.BadParameter."""
    if not only:
        return KEEP
    kept: dict[str, Resources] = {}
    for each in only:
        name, colon, amounts = each.rpartition(":")
        if not colon:
            raise typer.BadParameter(f"{each!r} names no provider: write NAME:AMOUNTS, such as host-1:PGPU=1")
        kept[provider_names.resolve(session, name)] = parse_amounts(amounts)
    return kept
