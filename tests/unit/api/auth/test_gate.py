"""What a caller without a valid token gets, by the way of authentication."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth.api.auth.gate import Gate
from berth.api.auth.keystone import IdentityService
from berth.api.auth.policy import POLICIES
from berth.api.http.messages import Reply, Request
from berth.api.placement.app import PlacementApp
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.rule_names import RULE_NAMES
from berth.ledger import Ledger, open_ledger
from berth.model.caller import Caller
from berth.settings import Keystone
from tests.support.empty_ledgers import EmptyLedgers
from tests.support.identity.keystone_stand_in import StandIn, running


@pytest.fixture
def keystone() -> Iterator[StandIn]:
    with running() as known:
        yield known


@pytest.fixture
def ledger(ledgers: EmptyLedgers) -> Iterator[Ledger]:
    with open_ledger(ledgers.new()) as opened:
        yield opened


@pytest.fixture
def service(keystone: StandIn, tmp_path: Path) -> Iterator[IdentityService]:
    password = tmp_path / "password"
    password.write_text("s3cret")
    service = IdentityService(Keystone(url=keystone.url, password_file=str(password)))
    yield service
    service.close()


def without_challenge(_request: Request) -> Caller | None:
    """Let nobody in, and name no challenge."""
    return None


def get(app: PlacementApp, path: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.answer(Request("GET", path, "", named, address="192.0.2.7"))


def test_each_way_has_its_challenge(ledger: Ledger, service: IdentityService, keystone: StandIn) -> None:
    cases = {
        (without_challenge,): "Bearer",
        (service,): f'Keystone uri="{keystone.url}"',
        (without_challenge, service): f'Bearer, Keystone uri="{keystone.url}"',
    }
    for ways, challenge in cases.items():
        app = PlacementApp(Gate(ledger, ways, POLICIES["default"]))
        for headers in ({}, {"x_auth_token": "bad"}):
            reply = get(app, "/resource_providers", **headers)
            assert (reply.status, dict(reply.headers)["www-authenticate"]) == (401, challenge)


@pytest.mark.parametrize("path", ["/", "/openapi.json"])
def test_discovery_looks_at_no_token(path: str, ledger: Ledger, service: IdentityService, keystone: StandIn) -> None:
    """As in Placement: neither a bad one, nor an identity service that is unreachable, makes a difference."""
    app = PlacementApp(Gate(ledger, (service,), POLICIES["default"]))
    assert get(app, path, x_auth_token="bad").status == 200
    keystone.away = True
    assert get(app, path, x_auth_token="other").status == 200
    assert keystone.asked == 0


def test_a_refusal_names_the_rule_of_placement_s_documents(ledger: Ledger) -> None:
    app = PlacementApp(Gate(ledger, (lambda _: Caller(user="ada"),), POLICIES["default"]))
    assert (
        b"Policy does not allow placement:resource_providers:list to be performed."
        in get(app, "/resource_providers").body
    )


def test_every_operation_has_a_rule_of_placement() -> None:
    """Asked of Placement itself, which is installed with the tests."""
    from placement import policies

    real = {rule.name for rule in policies.list_rules() if rule.name.startswith("placement:")}
    assert set(RULE_NAMES) == {operation.name for operation in OPERATIONS if not operation.public}
    assert set(RULE_NAMES.values()) == real
