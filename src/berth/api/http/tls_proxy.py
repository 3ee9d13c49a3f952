"""The TLS front: ends TLS where client certificates count, and tells the server whose connection each is.

Granian does not say with which certificate a connection was made. So where one may be asked for, this
front listens instead. It passes each connection on to the server, which listens on a loopback port, from
a port of its own; under that port's number it has written, in a folder that nobody else can enter, whom
the connection is from. The entry is made before the connection and is gone before the port is free again.
Whoever comes to the loopback port without one, or from another loopback address, is refused.
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
    """Where the front listens, where the server does, and the folder between them."""

    host: str
    port: int
    behind: int
    folder: Path


def context_of(tls: Tls) -> ssl.SSLContext:
    """What a handshake has to fulfil. A client need not show a certificate; one that it shows has to be right."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.cert, tls.key or None)
    if tls.client_ca:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def start(door: ProxyAddress, context: ssl.SSLContext) -> None:
    """Listen, in a thread of this process, until it ends. OSError if the port cannot be had."""
    listening = socket.create_server((door.host, door.port), family=_family(door.host), backlog=2048)
    threading.Thread(target=lambda: asyncio.run(_serve(door, context, listening)), daemon=True, name="front").start()


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


async def _serve(door: ProxyAddress, context: ssl.SSLContext, listening: socket.socket) -> None:
    async def come_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _relay(door, reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
            _LOG.debug("a connection ended: %s", error)
        finally:
            writer.close()

    server = await asyncio.start_server(come_in, sock=listening, ssl=context, ssl_handshake_timeout=HANDSHAKE_S)
    async with server:
        await server.serve_forever()


async def _relay(door: ProxyAddress, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    behind = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    behind.setblocking(False)
    behind.bind(("127.0.0.1", 0))
    entry = door.folder / str(behind.getsockname()[1])
    peer = writer.get_extra_info("peername")[0]
    entry.write_text(f"{peer}\n{common_name(writer.get_extra_info('peercert'))}", encoding="utf-8")
    try:
        await asyncio.get_running_loop().sock_connect(behind, ("127.0.0.1", door.behind))
        inner_reader, inner_writer = await asyncio.open_connection(sock=behind)
        try:
            await _until_one_ends(_copy(reader, inner_writer), _copy(inner_reader, writer))
            await _served(inner_reader, inner_writer)
        finally:
            entry.unlink(missing_ok=True)  # before the port can be anybody else's
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


async def _served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let the server know that no more comes, and wait until it is at an end with what it has."""
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
    """The common name in a certificate that was checked; "" if there is none, or if it would not be one line."""
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName" and str(value).isprintable():
                return str(value)
    return ""
