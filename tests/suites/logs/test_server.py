"""What a server's log says of its requests, from all of its processes, up to its last."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.deadline import until
from tests.support.http_client import ADMIN
from tests.support.servers import Server, observed_server
from tests.unit.logs.test_processors import HARMFUL

READY = ("--database", "sqlite:///ledger.db", "--log-access", "--log-level", "debug")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with observed_server(tmp_path_factory.mktemp("logs"), *READY, "--workers", "2") as server:
        yield server


def test_a_line_for_each_request(server: Server) -> None:
    reply = server.ask("GET", "/traits?name=startswith:HW_", headers=ADMIN)
    line = server.line(request=reply.headers["x-openstack-request-id"])
    timestamp, seconds = line.pop("timestamp"), line.pop("seconds")
    assert timestamp.endswith("Z")
    assert 0 < seconds < 60
    assert line == {
        "level": "info",
        "event": "request",
        "logger": "berth.access",
        "method": "GET",
        "path": "/traits",
        "status": 200,
        "bytes": len(reply.content),
        "api": "placement",
        "operation": "traits.list",
        "caller": "admin",
        "address": "127.0.0.1",
        "request": reply.headers["x-openstack-request-id"],
    }


@pytest.mark.parametrize(
    ("method", "path", "headers", "fields"),
    [
        ("GET", "/v1/providers", ADMIN, {"api": "v1", "operation": "providers.list", "status": 200}),
        ("GET", "/healthz", {}, {"api": "healthz", "operation": "healthz", "status": 200, "caller": ""}),
        ("GET", "/readyz", {}, {"api": "readyz", "operation": "readyz", "status": 200}),
        ("GET", "/metrics", ADMIN, {"api": "metrics", "operation": "metrics.show", "status": 200}),
        ("GET", "/traits", {}, {"status": 401, "caller": ""}),
        ("GET", "/nowhere", ADMIN, {"status": 404, "operation": ""}),
        ("POST", "/traits", ADMIN, {"status": 405}),
        ("MAKEUP", "/traits", ADMIN, {"status": 405, "method": "MAKEUP"}),
    ],
)
def test_of_every_face_and_refusal(
    server: Server, method: str, path: str, headers: dict[str, str], fields: dict[str, object]
) -> None:
    reply = server.ask(method, path, headers=headers)
    line = server.line(event="request", request=reply.headers["x-openstack-request-id"])
    assert {name: line[name] for name in fields} == fields


def test_a_commit_names_its_requests(server: Server) -> None:
    reply = server.ask("POST", "/resource_providers", headers=ADMIN, json={"name": uuid4().hex})
    request = reply.headers["x-openstack-request-id"]
    assert server.line(event="committed", request=request)["commands"] == 1
    refused = server.ask("PUT", "/traits/NO_SUCH", headers=ADMIN)
    assert refused.status_code == 400
    again = server.ask("POST", "/resource_providers", headers=ADMIN, json={"name": reply.json()["name"]})
    assert again.status_code == 409
    line = server.line(level="debug", request=again.headers["x-openstack-request-id"], kind="ProviderExists")
    assert line["event"].startswith("a command was refused: ")


@pytest.mark.parametrize("text", ["%0a%0d", "%1b%5b31m", "%e2%80%a8", "%e2%80%ae", "%c2%9b", "%22%7d%0a%7b"])
def test_nobody_forges_a_line(server: Server, text: str) -> None:
    mark = uuid4().hex
    reply = server.ask("GET", f"/resource_providers/{mark}{text}FORGED", headers=ADMIN)
    line = server.line(event="request", request=reply.headers["x-openstack-request-id"])
    assert mark in line["path"]
    assert "FORGED" in line["path"]
    said = server.output
    assert all(HARMFUL.search(each) is None for each in said.split("\n"))
    assert len(said.splitlines()) == said.count("\n")


def test_lines_of_both_workers_up_to_the_last(tmp_path: Path) -> None:
    with observed_server(tmp_path, *READY, "--workers", "2") as server:
        first, _ = server.workers()
        ids = [server.ask("GET", "/traits", headers=ADMIN).headers["x-openstack-request-id"] for _ in range(30)]
        assert server.stop() == 0
        told = [each["request"] for each in server.lines() if each.get("path") == "/traits"]
        assert sorted(told) == sorted(ids)
        assert first


def test_a_worker_that_was_killed(tmp_path: Path) -> None:
    with observed_server(tmp_path, "--database", "sqlite:///ledger.db") as server:
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        assert server.line(level="error")["event"] == f"worker 1 (process {worker}) ended unexpectedly, by signal 9"
        until(lambda: bool(server.workers()) and worker not in server.workers(), "no other worker has begun")


FAILING = """
from berth.ledger import Ledger
from berth.cli import main

def fail(self):
    raise ValueError("an error of mine\\n{\\"level\\": \\"forged\\"} \\x1b[31m")

Ledger.classes = fail
main()
"""


def test_what_fails_names_its_request(tmp_path: Path) -> None:
    with observed_server(
        tmp_path, "--database", "sqlite:///ledger.db", command=(sys.executable, "-c", FAILING)
    ) as server:
        reply = server.ask("GET", "/resource_classes", headers=ADMIN)
        assert reply.status_code == 500
        assert "an error of mine" not in reply.text
        line = server.line(level="error", request=reply.headers["x-openstack-request-id"])
        assert line["event"] == "GET /resource_classes failed"
        assert 'ValueError: an error of mine\n{"level": "forged"} \\x1b[31m' in line["exception"]


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--log-access", "--log-level", "warning"], 0),
        (["--no-log-access"], 0),
        ([], 0),
        (["--log-access"], 1),
    ],
)
def test_whether_there_is_a_line(tmp_path: Path, options: list[str], lines: int) -> None:
    with observed_server(tmp_path, "--database", "sqlite:///ledger.db", *options) as server:
        server.ask("GET", "/traits", headers=ADMIN)
        server.stop()
        assert [each["path"] for each in server.lines() if "path" in each].count("/traits") == lines


def test_for_people(tmp_path: Path) -> None:
    with observed_server(tmp_path, *READY, "--log-format", "console") as server:
        reply = server.ask("GET", "/traits", headers=ADMIN)
        server.stop()
        (line,) = (each for each in server.output.splitlines() if reply.headers["x-openstack-request-id"] in each)
        assert "[info] request [berth.access] method=GET path=/traits status=200 seconds=" in line
        with pytest.raises(json.JSONDecodeError):
            json.loads(line)
