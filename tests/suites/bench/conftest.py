"""Ledgers with the benchmark's fleets, small and large."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from bench.fleets import Fleet, Held, Provider
from berth.api import auth
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.messages import Reply, Request
from berth.api.placement.app import PlacementApp
from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.record import InventoryRecord, ProviderRecord

HEADERS = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39", "content-type": "application/json"}


@dataclass(frozen=True)
class Loaded:
    """A ledger with a fleet in it, behind its API."""

    fleet: Fleet
    ledger: Ledger
    api: PlacementApp

    def asking(self, target: str) -> Callable[[], Reply]:
        """Return a call that answers a GET as a server does after reading it."""
        path, _, query = target.partition("?")
        return partial(self.api.answer, Request("GET", path, query, HEADERS))

    def sending(self, whole: bytes) -> Callable[[], Reply]:
        """Return the same for a request in the bytes that the benchmark's load generator sends."""
        head, _, body = whole.partition(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split()
        headers = {**HEADERS, "content-length": str(len(body))}
        return partial(self.api.answer, Request(method, target, "", headers, body))


Load = Callable[[str, int], Loaded]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """A function that returns the ledger with a fleet of this shape and size; made once."""
    made: dict[tuple[str, int], Loaded] = {}
    with ExitStack() as stack:

        def load(shape: str, hosts: int) -> Loaded:
            if (shape, hosts) not in made:
                file = tmp_path_factory.mktemp("fleets") / f"{shape}-{hosts}.db"
                ledger = stack.enter_context(open_ledger(f"sqlite:///{file}"))
                made[shape, hosts] = Loaded(filled(ledger, Fleet(shape, hosts)), ledger, api(ledger))
            return made[shape, hosts]

        def filled(ledger: Ledger, fleet: Fleet) -> Fleet:
            records = (record(provider) for host in fleet for provider in host.providers)
            while batch := list(islice(records, 5000)):
                ledger.put_records(batch)
            held = [claim(host.held) for host in fleet if host.held is not None]
            for at in range(0, len(held), 500):
                ledger.claim(*held[at : at + 500])
            return fleet

        yield load


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Loaded]:
    """A ledger with nothing in it."""
    with open_ledger(f"sqlite:///{tmp_path}/empty.db") as ledger:
        yield Loaded(Fleet("flat", 0), ledger, api(ledger))


def api(ledger: Ledger) -> PlacementApp:
    return PlacementApp(Gate(ledger, (auth.dev,), POLICIES["default"]))


def claim(held: Held) -> Claim:
    return Claim(
        consumer=held.consumer,
        allocations=held.resources,
        project=held.project,
        user=held.user,
        generation=None,
        type="INSTANCE",
    )


def record(provider: Provider) -> ProviderRecord:
    inventories = {
        name: InventoryRecord(has.total, has.reserved, max_unit=has.largest, allocation_ratio=has.allocation_ratio)
        for name, has in provider.inventories.items()
    }
    return ProviderRecord(
        provider.name, provider.uuid, provider.parent, inventories, provider.traits, provider.aggregates
    )
