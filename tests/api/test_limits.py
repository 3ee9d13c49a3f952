"""Limits on what one request, and one caller, may ask for."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from berth.api.http import HttpError, Request
from berth.api.limits import MOST_KEYS, Buckets, Limiter
from berth.api.origin import Origin, Origins
from berth.settings import Limits
from tests.auth.serving import berth, serving


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(rate=2, burst=3, clock=clock)
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.wait("b") == 0
    clock.now += 0.5
    assert [buckets.wait("a") for _ in range(2)] == [0, 0.5]
    clock.now += 1_000
    assert [buckets.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_no_rate_no_limit() -> None:
    buckets = Buckets(rate=0, burst=1)
    assert not any(buckets.wait("a") for _ in range(1000))


def test_ever_new_addresses_cost_no_more_memory() -> None:
    buckets = Buckets(rate=1, burst=1, clock=Clock())
    for number in range(MOST_KEYS + 100):
        buckets.wait(str(number))
    assert len(buckets._levels) == MOST_KEYS


def asking(address: str = "192.0.2.1", query: str = "", **headers: str) -> Request:
    return Request("GET", "/", query, {name.replace("_", "-"): text for name, text in headers.items()}, address=address)


def status(refusal: HttpError | None) -> int | None:
    return None if refusal is None else refusal.status


def test_sizes() -> None:
    limiter = Limiter(Limits(query_bytes=10, header_bytes=20))
    assert status(limiter.refusal(asking(query="x" * 10))) is None
    assert status(limiter.refusal(asking(query="x" * 11))) == 414
    assert status(limiter.refusal(asking(accept="x" * 14))) is None
    assert status(limiter.refusal(asking(accept="x" * 15))) == 431


def test_rates() -> None:
    clock = Clock()
    limiter = Limiter(Limits(rate_per_token=1, rate_per_address=4, burst=2), workers=2, clock=clock)
    assert [status(limiter.refusal(asking(x_auth_token="a"))) for _ in range(3)] == [None, None, 429]
    refusal = limiter.refusal(asking("192.0.2.2", authorization="Bearer b"))
    assert refusal is None
    refusals = [limiter.refusal(asking("192.0.2.2")) for _ in range(2)]
    assert [status(each) for each in refusals] == [None, 429]
    assert refusals[1] is not None
    assert refusals[1].headers == (("retry-after", "1"),)
    clock.now += 10
    assert limiter.refusal(asking(x_auth_token="a")) is None


def test_whoever_guesses_may_guess_only_so_often() -> None:
    limiter = Limiter(Limits(refusals_per_address=1, burst=3), clock=Clock())
    assert [status(limiter.guessed(asking())) for _ in range(4)] == [None, None, None, 429]
    assert limiter.guessed(asking("192.0.2.2")) is None
    assert limiter.refusal(asking()) is None


PROXIES = ("192.0.2.0/24", "2001:db8::/32")


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("198.51.100.7:9", "203.0.113.5", "198.51.100.7"),  # no proxy of ours: it may say what it likes
        ("192.0.2.1:9", "203.0.113.5", "203.0.113.5"),
        ("192.0.2.1:9", "10.0.0.1, 203.0.113.5", "203.0.113.5"),  # what stands before it anybody may have written
        ("192.0.2.1:9", "203.0.113.5, 192.0.2.9", "203.0.113.5"),
        ("192.0.2.1:9", "192.0.2.9", "192.0.2.9"),
        ("192.0.2.1:9", "", "192.0.2.1"),
        ("192.0.2.1:9", "nonsense", "192.0.2.1"),
        ("192.0.2.1:9", "203.0.113.5, nonsense", "192.0.2.1"),
        ("[2001:db8::1]:9", "[2001:db9::1]", "2001:db9::1"),
    ],
)
def test_which_address_counts(client: str, forwarded: str, address: str) -> None:
    found = Origins(PROXIES).of(client, "http", {"x-forwarded-for": forwarded, "x-forwarded-proto": "https"})
    assert found.address == address
    assert found.scheme == ("http" if client.startswith("198") else "https")


def test_without_proxies_nobody_is_believed() -> None:
    headers = {"x-forwarded-for": "203.0.113.5", "x-forwarded-proto": "https"}
    assert Origins().of("127.0.0.1:9", "http", headers) == Origin("127.0.0.1", "http", None)


SETTINGS = """
auth = ["token"]
trusted_proxies = ["127.0.0.0/8"]
[limits]
body_bytes = 1000
query_bytes = 500
header_bytes = 2000
refusals_per_address = 0.5
burst = 5
slow_seconds = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("limits")


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with serving(folder, SETTINGS) as port:
        yield port


