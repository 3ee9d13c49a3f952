"""A server that is running, asked as a caller without credentials: which address may be, and its replies."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from berth.review.deployment.configuration import is_loopback
from berth.review.deployment.handshake import trustful_context

TIMEOUT_S: Final = 10
MOST_BYTES: Final = 64 * 1024
"""How much of a reply is read."""

TRIES: Final = 4
LONGEST_PAUSE_S: Final = 5
"""The longest that a server may ask to wait after a 429."""

STRANGER: Final = "https://review.invalid"
"""The origin that the requests name: that of no page which a server could trust."""


class LiveServerRefused(Exception):
    """The address of a live server may not be asked, or is none."""


@dataclass(frozen=True, slots=True)
class LiveReply:
    """What a server replied. status: 0 if it did not; headers: by their names in lower case; body: its begin."""

    path: str
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def is_page(self) -> bool:
        """Whether a browser shows it as a page."""
        return self.headers.get("content-type", "").startswith("text/html")


def check_address(url: str, *, others: bool) -> str:
    """Return the address without a slash at its end.

    others: whether machines other than this one may be asked. Raises LiveServerRefused.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for what is no port
    except ValueError as error:
        raise LiveServerRefused(f"{url} is not an address: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise LiveServerRefused(f"{url} is not an address such as https://127.0.0.1:8778")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise LiveServerRefused("the address of a live server has neither a user nor a query")
    if not others and not is_loopback(parts.hostname):
        raise LiveServerRefused(
            f"{parts.hostname} is not this machine: add --yes-this-is-mine if you may test the server there"
        )
    return url.rstrip("/")


class LiveServer:
    """Sends GET requests to one server; neither follows redirects nor believes a proxy's variables."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(verify=trustful_context(), timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> LiveReply:
        """Return the reply to a GET request. Waits where the server asks for it (429), for 15 s in all."""
        named = {"origin": STRANGER, **(headers or {})}
        for _ in range(TRIES - 1):
            reply = self._get(path, named)
            if reply.status != 429:
                return reply
            time.sleep(_pause_s(reply.headers.get("retry-after", "")))
        return self._get(path, named)

    def _get(self, path: str, headers: Mapping[str, str]) -> LiveReply:
        try:
            with self._http.stream("GET", f"{self.url}{path}", headers=headers) as reply:
                body = b"" if reply.is_success else _first(reply)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return LiveReply(path, 0, {}, str(error) or type(error).__name__)
        return LiveReply(path, reply.status_code, dict(reply.headers), body.decode("utf-8", "replace"))


def _first(reply: httpx.Response) -> bytes:
    read = b""
    for piece in reply.iter_bytes():
        read += piece
        if len(read) >= MOST_BYTES:
            break
    return read[:MOST_BYTES]


def _pause_s(text: str) -> float:
    return min(float(text) if text.isascii() and text.isdigit() else 1.0, LONGEST_PAUSE_S)
