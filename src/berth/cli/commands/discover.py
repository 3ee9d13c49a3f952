"""`berth discover`: this machine as a provider tree."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli.command import ledger_command
from berth.cli.session import Session


@ledger_command(create=True)
def discover(
    session: Session,
    apply: Annotated[
        bool, typer.Option("--apply", help="Register the machine; without it, only show what would change.")
    ] = False,
    rename: Annotated[bool, typer.Option("--rename", help="Accept that this machine was renamed.")] = False,
    name: Annotated[str | None, typer.Option(help="Name for this machine; default: its host name.")] = None,
    dedicated_cpus: Annotated[
        str, typer.Option(metavar="CPUS", help="Dedicated processors, offered as PCPU, such as 2-7,10.")
    ] = "",
) -> None:
    """Detect the resources of this machine and show them. With --apply, register them in the ledger.

    You can run it again: changed capacities are updated. A device that is gone but still claimed is kept, takes no
    new claims, and is reported.
    """
    from berth import discover as discovery

    machine = discovery.read()
    found = discovery.machine_tree(machine, name, dedicated=_processors(dedicated_cpus))
    planned = discovery.plan(found, machine, session.ledger, rename=rename)
    if apply:
        planned = discovery.apply(planned, session.ledger)
    session.output.print_result(planned, *discovery.lines(planned, done=apply))


def _processors(text: str) -> frozenset[int]:
    from berth import discover as discovery

    try:
        return discovery.ranges(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is not a list of processors such as 2-7,10") from None
