"""Clients that take their time: they are ended, what they cost is bounded, and others are served meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.suites.security.callers import Who, minted
from tests.suites.security.target_server import NEWEST, PATIENCE_S, Attacked, over
from tests.support.raw_http import request_bytes

SLOW_S: Final = 2
MANY: Final = 200
SETTINGS: Final = f"""auth = ["token"]
[limits]
slow_seconds = {SLOW_S}
refusals_per_address = 0
refusal_records = 0
"""
CHUNKED: Final = ("transfer-encoding", "chunked")
MOST_MB: Final = 120
"""What so many slow clients may cost together: far more than they do, and far less than if nothing bounded it."""


@pytest.fixture(scope="module", params=["plain", "front"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with over(request.param, tmp_path_factory.mktemp("slow"), SETTINGS) as server:
        yield server


def cost(server: Attacked) -> tuple[float, int]:
    """Megabytes of memory and threads, of all the server's processes."""
    memory, threads = 0.0, 0
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdigit() and (process / "cwd").readlink() == server.folder:
                status = dict(line.split(":\t") for line in (process / "status").read_text().splitlines())
                memory += int(status["VmRSS"].split()[0]) / 1024
                threads += int(status["Threads"])
    return memory, threads


def connected(server: Attacked, stack: ExitStack, number: int = MANY) -> list[socket.socket]:
    """Many connections, each through its handshake."""
    found = []
    for _ in range(number):
        wire = stack.enter_context(server.wire())
        found.append(wire._connected())
    return found


def ended(connection: socket.socket, deadline: float) -> bytes:
    """What a connection says until the server ends it, which it must."""
    said = b""
    with suppress(ConnectionResetError):
        while True:
            connection.settimeout(max(0.1, deadline - time.monotonic()))
            piece = connection.recv(4096)
            if not piece:
                return said
            said += piece
    return said


def others_are_served(server: Attacked, token: str) -> None:
    for _ in range(10):
        assert server.ask("GET", "/usages?project_id=mine", [("x-auth-token", token), NEWEST]).status == 200


def test_headers_that_never_end(target: Attacked) -> None:
    """Slowloris. No request was ever made, so there is no record, and nobody to name in one."""
    token = minted(target.folder, Who("reader"))
    target.begin()
    before = cost(target)
    with ExitStack() as stack:
        half = connected(target, stack)
        for connection in half:
            connection.sendall(b"GET /resource_providers HTTP/1.1\r\nhost: x\r\nx-slow: ")
        dripping = half[0]
        others_are_served(target, token)
        after = cost(target)
        assert after[0] - before[0] < MOST_MB
        assert after[1] - before[1] < 50, "no thread of its own for each"
        deadline = time.monotonic() + SLOW_S + PATIENCE_S
        with suppress(OSError):  # a letter now and then wins no time
            while time.monotonic() < deadline:
                dripping.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() < deadline
        for connection in half[1:]:
            assert b"HTTP/1.1 2" not in ended(connection, deadline)
    assert target.records() == []


def test_bodies_that_never_end(target: Attacked) -> None:
    """Each is a 408 of a caller who is known, and in the audit log by its name."""
    number, token = MANY // 4, minted(target.folder, Who("reader"))
    target.begin()
    before = cost(target)
    assert before[0] > 10
    headers = [("x-auth-token", token), ("content-type", "application/json"), ("content-length", "100"), NEWEST]
    with ExitStack() as stack:
        slow = connected(target, stack, number)
        for connection in slow:
            connection.sendall(request_bytes("POST", "/resource_providers", headers) + b"{")
        others_are_served(target, token)
        assert cost(target)[0] - before[0] < MOST_MB
        deadline = time.monotonic() + SLOW_S + PATIENCE_S
        for connection in slow:
            answer = connection.recv(4096)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert time.monotonic() < deadline
    while len(records := [each for each in target.records() if each.outcome == "408"]) < number:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert {(each.target, each.address) for each in records} == {("POST /resource_providers", "127.0.0.1")}
    assert {each.via for each in records} == {"token"}


@pytest.mark.parametrize("token", ["", "berth_aaaaaaaaaa_guessed"])
@pytest.mark.parametrize("framing", [("content-length", "100"), ("content-length", "16000000"), CHUNKED], ids=repr)
def test_bodies_of_strangers_are_not_waited_for(target: Attacked, framing: tuple[str, str], token: str) -> None:
    """A 401, and no 408: what the headers say suffices to refuse them. The connection ends."""
    headers = [("x-auth-token", token), ("content-type", "application/json"), framing, NEWEST]
    with target.wire() as wire:
        connection = wire._connected()
        connection.sendall(request_bytes("POST", "/resource_providers", headers if token else headers[1:]))
        connection.sendall(b"1\r\n{\r\n" if framing == CHUNKED else b"{")
        assert ended(connection, time.monotonic() + PATIENCE_S).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("size", [2, 20_000])
def test_a_known_caller_may_pause(target: Attacked, size: int) -> None:
    """As long as the body arrives in time, and in pieces: the next request on the connection is answered as well."""
    token = minted(target.folder, Who("reader"))
    target.begin()
    headers = [("x-auth-token", token), ("content-type", "application/json"), ("content-length", str(size)), NEWEST]
    with target.wire() as wire:
        connection = wire._connected()
        connection.sendall(request_bytes("POST", "/resource_providers", headers) + b"{")
        for piece in (b" " * (size - 2), b"}"):
            time.sleep(SLOW_S / 4)
            connection.sendall(piece)
        assert connection.recv(4096).startswith(b"HTTP/1.1 403 ")
        assert wire.ask("GET", "/usages?project_id=mine", [("x-auth-token", token), NEWEST]).status == 200


def test_answers_that_nobody_reads(target: Attacked) -> None:
    """A connection that is not read from is answered no further: what waits for it is one answer, not hundreds."""
    token = minted(target.folder, Who("reader"))
    target.begin()
    before = cost(target)
    asked = request_bytes("GET", "/openapi.json", [("x-auth-token", token), NEWEST])
    with ExitStack() as stack:
        for connection in connected(target, stack, MANY // 10):
            connection.setblocking(False)
            sent = 0
            with suppress(BlockingIOError, OSError):
                while sent < 200:
                    sent += connection.send(asked) // len(asked)
        others_are_served(target, token)
        time.sleep(0.5)  # for as much as it would take in, if it did
        others_are_served(target, token)
        assert cost(target)[0] - before[0] < MOST_MB
