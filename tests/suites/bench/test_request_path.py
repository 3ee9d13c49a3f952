"""How many files a reader has to open to follow one request, from the server's first line to its reply.

The figures in `request_path.json` are the most that is allowed, as in `tests/tidy.json`: they may only fall.
A *change of file* is a call or a return after which the next function to be called stands in another file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import berth
from berth.api.auth.dev import dev
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.cors import Cors
from berth.api.http.mounts import Mounts
from berth.api.http.server import Server
from berth.api.placement.app import PlacementApp
from berth.api.v1.app import V1App
from berth.api.v1.feed import Feed
from berth.ledger import open_ledger
from berth.model.inventory import Inventory
from tests.support.in_process_server import InProcessServer

SOURCE = str(Path(berth.__file__).parent)
ALLOWED = json.loads(Path(__file__).with_name("request_path.json").read_text())
HOST = "10000000-0000-4000-8000-000000000001"


def consumer(number: int) -> str:
    return f"c0000000-0000-4000-8000-{number:012d}"


def put_allocations(number: int) -> tuple[str, str, Any]:
    body = {
        "allocations": {HOST: {"resources": {"VCPU": 1}}},
        "project_id": "p",
        "user_id": "u",
        "consumer_generation": None,
        "consumer_type": "JOB",
    }
    return "PUT", f"/allocations/{consumer(number)}", body


def post_claims(number: int) -> tuple[str, str, Any]:
    request = {"groups": [{"resources": {"VCPU": 1}}]}
    return "POST", "/v1/claims", {"request": request, "consumer": consumer(number), "project": "p", "user": "u"}


def post_find(_number: int) -> tuple[str, str, Any]:
    return "POST", "/v1/find", {"groups": [{"resources": {"VCPU": 1}}]}


REQUESTS = {"PUT /allocations/{c}": put_allocations, "POST /v1/claims": post_claims, "POST /v1/find": post_find}


class ProfiledServer(Server):
    """A server that notes the file of each function of Berth that it calls for a request, in order."""

    files: list[str]

    async def __call__(self, scope: Any, protocol: Any) -> None:
        self.files = []
        sys.setprofile(self._profile)
        try:
            await super().__call__(scope, protocol)
        finally:
            sys.setprofile(None)

    def _profile(self, frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(SOURCE):
            self.files.append(frame.f_code.co_filename.removeprefix(SOURCE).lstrip("/"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ProfiledServer]:
    with closing(open_ledger(f"sqlite:///{tmp_path / 'berth.db'}")) as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(total=100)})
        gate = Gate(ledger, (dev,), POLICIES["default"], ways=("dev",))
        mounts = Mounts(PlacementApp(gate), {"v1": V1App(gate, Feed(ledger))}, Cors(frozenset()))
        yield ProfiledServer(mounts, ledger)


@pytest.mark.parametrize("name", REQUESTS)
def test_the_path_of_a_request_is_short(name: str, server: ProfiledServer) -> None:
    with closing(InProcessServer(server)) as client:
        for number in range(3):  # the first ones compile and cache what later ones use
            method, target, body = REQUESTS[name](number)
            reply = client.request(method, target, "admin", body)
            assert reply.status in (200, 201, 204), reply
    changes = [file for before, file in pairwise(server.files) if file != before]
    measured = {"files": len(set(server.files)), "changes": len(changes)}
    allowed = ALLOWED[name]
    assert all(measured[figure] <= allowed[figure] for figure in measured), f"{measured}: {' > '.join(changes)}"
