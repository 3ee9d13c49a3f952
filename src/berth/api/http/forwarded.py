"""The client's address behind proxies, and the certificate of its connection."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final, NamedTuple

from berth.api.http.messages import HttpError

PROXY_HOST: Final = "127.0.0.1"
"""The address from which the TLS proxy connects."""

BYPASSED: Final = "This port is for the TLS proxy only: connect to the port on which the proxy listens."


ALIVE: Final = "alive"
"""The named pipe in the proxy's folder that the proxy reads from as long as it runs."""
IPV6_SITE: Final = 64
"""The prefix length of the network that one IPv6 client has to itself, in bits."""


@lru_cache(maxsize=4096)
def site_of(address: str) -> str:
    """Return what the limits of an address are counted for: the address itself; for IPv6 its network.

    One client has 2**64 addresses there (RFC 6177), and could use a new one for each request.
    """
    if ":" not in address or not _is_address(address):
        return address
    parsed = IPv6Address(address)
    return str(parsed.ipv4_mapped or ip_network((int(parsed), IPV6_SITE), strict=False))


class ClientAddress(NamedTuple):
    """The client's own address and scheme; certificate: its common name, None without one."""

    address: str
    scheme: str
    certificate: str | None


class ClientAddresses:
    """Finds the address of the client that sent a request.

    proxies: networks whose X-Forwarded-For and X-Forwarded-Proto are trusted. proxy_folder: the one in which the TLS
    proxy records the client of each of its connections, by its own port; None without that proxy.
    """

    def __init__(self, proxies: Iterable[str] = (), proxy_folder: Path | None = None) -> None:
        self._proxies = tuple(ip_network(each) for each in proxies)
        self._proxy_folder = proxy_folder

    def address_of(self, client: str, scheme: str, headers: Mapping[str, str]) -> ClientAddress:
        """Return a client's address. client: peer address and port. Raise HttpError 403 if it went round our proxy."""
        host, _, port = client.rpartition(":")
        peer = ClientAddress(host.strip("[]"), scheme, None)
        if self._proxy_folder is not None:
            peer = _behind_tls_proxy(self._proxy_folder, peer.address, port)
        if self._proxies and self._is_proxy(peer.address):
            return self._forwarded(peer, headers)
        return peer

    def _forwarded(self, peer: ClientAddress, headers: Mapping[str, str]) -> ClientAddress:
        """Return the right-most address that is not a trusted proxy; anything further left can be forged."""
        hops = [hop.strip().strip("[]") for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        address = peer.address
        for hop in reversed(hops):
            if not _is_address(hop):
                break
            address = hop
            if not self._is_proxy(hop):
                break
        scheme = headers.get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
        return ClientAddress(address, scheme if scheme in ("http", "https") else peer.scheme, peer.certificate)

    def _is_proxy(self, address: str) -> bool:
        return _is_address(address) and any(ip_address(address) in network for network in self._proxies)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _behind_tls_proxy(folder: Path, host: str, port: str) -> ClientAddress:
    """Return what the TLS proxy recorded of the connection from this port; raise HttpError 403 if it is not its own.

    The host is checked as well: another user of this machine can connect from the same port of 127.0.0.2. So is the
    proxy, first: if it was killed, its entries are still there, and its ports are free.
    """
    try:
        os.close(os.open(folder / ALIVE, os.O_WRONLY | os.O_NONBLOCK))  # fails if no process reads
        address, _, name = (folder / port).read_text(encoding="utf-8").partition("\n")
    except OSError:
        raise HttpError(403, BYPASSED) from None
    if host != PROXY_HOST:
        raise HttpError(403, BYPASSED)
    return ClientAddress(address, "https", name or None)
