"""`berth claim` and `berth release`: what consumers hold."""

from __future__ import annotations

import getpass
import uuid
from typing import Annotated, Any

import msgspec
import typer

from berth.cli import provider_names
from berth.cli.amounts import as_text, parse_amounts
from berth.cli.command import ledger_command
from berth.cli.commands.find import candidate_request, print_funnel
from berth.cli.output import tables
from berth.cli.request_options import RequestOptions
from berth.cli.session import Session
from berth.model.commands import KEEP, UNCHECKED, Claim
from berth.model.consumer import Resources
from berth.model.errors import AllocationsNotFound, NothingFits
from berth.model.validation import canonical_uuid


@ledger_command(request=True)
def claim(
    session: Session,
    options: RequestOptions,
    project: Annotated[str, typer.Option(help="Project that owns the claim; required.", show_default=False)] = "",
    user: Annotated[
        str, typer.Option(help="User that owns the claim; default: your user name.", show_default=False)
    ] = "",
    consumer: Annotated[str, typer.Option(metavar="UUID", help="The consumer's uuid; default: a new one.")] = "",
    kind: Annotated[str, typer.Option("--type", help="Type of the consumer, such as INSTANCE.")] = "",
    on: Annotated[
        str, typer.Option(metavar="NAME", help="Claim everything from this provider, without searching.")
    ] = "",
    replace: Annotated[bool, typer.Option("--replace", help="With --on: replace what the consumer holds now.")] = False,
) -> None:
    """Claim resources for a consumer, where they fit (as `berth find`) or from one provider (--on): all or nothing.

    Example: berth claim VCPU=4,MEMORY_MB=8G --project physics --type JOB
    """
    if not project:
        raise typer.BadParameter("no project given: --project NAME")
    if on and options != RequestOptions(resources=options.resources):
        raise typer.BadParameter("--on takes amounts only: the other options are for searching")
    if replace and not on:
        raise typer.BadParameter("--replace needs a provider: --on NAME")
    claimant = _Claimant(
        consumer=canonical_uuid(consumer) if consumer else str(uuid.uuid4()),
        project=project,
        user=user or getpass.getuser(),
        type=kind,
        replace=replace,
    )
    allocations = (
        _claim_on(session, claimant, on, options.resources) if on else _claim_candidate(session, claimant, options)
    )
    session.output.print_result(
        {"consumer": claimant.consumer, "allocations": allocations},
        f"consumer {claimant.consumer} holds",
        tables.held(allocations, session.name_of).rich(),
    )


@ledger_command()
def release(
    session: Session,
    consumers: Annotated[
        list[str], typer.Argument(metavar="UUID...", help="Uuids of consumers, as `berth consumers` lists them.")
    ],
) -> None:
    """Release everything that consumers hold. Exit status 1 if any of them holds nothing; the others are released.

    Example: berth release c0000000-0000-4000-8000-000000000001
    """
    released: list[dict[str, Any]] = []
    missing: list[str] = []
    for each in dict.fromkeys(map(canonical_uuid, consumers)):
        try:
            held = session.ledger.consumer(each)
            session.ledger.release(each)
        except AllocationsNotFound:
            missing.append(each)
        else:
            released.append({"consumer": each, "released": held.resources})
    if released:
        session.output.print_result(
            released, *(f"released {each['consumer']}: {as_text(each['released'])}" for each in released)
        )
    if missing:
        raise AllocationsNotFound(", ".join(missing))


class _Claimant(msgspec.Struct, frozen=True, kw_only=True):
    """The consumer of a claim, and its owner."""

    consumer: str
    project: str
    user: str
    type: str
    replace: bool

    def claim(self, allocations: dict[str, Resources]) -> Claim:
        """Return the claim of these allocations."""
        return Claim(
            consumer=self.consumer,
            allocations=allocations,
            project=self.project,
            user=self.user,
            generation=UNCHECKED if self.replace else None,
            type=self.type or KEEP,
        )


def _claim_on(session: Session, claimant: _Claimant, name: str, resources: str) -> dict[str, Resources]:
    if not resources:
        raise typer.BadParameter("no amounts given: give them, such as VCPU=4,MEMORY_MB=8G")
    allocations = {provider_names.resolve(session, name): parse_amounts(resources)}
    session.ledger.claim(claimant.claim(allocations))
    return allocations


def _claim_candidate(session: Session, claimant: _Claimant, options: RequestOptions) -> dict[str, Resources]:
    request = candidate_request(session, options)
    try:
        granted = session.ledger.allocate(
            request,
            project=claimant.project,
            user=claimant.user,
            consumer=claimant.consumer,
            type=claimant.type or None,
        )
    except NothingFits as error:
        print_funnel(session, error.funnel or session.ledger.explain(request))
        raise typer.Exit(1) from None
    return granted.allocations
