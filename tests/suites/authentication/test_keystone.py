"""Tokens of a real Keystone: who is let in, who not any more, and what becomes of Berth without it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.suites.security.target_server import NEWEST, WRITE, Attacked, attacked
from tests.support.identity import keystone as real_keystone
from tests.support.identity.keystone import PATIENCE_S, Keystone
from tests.support.raw_http import RawReply

SYSTEM = {"system": {"all": True}}


@pytest.fixture(scope="module")
def keystone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keystone]:
    real_keystone.need()
    with real_keystone.running(tmp_path_factory.mktemp("keystone")) as keystone:
        keystone.make_project("lab")
        keystone.make_user("ada", lab="member")
        keystone.make_user("eve", lab="admin")
        keystone.make_user("bob", lab="reader")
        keystone.make_user("nova", service="service")
        yield keystone


@pytest.fixture(scope="module")
def server(keystone: Keystone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "password").write_text(real_keystone.PASSWORD)
    settings = (
        f'auth = ["keystone"]\n[keystone]\nurl = "{keystone.url}"\npassword_file = "password"\ncache_seconds = 0\n'
    )
    with attacked(folder, settings) as server:
        server.begin()
        yield server


def ask(server: Attacked, token: str, target: str = "/resource_providers", method: str = "GET") -> RawReply:
    return server.ask(method, target, [("x-auth-token", token), NEWEST])


def me(server: Attacked, token: str) -> dict[str, object]:
    got = ask(server, token, "/v1/me")
    assert got.status == 200, got.body
    told: dict[str, object] = got.json()
    return told


def test_an_administrator_of_a_project(server: Attacked, keystone: Keystone) -> None:
    token = keystone.token("eve", "lab")
    assert ask(server, token).status == 200
    told = me(server, token)
    assert (told["via"], told["user"], told["project"]) == ("keystone", keystone.ids["eve"], keystone.ids["lab"])
    made = ask(server, token, WRITE, "PUT")
    assert made.status == 201
    record = server.record(made.header("x-openstack-request-id") or "")
    assert (record.actor, record.via, record.user, record.outcome) == ("eve", "keystone", keystone.ids["eve"], "done")


def test_an_administrator_of_the_system(server: Attacked, keystone: Keystone) -> None:
    """As with Placement: every operation is a project's, and a token of the whole system is of none."""
    token = keystone.token("admin", SYSTEM)
    server.refused(ask(server, token), 403, "resource_providers:list", actor="admin", project="")


def test_a_member_sees_nothing_and_is_noted(server: Attacked, keystone: Keystone) -> None:
    server.refused(
        ask(server, keystone.token("ada", "lab")),
        403, "resource_providers:list", actor="ada", via="keystone", project=keystone.ids["lab"],
    )  # fmt: skip


def test_a_reader_sees_what_its_project_holds(server: Attacked, keystone: Keystone) -> None:
    token = keystone.token("bob", "lab")
    assert ask(server, token, f"/usages?project_id={keystone.ids['lab']}").status == 200
    server.refused(ask(server, token, f"/usages?project_id={keystone.ids['service']}"), 403, "", actor="bob")


def test_a_token_of_no_project(server: Attacked, keystone: Keystone) -> None:
    server.refused(ask(server, keystone.token("eve")), 403, "", actor="eve", project="", roles=())


def test_what_is_no_token_of_keystone(server: Attacked, keystone: Keystone) -> None:
    good = keystone.token("eve", "lab")
    for token in ("nonsense", good[:-1], good + "x", good[:20] + "AAAA" + good[24:], good.swapcase(), "x" * 5000):
        server.refused(ask(server, token), 401, "does not know the token", actor="", via="keystone")


def test_a_token_that_is_revoked(server: Attacked, keystone: Keystone) -> None:
    token = keystone.token("eve", "lab")
    assert ask(server, token).status == 200
    keystone.revoke(token)
    server.refused(ask(server, token), 401, "does not know the token")


def test_a_token_that_ends(server: Attacked, keystone: Keystone) -> None:
    with keystone.hurried() as hurried:
        token = hurried.token("eve", "lab")
    deadline = time.monotonic() + PATIENCE_S
    while (got := ask(server, token)).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    server.refused(got, 401, "does not know the token")


def test_a_service_token_beside_a_user_s(server: Attacked, keystone: Keystone) -> None:
    """As nova sends them: a good one lets a user's token outlive its end, a bad one spoils the request."""
    with keystone.hurried() as hurried:
        token = hurried.token("eve", "lab")
    service = keystone.token("nova", "service")
    plain = [("x-auth-token", token), NEWEST]
    deadline = time.monotonic() + PATIENCE_S
    while (got := server.ask("GET", "/resource_providers", plain)).status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert got.header("www-authenticate") == f'Keystone uri="{keystone.url}"'
    assert server.ask("GET", "/resource_providers", [*plain, ("x-service-token", service)]).status == 200
    for bad in ("nonsense", keystone.token("ada", "lab")):
        server.refused(
            server.ask("GET", "/resource_providers", [*plain, ("x-service-token", bad)]), 401, "X-Service-Token"
        )
    assert server.ask("GET", "/", [("x-auth-token", "nonsense")]).status == 200, "discovery needs no token"


def test_a_user_who_is_disabled(server: Attacked, keystone: Keystone) -> None:
    keystone.make_user("mallory", lab="admin")
    token = keystone.token("mallory", "lab")
    assert ask(server, token).status == 200
    keystone.disable("mallory")
    server.refused(ask(server, token), 401, "does not know the token")


def test_berth_s_own_token_is_revoked(server: Attacked, keystone: Keystone) -> None:
    """By whoever changes its password, for one: it gets another."""
    token = keystone.token("eve", "lab")
    assert ask(server, token).status == 200
    asked = {"user": {"password": real_keystone.PASSWORD + "!"}}
    keystone.ask("PATCH", f"/users/{keystone.ids['placement']}", asked)
    assert ask(server, token).status == 503, "its password is not the one that Berth has"
    asked["user"]["password"] = real_keystone.PASSWORD
    keystone.ask("PATCH", f"/users/{keystone.ids['placement']}", asked)
    deadline = time.monotonic() + PATIENCE_S
    while ask(server, token).status != 200:  # what Keystone gives out in the second of a revocation is revoked as well
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_keystone_is_away(server: Attacked, keystone: Keystone) -> None:
    token = keystone.token("eve", "lab")
    assert ask(server, token).status == 200
    keystone.stop()
    try:
        got = ask(server, token)
        assert (got.status, int(got.header("retry-after") or 0) in range(5, 8)) == (503, True)
        assert b"identity service cannot be reached" in got.body
    finally:
        keystone.start()
    keystone.token("eve", "lab")  # it takes long to answer for the first time
    assert ask(server, token).status == 200
