"""Tokens of Keystone, with a stand-in that follows its API (v3): POST and GET /auth/tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.api.auth.authenticator import AuthenticationFailed
from berth.api.auth.keystone import UNKNOWN_S, IdentityService
from berth.api.http.messages import HttpError, Request
from berth.model.caller import Caller
from berth.settings import Keystone
from tests.support.identity.keystone_stand_in import NOW, StandIn, running


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def keystone() -> Iterator[StandIn]:
    with running() as known:
        yield known


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(keystone: StandIn, clock: Clock, tmp_path: Path) -> Iterator[IdentityService]:
    password = tmp_path / "password"
    password.write_text("s3cret\n")
    settings = Keystone(url=keystone.url, password_file=str(password), cache_seconds=60)
    service = IdentityService(settings, clock)
    yield service
    service.close()


def asking(token: str) -> Request:
    return Request("GET", "/", "", {"x-auth-token": token}, address="192.0.2.7")


def test_a_token_is_asked_about_and_then_believed_for_a_while(
    service: IdentityService, keystone: StandIn, clock: Clock
) -> None:
    keystone.add("good")
    for _ in range(3):
        assert service(asking("good")) == Caller(
            user="u-1", project="p-1", roles=frozenset({"admin", "keystone-member"}), name="ada", via="keystone",
            address="192.0.2.7",
        )  # fmt: skip
    assert (keystone.asked, keystone.logins) == (1, 1)
    clock.now += 61
    service(asking("good"))
    assert (keystone.asked, keystone.logins) == (2, 1)


def test_berth_says_who_it_is(service: IdentityService, keystone: StandIn) -> None:
    keystone.add("good")
    service(asking("good"))
    identity = keystone.credentials["auth"]["identity"]["password"]["user"]
    assert identity == {"name": "placement", "domain": {"name": "Default"}, "password": "s3cret"}
    assert keystone.credentials["auth"]["scope"]["project"]["name"] == "service"


def test_a_token_of_the_system(service: IdentityService, keystone: StandIn) -> None:
    keystone.add("system", project=None, system={"all": True})
    caller = service(asking("system"))
    assert caller is not None
    assert (caller.system_scoped, caller.project) == (True, "")


def test_a_token_that_is_not_known_is_not_asked_about_again_at_once(
    service: IdentityService, keystone: StandIn, clock: Clock
) -> None:
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="does not know the token"):
            service(asking("bad"))
    assert keystone.asked == 1
    keystone.add("bad")
    clock.now += UNKNOWN_S + 1
    assert service(asking("bad")) is not None


def test_no_token_outlives_its_end(service: IdentityService, keystone: StandIn, clock: Clock) -> None:
    keystone.add("short", lasts=10)
    assert service(asking("short")) is not None
    clock.now += 11
    with pytest.raises(AuthenticationFailed):
        service(asking("short"))


def test_berth_s_own_token_is_renewed(service: IdentityService, keystone: StandIn, clock: Clock) -> None:
    keystone.add("good", lasts=9_000)
    service(asking("good"))
    keystone.own = "revoked meanwhile"
    clock.now += 61
    assert service(asking("good")) is not None
    assert keystone.logins == 2
    clock.now += 3600
    assert service(asking("good")) is not None
    assert keystone.logins == 3


def test_while_keystone_is_away_nobody_new_is_let_in(service: IdentityService, keystone: StandIn, clock: Clock) -> None:
    keystone.add("good")
    service(asking("good"))
    keystone.away = True
    assert service(asking("good")) is not None  # believed for as long as it was to be
    clock.now += 61
    with pytest.raises(HttpError) as away:
        service(asking("good"))
    ((name, seconds),) = away.value.headers
    assert (away.value.status, name, int(seconds) in range(5, 8)) == (503, "retry-after", True)


def test_the_tokens_themselves_are_not_kept(service: IdentityService, keystone: StandIn) -> None:
    keystone.add("good")
    service(asking("good"))
    assert "good" not in repr(service._cache)


def test_without_a_token(service: IdentityService) -> None:
    assert service(Request("GET", "/", "", {})) is None
    assert service(asking("")) is None


def served(token: str, service_token: str) -> Request:
    return Request("GET", "/", "", {"x-auth-token": token, "x-service-token": service_token})


SERVICE = [{"id": "r-3", "name": "service"}]


def test_only_a_role_of_its_own_makes_a_member(service: IdentityService, keystone: StandIn) -> None:
    """Every user of a project in Keystone has the role member."""
    keystone.add("own", roles=[{"id": "r-1", "name": "berth-member"}])
    caller = service(asking("own"))
    assert caller is not None
    assert caller.roles == frozenset({"member"})


def test_a_service_lets_a_token_outlive_its_end(service: IdentityService, keystone: StandIn, clock: Clock) -> None:
    keystone.add("short", lasts=10)
    keystone.add("nova", roles=SERVICE)
    clock.now = keystone.now = NOW + 11
    for _ in range(2):
        caller = service(served("short", "nova"))
        assert caller is not None
        assert (caller.name, caller.roles) == ("ada", frozenset({"admin", "keystone-member"}))
    assert keystone.asked == 2
    with pytest.raises(AuthenticationFailed, match="has expired"):
        service(asking("short"))


@pytest.mark.parametrize(
    ("token", "words"),
    [("nobody's", "does not know the token in X-Service"), ("good", "role service"), ("past", "expired")],
)
def test_a_bad_service_token_spoils_the_request(
    token: str, words: str, service: IdentityService, keystone: StandIn
) -> None:
    keystone.add("good")
    keystone.add("past", lasts=-1, roles=SERVICE)
    with pytest.raises(AuthenticationFailed, match=words):
        service(served("good", token))
    assert service(served("good", "")) is not None
