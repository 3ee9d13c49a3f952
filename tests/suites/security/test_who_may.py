"""Every route, asked by everybody, in every way of being somebody: let in or refused as the policy's table says."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from berth.api.auth.policy import ANYONE, OF_A_PROJECT, POLICIES, PROJECT_ROLES
from berth.api.http.limits import Limiter
from berth.api.ops.metrics import MetricsRegistry
from berth.api.placement.routes import OPERATIONS
from berth.api.v1.feed import Feed
from berth.api.v1.routes import ROUTES
from berth.app import mounts_of
from berth.ledger import open_ledger
from berth.ledger.audit import chain
from berth.model.audit import AuditRecord
from berth.model.caller import MEMBER, OWNER
from berth.settings import Limits, Settings
from tests.suites.security.callers import PROJECTS, STANDS, Sent, Stand, Who, ledger_in
from tests.suites.security.kept_connections import Got
from tests.suites.security.paths import EVERYTHING, OTHERS, Asked

TABLE = POLICIES["default"].table()
WELL = {200, 201, 204, 400, 404, 409}
"""How it is answered to whoever is let in: what is asked for may not be there, and no body is what it should be."""


@pytest.fixture(scope="module", params=STANDS)
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with STANDS[request.param](tmp_path_factory.mktemp(request.param)) as stand:
        yield stand
        stand.connections.close_all()


def ask(stand: Stand, asked: Asked, sent: Sent, project: str | None = None) -> Got:
    headers = {**sent.headers, "accept": "application/json, text/plain"}
    if asked.version:
        headers["openstack-api-version"] = asked.version
    return stand.connections.ask(asked.method, asked.target(project), headers, asked.body, sent.certificate)


def may(asked: Asked, who: Who, project: str | None) -> bool:
    """What the table says."""
    if not asked.operation:
        return True
    roles = TABLE[asked.operation]
    if who.role == MEMBER and asked.face == "placement":
        return ANYONE in roles
    if who.role in PROJECT_ROLES and asked.operation in OF_A_PROJECT:
        return who.role in roles and project == who.project
    return who.role in roles or ANYONE in roles


def is_let_in(who: Who, got: Got) -> bool:
    """Or, as an owner: let in by the policy, and told by the ledger that this is not theirs (see test_owners)."""
    return got.status in WELL or (who.role == OWNER and got.status == 403 and b"own trees only" in got.body)


def is_refused(asked: Asked, project: str | None, got: Got) -> bool:
    """Or told that it has to say whose usage it asks for, which is the same for everybody."""
    return got.status == 403 or (asked.project != "" and project is None and got.status == 400)


def projects_of(asked: Asked) -> tuple[str | None, ...]:
    return (*PROJECTS, None) if asked.project else (None,)


def test_not_one_route_is_missing() -> None:
    """The tables are walked whole, and every face that is served is one of those asked."""
    names = Counter((each.face, each.name) for each in EVERYTHING)
    assert [each.name for each in OPERATIONS if names["placement", each.name] != 1] == []
    assert [each.name for each in ROUTES if names["v1", each.name] != 1] == []


def test_not_one_face_is_missing(tmp_path: pytest.TempPathFactory) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        site = mounts_of(Settings(), ledger, Feed(ledger), Limiter(Limits()), MetricsRegistry())
        public = {"ui"}  # the dashboard's files: there is no data in them
        assert set(site._apps) == {"v1", *public, *(each.face for each in OTHERS)}


def test_every_rule_is_some_route_s() -> None:
    """`berth policy show` asks nobody."""
    idle = TABLE.keys() - {each.operation for each in EVERYTHING}
    assert {operation for operation in idle if not operation.startswith("policy.")} == set()


def test_every_route_for_everybody(stand: Stand) -> None:
    wrong = []
    for asked in EVERYTHING:
        for who, sent in stand.callers.items():
            for project in projects_of(asked):
                got = ask(stand, asked, sent, project)
                right = is_let_in(who, got) if may(asked, who, project) else is_refused(asked, project, got)
                if not right:
                    wrong.append(f"{who} {asked.shown} of {project}: {got.status} {got.body[:200]!r}")
    assert wrong == []


def test_every_route_for_nobody(stand: Stand) -> None:
    """Without credentials only what is everybody's; with wrong ones not even that, where they are looked at."""
    wrong = []
    for asked in EVERYTHING:
        for why, sent in stand.nobody.items():
            status = ask(stand, asked, sent, "mine" if asked.project else None).status
            if status not in ({401} if asked.operation else {200, 401}):
                wrong.append(f"{why}: {asked.shown}: {status}")
    assert wrong == []


def test_other_methods_let_nobody_in(stand: Stand) -> None:
    """No route is reached by a method that it has not, whatever header says that another is meant."""
    sent = Sent({"x-http-method-override": "GET", "x-http-method": "GET", "x-method-override": "DELETE"})
    for asked in EVERYTHING:
        for method in ("PATCH", "TRACE", "CONNECT", "PROPFIND", "get"):
            status = stand.connections.ask(method, asked.path, sent.headers).status
            assert status in (400, 401, 404, 405), (method, asked.path, status)


def test_a_refusal_is_in_the_audit_log(stand: Stand) -> None:
    """Each of the two kinds, with who it was, and what was asked for."""
    path = "/v1/audit"
    sent = stand.callers[Who("reader")]
    refused = stand.connections.ask("GET", path, sent.headers, certificate=sent.certificate)
    assert refused.status == 403
    wrong = next(sent for sent in reversed(stand.nobody.values()))
    unknown = stand.connections.ask("GET", path, wrong.headers, certificate=wrong.certificate)
    assert unknown.status == (403 if stand.name == "dev" and wrong.headers else 401)
    wanted = {got.headers["x-openstack-request-id"] for got in (refused, unknown)}
    with ledger_in(stand.folder) as ledger:
        by_request: dict[str, AuditRecord] = {}
        deadline = time.monotonic() + 60
        while not wanted <= by_request.keys():
            assert time.monotonic() < deadline, "the audit log does not have them"
            by_request = {record.request: record for record in ledger.audit(most=1000)}
        assert chain.verify(ledger._writer.database).findings == ()
    for got, outcome in ((refused, "403"), (unknown, "401")):
        record = by_request[got.headers["x-openstack-request-id"]]
        assert (record.outcome, record.target, record.operation) == (outcome, f"GET {path}", "audit.list")
        assert record.address == "127.0.0.1"
    record = by_request[refused.headers["x-openstack-request-id"]]
    assert (record.via, list(record.roles), record.project) == (stand.name, ["reader"], "mine")
