"""The change log, live: nothing missed, nothing twice, whoever writes it; and a server still ends at once."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from berth.api.v1.feed import BEGIN, Feed
from berth.ledger import open_ledger
from berth.model.token import TokenSpec
from tests.support.commands import berth_command
from tests.support.databases import chosen_kinds, ledger_database, require_database
from tests.support.raw_http import RawConnection, request_bytes
from tests.support.servers import Server, running

LIMIT_S = 20
EVENTS = {"accept": "text/event-stream", "x-auth-token": "admin"}


@contextmanager
def listening(
    port: int, after: int | None = None, last: int | None = None, token: str = "admin"
) -> Iterator[HTTPResponse]:
    """A stream that has begun."""
    connection = HTTPConnection("127.0.0.1", port, timeout=LIMIT_S)
    headers = {**EVENTS, "x-auth-token": token}
    if last is not None:
        headers["last-event-id"] = str(last)
    connection.request("GET", "/v1/changes" if after is None else f"/v1/changes?after={after}", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    assert answer.getheader("content-type") == "text/event-stream"
    assert answer.readline() == b"retry: 1000\n"
    try:
        yield answer
    finally:
        connection.close()


def events(answer: HTTPResponse, most: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    found: list[dict[str, Any]] = []
    number = b""
    while len(found) < most:
        line = answer.readline()
        assert line, "the stream has ended"
        if line.startswith(b"id: "):
            number, _, tag = line[4:].partition(b"-")
            assert len(tag) == 17, "16 digits of the history"
        if line.startswith(b"data: "):
            found.append(json.loads(line[6:]))
            assert found[-1]["number"] == int(number)
    return found


@contextmanager
def serving(url: str, folder: Path, *more: str) -> Iterator[Server]:
    with running([*berth_command(), "serve", "--database", url, *more], folder) as server:
        yield server


@pytest.mark.parametrize("kind", chosen_kinds())
def test_everything_comes_once_whoever_writes(kind: str, tmp_path: Path) -> None:
    """Several listeners come, go and come again while two processes write; two servers tell them."""
    with ExitStack() as stack:
        require_database(kind)
        url = stack.enter_context(ledger_database(kind, tmp_path))
        folders = [tmp_path / name for name in ("one", "two")]
        for folder in folders:
            folder.mkdir()
        servers = [stack.enter_context(serving(url, folder)) for folder in folders]
        ledgers = [stack.enter_context(open_ledger(url)) for _ in range(2)]
        begun = ledgers[0].head()
        writers = [
            threading.Thread(target=lambda each=each: [each.create_provider(f"p{id(each)}-{n}") for n in range(40)])
            for each in ledgers
        ]
        heard: dict[int, list[int]] = {number: [] for number in range(6)}
        listeners = [threading.Thread(target=_listen, args=(servers[n % 2].port, begun, heard[n])) for n in heard]
        for thread in (*writers, *listeners):
            thread.start()
        for thread in (*writers, *listeners):
            thread.join(LIMIT_S * 3)
        expected = list(range(begun + 1, begun + 81))
        assert ledgers[0].head() == expected[-1]
        assert heard == dict.fromkeys(heard, expected)


def _listen(port: int, begun: int, heard: list[int]) -> None:
    """Everything from there on, over connections that are dropped after every few events."""
    last = begun
    while last < begun + 80:
        with listening(port, after=0, last=last) as answer:
            for event in events(answer, min(17, begun + 80 - last)):
                last = event["number"]
                heard.append(last)


def test_it_begins_where_it_is_told_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with open_ledger(url) as ledger, serving(url, tmp_path) as server:
        ledger.create_provider("early")
        head = ledger.head()
        with listening(server.port) as now, listening(server.port, after=head - 1) as before:
            assert events(before, 1)[0]["number"] == head
            ledger.create_provider("late")
            assert [event["operation"] for event in events(now, 1) + events(before, 1)] == ["CreateProvider"] * 2
        with listening(server.port, after=head + 100) as ahead:
            lines = [ahead.readline() for _ in range(4)]
        assert lines[2:] == [b"event: reset\n", b'data: {"head":%d}\n' % ledger.head()]


def test_a_server_with_listeners_ends_at_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        with serving(f"sqlite:///{tmp_path}/ledger.db", tmp_path, "--workers", "2") as server:
            answers = [stack.enter_context(listening(server.port)) for _ in range(8)]
            begun = time.monotonic()
        assert server.status == 0, server.output
        assert time.monotonic() - begun < 28  # a worker that does not end is killed after 30
        for answer in answers:
            while line := answer.readline():
                assert line in (b"\n", b": here\n")
        assert "Traceback" not in server.output


@pytest.mark.parametrize("kind", chosen_kinds())
def test_a_revoked_token_hears_nothing_more(kind: str, tmp_path: Path) -> None:
    """At once, not when the log is silent for once; the connection ends, and the server has no trouble with it."""
    require_database(kind)
    secret = ("--secret-file", str(tmp_path / "secret"))
    (tmp_path / "secret").write_bytes(b"k" * 32)
    (tmp_path / "secret").chmod(0o600)
    with (
        ledger_database(kind, tmp_path) as url,
        open_ledger(url, secret_file=secret[1]) as ledger,
        serving(url, tmp_path, "--auth", "token", *secret) as server,
    ):
        name = f"listener-{kind}"
        token = ledger.create_token(TokenSpec(name=name, roles=("service",))).text
        with listening(server.port, after=ledger.head(), token=token) as answer:
            ledger.create_provider("before")
            assert events(answer, 1)[0]["operation"] == "CreateProvider"
            ledger.revoke_token(name)
            for number in range(5):
                ledger.create_provider(f"after-{number}")
            heard = answer.read()  # until it ends
        assert b"after-" not in heard
    assert "Traceback" not in server.output


def test_who_comes_after_the_end_is_not_kept_waiting(tmp_path: Path) -> None:
    """A request that was on its way when the server was told to end."""
    with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        feed = Feed(ledger)

        async def late() -> list[bytes]:
            feed.close()
            async with asyncio.timeout(LIMIT_S):
                return [piece async for piece in feed.listen(None, lambda: None)]

        assert asyncio.run(late()) == [BEGIN]


def test_who_does_not_read_does_not_fill_the_server(tmp_path: Path) -> None:
    """A client that never reads is served as far as buffers go; others go on."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    with open_ledger(url) as ledger, serving(url, tmp_path) as server, RawConnection(server.port) as deaf:
        deaf.begin(request_bytes("GET", "/v1/changes?after=0", EVENTS.items()))
        for number in range(20):
            ledger.create_provider(f"p{number}")
        with listening(server.port, after=ledger.head() - 20) as answer:
            assert len(events(answer, 20)) == 20
    assert "Traceback" not in server.output
