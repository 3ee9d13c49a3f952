"""The TLS proxy: terminates TLS where client certificates are used, and reports each connection's client.

Granian does not expose the client certificate of a connection. So where one may be required, this proxy listens
instead. It relays each connection to the server, which listens on a loopback port, from a port of its own; in a file
named after that port, in a private folder, it has written the connection's client. The file is written before the
connection is made, and removed before the port is free again. The server refuses connections to its loopback port
without such a file, or from another loopback address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from berth.settings import Tls

HANDSHAKE_S: Final = 10
LINGER_S: Final = 5
PIECE: Final = 64 * 1024

_LOG = logging.getLogger("berth")


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """Where the proxy listens, the server's port behind it, and the folder with the connections' clients."""

    host: str
    port: int
    behind: int
    folder: Path


def context_of(tls: Tls) -> ssl.SSLContext:
    """Return the context for handshakes. A client need not send a certificate; one that it sends must be valid."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.cert, tls.key or None)
    if tls.client_ca:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def start(address: ProxyAddress, context: ssl.SSLContext) -> None:
    """Listen in a daemon thread of this process. Raise OSError if the port cannot be opened."""
    listening = socket.create_server((address.host, address.port), family=_family(address.host), backlog=2048)
    threading.Thread(target=_run, args=(address, context, listening), daemon=True, name="tls-proxy").start()


def _run(address: ProxyAddress, context: ssl.SSLContext, listening: socket.socket) -> None:
    asyncio.run(_serve(address, context, listening))


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


async def _serve(address: ProxyAddress, context: ssl.SSLContext, listening: socket.socket) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _relay(address, reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
            _LOG.debug("a connection ended: %s", error)
        finally:
            writer.close()

    server = await asyncio.start_server(accept, sock=listening, ssl=context, ssl_handshake_timeout=HANDSHAKE_S)
    async with server:
        await server.serve_forever()


async def _relay(address: ProxyAddress, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    behind = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    behind.setblocking(False)
    behind.bind(("127.0.0.1", 0))
    entry = address.folder / str(behind.getsockname()[1])
    peer = writer.get_extra_info("peername")[0]
    entry.write_text(f"{peer}\n{common_name(writer.get_extra_info('peercert'))}", encoding="utf-8")
    try:
        await asyncio.get_running_loop().sock_connect(behind, ("127.0.0.1", address.behind))
        inner_reader, inner_writer = await asyncio.open_connection(sock=behind)
        try:
            await _until_one_ends(_copy(reader, inner_writer), _copy(inner_reader, writer))
            await _drain(inner_reader, inner_writer)
        finally:
            entry.unlink(missing_ok=True)  # before the port can be used again
            inner_writer.close()
    finally:
        entry.unlink(missing_ok=True)
        behind.close()


async def _until_one_ends(*copies: Any) -> None:
    tasks = [asyncio.ensure_future(each) for each in copies]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await task


async def _drain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Tell the server that the client has finished, and wait until it closes the connection."""
    with contextlib.suppress(OSError, TimeoutError):
        writer.write_eof()
        async with asyncio.timeout(LINGER_S):
            while await reader.read(PIECE):
                pass


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE):
        target.write(piece)
        await target.drain()


def common_name(certificate: Any) -> str:
    """Return the common name of a verified certificate; "" if it has none, or one that is not printable."""
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName" and str(value).isprintable():
                return str(value)
    return ""