@pytest.fixture(scope="module")
def token(folder: Path, port: int) -> str:
    return berth(folder, "token", "create", "--name", "limits", "--role", "admin")


def test_what_is_too_large_is_refused_and_noted(folder: Path, port: int, token: str) -> None:
    url = f"http://127.0.0.1:{port}"
    headers = {"x-auth-token": token, "x-forwarded-for": "203.0.113.1", "openstack-api-version": "placement 1.39"}
    for path in ("/resource_providers", "/v1/providers"):
        assert httpx.get(url + path, params={"name": "x" * 600}, headers=headers).status_code == 414
        assert httpx.get(url + path, headers=headers | {"x-more": "x" * 3000}).status_code == 431
    large = httpx.post(f"{url}/resource_providers", content=b"x" * 1001, headers=headers)
    assert large.status_code == 413
    time.sleep(0.5)
    for outcome in ("413", "414", "431"):
        assert berth(folder, "audit", "list", "--outcome", outcome, "--json")


def test_guessing(folder: Path, port: int, token: str) -> None:
    url = f"http://127.0.0.1:{port}/v1/me"
    guesser = {"x-auth-token": "berth_aaaaaaaaaa_guess", "x-forwarded-for": "203.0.113.66"}
    statuses = [httpx.get(url, headers=guesser).status_code for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    for address in ("203.0.113.2", "203.0.113.66"):  # whoever is known is let in, even from where others guess
        assert httpx.get(url, headers={"x-auth-token": token, "x-forwarded-for": address}).status_code == 200
    time.sleep(0.5)
    assert '"address":"203.0.113.66"' in berth(folder, "audit", "list", "--outcome", "429", "--json")


def test_a_body_that_does_not_arrive(port: int, token: str) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(
            b"POST /traits HTTP/1.1\r\nhost: x\r\nx-auth-token: " + token.encode() + b"\r\n"
            b"content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
        )
        assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_headers_that_do_not_arrive(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        begun = time.monotonic()
        answer = slow.recv(1000)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
        assert time.monotonic() - begun < 8


SMUGGLED = {
    "two lengths": b"POST /traits HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
    "length and chunks": b"POST /traits HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n"
    b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n",
    "chunks that are none": b"POST /traits HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nhost: x\r\nx-auth-token: a\r\n b\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nhost: x\r\nx-auth-token : a\r\n\r\n",
    "a newline in a header": b"GET / HTTP/1.1\r\nhost: x\r\nx-a: b\nx-roles: admin\r\n\r\n",
    "a length that is no number": b"POST /traits HTTP/1.1\r\nhost: x\r\ncontent-length: +4\r\n\r\nabcd",
    "no protocol": b"GET /\r\n\r\n",
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_requests_within_requests(port: int, case: str) -> None:
    """Whatever a proxy and Berth could read differently gets no 2xx, and never a second answer to a hidden request."""
    with socket.create_connection(("127.0.0.1", port), timeout=1.5) as raw:
        raw.sendall(SMUGGLED[case])
        answered = b""
        try:
            while piece := raw.recv(4096):
                answered += piece
                if len(answered) > 16_384:
                    break
        except TimeoutError:
            pass
    assert b"smuggled" not in answered
    if case != "a newline in a header":  # a bare newline ends a line (RFC 9112, 2.2), and X-Roles means nothing here
        assert not answered.startswith(b"HTTP/1.1 2"), answered


@pytest.mark.parametrize(
    "path",
    ["//resource_providers", "/%2e%2e/resource_providers", "/resource_providers;x=1", "/v1/../resource_providers",
     "/resource_providers%2f", "/resource_providers/../traits", "/./resource_providers", "/V1/me", "/v1//me",
     "/v1/me/"],
)  # fmt: skip
def test_paths_that_mean_something_else_elsewhere(port: int, path: str) -> None:
    """No other spelling of a path gets past the gate: without a token each is 401 or 404."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(
            f"GET {path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 203.0.113.9\r\nconnection: close\r\n\r\n".encode()
        )
        assert raw.recv(100).split()[1] in (b"401", b"404", b"429")
