"""`berth demo`: Berth in a minute, on the machine at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from berth.cli.options import DEFAULTS, no_secrets
from berth.model.candidate import Candidate
from berth.model.commands import Claim
from berth.model.errors import Conflict
from berth.model.request import CandidateRequest, Group
from berth.settings import Settings

if TYPE_CHECKING:
    from berth.ledger import Ledger

DemoUrl = Annotated[str, typer.Option("--database", metavar="URL", help="A ledger to play with.", callback=no_secrets)]
"""Not BERTH_DATABASE: a demo makes a claim, and is not to make it in a ledger that is in earnest."""

CONSUMER: Final = "dec0de00-0000-4000-8000-000000000001"
ASKED: Final = {"VCPU": 1, "MEMORY_MB": 256}


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the claim instead of serving.")] = False,
    database: DemoUrl = "sqlite:///berth-demo.db",
    port: Annotated[int, typer.Option(help="Port to serve on.", min=1, max=65535)] = DEFAULTS.port,
) -> None:
    """Discover this machine, find room on it, claim that, show what is left, and serve."""
    from berth import serve as server
    from berth.ledger import open_ledger

    with open_ledger(database, actor="demo", via="local") as ledger:
        _step(1, f"A ledger in {database.removeprefix('sqlite:///')}")
        _discover(ledger)
        candidate = _find(ledger)
        _claim(ledger, candidate)
        _show_usage(ledger, candidate)
    if once:
        typer.echo("\nEverything held.")
        return
    settings = Settings(database=database, port=port)
    server.serve(settings, lambda: _invite(settings))


def _discover(ledger: Ledger) -> None:
    from berth import discover as discovery

    _step(2, "What this machine has, registered as a tree of providers")
    machine = discovery.read()
    done = discovery.apply(discovery.plan(discovery.found(machine), machine, ledger), ledger)
    for line in discovery.lines(done, done=True):
        typer.echo(f"   {line}")


def _find(ledger: Ledger) -> Candidate:
    asked = ",".join(f"{name}:{amount}" for name, amount in ASKED.items())
    _step(3, f"Where does {asked} fit?")
    found = ledger.find(CandidateRequest(groups=(Group(resources=ASKED),), limit=3))
    if not found.candidates:
        raise Conflict("nothing on this machine has room for it: is the ledger full from an earlier demo?")
    for candidate in found.candidates:
        typer.echo("   " + " and ".join(_placed(ledger, candidate)))
    return found.candidates[0]


def _placed(ledger: Ledger, candidate: Candidate) -> list[str]:
    return [
        f"{', '.join(f'{amount} {name}' for name, amount in resources.items())} of {ledger.provider(uuid).name}"
        for uuid, resources in candidate.allocations.items()
    ]


def _claim(ledger: Ledger, candidate: Candidate) -> None:
    _step(4, "Claimed, atomically and durably")
    ledger.claim(Claim(consumer=CONSUMER, allocations=candidate.allocations, project="demo", user="demo", type="DEMO"))
    held = ledger.allocations(CONSUMER)
    if held is None or {each.provider: each.resources for each in held.held} != candidate.allocations:
        raise Conflict("the claim is not what the ledger holds")
    typer.echo(f"   consumer {CONSUMER}, generation {held.consumer.generation}")


def _show_usage(ledger: Ledger, candidate: Candidate) -> None:
    _step(5, "What is used, and what is left")
    for uuid, resources in candidate.allocations.items():
        for name, stocked in ledger.inventories(uuid).inventories.items():
            if stocked.used < resources.get(name, 0):
                raise Conflict(f"{name} of {uuid} does not show what was claimed")
            capacity = int((stocked.total - stocked.reserved) * stocked.allocation_ratio)
            typer.echo(
                f"   {ledger.provider(uuid).name}: {name} {stocked.used} of {capacity} used, "
                f"{capacity - stocked.used} left"
            )


def _invite(settings: Settings) -> None:
    address = f"http://{settings.host}:{settings.port}"
    _step(6, f"Serving at {address} (Ctrl-C ends it). In another terminal:")
    typer.echo(
        f"   curl -H 'X-Auth-Token: admin' -H 'OpenStack-API-Version: placement 1.39' \\\n"
        f"        '{address}/allocation_candidates?resources=VCPU:1&limit=1'"
    )
    typer.echo(f"   This machine on the map, in a browser (sign in as admin):\n   {address}/ui/")


def _step(number: int, text: str) -> None:
    typer.secho(f"\n{number}. {text}", bold=True)
