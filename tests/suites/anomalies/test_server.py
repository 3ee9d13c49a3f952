"""Unusual activity as operators see it: over HTTP, in metrics, on the command line, with several workers."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from berth.api.ops import anomaly_scanner
from berth.api.ops.anomaly_scanner import NOTHING_YET, AnomalyScanner
from berth.ledger import open_ledger
from berth.ledger.audit import anomalies
from berth.model.errors import Unavailable
from tests.support.commands import berth_command, output_of_berth
from tests.support.deadline import until
from tests.support.servers import configured_server

SETTINGS = """
auth = ["token"]
workers = 2
[limits]
refusal_records = 0
"""
"""Each refusal has a record of its own, so that the findings can count them."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("anomalies")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with configured_server(folder, SETTINGS) as port:
        yield port


@pytest.fixture(scope="module")
def tokens(folder: Path, port: int) -> dict[str, str]:
    made = {
        name: output_of_berth(folder, "token", "create", "--name", name, "--role", role)
        for name, role in (("boss", "admin"), ("nova", "service"), ("old", "service"))
    }
    output_of_berth(folder, "token", "revoke", "old")
    return made


def run(folder: Path, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
    env = {"BERTH_TOKEN": token, "PATH": "/usr/bin:/bin", "COLUMNS": "400"}
    return subprocess.run([*berth_command(), *words], cwd=folder, capture_output=True, text=True, check=False, env=env)


def test_what_a_server_is_told_of_and_tells(folder: Path, port: int, tokens: dict[str, str]) -> None:
    url = f"http://127.0.0.1:{port}"

    def get(path: str, name: str = "boss") -> httpx.Response:
        return httpx.get(url + path, headers={"x-auth-token": tokens[name]}, timeout=60)

    assert get("/v1/audit/anomalies", "nova").status_code == 403
    assert get("/v1/me", "old").status_code == 401
    for _ in range(30):
        assert get("/v1/audit", "nova").status_code == 403
    # Not only until there are two: in the middle of the refusals there are fewer findings.
    until(lambda: sorted(each["count"] for each in get("/v1/audit/anomalies").json()["items"]) == [1, 31])
    answers = {get("/v1/audit/anomalies").text for _ in range(20)}
    assert len(answers) == 1, "whichever worker answers"
    ended, burst = get("/v1/audit/anomalies").json()["items"]
    if ended["kind"] == "refusals":
        ended, burst = burst, ended
    assert (ended["kind"], ended["actor"], ended["count"]) == ("ended-token", "old", 1)
    assert (burst["kind"], burst["actor"], burst["count"]) == ("refusals", "nova", 31)
    record = get(f"/v1/audit?after={ended['records'][0] + 1}&limit=1").json()["items"][0]
    assert (record["actor"], record["why"]) == ("old", "The token was revoked.")
    assert get(f"/v1/audit/anomalies?since={burst['last_at'] + 1}").json()["items"] == []
    until(lambda: 'berth_anomalies{kind="refusals"} 1.0' in get("/metrics").text)
    metrics = get("/metrics").text
    assert 'berth_anomalies{kind="ended-token"} 1.0' in metrics
    assert 'berth_anomalies{kind="mass-release"} 0.0' in metrics
    examined = re.search(r"^berth_anomalies_record (\S+)$", metrics, re.MULTILINE)
    assert examined is not None
    assert float(examined[1]) >= burst["records"][0]


@pytest.mark.parametrize("there", [False, True])
def test_the_command(folder: Path, port: int, tokens: dict[str, str], there: bool) -> None:
    where = ("--url", f"http://127.0.0.1:{port}") if there else ("--database", f"sqlite:///{folder}/ledger.db")
    # A server scans its log in the background, and says how far it has come.
    until(lambda: run(folder, "audit", "anomalies", *where, token=tokens["boss"]).returncode == 1, "nothing is found")
    said = run(folder, "audit", "anomalies", *where, token=tokens["boss"])
    assert "nova (token) was refused 31 times within 10 minutes" in said.stdout
    assert "the token of old was used from 127.0.0.1, but is not valid: the token was revoked" in said.stdout
    found = json.loads(run(folder, "audit", "anomalies", "--json", *where, token=tokens["boss"]).stdout)
    assert {each["kind"] for each in found["items"]} == {"ended-token", "refusals"}
    table = run(folder, "audit", "anomalies", "--csv", *where, token=tokens["boss"]).stdout
    assert table.splitlines()[0] == "kind,from (utc),to (utc),records,why"
    later = run(folder, "audit", "anomalies", "--since", "2099-01-01", *where, token=tokens["boss"])
    assert (later.returncode, later.stdout) == (0, "")
    assert "no unusual activity in records" in later.stderr
    assert run(folder, "audit", "anomalies", "--since", "soon", *where, token=tokens["boss"]).returncode == 2


def test_one_goes_on_where_another_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anomaly_scanner, "INTERVAL_S", 0.05)
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        first, second = AnomalyScanner(ledger, tmp_path), AnomalyScanner(ledger, tmp_path)
        assert first.anomalies() == NOTHING_YET
        first.start()
        until(lambda: second.anomalies().complete)
        seen = second.anomalies().last
        second.start()
        first.close()
        first._thread.join(10)
        ledger.create_trait("CUSTOM_A")
        until(lambda: first.anomalies().last > seen)
        second.close()
        second._thread.join(10)


def test_it_begins_again_in_time_and_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anomaly_scanner, "INTERVAL_S", 0.02)
    monkeypatch.setattr(anomaly_scanner, "RESTART_S", 0.1)
    begun, failures = [], [RuntimeError("broken"), Unavailable("away")]

    class Failing(anomalies.LogScanner):
        def __init__(self, *words: object) -> None:
            super().__init__(*words)  # type: ignore[arg-type]
            begun.append(self)

        def scan_page(self) -> bool:
            if failures:
                raise failures.pop()
            return super().scan_page()

    monkeypatch.setattr(anomalies, "LogScanner", Failing)
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        watch = AnomalyScanner(ledger, tmp_path)
        watch.start()
        until(lambda: len(begun) > 4 and watch.anomalies().complete)
        watch.close()
        watch._thread.join(10)
