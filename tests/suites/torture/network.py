"""A small proxy between server and database that cuts and delays."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url

from tests.suites.torture.kills import Blows, disturb_under_load
from tests.support.servers import token_server_group

PORTS = {"postgresql": 5432, "mariadb": 3306}


class Proxy:
    """A proxy that passes bytes on, unless it is told to disturb.

    delay_s: how long every piece is held back; lose_commits: a COMMIT reaches the database, but its reply is lost
    with the connection, so that its result is unknown; refusing: new connections are refused; passing: while this event
    is clear nothing passes, and nothing is refused.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.delay_s = 0.0
        self.lose_commits = False
        self.refusing = False
        self.passing = threading.Event()
        self.passing.set()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._doomed: set[tuple[socket.socket, socket.socket]] = set()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Cut every connection, in the middle of what passes."""
        for pair in list(self._pairs):
            self._drop(pair)

    def calm(self) -> None:
        """Pass everything on again."""
        self.delay_s, self.lose_commits, self.refusing = 0.0, False, False
        self.passing.set()

    def close(self) -> None:
        self._closed = True
        self._listener.close()
        self.passing.set()
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
                if self.refusing:
                    near.close()
                    continue
                pair = near, socket.create_connection(self._target, timeout=10)
            except OSError:
                continue
            for each in pair:
                each.settimeout(None)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs.add(pair)
            threading.Thread(target=self._connect, args=(pair,), daemon=True).start()

    def _connect(self, pair: tuple[socket.socket, socket.socket]) -> None:
        """Pass both ways until the pair is dropped, and close it.

        Not before: the number of a closed socket is soon that of another one, from which a thread that is just about to
        read would take what belongs to somebody else.
        """
        back = threading.Thread(target=self._pass, args=(pair, False), daemon=True)
        back.start()
        self._pass(pair, towards=True)
        back.join()
        for each in pair:
            each.close()

    def _pass(self, pair: tuple[socket.socket, socket.socket], towards: bool) -> None:
        source, sink = pair if towards else pair[::-1]
        with suppress(OSError):
            while piece := source.recv(65536):
                self.passing.wait()
                if self.delay_s:
                    time.sleep(self.delay_s)
                if pair in self._doomed and not towards:
                    break
                if towards and self.lose_commits and b"COMMIT" in piece.upper():
                    self._doomed.add(pair)
                sink.sendall(piece)
        self._drop(pair)

    def _drop(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        self._doomed.discard(pair)
        for each in pair:
            with suppress(OSError):
                # At once, without a farewell: as when a cable is pulled and plugged in again.
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxied(database: str) -> Iterator[tuple[str, Proxy]]:
    """Yield the URL of the same database through a proxy."""
    url = make_url(database)
    proxy = Proxy(url.host or "127.0.0.1", url.port or PORTS[url.get_backend_name()])
    try:
        yield url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False), proxy
    finally:
        proxy.close()


def disturb(database: str, folder: Path, rounds: int, seed: int = 1) -> list[str]:
    """Disturb the network between servers and database in each round. Return what was wrong."""
    with proxied(database) as (behind, proxy), token_server_group(behind, folder, 3) as servers:
        return disturb_under_load(database, folder, servers, _disturb(proxy, random.Random(seed), rounds))


def _disturb(proxy: Proxy, chance: random.Random, rounds: int) -> Blows:
    for turn in range(rounds):
        time.sleep(chance.uniform(0.1, 0.4))
        kind = turn % 5
        if kind == 0:
            proxy.cut()
        elif kind == 1:
            proxy.lose_commits = True
            time.sleep(chance.uniform(0.05, 0.5))
        elif kind == 2:
            proxy.delay_s = chance.uniform(0.005, 0.05)
            time.sleep(0.5)
        elif kind == 3:
            proxy.passing.clear()
            time.sleep(chance.uniform(0.2, 1))
        else:
            proxy.refusing = True
            proxy.cut()
            time.sleep(0.3)
        proxy.calm()
        yield
    time.sleep(1)  # a while of calm, in which all must find their way back
