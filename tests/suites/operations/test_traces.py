"""Traces: what a real collector is sent by a real server of two workers, and that nothing depends on it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from berth.api.http.messages import Request
from berth.api.http.observer import Answered
from berth.api.ops import traces as tracing
from berth.api.ops.traces import traces_to, traces_url
from tests.suites.operations.collector import Collector, Sent, collecting
from tests.support.deadline import until
from tests.support.http_client import ADMIN
from tests.support.ports import free_port
from tests.support.servers import Server, observed_server

WORDS = (sys.executable, "-m", "berth")
"""The Berth of these tests' own environment, which has what traces need."""

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SERVER, INTERNAL = 2, 1
UNSET, ERROR = 0, 2


@dataclass(frozen=True, slots=True)
class Played:
    """What was sent to a collector for these requests, by what was asked."""

    collector: Collector
    ids: dict[str, str]
    log: list[dict[str, Any]]

    def __getitem__(self, asked: str) -> Sent:
        return self.collector.about(self.ids[asked])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """One play for all tests here: some requests, then SIGTERM, which has the last spans sent."""
    folder = tmp_path_factory.mktemp("traces")
    with (
        collecting() as collector,
        observed_server(
            folder,
            *_options(collector.url),
            "--log-access",
            "--workers",
            "2",
            command=WORDS,
            environment={"OTEL_BSP_SCHEDULE_DELAY": "100"},  # ms between two batches of spans
        ) as server,
    ):
        _asked_of_both(server, collector)  # a worker that begins after a write has it already
        ids = {name: _asked(server, *words) for name, words in _asks(uuid4().hex).items()}
        _asked_of_both(server, collector)
        assert server.stop() == 0
        yield Played(collector, ids, server.lines())


def _options(url: str) -> tuple[str, ...]:
    return ("--database", "sqlite:///ledger.db", "--otel-endpoint", url, "--set", "otel.service_name=ledger")


def _asks(name: str) -> dict[str, tuple[Any, ...]]:
    parent = {**ADMIN, "traceparent": f"00-{TRACE}-{PARENT}-01"}
    return {
        # Before the write: what is done for it, such as catching up, is not told either.
        "unsampled": ("GET", "/traits", {**ADMIN, "traceparent": f"00-{TRACE}-{PARENT}-00"}, None),
        "traits": ("GET", "/traits?name=in:HW_HIDDEN", parent, None),
        "write": ("POST", "/resource_providers", ADMIN, {"name": name}),
        "find": ("GET", "/allocation_candidates?resources=VCPU:1", ADMIN, None),
        "v1": ("GET", "/v1/providers", ADMIN, None),
        "nowhere": ("GET", "/nowhere", ADMIN, None),
        "made up": ("MAKEUP", "/traits", ADMIN, None),
        "who": ("GET", "/traits", {}, None),
        "broken parent": ("GET", "/healthz", {"traceparent": "00-xyz"}, None),
    }


def _asked(server: Server, method: str, path: str, headers: dict[str, str], body: Any) -> str:
    return server.ask(method, path, headers=headers, json=body).headers["x-openstack-request-id"]


def _asked_of_both(server: Server, collector: Collector) -> None:
    """Ask until both workers have answered: after a write, one of them has to catch up for it."""
    began_ns = time.time_ns()

    def asked() -> bool:
        # At once: of requests one after another, the system may give all to the worker that is awake already.
        list(pool.map(lambda _: _asked(server, "GET", "/traits", ADMIN, None), range(8)))
        spans = [each for each in list(collector.spans) if each.kind == SERVER and each.began_ns > began_ns]
        return len({each.process for each in spans}) == 2

    with ThreadPoolExecutor(8) as pool:
        until(asked, "one of the two workers is given no request")


def test_a_request_as_the_conventions_have_it(played: Played) -> None:
    span = played["traits"]
    port = span.facts.pop("server.port")
    agent = span.facts.pop("user_agent.original")
    size = span.facts.pop("http.response.body.size")
    assert (span.name, span.kind, span.status) == ("GET /traits", SERVER, UNSET)
    assert 0 < span.ended_ns - span.began_ns < 60e9
    assert (port > 0, size > 0, "httpx" in agent) == (True, True, True)
    assert span.facts == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/traits",
        "url.path": "/traits",
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "client.address": "127.0.0.1",
        "berth.request_id": played.ids["traits"],
        "berth.operation": "traits.list",
        "berth.caller": "admin",
    }


def test_it_goes_on_with_the_caller_s_trace(played: Played) -> None:
    assert (played["traits"].trace, played["traits"].parent) == (TRACE, PARENT)
    assert played["v1"].parent == played["broken parent"].parent == ""


def test_a_caller_who_does_not_want_it_traced(played: Played) -> None:
    wanted = {each.facts.get("berth.request_id") for each in played.collector.spans}
    assert played.ids["unsampled"] not in wanted
    assert played.ids["traits"] in wanted


@pytest.mark.parametrize(
    ("asked", "name", "status", "route"),
    [
        ("write", "POST /resource_providers", 200, "/resource_providers"),
        ("find", "GET /allocation_candidates", 200, "/allocation_candidates"),
        ("v1", "GET /v1/providers", 200, "/v1/providers"),
        ("nowhere", "GET", 404, None),
        ("made up", "HTTP", 405, None),
        ("who", "GET", 401, None),
        ("broken parent", "GET /healthz", 200, "/healthz"),
    ],
)
def test_names_routes_and_statuses(played: Played, asked: str, name: str, status: int, route: str | None) -> None:
    span = played[asked]
    told = (span.name, span.facts["http.response.status_code"], span.facts.get("http.route"), span.status)
    assert told == (name, status, route, UNSET)
    method = span.facts["http.request.method"]
    assert method == ("_OTHER" if asked == "made up" else span.name.split()[0])
    assert span.facts.get("http.request.method_original") == ("MAKEUP" if asked == "made up" else None)


