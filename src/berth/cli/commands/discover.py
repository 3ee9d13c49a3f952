"""`berth discover`."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli.command import ledger_command
from berth.cli.session import Session


@ledger_command(makes=True)
def discover(
    session: Session,
    apply: Annotated[bool, typer.Option("--apply", help="Register it; otherwise it is only shown.")] = False,
    rename: Annotated[bool, typer.Option("--rename", help="This machine has another name than before.")] = False,
    name: Annotated[str | None, typer.Option(help="What to call this machine, instead of its host name.")] = None,
    dedicated_cpus: Annotated[
        str, typer.Option(metavar="CPUS", help="Processors to offer as PCPU, whole and unshared, such as 2-7,10.")
    ] = "",
) -> None:
    """Read what this machine has, and show (or with --apply, register) it as a tree of providers.

    Twice is the same as once; a changed capacity is an update; a device that is gone but still held is
    kept, takes nothing new, and is said.
    """
    from berth import discover as discovery

    machine = discovery.read()
    found = discovery.found(machine, name, dedicated=_processors(dedicated_cpus))
    planned = discovery.plan(found, machine, session.ledger, rename=rename)
    if apply:
        planned = discovery.apply(planned, session.ledger)
    session.output.tell(planned, *discovery.lines(planned, done=apply))


def _processors(text: str) -> frozenset[int]:
    from berth import discover as discovery

    try:
        return discovery.ranges(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no list of processors such as 2-7,10") from None
