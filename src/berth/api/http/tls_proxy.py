"""The TLS proxy: terminates TLS where client certificates are used, and reports each connection's client.

Granian does not expose the client certificate of a connection. So where one may be required, this proxy listens
instead. It relays each connection to the server, which listens on a loopback port, from a port of its own; in a file
named after that port, in a private folder, it has written the connection's client. The file is written before the
connection is made, and removed before the port is free again. The server refuses connections to its loopback port
without such a file, or from another loopback address.

It is a process of its own, started as a program: it shares no memory, no socket and no secret of the database with the
workers. It ends with its lifeline: at once it stops listening, then its connections end as the workers close them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from berth.api.http.forwarded import ALIVE
from berth.logs.setup import Logging
from berth.processes.child import LAST_S, UNSTARTABLE, Program, lifeline_ended, report_ready
from berth.settings import Log, Tls

HANDSHAKE_S: Final = 10
LINGER_S: Final = 5
PIECE: Final = 64 * 1024

_LOG = logging.getLogger("berth")


class ProxyAddress(msgspec.Struct, frozen=True):
    """Where the proxy listens, the server's port behind it, and the folder with the connections' clients."""

    host: str
    port: int
    behind: int
    folder: str


class ProxySettings(msgspec.Struct, frozen=True):
    """What the main process passes to the proxy."""

    address: ProxyAddress
    tls: Tls
    log: Log


def context_of(tls: Tls) -> ssl.SSLContext:
    """Return the context for handshakes. A client need not send a certificate; one that it sends must be valid."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(tls.cert, tls.key or None)
    if tls.client_ca:
        context.load_verify_locations(tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def proxy_program(given: ProxySettings) -> Program:
    """Start the proxy."""
    return Program("the TLS proxy", __name__, msgspec.json.encode(given))


def main() -> None:
    """Run the proxy in this process, which `proxy_program` has started. Raise SystemExit if it cannot listen."""
    given = msgspec.json.decode(sys.stdin.readline(), type=ProxySettings)
    log = Logging(given.log)
    log.take_over()
    try:
        asyncio.run(_serve(given))
    except OSError as error:
        _LOG.error("the TLS proxy cannot listen on %s:%d: %s", given.address.host, given.address.port, error)
        log.end()
        raise SystemExit(UNSTARTABLE) from None


async def _serve(given: ProxySettings) -> None:
    address, connections = given.address, set[asyncio.Task[Any]]()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        task.add_done_callback(connections.discard)
        try:
            await _relay(address, reader, writer)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError) as error:
            _LOG.debug("a connection ended: %s", error)
        finally:
            writer.close()

    context, folder = context_of(given.tls), _empty(Path(address.folder))
    server = await asyncio.start_server(
        accept, address.host, address.port, backlog=2048, ssl=context, ssl_handshake_timeout=HANDSHAKE_S
    )
    with marked_alive(folder):
        report_ready()
        await lifeline_ended()
        server.close()
        if connections:
            await asyncio.wait(connections, timeout=LAST_S)
    with contextlib.suppress(OSError):
        folder.rmdir()  # the main process may have been killed


def _empty(folder: Path) -> Path:
    """Remove what a proxy has left that was killed: others may use its ports by now."""
    for each in folder.iterdir():
        each.unlink()
    return folder


@contextlib.contextmanager
def marked_alive(folder: Path) -> Iterator[None]:
    """Mark the entries of a folder as valid until the block, or this process, ends."""
    mark = folder / ALIVE
    os.mkfifo(mark, 0o600)
    reading = os.open(mark, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield
    finally:
        os.close(reading)
        mark.unlink()


async def _relay(address: ProxyAddress, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    behind = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    behind.setblocking(False)
    behind.bind(("127.0.0.1", 0))
    entry = Path(address.folder) / str(behind.getsockname()[1])
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