def test_what_was_done_for_it(played: Played) -> None:
    write, find = played["write"], played["find"]
    commit = played.collector.below(write)["commit"]
    assert (commit.kind, commit.trace, commit.links) == (INTERNAL, write.trace, (write.id,))
    assert commit.facts == {"berth.commands": 1}
    assert write.began_ns <= commit.began_ns <= commit.ended_ns <= write.ended_ns
    found = played.collector.below(find)["find"]
    assert find.began_ns <= found.began_ns <= found.ended_ns <= find.ended_ns


def test_catching_up_is_part_of_the_request_that_needed_it(played: Played) -> None:
    catching = [each for each in played.collector.spans if each.name == "catch up"]
    requests = {each.id for each in played.collector.spans if each.kind == SERVER}
    assert catching, "one of the two workers has not written"
    # What reads the ledger without a request, such as the anomaly scanner, has no trace.
    assert {each.parent for each in catching} - {""} <= requests
    assert all(each.facts["berth.changes"] > 0 for each in catching)


def test_who_sent_it(played: Played) -> None:
    assert played.collector.paths == {"/v1/traces"}
    assert {each["service.name"] for each in played.collector.resources} == {"ledger"}
    assert len({each["service.instance.id"] for each in played.collector.resources}) == 2


def test_nothing_of_the_query_is_in_it(played: Played) -> None:
    assert "HIDDEN" not in repr(played.collector.spans)


def test_log_lines_name_the_trace(played: Played) -> None:
    (line,) = (each for each in played.log if each.get("request") == played.ids["traits"])
    assert line["trace"] == TRACE


def _hanging() -> socket.socket:
    """A collector that takes connections and never answers."""
    return socket.create_server(("127.0.0.1", 0), backlog=50)


@pytest.mark.parametrize("hangs", [False, True])
def test_a_collector_that_is_away_does_no_harm(tmp_path: Path, hangs: bool) -> None:
    with _hanging() as deaf:
        port = deaf.getsockname()[1] if hangs else free_port()
        with observed_server(tmp_path, *_options(f"http://127.0.0.1:{port}"), command=WORDS) as server:
            with httpx.Client(headers=ADMIN, timeout=60) as client:
                for _ in range(600):  # more than one batch of spans
                    assert client.get(f"{server.url}/healthz").status_code == 200
            time.sleep(6)  # longer than the exporter's pause between two batches
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 20
            assert len(server.lines()) <= 6, server.output


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from berth.cli import main
main()
"""


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("http://127.0.0.1:4318", "otel.endpoint is set, but opentelemetry is not installed: install what requirements/otel.txt"),
        ("127.0.0.1:4318", "otel.endpoint is an address such as http://collector.example.com:4318"),
        ("grpc://127.0.0.1:4317", "otel.endpoint is an address such as http://collector.example.com:4318"),
    ],
)
def test_what_cannot_be(tmp_path: Path, endpoint: str, why: str) -> None:
    words = [sys.executable, "-c", WITHOUT, "serve", "--otel-endpoint", endpoint, "--port", str(free_port())]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith(f"berth: {why}")
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_it_is_loaded_where_it_is_off() -> None:
    code = "import sys, berth.serve; sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=120, check=False).returncode == 0


def test_a_failure_is_an_error() -> None:
    kept = InMemorySpanExporter()
    traces = traces_to(kept, "berth")
    request = Request("GET", "/traits", "", {"host": "[::1]:8778"})
    traces.began(request)
    traces.answered(request, Answered("placement", 500, 0, 0.1))
    traces.end()
    (span,) = kept.get_finished_spans()
    assert span.attributes is not None
    assert (span.status.status_code.name, span.attributes["error.type"]) == ("ERROR", "500")
    assert (span.attributes["server.address"], span.attributes["server.port"]) == ("::1", 8778)


def test_requests_that_are_never_answered_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "MOST_OPEN", 3)
    traces = traces_to(InMemorySpanExporter(), "berth")
    for _ in range(10):
        traces.began(Request("GET", "/traits", "", {}))
    assert len(traces._open) == 3
    traces.end()


def test_one_commit_for_several_requests() -> None:
    kept = InMemorySpanExporter()
    traces = traces_to(kept, "berth")
    requests = [Request("PUT", "/traits/CUSTOM_A", "", {}) for _ in range(3)]
    for each in requests:
        traces.began(each)
    traces.committed([each.id for each in requests], 1, 2)
    for each in requests:
        traces.answered(each, Answered("placement", 201, 0, 0.1))
    traces.end()
    commit, *spans = kept.get_finished_spans()
    assert commit.parent is not None
    assert commit.parent.span_id == spans[0].context.span_id
    assert [link.context.span_id for link in commit.links] == [each.context.span_id for each in spans]


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("https://c/otlp/v1/traces", "https://c/otlp/v1/traces"),
    ],
)
def test_where_they_are_sent(endpoint: str, url: str) -> None:
    assert traces_url(endpoint) == url
