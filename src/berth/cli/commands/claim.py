"""`berth claim` and `berth release`."""

from __future__ import annotations

import getpass
import uuid
from typing import Annotated, Any

import msgspec
import typer

from berth.cli import provider_names
from berth.cli.amounts import amounts, told
from berth.cli.command import ledger_command
from berth.cli.commands.find import asked_of, nothing_fits
from berth.cli.output import tables
from berth.cli.request_options import RequestOptions
from berth.cli.session import Session
from berth.model.commands import KEEP, UNCHECKED, Claim
from berth.model.consumer import Resources
from berth.model.errors import AllocationsNotFound, NothingFits
from berth.model.validation import canonical_uuid


@ledger_command(asking=True)
def claim(
    session: Session,
    words: RequestOptions,
    project: Annotated[str, typer.Option(help="Whose it is.", show_default=False)] = "",
    user: Annotated[str, typer.Option(help="Which user's it is; otherwise yours.", show_default=False)] = "",
    consumer: Annotated[str, typer.Option(metavar="UUID", help="The consumer's uuid; otherwise a new one.")] = "",
    kind: Annotated[str, typer.Option("--type", help="What the consumer is, such as INSTANCE.")] = "",
    on: Annotated[str, typer.Option(metavar="NAME", help="All of it of this provider, without finding.")] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="With --on: instead of what the consumer holds now.")
    ] = False,
) -> None:
    """Claim something where it fits (as for `berth find`), or of one provider (--on), for a consumer: all or nothing.

    Example: berth claim VCPU=4,MEMORY_MB=8G --project physics --type JOB
    """
    if not project:
        raise typer.BadParameter("say whose it is: --project NAME")
    if on and words != RequestOptions(resources=words.resources):
        raise typer.BadParameter("--on takes amounts only: everything else is for finding a place")
    if replace and not on:
        raise typer.BadParameter("--replace needs a place: --on NAME")
    new = _Claimant(
        consumer=canonical_uuid(consumer) if consumer else str(uuid.uuid4()),
        project=project,
        user=user or getpass.getuser(),
        type=kind,
        replace=replace,
    )
    placed = _claim_on(session, new, on, words.resources) if on else _claim_found(session, new, words)
    session.output.tell(
        {"consumer": new.consumer, "allocations": placed},
        f"consumer {new.consumer} holds",
        tables.held(placed, session.name_of).rich(),
    )


@ledger_command()
def release(
    session: Session,
    consumers: Annotated[
        list[str], typer.Argument(metavar="UUID...", help="Consumers, as `berth consumers` lists them.")
    ],
) -> None:
    """End what consumers hold. Those that hold nothing are told, and all others released; exit status 1.

    Example: berth release c0000000-0000-4000-8000-000000000001
    """
    done: list[dict[str, Any]] = []
    missing: list[str] = []
    for each in dict.fromkeys(map(canonical_uuid, consumers)):
        try:
            held = session.ledger.consumer(each)
            session.ledger.release(each)
        except AllocationsNotFound:
            missing.append(each)
        else:
            done.append({"consumer": each, "released": held.resources})
    if done:
        session.output.tell(done, *(f"released {each['consumer']}: {told(each['released'])}" for each in done))
    if missing:
        raise AllocationsNotFound(", ".join(missing))


class _Claimant(msgspec.Struct, frozen=True, kw_only=True):
    """For whom."""

    consumer: str
    project: str
    user: str
    type: str
    replace: bool

    def claim(self, allocations: dict[str, Resources]) -> Claim:
        """What they claim."""
        return Claim(
            consumer=self.consumer,
            allocations=allocations,
            project=self.project,
            user=self.user,
            generation=UNCHECKED if self.replace else None,
            type=self.type or KEEP,
        )


def _claim_on(session: Session, new: _Claimant, name: str, resources: str) -> dict[str, Resources]:
    if not resources:
        raise typer.BadParameter("say what is wanted, such as VCPU=4,MEMORY_MB=8G")
    allocations = {provider_names.resolve(session, name): amounts(resources)}
    session.ledger.claim(new.claim(allocations))
    return allocations


def _claim_found(session: Session, new: _Claimant, words: RequestOptions) -> dict[str, Resources]:
    asked = asked_of(session, words)
    try:
        granted = session.ledger.allocate(
            asked, project=new.project, user=new.user, consumer=new.consumer, type=new.type or None
        )
    except NothingFits as error:
        nothing_fits(session, error.funnel or session.ledger.explain(asked))
        raise typer.Exit(1) from None
    return granted.allocations
