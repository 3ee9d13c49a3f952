"""The asynchronous client: it has every verb, and a call that is cancelled leaves it sound."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from berth.client import Client, aconnect
from berth.client import transport as transport_module
from berth.client.async_client import AsyncClient, AsyncHolds
from berth.client.async_transport import AsyncTransport
from berth.model import errors
from berth.model.change import Change, Facts
from berth.model.holds import Holds
from berth.model.request import CandidateRequest, Group
from tests.unit.client.replies import URL, Server, as_json, problem

CONSUMER = "c0000000-0000-4000-8000-000000000001"
ONE = CandidateRequest(groups=(Group(resources={"VCPU": 1}),))
GRANT = as_json({"result": {"consumer": CONSUMER, "generation": 1, "allocations": {}, "mappings": {}}})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "PAUSE_S", 0.0)


def client_of(server: Server) -> AsyncClient:
    """Return a client whose requests are answered by a function."""
    transport = AsyncTransport(URL, None, timeout_s=1.0, ca=None, cert=None)
    transport._http = httpx.AsyncClient(base_url=URL, transport=httpx.MockTransport(server))
    return AsyncClient(transport)


def verbs(kind: type) -> Iterator[str]:
    return (name for name in dir(kind) if not name.startswith("_"))


@pytest.mark.parametrize(("ordinary", "asynchronous"), [(Client, AsyncClient), (Holds, AsyncHolds)])
def test_every_verb_is_there_with_the_same_arguments(ordinary: type, asynchronous: type) -> None:
    assert set(verbs(asynchronous)) == set(verbs(ordinary))
    for name in verbs(ordinary):
        verb, awaited = getattr(ordinary, name), getattr(asynchronous, name)
        assert awaited.__doc__, name
        if not isinstance(verb, property):
            assert list(inspect.signature(awaited).parameters) == list(inspect.signature(verb).parameters), name


def test_a_request_is_sent_again_as_by_the_ordinary_client() -> None:
    replies = iter([httpx.ReadTimeout("lost"), problem(503, "unavailable", "x"), as_json({"items": []})])

    def server(_: httpx.Request) -> httpx.Response:
        reply = next(replies)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def run() -> None:
        assert await client_of(server).tokens() == []

    asyncio.run(run())


def test_what_is_malformed_is_refused_before_anything_is_sent() -> None:
    async def run() -> None:
        client = client_of(lambda _: pytest.fail("a request was sent"))
        with pytest.raises(errors.Invalid):
            await client.release("non/sense")
        with pytest.raises(errors.Invalid):
            await client.release(CONSUMER, key="")

    asyncio.run(run())


def change(number: int) -> bytes:
    data = msgspec.json.encode(Change(number, 1, "CreateTrait", "ada", "req-1", Facts()))
    return b"id: %d\nevent: change\ndata: %s\n\n" % (number, data)


def test_the_change_log_is_followed_over_lost_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_after: list[str] = []
    half = b'id: 6\nevent: change\ndata: {"number":'
    replies = iter([change(4) + change(5) + half, httpx.ReadError("lost"), b": heartbeat\n\n" + change(6)])

    def server(request: httpx.Request) -> httpx.Response:
        asked_after.append(request.headers["last-event-id"])
        reply = next(replies, None)
        if isinstance(reply, bytes):
            return httpx.Response(200, content=reply)
        raise reply or httpx.ReadError("ended")

    async def run() -> list[int]:
        found: list[int] = []
        async for each in client_of(server).follow(3):
            found.append(each.number)
            if len(found) == 3:
                break
        return found

    assert asyncio.run(run()) == [4, 5, 6]
    assert asked_after == ["3", "5", "5"]


def test_a_refusal_ends_following() -> None:
    async def run() -> None:
        with pytest.raises(errors.Forbidden):
            await anext(client_of(lambda _: problem(403, "forbidden", "no")).follow(0))

    asyncio.run(run())


def test_pages_follow_one_another() -> None:
    asked: list[str | None] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("after"))
        assert request.url.params["limit"] == "1"
        return as_json({"items": [], "next": "more" if len(asked) < 3 else None})

    async def run() -> int:
        client = client_of(server)
        return len([page async for page in client.pages(client.projects, limit=1)])

    assert asyncio.run(run()) == 3
    assert asked == [None, "more", "more"]


def held(error: BaseException | None) -> tuple[list[str], BaseException | None]:
    """Return the commands that a hold sends around a block that raises this, and what comes out of it."""
    sent: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path.rpartition("/")[2])
        return GRANT if sent == ["Allocate"] else as_json({"result": None})

    async def run() -> BaseException | None:
        try:
            async with client_of(server).holds.holding(ONE, within=60, project="p", user="u") as grant:
                assert grant.consumer == CONSUMER
                if error is not None:
                    raise error
        except BaseException as raised:  # noqa: BLE001 - it is compared
            return raised
        return None

    return sent, asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "last"),
    [(None, "Confirm"), (ValueError("x"), "ReleaseAllocations"), (asyncio.CancelledError(), "ReleaseAllocations")],
)
def test_a_hold_is_confirmed_or_released(error: BaseException | None, last: str) -> None:
    sent, raised = held(error)
    assert sent == ["Allocate", last]
    assert raised is error


@asynccontextmanager
async def slow_server(answers: Callable[[int, bytes], bytes | None]) -> AsyncIterator[str]:
    """A server on a socket. answers: the answer to the request of this number; None: never."""
    numbers = itertools.count(1)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((int(each.split(b":")[1]) for each in head.lower().split(b"\r\n") if b"h: " in each), 0)
                await reader.readexactly(length)
                answer = answers(next(numbers), head)
                if answer is None:
                    await reader.read()
                    return
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(answer), answer))
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


ABOUT = b'{"name":"berth","version":"0","head":7,"documentation":{},"keys":true}'
CALLS = 100
"""More than the pool has connections."""


def test_cancelled_calls_leave_the_pool_sound() -> None:
    async def run() -> None:
        silent = True
        async with slow_server(lambda *_: None if silent else ABOUT) as url:
            transport = AsyncTransport(url, None, timeout_s=10.0, ca=None, cert=None)
            async with AsyncClient(transport) as client:
                tasks = [asyncio.create_task(client.head()) for _ in range(CALLS)]
                await asyncio.sleep(0.2)
                for task in tasks:
                    task.cancel()
                ended = await asyncio.gather(*tasks, return_exceptions=True)
                assert {type(each) for each in ended} == {asyncio.CancelledError}
                assert transport._http._transport._pool.connections == []
                silent = False
                async with asyncio.timeout(20):
                    assert await asyncio.gather(*(client.head() for _ in range(3))) == [7] * 3

    asyncio.run(run())


def test_a_cancelled_command_is_repeated_with_its_key() -> None:
    heads: list[bytes] = []

    def answer(number: int, head: bytes) -> bytes | None:
        heads.append(head)
        return None if number == 1 else b'{"result": true}'

    async def run() -> None:
        async with slow_server(answer) as url, aconnect(url) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.create_trait("CUSTOM_A", key="mine"), 0.1)
            assert await client.create_trait("CUSTOM_A", key="mine") is True

    asyncio.run(run())
    assert [b"idempotency-key: mine" in head.lower() for head in heads] == [True, True]


def test_a_client_is_shown_with_its_server() -> None:
    shown: Any = client_of(lambda _: as_json(1))
    assert repr(shown) == f"<AsyncClient of {URL}>"
