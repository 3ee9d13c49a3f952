"""`berth demo`: a one-minute demonstration on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from berth.cli.options import DEFAULTS, reject_secrets
from berth.model.candidate import Candidate
from berth.model.commands import Claim
from berth.model.errors import Conflict
from berth.model.inventory import capacity_of
from berth.model.request import CandidateRequest, Group
from berth.settings import Settings

if TYPE_CHECKING:
    from berth.ledger import Ledger

DemoUrl = Annotated[
    str, typer.Option("--database", metavar="URL", help="Database for the demo ledger.", callback=reject_secrets)
]
"""The option does not read BERTH_DATABASE: the demo makes a claim, which must not land in a production ledger."""

CONSUMER: Final = "dec0de00-0000-4000-8000-000000000001"
RESOURCES: Final = {"VCPU": 1, "MEMORY_MB": 256}


def demo(
    once: Annotated[bool, typer.Option("--once", help="Exit after the claim instead of serving.")] = False,
    database: DemoUrl = "sqlite:///berth-demo.db",
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65535)] = DEFAULTS.port,
) -> None:
    """Discover this machine, claim a part of it, show what is left, and serve."""
    from berth import serve as server
    from berth.ledger import open_ledger

    with open_ledger(database, actor="demo", via="local") as ledger:
        _heading(1, f"A ledger in {database.removeprefix('sqlite:///')}")
        _discover(ledger)
        candidate = _find(ledger)
        _claim(ledger, candidate)
        _show_usage(ledger, candidate)
    if once:
        typer.echo("\nDone: every step was checked.")
        return
    settings = Settings(database=database, port=port)
    server.serve(
        settings,
        on_start=lambda: _print_address(settings),
        on_ready=lambda: typer.echo("berth: ready", err=True),
    )


def _discover(ledger: Ledger) -> None:
    from berth import discover as discovery

    _heading(2, "The resources of this machine, registered as a provider tree")
    machine = discovery.read()
    done = discovery.apply(discovery.plan(discovery.machine_tree(machine), machine, ledger), ledger)
    for line in discovery.lines(done, done=True):
        typer.echo(f"   {line}")


def _find(ledger: Ledger) -> Candidate:
    resources_text = ",".join(f"{name}:{amount}" for name, amount in RESOURCES.items())
    _heading(3, f"Where does {resources_text} fit?")
    found = ledger.find(CandidateRequest(groups=(Group(resources=RESOURCES),), limit=3))
    if not found.candidates:
        raise Conflict("no room on this machine: is the ledger full from an earlier demo?")
    for candidate in found.candidates:
        typer.echo("   " + " and ".join(_amounts_by_provider(ledger, candidate)))
    return found.candidates[0]


def _amounts_by_provider(ledger: Ledger, candidate: Candidate) -> list[str]:
    return [
        f"{', '.join(f'{amount} {name}' for name, amount in resources.items())} of {ledger.provider(uuid).name}"
        for uuid, resources in candidate.allocations.items()
    ]


def _claim(ledger: Ledger, candidate: Candidate) -> None:
    _heading(4, "Claimed, atomically and durably")
    ledger.claim(Claim(consumer=CONSUMER, allocations=candidate.allocations, project="demo", user="demo", type="DEMO"))
    allocations = ledger.allocations(CONSUMER)
    if allocations is None or {each.provider: each.resources for each in allocations.held} != candidate.allocations:
        raise Conflict("the ledger does not hold what was claimed")
    typer.echo(f"   consumer {CONSUMER}, generation {allocations.consumer.generation}")


def _show_usage(ledger: Ledger, candidate: Candidate) -> None:
    _heading(5, "What is used and what is left")
    for uuid, resources in candidate.allocations.items():
        for name, inventory in ledger.inventories(uuid).inventories.items():
            if inventory.used < resources.get(name, 0):
                raise Conflict(f"the use of {name} on {uuid} does not include the claim")
            capacity = capacity_of(inventory.total - inventory.reserved, inventory.allocation_ratio)
            typer.echo(
                f"   {ledger.provider(uuid).name}: {name} {inventory.used} of {capacity} used, "
                f"{capacity - inventory.used} left"
            )


def _print_address(settings: Settings) -> None:
    address = f"http://{settings.host}:{settings.port}"
    _heading(6, f"Serving at {address} (Ctrl-C to quit). In another terminal:")
    typer.echo(
        f"   curl -H 'X-Auth-Token: admin' -H 'OpenStack-API-Version: placement 1.39' \\\n"
        f"        '{address}/allocation_candidates?resources=VCPU:1&limit=1'"
    )
    typer.echo(f"   This machine on the map, in a browser (sign in as admin):\n   {address}/ui/")


def _heading(number: int, text: str) -> None:
    typer.secho(f"\n{number}. {text}", bold=True)
