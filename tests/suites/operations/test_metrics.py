"""/metrics: what is counted, over all workers and beyond the end of any; who may see it; bounded labels."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from berth.api.ops.fleet_metrics import MOST_CUSTOM, REST, bounded
from berth.api.ops.process_metrics import WorkerCounts, workers
from berth.model.overview import ClassOverview
from tests.support.deadline import until
from tests.support.http_client import HttpClient
from tests.support.servers import configured_server
from tests.support.threads import in_threads


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metrics")


@pytest.fixture(scope="module")
def ask(folder: Path) -> Iterator[HttpClient]:
    """A server of two workers that leaves its temporary files where they can be seen."""
    (folder / "temporary").mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(folder / "temporary"))
        with configured_server(folder, "workers = 2\nmetrics_projects = 5\n") as port:
            ask = HttpClient(port)
            until(lambda: ask.number("berth_workers") == 2, "the second worker does not begin")
            yield ask
    assert list((folder / "temporary").iterdir()) == []


def test_two_workers_may_forget_the_same_dead_one_at_once(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for _ in range(200):
        for mode in ("liveall", "livemin", "livesum"):
            (tmp_path / f"gauge_{mode}_{child.pid}.db").touch()
        assert in_threads(4, lambda: workers(tmp_path)) == [[]] * 4


def test_a_worker_that_was_killed_before_it_counted_anything_spoils_no_metrics(tmp_path: Path) -> None:
    (tmp_path / "counter_1.db").touch()
    (tmp_path / "histogram_1.db").touch()
    assert list(WorkerCounts(str(tmp_path)).collect()) == []


def test_requests_of_all_workers_are_counted(ask: HttpClient) -> None:
    labels = {"api": "placement", "method": "GET", "operation": "traits.list", "status": "2xx"}
    before = ask.number("berth_requests_total", **labels)
    for _ in range(20):
        assert ask("GET", "/traits").status_code == 200
    assert ask.number("berth_requests_total", **labels) == before + 20
    assert ask.number("berth_request_seconds_count", operation="traits.list") >= 20
    assert ask.number("berth_workers") == 2


def test_the_fleet_and_its_commits(ask: HttpClient) -> None:
    before = {name: ask.number(name) for name in ("berth_providers", "berth_head", "berth_commit_seconds_count")}
    host = ask.host({"VCPU": 8})
    assert ask.claim(host, {"VCPU": 3}) == 204
    assert ask.number("berth_providers") == before["berth_providers"] + 1
    assert ask.number("berth_head") == before["berth_head"] + 3
    assert ask.number("berth_commit_seconds_count") == before["berth_commit_seconds_count"] + 3
    assert ask.number("berth_used", resource_class="VCPU") == 3
    assert ask.number("berth_project_used", project="p", resource_class="VCPU") == 3
    assert ask.number("berth_capacity", resource_class="VCPU") == 8
    assert ask.number("berth_database_up") == 1


def test_holds_and_what_berth_ended(ask: HttpClient) -> None:
    """Through whichever worker: each counts what it has committed."""
    names = ("berth_confirmed_holds_total", "berth_extended_holds_total", "berth_pending_claims", "berth_ending_claims")
    assert [ask.number(name) for name in names] == [0] * 4
    host, kept, given = ask.host({"VCPU": 8}), str(uuid4()), str(uuid4())
    for consumer, seconds in ((kept, 600), (given, 600), (str(uuid4()), 1)):
        term = {"confirm_within": seconds, "lasts": 600}
        claim = {"consumer": consumer, "allocations": {host: {"VCPU": 1}}, "project": "p", "user": "u", "term": term}
        assert ask("POST", "/v1/commands/SetAllocations", json={"claims": [claim]}).status_code == 200
    assert ask.number("berth_pending_claims") == 3
    for body in ({"consumer": kept, "seconds": 900}, {"consumer": given, "seconds": 900}):
        assert ask("POST", "/v1/commands/Extend", json=body).status_code == 200
    assert ask("POST", "/v1/commands/Confirm", json={"consumer": kept}).status_code == 200
    assert ask("POST", "/v1/commands/Confirm", json={"consumer": kept}).status_code == 200  # changes nothing
    assert ask("PUT", f"/allocations/{given}", json=_placement_claim(host)).status_code == 204
    until(lambda: ask.number("berth_ended_claims_total", why="lapsed") == 1, "the hold does not lapse")
    assert [ask.number(name) for name in names] == [2, 2, 0, 1]
    assert ask.number("berth_ended_claims_total", why="ended") == 0


def _placement_claim(host: str) -> dict[str, Any]:
    """Return what a client of Placement writes, which knows nothing of holds."""
    allocations = {host: {"resources": {"VCPU": 1}}}
    return {
        "allocations": allocations,
        "project_id": "p",
        "user_id": "u",
        "consumer_generation": 2,
        "consumer_type": "VM",
    }


def test_leases_by_state_and_the_clock(ask: HttpClient) -> None:
    assert ask.number("berth_leases", state="live") == 0
    granted = ask("POST", "/v1/leases", json={"name": "node-1", "project": "p", "ttl": 60})
    assert granted.status_code == 201
    assert [ask.number("berth_leases", state=state) for state in ("live", "overdue", "ended")] == [1, 0, 0]
    assert ask.number("berth_clock_skew_seconds") == 0  # a file has no clock of its own


def test_versions_and_histories(ask: HttpClient) -> None:
    ask.host({"VCPU": 8})
    names = ("berth_fleet_versions_read", "berth_fleet_versions_bytes", "berth_history_forks_total")
    assert [ask.number(name) for name in names] == [0, 0, 0]


def test_conflicts_and_refusals_by_kind(ask: HttpClient) -> None:
    host = ask.host({"VCPU": 1})
    assert ask.claim(host, {"VCPU": 2}) == 409
    assert ask("GET", "/resource_providers", {}).status_code == 401
    assert ask("PUT", "/nothing/there").status_code == 404
    assert ask.number("berth_conflicts_total", kind="capacity-exceeded") == 1
    assert ask.number("berth_refusals_total", kind="unauthenticated") >= 1
    assert ask.number("berth_requests_total", operation="none", status="4xx") >= 1


def test_labels_hold_nothing_that_a_client_has_sent(ask: HttpClient) -> None:
    for path in ("/mark-of-a-client", "/v1/mark-of-a-client", "/metrics/mark-of-a-client"):
        ask("GET", path, {"x-auth-token": "mark-of-a-client"})
        ask("MARK", path)
    text = ask("GET", "/metrics").text
    assert "mark-of-a-client" not in text
    assert "MARK" not in text
    assert ask.number("berth_requests_total", method="other") == 3


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/metrics", {}, 401),
        ("GET", "/metrics", {"x-auth-token": "reader", "x-roles": "reader"}, 403),
        ("GET", "/metrics", {"x-auth-token": "s", "x-roles": "service"}, 200),
        ("HEAD", "/metrics", {"x-auth-token": "admin"}, 200),
        ("POST", "/metrics", {"x-auth-token": "admin"}, 405),
        ("GET", "/metrics/", {"x-auth-token": "admin"}, 404),
    ],
)
def test_who_may_see_it(ask: HttpClient, method: str, path: str, headers: dict[str, str], status: int) -> None:
    told = ask(method, path, headers)
    assert told.status_code == status
    assert told.headers["content-type"].startswith("text/plain")
    assert bool(told.text) == (method != "HEAD")
    assert "x-openstack-request-id" in told.headers


def test_counts_outlive_a_worker(ask: HttpClient, folder: Path) -> None:
    ask("GET", "/resource_classes")
    before = ask.number("berth_requests_total", operation="classes.list")
    (metrics,) = (folder / "temporary").iterdir()
    first = {int(each.stem.rpartition("_")[2]) for each in metrics.glob("counter_*.db")}
    os.kill(min(first), signal.SIGKILL)

    def replaced() -> bool:
        try:
            return ask.number("berth_workers") == 2 and len(list(metrics.glob("counter_*.db"))) > len(first)
        except httpx.TransportError:
            return False

    until(replaced, "no other worker has begun")
    assert ask.number("berth_requests_total", operation="classes.list") == before
    assert not list(metrics.glob(f"gauge_live*_{min(first)}.db"))


def test_for_everybody_where_that_is_set(tmp_path: Path) -> None:
    with configured_server(tmp_path, "metrics_public = true\n") as port:
        assert HttpClient(port)("GET", "/metrics", {}).status_code == 200
        assert HttpClient(port)("GET", "/resource_providers", {}).status_code == 401


def overview(name: str, number: int) -> ClassOverview:
    return ClassOverview(name, 1, number, 1, number, 2, largest_free=number)


def test_custom_classes_beyond_so_many_are_one() -> None:
    standard = [overview("VCPU", 1), overview("MEMORY_MB", 2)]
    custom = [overview(f"CUSTOM_{number}", number) for number in range(MOST_CUSTOM + 10)]
    assert bounded([*standard, *custom[:MOST_CUSTOM]]) == [*standard, *custom[:MOST_CUSTOM]]
    told = bounded([*custom, *standard])
    assert told[:-1] == [*standard, *custom[:MOST_CUSTOM]]
    rest = range(MOST_CUSTOM, MOST_CUSTOM + 10)
    assert (told[-1].name, told[-1].capacity, told[-1].used) == (REST, sum(rest), 20)
