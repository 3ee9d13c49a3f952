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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with closing(open_ledger(f"sqlite:///{tmp_path / 'berth.db'}")) as ledger:
        ledger.create_provider("host", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(total=100)})
        gate = Gate(ledger, (dev,), POLICIES["default"], ways=("dev",))
        mounts = Mounts(PlacementApp(gate), {"v1": V1App(gate, Feed(ledger))}, Cors(frozenset()))
        with closing(InProcessServer(Server(mounts, ledger))) as server:
            yield server


def called_files(server: InProcessServer, method: str, target: str, body: Any) -> list[str]:
    """Return the file of each function of Berth that is called for a request, in order."""
    files: list[str] = []

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(SOURCE):
            files.append(frame.f_code.co_filename.removeprefix(SOURCE).lstrip("/"))

    sys.setprofile(profile)
    try:
        reply = server.request(method, target, "admin", body)
    finally:
        sys.setprofile(None)
    assert reply.status in (200, 204), reply
    return files


@pytest.mark.parametrize("name", REQUESTS)
def test_the_path_of_a_request_is_short(name: str, server: InProcessServer) -> None:
    request = REQUESTS[name]
    for number in range(2):  # what is compiled or cached at the first request is not on the way of the others
        server.request(request(number)[0], request(number)[1], "admin", request(number)[2])
    files = called_files(server, *request(2))
    measured = {"files": len(set(files)), "changes": sum(before != after for before, after in pairwise(files))}
    allowed = ALLOWED[name]
    way = " > ".join(file for before, file in pairwise(["", *files]) if file != before)
    assert all(measured[figure] <= allowed[figure] for figure in allowed), f"{measured}, allowed {allowed}: {way}"
