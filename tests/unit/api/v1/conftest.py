"""The face over a small ledger, without a server between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from berth.api import auth
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.app import PendingReply
from berth.api.http.messages import Reply, Request
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.ledger import Ledger, open_ledger
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from tests.support.empty_ledgers import empty_ledgers

HOST = "7a5c0000-0000-4000-8000-000000000001"
DISK = "7a5c0000-0000-4000-8000-000000000002"
RACK = "7a5c0000-0000-4000-8000-00000000000a"
JOB = "7a5c0000-0000-4000-8000-0000000000b1"
OTHER = "7a5c0000-0000-4000-8000-0000000000b2"
NOBODY = "7a5c0000-0000-4000-8000-0000000000ff"


@dataclass(frozen=True, slots=True)
class Asked:
    """The face, and the ledger behind it."""

    face: V1App
    ledger: Ledger

    def __call__(self, method: str, target: str, body: Any = None, **headers: str) -> Reply:
        """Ask as an administrator, unless a token is given; "" for none. body: JSON, or bytes as they are."""
        given = {"x-auth-token": "admin", **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            given.setdefault("content-type", "application/json")
        path, _, query = target.partition("?")
        sent = {name: value for name, value in given.items() if value}
        reply = self.face.handle(Request(method, path, query, sent, data))
        if isinstance(reply, PendingReply):
            self.ledger.work()
            reply.answer.exception()
            reply = reply.then()
        assert isinstance(reply, Reply)
        return reply


def fill(ledger: Ledger) -> None:
    """A host and a disk in a rack, and two consumers."""
    ledger.create_class("CUSTOM_SLOT")
    ledger.create_trait("CUSTOM_FAST")
    ledger.create_provider("host-1", uuid=HOST)
    ledger.create_provider("disk-1", uuid=DISK, parent=HOST)
    ledger.set_inventories(HOST, {"VCPU": Inventory(8), "MEMORY_MB": Inventory(4096, reserved=96)})
    ledger.set_inventories(DISK, {"DISK_GB": Inventory(100)})
    ledger.set_traits(HOST, ["CUSTOM_FAST"])
    ledger.set_aggregates(HOST, [RACK])
    held = {HOST: {"VCPU": 2}, DISK: {"DISK_GB": 10}}
    ledger.claim(Claim(consumer=JOB, allocations=held, project="physics", user="ada", type="JOB"))
    ledger.claim(Claim(consumer=OTHER, allocations={HOST: {"VCPU": 3}}, project="arts", user="bob"))


@contextmanager
def opened(url: str, secret_file: Path) -> Iterator[Asked]:
    secret_file.touch(0o600)
    secret_file.write_bytes(b"k" * 32)
    with open_ledger(url, secret_file=str(secret_file)) as ledger:
        fill(ledger)
        gate = Gate(ledger, (auth.dev,), POLICIES["default"])
        yield Asked(V1App(gate, Feed(ledger), mints=True), ledger)


@pytest.fixture
def asked(ledger_url: str, tmp_path: Path) -> Iterator[Asked]:
    """A ledger of the test's own."""
    with opened(ledger_url, tmp_path / "secret") as it:
        yield it


@pytest.fixture(scope="module")
def steady(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """One for tests that change nothing."""
    secret = tmp_path_factory.mktemp("steady") / "secret"
    with empty_ledgers(database_kind) as ledgers, opened(ledgers.new(), secret) as it:
        it.ledger.leases.grant("node-1", project="physics", ttl=3600, uuid=NOBODY)
        yield it


def told(reply: Reply) -> Any:
    """The JSON of a reply."""
    return json.loads(reply.body)


def header(reply: Reply, name: str) -> str | None:
    return next((value for key, value in reply.headers if key == name), None)
