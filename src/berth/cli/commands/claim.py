"""`berth claim`: what a consumer holds from now on."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli import consumer_names, provider_names
from berth.cli.amounts import parse_amounts
from berth.cli.candidate_request import command_within
from berth.cli.claimant import (
    Claimant,
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
    term_of,
)
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.request_options import RequestOptions
from berth.cli.session import Session
from berth.model.consumer import Resources
from berth.model.errors import InventoryMissing, Unavailable


@ledger_command(request=True)
def claim(
    session: Session,
    options: RequestOptions,
    project: ProjectOption = "",
    user: UserOption = "",
    consumer: ConsumerOption = "",
    kind: TypeOption = "",
    on: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Claim everything from this provider, without searching.",
            autocompletion=completion_of("provider"),
        ),
    ] = "",
    replace: Annotated[bool, typer.Option("--replace", help="With --on: replace what the consumer holds now.")] = False,
    lasts: LastsOption = "",
    until: UntilOption = "",
    lease: LeaseOption = "",
    name: NameOption = "",
    note: NoteOption = "",
) -> None:
    """Claim resources for a consumer, where they fit (as `berth find`) or from one provider (--on): all or nothing.

    Example: berth claim VCPU=4,MEMORY_MB=8G --project physics --name train-7 --for 7d
    """
    claimant = new_claimant(
        session,
        consumer=consumer_names.resolve(session, consumer) if replace and consumer else consumer,
        project=project,
        user=user,
        kind=kind,
        replace=replace,
        term=term_of(lasts, until, lease=lease),
    ).called(name, note)
    if on and options != RequestOptions(resources=options.resources):
        raise typer.BadParameter("--on takes amounts only: the other options are for searching")
    if replace and not on:
        raise typer.BadParameter("--replace needs a provider: --on NAME")
    if on:
        allocations = _claim_on(session, claimant, on, options)
    else:
        allocations = claimant.claim_candidate(session, options).allocations
    print_claimed(session, claimant, allocations)


def _claim_on(session: Session, claimant: Claimant, name: str, options: RequestOptions) -> dict[str, Resources]:
    if not options.resources:
        raise typer.BadParameter("no amounts given: add them, such as VCPU=4,MEMORY_MB=8G")
    uuid = provider_names.resolve(session, name)
    allocations = {uuid: parse_amounts(options.resources)}
    try:
        session.ledger.claim(claimant.claim(allocations))
    except Unavailable as error:
        error.consumer = claimant.consumer
        raise
    except InventoryMissing as error:
        if not claimant.replace and (command := command_within(session, options, name, uuid)):
            error.add_note(f"to claim from all of the host: {command}")
        raise
    return allocations
