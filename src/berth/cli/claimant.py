"""Who claims, and until when: what the commands that claim and hold have in common."""

from __future__ import annotations

import getpass
import uuid
from typing import Annotated

import msgspec
import typer

from berth.cli.candidate_request import candidate_request, print_funnel
from berth.cli.completion import completion_of
from berth.cli.output import tables
from berth.cli.output.consumer_text import called
from berth.cli.request_options import RequestOptions
from berth.cli.session import Session
from berth.cli.times import format_left, format_moment, parse_instant, parse_span
from berth.model.caller import MEMBER
from berth.model.candidate import Grant
from berth.model.commands import KEEP, UNCHECKED, Claim, Keep
from berth.model.consumer import ConsumerDetails, Resources
from berth.model.errors import NothingFits
from berth.model.term import SECOND, Term
from berth.model.validation import canonical_uuid

ProjectOption = Annotated[
    str,
    typer.Option(
        help="Project that owns the claim. Required, unless your role is member.",
        autocompletion=completion_of("project"),
        show_default=False,
    ),
]
UserOption = Annotated[
    str,
    typer.Option(help="User that owns the claim; default: your user name.", show_default=False),
]
ConsumerOption = Annotated[str, typer.Option(metavar="UUID", help="The consumer's uuid; default: a new one.")]
TypeOption = Annotated[str, typer.Option("--type", help="Type of the consumer, such as INSTANCE.")]
NameOption = Annotated[str, typer.Option(metavar="NAME", help="Name of the consumer. Its uuid can still be used.")]
NoteOption = Annotated[str, typer.Option(metavar="TEXT", help="A note on the consumer, for people.")]
LastsOption = Annotated[
    str,
    typer.Option("--for", metavar="TIME", help="How long the claim lasts: 90s, 15m, 2h, 7d or 4w. Default: no end."),
]
UntilOption = Annotated[
    str, typer.Option(metavar="WHEN", help="When the claim ends: 2027-05-01 or 2027-05-01T12:00+02:00 (else UTC).")
]
LeaseOption = Annotated[
    str, typer.Option(metavar="UUID", help="Keep the claim while this lease is renewed: see `berth lease`.")
]


class Claimant(msgspec.Struct, frozen=True, kw_only=True):
    """The consumer of a claim, its owner and its term."""

    consumer: str
    project: str
    user: str
    type: str
    replace: bool = False
    term: Term | Keep = KEEP
    name: str | Keep = KEEP
    note: str | Keep = KEEP

    def called(self, name: str, note: str) -> Claimant:
        """Return the same with a name and a note. "": none."""
        return msgspec.structs.replace(self, name=name or KEEP, note=note or KEEP)

    def claim(self, allocations: dict[str, Resources]) -> Claim:
        """Return the claim of these allocations."""
        return Claim(
            consumer=self.consumer,
            allocations=allocations,
            project=self.project,
            user=self.user,
            generation=UNCHECKED if self.replace else None,
            type=self.type or KEEP,
            term=self.term,
            name=self.name,
            note=self.note,
        )

    def claim_candidate(self, session: Session, options: RequestOptions) -> Grant:
        """Claim what a request describes where it fits; print why it fits nowhere and exit with status 1."""
        request = candidate_request(session, options)
        try:
            return session.ledger.allocate(
                request,
                project=self.project,
                user=self.user,
                consumer=self.consumer,
                type=self.type or None,
                term=self.term,
                name=self.name,
                note=self.note,
            )
        except NothingFits as error:
            print_funnel(session, options, error.funnel or session.ledger.explain(request))
            raise typer.Exit(1) from None


def new_claimant(
    session: Session,
    *,
    consumer: str,
    project: str,
    user: str,
    kind: str,
    replace: bool = False,
    term: Term | Keep = KEEP,
) -> Claimant:
    """Return a claimant with a new uuid and the name of the caller where none are given. Raises typer.BadParameter.

    A member may claim for one project only, which the server knows.
    """
    if not project:
        project, own_user = own_project(session)
        user = user or own_user
    return Claimant(
        consumer=canonical_uuid(consumer) if consumer else str(uuid.uuid4()),
        project=project,
        user=user or getpass.getuser(),
        type=kind,
        replace=replace,
        term=term,
    )


def own_project(session: Session) -> tuple[str, str]:
    """Return the project and the user of a member, by its token. Raises typer.BadParameter for any other caller."""
    if session.remote:
        caller = session.client.me()
        if MEMBER in caller.roles and caller.project and not {"admin", "service"} & set(caller.roles):
            return caller.project, caller.user
    raise typer.BadParameter("no project given: add --project NAME")


def term_of(lasts: str, until: str, within: str = "", lease: str = "") -> Term | Keep:
    """Return the term that the options describe; KEEP if they say nothing. Raises typer.BadParameter."""
    if lasts and until:
        raise typer.BadParameter("--for and --until both say when the claim ends: give one")
    if not (lasts or until or within or lease):
        return KEEP
    return Term(
        lasts=parse_span(lasts) // SECOND if lasts else None,
        end=parse_instant(until) if until else None,
        confirm_within=parse_span(within) // SECOND if within else None,
        lease=canonical_uuid(lease) if lease else None,
    )


def print_claimed(session: Session, claimant: Claimant, allocations: dict[str, Resources]) -> None:
    """Print what a consumer has now and, if its claim has a term, until when."""
    data: dict[str, object] = {"consumer": claimant.consumer, "allocations": allocations}
    name = None if isinstance(claimant.name, Keep) else claimant.name
    lines = [f"consumer {called(claimant.consumer, name)} holds", tables.held(allocations, session.name_of).rich()]
    if name is not None:
        data["name"] = name
    if isinstance(claimant.term, Term):
        details = session.ledger.consumer(claimant.consumer)
        data |= {"end": details.end, "deadline": details.deadline}
        lines += term_lines(details)
    session.output.print_result(data, *lines)


def term_lines(consumer: ConsumerDetails) -> list[str]:
    """Return sentences that say until when a consumer's claim counts; none if it is confirmed and counts for ever."""
    lines, left = [], format_left(consumer.expires_in or 0)
    if consumer.deadline is not None:
        deadline, in_time = format_moment(consumer.deadline), f"in {left}, unless you confirm it"
        lines.append(f"pending: it lapses at {deadline} UTC, {in_time}: berth confirm {consumer.uuid}")
        left = ""
    if consumer.end is not None:
        lines.append(f"it ends at {format_moment(consumer.end)} UTC{left and f', in {left}'}")
    return lines
