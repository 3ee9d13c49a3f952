"""Who asks, while the identity service is quick, slow, or away: a stand-in for Keystone that follows its API."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

import berth
from berth.api.auth.gate import Gate
from berth.api.auth.keystone import IdentityService
from berth.api.auth.policy import POLICIES
from berth.api.http import identification as identification_module
from berth.api.http.cors import Cors
from berth.api.http.identification import PER_ADDRESS, Identification
from berth.api.http.messages import HttpError, Request
from berth.api.http.mounts import Mounts
from berth.api.placement.app import PlacementApp
from berth.settings import Keystone
from tests.support.identity.keystone_stand_in import NOW, StandIn, running

MANY = 20


@pytest.fixture
def keystone() -> Iterator[StandIn]:
    with running() as known:
        yield known


@pytest.fixture
def identification(keystone: StandIn, tmp_path: Path) -> Iterator[Identification]:
    password = tmp_path / "password"
    password.write_text("s3cret")
    settings = Keystone(url=keystone.url, password_file=str(password))
    with berth.open(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        service = IdentityService(settings, lambda: NOW, ledger.require_time)
        mounts = Mounts(PlacementApp(Gate(ledger, (service,), POLICIES["default"])), {}, Cors(frozenset()), waits=True)
        yield Identification(mounts, ledger)
        keystone.released.set()
        service.close()


def asking(token: str, address: str = "192.0.2.7") -> Request:
    return Request("GET", "/resource_providers", "", {"x-auth-token": token}, address=address)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


async def statuses(identification: Identification, *requests: Request) -> list[int]:
    """200 for each request whose caller is known, else the status of its refusal."""
    results = await asyncio.gather(*map(identification.identify, requests), return_exceptions=True)
    return [each.status if isinstance(each, HttpError) else 200 for each in results if each is None or _is_http(each)]


def _is_http(result: object) -> bool:
    if isinstance(result, BaseException) and not isinstance(result, HttpError):
        raise result
    return True


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_one_question_for_all_that_send_the_same_token(identification: Identification, keystone: StandIn) -> None:
    keystone.add("slow-good")

    async def scenario() -> None:
        requests = [asking("slow-good", f"192.0.2.{number}") for number in range(MANY)]
        answers = asyncio.create_task(statuses(identification, *requests))
        await until(lambda: keystone.held == 1)
        keystone.released.set()
        assert await answers == [200] * MANY
        assert {request.info.caller.address for request in requests} == {request.address for request in requests}

    run(scenario)
    assert keystone.asked == 1


def test_each_is_refused_for_itself(identification: Identification, keystone: StandIn) -> None:
    async def scenario() -> None:
        assert await statuses(identification, *[asking("bad")] * MANY) == [401] * MANY

    run(scenario)
    assert keystone.asked == 1


def test_the_failure_of_a_question_is_shared(identification: Identification, keystone: StandIn) -> None:
    keystone.add("slow-good")
    keystone.away = True

    async def scenario() -> None:
        answers = asyncio.create_task(statuses(identification, *[asking("slow-good")] * MANY))
        await asyncio.sleep(0.1)
        keystone.released.set()
        assert await answers == [503] * MANY

    run(scenario)
    assert keystone.logins == 1, "asked once"


def test_an_address_with_ever_new_tokens_waits_for_itself(identification: Identification, keystone: StandIn) -> None:
    keystone.add("good")
    keystone.add("other")

    async def scenario() -> None:
        assert await statuses(identification, asking("other")) == [200]  # Berth itself is logged in now
        guesses = [asking(f"slow-{number}", "192.0.2.66") for number in range(MANY)]
        answers = asyncio.create_task(statuses(identification, *guesses))
        await until(lambda: keystone.held == PER_ADDRESS)
        assert await statuses(identification, asking("good")) == [200]
        assert keystone.held == PER_ADDRESS
        keystone.released.set()
        assert await answers == [401] * MANY

    run(scenario)


def test_a_known_token_waits_for_nothing(identification: Identification, keystone: StandIn) -> None:
    keystone.add("good")

    async def scenario() -> None:
        await identification.identify(asking("good"))
        keystone.away = True
        request = asking("good", "192.0.2.8")
        began = identification._is_identified(request)
        assert (began, request.info.caller.name) == (True, "ada")

    run(scenario)


def test_nobody_waits_for_ever(
    identification: Identification, keystone: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identification_module, "LIMIT_S", 0.2)

    async def scenario() -> None:
        assert await statuses(identification, asking("slow-1"), asking("slow-1")) == [503, 503]
        keystone.released.set()
        assert await statuses(identification, asking("bad")) == [401]

    run(scenario)
