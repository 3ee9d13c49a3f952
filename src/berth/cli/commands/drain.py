"""`berth drain` and `berth undrain`: hosts that take no new claims, and take them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer

from berth.cli import provider_names
from berth.cli.command import ledger_command
from berth.cli.completion import completion_of
from berth.cli.confirm import DryRun
from berth.cli.session import Session
from berth.model.amounts import as_text
from berth.model.drain import DrainOutcome
from berth.model.overview import ProviderFilter

SHOWN: Final = 20
"""How many providers are listed for people."""

Hosts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="HOST...",
        help="Names or uuids of hosts, or of parts of hosts.",
        autocompletion=completion_of("provider"),
    ),
]
InName = Annotated[str, typer.Option("--name", help="All providers with this text in their name.")]
WithTrait = Annotated[
    str, typer.Option("--trait", help="All providers with this trait.", autocompletion=completion_of("trait"))
]
InAggregate = Annotated[
    str,
    typer.Option(
        "--aggregate",
        metavar="NAME",
        help="All providers in this aggregate.",
        autocompletion=completion_of("aggregate"),
    ),
]


@ledger_command()
def drain(
    session: Session,
    hosts: Hosts = None,
    why: Annotated[str, typer.Option(metavar="TEXT", help="The reason, shown with the host.")] = "",
    name: InName = "",
    trait: WithTrait = "",
    aggregate: InAggregate = "",
    dry_run: DryRun = False,
) -> None:
    """Stop new claims on hosts and everything below them. Existing claims stay.

    `berth show` says since when, by whom and why; `berth undrain` allows claims again. Draining a host again is not an
    error: a new reason replaces the old one. If you give several filters, a provider must match all of them.

    Example: berth drain node-2 --why "fan is broken"
    """
    uuids, where = _chosen(session, hosts, name, trait, aggregate)
    outcome = session.ledger.drain(uuids, where=where, why=why, dry_run=dry_run)
    verb = "would drain" if dry_run else "drained"
    session.output.print_result(outcome, *_lines(outcome, verb, "drained already"))
    if outcome.held:
        lists = "`berth release --holders-of HOST --dry-run` lists the consumers"
        session.output.note(f"still held there: {as_text(outcome.held)}; {lists}")


@ledger_command()
def undrain(
    session: Session,
    hosts: Hosts = None,
    name: InName = "",
    trait: WithTrait = "",
    aggregate: InAggregate = "",
    dry_run: DryRun = False,
) -> None:
    """Allow new claims on drained hosts again. `berth providers --drained` lists them.

    A host that is not drained is not an error. A part of a host that was drained separately stays drained.

    Example: berth undrain node-2
    """
    uuids, where = _chosen(session, hosts, name, trait, aggregate)
    outcome = session.ledger.undrain(uuids, where=where, dry_run=dry_run)
    verb = "would undrain" if dry_run else "undrained"
    session.output.print_result(outcome, *_lines(outcome, verb, "not drained"))


def _chosen(
    session: Session, hosts: list[str] | None, name: str, trait: str, aggregate: str
) -> tuple[list[str], ProviderFilter | None]:
    """Return the uuids of the given hosts, and the filter if there is one. Raises typer.BadParameter without both."""
    where = ProviderFilter(name=name, trait=trait, aggregate=aggregate)
    if not hosts and where == ProviderFilter():
        raise typer.BadParameter("which hosts? Name them, or give a filter such as --aggregate rack-7")
    uuids = [provider_names.resolve(session, host) for host in hosts or ()]
    return uuids, None if where == ProviderFilter() else where


def _lines(outcome: DrainOutcome, verb: str, unchanged: str) -> Iterator[Any]:
    yield from (f"{verb} {each.name}  {each.uuid}" for each in outcome.providers[:SHOWN])
    if outcome.changed > SHOWN:
        yield f"and {outcome.changed - SHOWN:,} more"
    if left := outcome.matched - outcome.changed:
        yield f"{left:,} {unchanged}"
