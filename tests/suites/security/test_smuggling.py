"""Requests hidden in others: what two readers of HTTP could read differently is refused, and ends the connection.

The one around is a reader's; the hidden one is an administrator's, and good: were it ever read as a request of its
own, the ledger would have changed. What is no HTTP is refused by Granian before Berth sees it. Such an answer has
no request id, and the audit log nothing: there was no request that somebody could have made. Every other refusal
has both.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from tests.suites.security.callers import Who, minted
from tests.suites.security.target_server import NEWEST, REQUEST_ID, WAYS, WRITE, Attacked, over
from tests.support.raw_http import RawConnection

SETTINGS: Final = """auth = ["token"]
[limits]
refusal_records = 0
body_bytes = 4000
slow_seconds = 5
refusals_per_address = 0
"""

HIDDEN: Final = (
    f"PUT {WRITE} HTTP/1.1\r\nhost: x\r\nx-auth-token: ADMIN\r\nVERSION\r\ncontent-length: 0\r\n\r\n".replace(
        "VERSION", ": ".join(NEWEST)
    )
)
LAST: Final = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
"""So that a connection that is kept ends as well, and nobody has to wait whether more comes."""

BROKEN: Final = ([400],)
"""One answer, and no more is read."""

ENDED: Final = ([403],)
"""Read as one request, by its chunks and as far as they go, and refused as the reader's; no more is read."""

KEPT: Final = ([403, 200],)
"""Read as one request, and refused as the reader's; what comes after it is answered."""


def post(headers: str, body: str = HIDDEN, line: str = "POST /resource_providers HTTP/1.1") -> str:
    """A reader's request around the hidden one. LENGTH: that of the body."""
    usual = "host: x\r\nx-auth-token: READER\r\ncontent-type: application/json\r\n"
    return f"{line}\r\n{usual}{headers}\r\n\r\n{body}"


def chunked(*before: str, first: str = "", body: str = "") -> str:
    headers = [*before, "transfer-encoding: chunked"]
    return post("\r\n".join(headers), f"{first}{body}0\r\n\r\n{HIDDEN}")


AFTER: Final = f"0\r\n\r\n{HIDDEN}"
CHUNKS: Final = "transfer-encoding: chunked"

ATTACKS: Final[dict[str, tuple[str, tuple[list[int], ...]]]] = {
    "a length, then chunks": (post(f"content-length: LENGTH\r\n{CHUNKS}", AFTER), ENDED),
    "chunks, then a length": (post(f"{CHUNKS}\r\ncontent-length: LENGTH", AFTER), ENDED),
    "chunks, and a length of nothing": (post(f"{CHUNKS}\r\ncontent-length: 0", AFTER), ENDED),
    "chunks in capitals, and a length": (post("transfer-encoding: CHUNKED\r\ncontent-length: 0", AFTER), ENDED),
    "two lengths": (post("content-length: 0\r\ncontent-length: LENGTH"), BROKEN),
    "two lengths in one": (post("content-length: 0, LENGTH"), BROKEN),
    "the same length twice in one": (post("content-length: 0, 0"), BROKEN),
    "a signed length": (post("content-length: +0"), BROKEN),
    "a negative length": (post("content-length: -0"), BROKEN),
    "a length in hexadecimal": (post("content-length: 0x0"), BROKEN),
    "an empty length": (post("content-length:"), BROKEN),
    "a length with a blank in it": (post("content-length: 0 0"), BROKEN),
    "a length with a NUL": (post("content-length: 0\0"), BROKEN),
    "xchunked": (post("transfer-encoding: xchunked", AFTER), BROKEN),
    "chunked, but not at last": (post("transfer-encoding: chunked, identity", AFTER), BROKEN),
    "chunked, and then not": (post(f"{CHUNKS}\r\ntransfer-encoding: identity", AFTER), BROKEN),
    "identity": (post("transfer-encoding: identity\r\ncontent-length: 0"), BROKEN),
    "a blank before the colon": (post("transfer-encoding : chunked\r\ncontent-length: 0", AFTER), BROKEN),
    "a vertical tab": (post("transfer-encoding: \vchunked\r\ncontent-length: 0"), BROKEN),
    "a folded coding": (post("transfer-encoding:\r\n chunked\r\ncontent-length: 0", AFTER), BROKEN),
    "a coding in a fold": (post(f"x-a: b\r\n {CHUNKS}\r\ncontent-length: 0"), BROKEN),
    "a coding after a bare newline": (post(f"x-a: b\n{CHUNKS}\r\ncontent-length: 0", AFTER), ENDED),
    "a coding after a bare return": (post(f"x-a: b\r{CHUNKS}\r\ncontent-length: 0"), BROKEN),
    "chunks in HTTP/1.0": (post(CHUNKS, AFTER, "POST /resource_providers HTTP/1.0"), BROKEN),
    "a coding that is not understood": (post("transfer-encoding: gzip, chunked", AFTER), ([501],)),
    "a newline in an extension": (chunked(first="2;\nxx\r\n{}\r\n"), ENDED),
    "a size in hexadecimal": (chunked(first="0x2\r\n{}\r\n"), ENDED),
    "a negative size": (chunked(first="-1\r\n{}\r\n"), ENDED),
    "a size with an underscore": (chunked(first="0_2\r\n{}\r\n"), ENDED),
    "a size that overflows": (chunked(first="10000000000000002\r\n{}\r\n"), ENDED),
    "a size that is too small": (chunked(first="1\r\n{}\r\n"), ENDED),
    "chunks with bare newlines": (post(CHUNKS, f"2\n{{}}\n0\n\n{HIDDEN}"), ENDED),
    "a length among trailers": (post(CHUNKS, "2\r\n{}\r\n0\r\ncontent-length: 9\r\nx-auth-token: ADMIN\r\n\r\n"), KEPT),
    "the same length twice": (post("content-length: LENGTH\r\ncontent-length: LENGTH"), KEPT),
    "a length with an underscore": (post("content_length: 0\r\ncontent-length: LENGTH"), KEPT),
    "a coding with an underscore": (post("transfer_encoding: chunked\r\ncontent-length: LENGTH", AFTER), KEPT),
    "all lines end in bare newlines": (post("content-length: LENGTH").replace("\r\n", "\n", 6), KEPT),
    "in one chunk": (post(CHUNKS, f"SIZE\r\n{HIDDEN}\r\n0\r\n\r\n"), KEPT),
    "in a body": (post("content-length: LENGTH"), KEPT),
    "in a body that is waited for": (post("expect: 100-continue\r\ncontent-length: LENGTH"), ([100, 403, 200],)),
    "in the body of nobody": (post("content-length: LENGTH").replace("READER", "nobody"), ([401, 200],)),
    "in the body of a GET": (post("content-length: LENGTH", line="GET /resource_providers HTTP/1.1"), KEPT),
    "in a body that is too large": (post("content-length: LENGTH", " " * 5000 + HIDDEN), ([413], [413, 200])),
    "in the target": (post("content-length: 0", "", "GET /x%0d%0aPUT%20/traits HTTP/1.1"), ([404, 200],)),
}


