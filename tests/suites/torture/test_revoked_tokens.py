"""A token that is revoked on one server is refused by the others, from the moment of the reply to the revocation."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from json import dumps
from typing import Any, Final, NamedTuple

import pytest

from berth.ledger import Ledger, open_ledger
from berth.model.inventory import Inventory
from berth.model.token import TokenSpec
from tests.support.databases import chosen_kinds, ledger_database, require_database
from tests.support.servers import Server, token_server_group

HOST: Final = "7a5c0000-0000-4000-8000-000000000001"
ROUNDS: Final = 3
CLIENTS: Final = 6
MORE: Final = 30
"""How many requests come after the revocation was answered."""
LET_IN: Final = {200, 204, 400}
"""What questions, claims and mistakes are told until then."""
REFUSED: Final = (401, 429)
"""The second: whoever shows many tokens that are no good is not even asked any more."""
PATIENCE_S: Final = 60


class Asked(NamedTuple):
    """One request. began: when it was sent, as of time.monotonic."""

    began: float
    status: int


How = Callable[[HTTPConnection, str], Asked]


class Setup(NamedTuple):
    """The ledger, a server on which tokens are revoked, and one that gets requests with them."""

    ledger: Ledger
    told: Server
    asked: Server


@pytest.fixture(scope="module", params=chosen_kinds())
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setup]:
    require_database(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    with (
        ledger_database(request.param, folder) as url,
        token_server_group(url, folder, 2) as servers,
        open_ledger(url, secret_file=str(folder / "secret")) as ledger,
    ):
        ledger.create_provider("host-1", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(10**6)})
        yield Setup(ledger, *servers)


def send(connection: HTTPConnection, token: str, method: str, target: str, body: Any = None) -> Asked:
    headers = {"x-auth-token": token, "content-type": "application/json", "openstack-api-version": "placement 1.39"}
    began = time.monotonic()
    connection.request(method, target, None if body is None else dumps(body), headers)
    reply = connection.getresponse()
    reply.read()
    return Asked(began, reply.status)


def claims(connection: HTTPConnection, token: str) -> Asked:
    held = {"allocations": {HOST: {"resources": {"VCPU": 1}}}, "project_id": "p", "user_id": "u"}
    body = held | {"consumer_generation": None, "consumer_type": "JOB"}
    return send(connection, token, "PUT", f"/allocations/{uuid.uuid4()}", body)


def questions(connection: HTTPConnection, token: str) -> Asked:
    return send(connection, token, "GET", "/allocation_candidates?resources=VCPU:1")


def mistakes(connection: HTTPConnection, token: str) -> Asked:
    return send(connection, token, "PUT", f"/allocations/{uuid.uuid4()}", {"allocations": 7})


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def revoked_under_load(stand: Setup, name: str) -> tuple[list[Asked], float]:
    """Return the replies to clients during the revocation, and when the revocation was answered."""
    token = stand.ledger.create_token(TokenSpec(name=name, roles=("service",))).text
    told, over = list[Asked](), threading.Event()

    def ask(number: int) -> None:
        how = (claims, questions, mistakes)[number % 3]
        with closing(HTTPConnection("127.0.0.1", stand.asked.port, timeout=60)) as connection:
            while not over.is_set():
                told.append(how(connection, token))

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        _wait(lambda: {each.status for each in list(told)} >= LET_IN)
        with closing(HTTPConnection("127.0.0.1", stand.told.port, timeout=60)) as connection:
            done = send(connection, stand.told.token, "POST", "/v1/tokens/revoke", {"name": name})
        answered = time.monotonic()
        assert done.status in (200, 204)
        _wait(lambda: sum(each.began > answered for each in list(told)) > MORE)
    finally:
        over.set()
        for client in clients:
            client.join(60)
    return told, answered


@pytest.mark.parametrize("how", [claims, questions, mistakes])
def test_the_first_request_is_refused_of_a_server_that_nobody_asked_meanwhile(stand: Setup, how: How) -> None:
    name = how.__name__
    token = stand.ledger.create_token(TokenSpec(name=name, roles=("service",))).text
    with closing(HTTPConnection("127.0.0.1", stand.asked.port, timeout=60)) as connection:
        assert how(connection, token).status in LET_IN
        stand.ledger.revoke_token(name)
        assert how(connection, token).status == 401


def test_no_request_that_comes_after_is_let_in(stand: Setup) -> None:
    claimed = stand.ledger.usages(HOST).usages["VCPU"]
    for round_ in range(ROUNDS):
        told, answered = revoked_under_load(stand, f"token-{round_}")
        after = [each for each in told if each.began > answered]
        assert [each for each in after if each.status not in REFUSED] == []
        claimed += sum(each.status == 204 for each in told)
    assert stand.ledger.usages(HOST).usages["VCPU"] == claimed
