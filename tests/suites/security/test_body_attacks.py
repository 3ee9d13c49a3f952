"""Bodies that are too large or too deep: refused before they are decoded, and in the audit log with the limit.

How many groups and conditions, queries and headers: `tests/suites/operations/test_limits.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from tests.suites.security.callers import Who, minted
from tests.suites.security.target_server import NEWEST, Attacked, attacked
from tests.support.raw_http import RawReply, request_bytes

SETTINGS: Final = """auth = ["token"]
[limits]
refusal_records = 0
body_bytes = 100000
slow_seconds = 10
refusals_per_address = 0
"""
LARGE, DEEP = "larger than 100000 bytes", "nested more than 64 deep"
FACES: Final = {"placement": "/resource_providers", "v1": "/v1/find"}


def deep(opening: str, inner: str, closing: str, times: int = 10_000) -> bytes:
    return (opening * times + inner + closing * times).encode()


ATTACKS: Final[dict[str, tuple[bytes, int, str]]] = {
    "lists": (deep("[", "", "]"), 400, DEEP),
    "objects": (deep('{"a":', "1", "}"), 400, DEEP),
    "both in turn": (deep('[{"a":', "1", "}]", 5_000), 400, DEEP),
    "never closed": (b"[" * 90_000, 400, DEEP),
    "one too many": (deep("[", "", "]", 65), 400, DEEP),
    "behind what looks like the end of a text": (b'{"name":"\\\\","x":' + deep("[", "", "]", 100) + b"}", 400, DEEP),
    "in a member that nobody knows": (b'{"name":"x","more":' + deep("[", "", "]", 100) + b"}", 400, DEEP),
    "a byte too many": (b" " * 100_001, 413, LARGE),
    "a long name": (json.dumps({"name": "x" * 100_000}).encode(), 413, LARGE),
    "a long number": (b'{"name":' + b"9" * 100_000 + b"}", 413, LARGE),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("bodies"), SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def headers(server: Attacked) -> list[tuple[str, str]]:
    admin = minted(server.folder, Who("admin"))
    return [("x-auth-token", admin), ("content-type", "application/json"), NEWEST]


def attack(target: Attacked, path: str, headers: list[tuple[str, str]], body: bytes, *, chunked: bool) -> RawReply:
    if not chunked:
        return target.ask("POST", path, headers, body)
    with target.wire() as wire:
        pieces = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
        got = wire.send(request_bytes("POST", path, [*headers, ("transfer-encoding", "chunked")]) + pieces, "POST")
    assert got is not None
    return got


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("case", ATTACKS)
def test_too_large_or_too_deep(
    case: str, face: str, chunked: bool, headers: list[tuple[str, str]], target: Attacked
) -> None:
    target.begin()  # once more: the token may just have been made
    body, status, words = ATTACKS[case]
    got = attack(target, FACES[face], headers, body, chunked=chunked)
    record = target.refused(got, status, words, target=f"POST {FACES[face]}", address="127.0.0.1")
    assert words in record.why


def test_a_body_without_end(target: Attacked, headers: list[tuple[str, str]]) -> None:
    """It is refused as soon as it is too large, while it is still being sent."""
    target.begin()
    sent = 0
    with target.wire() as wire:
        wire.begin(request_bytes("POST", FACES["placement"], [*headers, ("transfer-encoding", "chunked")]))
        with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
            while sent < 50_000_000:
                wire.begin(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
                sent += 0x10000
    assert sent < 50_000_000, "nobody has stopped it"
    record = target.awaited(lambda each: each.outcome == "413")
    assert LARGE in record.why
