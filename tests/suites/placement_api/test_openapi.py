"""The document of each version: that it is one, that it is whole, and that the server keeps to it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from berth.api.placement import error_codes
from berth.api.placement.responses import PARTS, REPLIES
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.versions import CHANGES
from tests.suites.placement_api.conftest import ON_ONE_DATABASE, Live
from tests.suites.placement_api.documents import Document, documented
from tests.support.cases.placement_calls import LINES, Line
from tests.support.cases.placement_world import NEWEST, World, fill
from tests.support.databases import chosen_kinds, is_long
from tests.support.raw_http import RawReply

VERSIONS = range(NEWEST + 1)
ROWS = {f"{operation.method} {operation.path}" for operation in OPERATIONS}
SOME_VERSIONS = (0, 8, 13, 28, NEWEST)
"""The first and the newest, and those in between that gave claims another form."""

UNSHOWN = {503}
"""Statuses that take a database that is away to see."""


def test_every_row_of_the_route_table_is_in_some_version() -> None:
    assert {name for minor in VERSIONS for name in documented(minor).operations} == ROWS
    names = {each["operationId"] for minor in VERSIONS for each in documented(minor).operations.values()}
    assert names == {operation.name for operation in OPERATIONS} == set(REPLIES)


@pytest.mark.parametrize("minor", VERSIONS)
def test_every_part_is_used_and_every_part_that_is_used_is_there(minor: int) -> None:
    text = str(documented(minor).value)
    assert {name for name in PARTS if f"schemas/{name}'" in text} == set(PARTS) - _too_new(minor)


def _too_new(minor: int) -> set[str]:
    """Parts of operations that a version does not have."""
    since = {
        "ProviderAggregates": 1,
        "ResourceClass": 2,
        "ResourceClasses": 2,
        "ProviderTraits": 6,
        "Traits": 6,
        "ProjectUsages": 9,
        **dict.fromkeys(("Candidates", "AllocationRequest", "ProviderSummary"), 10),
    }
    return {name for name, first in since.items() if minor < first}


def test_what_a_version_changes_is_there_to_be_changed() -> None:
    for change in CHANGES:
        assert set(change.parts) <= set(PARTS), change.title
        assert set(change.replies) <= set(REPLIES), change.title


def test_every_error_code_is_in_it() -> None:
    named = {value for name, value in vars(error_codes).items() if name.isupper()}
    assert set(documented(NEWEST).value["components"]["schemas"]["Refusal"]["properties"]["code"]["enum"]) == named


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("query", "version"), [("", "1.39"), ("?version=1.0", "1.0"), ("?version=1.10", "1.10"), ("?version=1.39", "1.39")]
)
def test_it_is_served_without_a_token(query: str, version: str, live: Live) -> None:
    got = live.wire.ask("GET", f"/openapi.json{query}")
    assert (got.status, got.json()["info"]["version"]) == (200, version)


@ON_ONE_DATABASE
@pytest.mark.parametrize("version", ["1.40", "2.0", "1", "", "latest", "1.01", "1.1%0A", "%EF%BC%91.1", "x"])
def test_a_version_that_is_none(version: str, live: Live) -> None:
    got = live.wire.ask("GET", f"/openapi.json?version={version}")
    assert got.status == 400
    assert got.why.startswith("There is no version ")
    assert got.why.endswith("of the Placement API: ask for one from 1.0 to 1.39.")


@ON_ONE_DATABASE
def test_a_parameter_that_is_none(live: Live) -> None:
    got = live.wire.ask("GET", "/openapi.json?version=1.1&format=yaml")
    assert (got.status, "'format' was unexpected" in got.why) == (400, True)


class Shown:
    """What the server has shown of one version, held against its document."""

    def __init__(self, world: World) -> None:
        self.world, self.document = world, documented(world.minor)
        self.statuses: dict[str, set[int]] = defaultdict(set)
        self.faults: list[str] = []

    def take(self, operation: str, got: RawReply, status: int, about: str) -> None:
        if got.status != status:
            self.faults.append(f"{about}: {got.status} instead of {status}: {got.body[:300]!r}")
        self.faults += [f"{about}: {fault}" for fault in self.document.faults(operation, got)]
        self.statuses[operation].add(got.status)

    def line(self, line: Line) -> None:
        body = line.body(self.world) if callable(line.body) else line.body
        method = line.operation.partition(" ")[0]
        got = self.world.ask(method, line.path, body)
        self.take(line.operation, got, line.status, f"{method} {line.path}")
        if line.path.startswith("/allocation_candidates?") and "FPGA" not in line.path:
            assert got.json()["allocation_requests"], f"{line.path} shows nothing of what a candidate looks like"

    def refusals(self, operation: str) -> None:
        """What any operation refuses, whatever it is about."""
        method, _, path = operation.partition(" ")
        path = "/".join("CUSTOM_X" if segment.startswith("{") else segment for segment in path.split("/"))
        public = "security" in self.document.operations[operation]
        json = [("content-type", "application/json")]
        for status, headers, applies in (
            (400, [("openstack-api-version", "placement nonsense")], True),
            (406, [("openstack-api-version", "placement 1.99")], True),
            (401, [("x-auth-token", "-")], not public),
            (403, [("x-roles", ""), *json], not public),
            (415, [("content-type", "text/plain"), ("content-length", "0")], _takes_json(self.document, operation)),
            (413, [*json, ("content-length", "99999999")], _takes_json(self.document, operation)),
        ):
            if applies:
                self.take(
                    operation, self.world.ask(method, path, headers=headers), status, f"{method} {path} {headers}"
                )
        if "{" in operation:
            got = self.world.ask(method, path.replace("CUSTOM_X", "%ff"), headers=json)
            self.take(operation, got, 404, f"{method} {path} with %ff")


def _takes_json(document: Document, operation: str) -> bool:
    return "requestBody" in document.operations[operation]


def _show_everything(minor: int, live: Live) -> None:
    shown = Shown(World(live.wire, minor))
    fill(shown.world)
    for line in LINES:
        if line.since <= minor <= line.until:
            shown.line(line)
    for operation in shown.document.operations:
        shown.refusals(operation)
    assert "\n".join(shown.faults) == ""
    said = {name: shown.document.statuses(name) - UNSHOWN for name in shown.document.operations}
    assert shown.statuses == said


@ON_ONE_DATABASE
@pytest.mark.parametrize("minor", VERSIONS)
def test_the_server_answers_as_documented_and_with_everything_that_is_documented(minor: int, live: Live) -> None:
    _show_everything(minor, live)


@pytest.mark.parametrize("database_kind", [] if is_long() else chosen_kinds()[1:], indirect=True, scope="module")
@pytest.mark.parametrize("minor", SOME_VERSIONS)
def test_the_server_answers_as_documented_on_other_databases(minor: int, live: Live) -> None:
    _show_everything(minor, live)


@pytest.mark.parametrize("accept", ["text/plain", "text/html"])
def test_refusals_in_other_forms_are_documented(accept: str, live: Live) -> None:
    got = World(live.wire, NEWEST).ask("DELETE", "/resource_providers/{nobody}", headers=[("accept", accept)])
    assert (got.status, got.header("content-type")) == (404, f"{accept}; charset=UTF-8")
    assert documented(NEWEST).faults("DELETE /resource_providers/{uuid}", got) == []


@ON_ONE_DATABASE
@pytest.mark.parametrize("minor", VERSIONS)
def test_what_is_not_documented_is_not_there(minor: int, live: Live) -> None:
    world = World(live.wire, minor)
    for operation in sorted(ROWS - set(documented(minor).operations)):
        method, _, path = operation.partition(" ")
        got = world.ask(method, "/".join("{x}" if each.startswith("{") else each for each in path.split("/")), {})
        assert got.status in (404, 405), operation
        assert "not be found" in got.why or "not allowed" in got.why
