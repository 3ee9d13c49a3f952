"""Where a request came from: the address, and the certificate that its connection was made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final, NamedTuple

from berth.api.http.messages import HttpError

BEHIND: Final = "127.0.0.1"
"""The one address that the TLS front comes from."""

BYPASSED: Final = "This port is for the TLS front alone: connect to the one that it listens on."


class ClientAddress(NamedTuple):
    """Address and scheme as the client sees them; certificate: its common name, None without one."""

    address: str
    scheme: str
    certificate: str | None


class ClientAddresses:
    """Knows where requests came from.

    proxies: networks whose X-Forwarded-For and X-Forwarded-Proto are believed. front: the folder in which
    the TLS front says, by its own ports, whose connection each is; None without a front.
    """

    def __init__(self, proxies: Iterable[str] = (), front: Path | None = None) -> None:
        self._proxies = tuple(ip_network(each) for each in proxies)
        self._front = front

    def of(self, client: str, scheme: str, headers: Mapping[str, str]) -> ClientAddress:
        """The origin of a request. client: the peer's address and port. HttpError 403: it came round the front."""
        host, _, port = client.rpartition(":")
        found = ClientAddress(host.strip("[]"), scheme, None)
        if self._front is not None:
            found = _fronted(self._front, found.address, port)
        if self._proxies and self._is_proxy(found.address):
            found = self._forwarded(found, headers)
        return found

    def _forwarded(self, peer: ClientAddress, headers: Mapping[str, str]) -> ClientAddress:
        """The last address that no proxy of ours has: whatever stands before it anybody may have written."""
        hops = [hop.strip().strip("[]") for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        address = peer.address
        for hop in reversed(hops):
            if not _is_address(hop):
                break
            address = hop
            if not self._is_proxy(hop):
                break
        told = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return ClientAddress(address, told if told in ("http", "https") else peer.scheme, peer.certificate)

    def _is_proxy(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _fronted(folder: Path, host: str, port: str) -> ClientAddress:
    """What the front has written down of the connection from this port; HttpError 403 if it is not the front's.

    A loopback address has neighbours: whoever is on this machine can have the same port of 127.0.0.2.
    """
    try:
        address, _, name = (folder / port).read_text(encoding="utf-8").partition("\n")
    except OSError:
        raise HttpError(403, BYPASSED) from None
    if host != BEHIND:
        raise HttpError(403, BYPASSED)
    return ClientAddress(address, "https", name or None)