@pytest.fixture(scope="module", params=WAYS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with over(request.param, tmp_path_factory.mktemp("smuggling"), SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def credentials(server: Attacked) -> dict[str, str]:
    return {role.upper(): minted(server.folder, Who(role)) for role in ("reader", "admin")}


def written(attack: str, credentials: dict[str, str]) -> bytes:
    """The attack's bytes."""
    text = ATTACKS[attack][0]
    for name, token in credentials.items():
        text = text.replace(name, token)
    hidden = len(HIDDEN) - len("ADMIN") + len(credentials["ADMIN"])
    end = "\n\n" if attack == "all lines end in bare newlines" else "\r\n\r\n"
    length = len(text.partition(end)[2])
    return text.replace("LENGTH", str(length)).replace("SIZE", f"{hidden:x}").encode() + LAST


def answers(data: bytes) -> list[tuple[int, str | None]]:
    """Each answer's status, and the id of its request."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        data = data[int(headers.get("content-length", 0)) :]
        found.append((int(status.split()[1]), headers.get(REQUEST_ID)))
    return found


def send(wire: RawConnection, data: bytes) -> list[tuple[int, str | None]]:
    with wire, suppress(BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        wire.begin(data)
        return answers(wire.read_all())
    return []


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hidden_request_is_none(attack: str, target: Attacked, credentials: dict[str, str]) -> None:
    got = send(target.wire(), written(attack, credentials))
    assert [status for status, _ in got] in ATTACKS[attack][1]
    for status, request in got:
        if request is not None and status not in (200, 404):
            record = target.record(request)
            assert (record.outcome, record.address) == (str(status), "127.0.0.1")
    assert {each.request for each in target.records()} <= {request for _, request in got}, "nothing else was read"
    assert (got[0][1] is None) == (ATTACKS[attack][1] is BROKEN or got[0][0] == 100), "who has refused it?"


PARTS: Final = {
    "no chunk after the first": (CHUNKS, '10\r\n{"name": "half", \r\nzz\r\n'),
    "a chunk that is too short": (CHUNKS, '30\r\n{"name": "half", '),
    "a length that is too long": ("content-length: 50", '{"name": "half"}'),
}


@pytest.mark.parametrize("server", ["plain"], indirect=True)
@pytest.mark.parametrize("case", PARTS)
def test_a_part_of_a_body_is_not_carried_out(case: str, target: Attacked, credentials: dict[str, str]) -> None:
    """Of an administrator, whose connection breaks in the middle."""
    data = post(*PARTS[case]).replace("READER", credentials["ADMIN"]).encode()
    with target.wire() as wire, suppress(ConnectionResetError, ssl.SSLEOFError):
        wire.begin(data)
        wire.end()
        assert [status for status, _ in answers(wire.read_all()) if status < 400] == []


def test_read_as_a_request_it_would_be_carried_out(server: Attacked, credentials: dict[str, str]) -> None:
    """Else the attacks would prove nothing."""
    hidden = HIDDEN.replace("ADMIN", credentials["ADMIN"]).encode()
    assert [status for status, _ in send(server.wire(), hidden + LAST)] == [201, 200]
