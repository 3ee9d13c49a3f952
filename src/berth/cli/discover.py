"""`berth discover`."""

from __future__ import annotations

from typing import Annotated

import typer

from berth.cli.options import DEFAULTS, DatabaseUrl


def discover(
    apply: Annotated[bool, typer.Option("--apply", help="Register it; otherwise it is only shown.")] = False,
    rename: Annotated[bool, typer.Option("--rename", help="This machine has another name than before.")] = False,
    name: Annotated[str | None, typer.Option(help="What to call this machine, instead of its host name.")] = None,
    dedicated_cpus: Annotated[
        str, typer.Option(metavar="CPUS", help="Processors to offer as PCPU, whole and unshared, such as 2-7,10.")
    ] = "",
    database: DatabaseUrl = DEFAULTS.database,
) -> None:
    """Read what this machine has, and show (or with --apply, register) it as a tree of providers.

    Twice is the same as once; a changed capacity is an update; a device that is gone but still held is
    kept, takes nothing new, and is said.
    """
    from berth import discover as discovery
    from berth.ledger import open_ledger

    machine = discovery.read()
    with open_ledger(database, actor="discover", via="local") as ledger:
        found = discovery.found(machine, name, dedicated=_processors(dedicated_cpus))
        planned = discovery.plan(found, machine, ledger, rename=rename)
        if apply:
            planned = discovery.apply(planned, ledger)
        for line in discovery.lines(planned, done=apply):
            typer.echo(line)


def _processors(text: str) -> frozenset[int]:
    from berth import discover as discovery

    try:
        return discovery.ranges(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no list of processors such as 2-7,10") from None
