"""Every metric and label in the dashboard, the alerts and the documents is in a real scrape."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.support.document_blocks import ROOT
from tests.support.http_client import HttpClient
from tests.support.servers import configured_server

DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/berth.json").read_text())
ALERTS_FILE = ROOT / "deploy/prometheus/alerts.yaml"
ALERTS: dict[str, Any] = yaml.safe_load(ALERTS_FILE.read_text())
PAGE = ROOT / "docs/operations.md"

PROMETHEUS_OWN = {"up"}
ADDED = {"instance", "job"}
"""Labels that Prometheus adds to what it scrapes."""

METRIC = re.compile(r"\b((?:berth|process)_[a-z_]+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on|without) ?\(([^)]*)\)")

Scrape = dict[str, set[str]]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrape]:
    """Return the names of every sample of a used server, each with the names of its labels."""
    with configured_server(tmp_path_factory.mktemp("scrape"), "workers = 2\nmetrics_projects = 3\n") as port:
        ask = HttpClient(port)
        host = ask.host({"VCPU": 8})
        assert (ask.claim(host, {"VCPU": 3}), ask.claim(host, {"VCPU": 30})) == (204, 409)
        assert ask("DELETE", f"/resource_providers/{uuid4()}").status_code == 404
        assert ask("GET", "/traits", {}).status_code == 401
        found: Scrape = {}
        for family in text_string_to_metric_families(ask("GET", "/metrics").text):
            for name in _samples(family.name, family.type):
                found.setdefault(name, set())
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
        yield found


def _samples(name: str, kind: str) -> list[str]:
    """Yield the names of a family's samples, also of one that has no sample yet."""
    return {"counter": [f"{name}_total"], "histogram": [f"{name}{end}" for end in ("_bucket", "_sum", "_count")]}.get(
        kind, [name]
    )


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel["targets"]]


def rules() -> list[dict[str, Any]]:
    return [rule for group in ALERTS["groups"] for rule in group["rules"]]


def check(expression: str, scraped: Scrape) -> None:
    """Check that every metric of an expression is scraped, and has every label in the expression."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    found = METRIC.findall(bare)
    assert found or PROMETHEUS_OWN & set(re.findall(r"\w+", bare)), expression
    labels: set[str] = set()
    for name, selectors in found:
        assert name in scraped, f"{name} is not in /metrics"
        mine = scraped[name] | ADDED
        labels |= mine
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selectors):
            assert label in mine, f"{name} has no label {label}"
    grouped = {label.strip() for group in GROUPED.findall(bare) for label in group.split(",")}
    assert grouped <= labels | {"le"}, f"{grouped - labels} in {expression}"


@pytest.mark.parametrize("query", queries())
def test_queries_of_the_dashboard(query: str, scraped: Scrape) -> None:
    check(query, scraped)


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_alerts(rule: dict[str, Any], scraped: Scrape) -> None:
    check(rule["expr"], scraped)
    assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}


@pytest.mark.parametrize(
    "query", ["berth_nothing > 0", 'berth_providers{colour="red"}', "sum by (colour) (berth_providers)", "1 + 1"]
)
def test_a_wrong_query_is_noticed(query: str, scraped: Scrape) -> None:
    with pytest.raises(AssertionError):
        check(query, scraped)


def test_prometheus_itself_takes_the_alerts() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("there is no promtool here")
    done = subprocess.run([promtool, "check", "rules", str(ALERTS_FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_s_form() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    variables = {each["name"] for each in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource", "instance", "job", "resource_class"}
    text = json.dumps(DASHBOARD["panels"])
    used = set(re.findall(r"\$\{?([a-z_]+)\}?", text)) - {"__rate_interval"}
    assert used == variables
    for panel in panels():
        assert panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert [target["refId"] for target in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]


def test_no_panel_lies_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        mine = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not mine & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= mine


def documented() -> dict[str, set[str]]:
    """Return each metric of the page's table, with its labels."""
    rows = re.findall(r"^\| `((?:berth|process)_[a-z_]+)` \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    return {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}


def test_every_metric_is_documented_with_its_labels_and_no_other(scraped: Scrape) -> None:
    here = {
        re.sub(r"_(bucket|sum|count)$", "", name): labels - {"le"}
        for name, labels in scraped.items()
        if not name.endswith("_created")
    }
    assert documented() == here
