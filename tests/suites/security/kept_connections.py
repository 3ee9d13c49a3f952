"""Connections that are kept: a thousand requests in a second."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any

PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Got:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connections:
    """Connections to one server: one for each client certificate, and one without any."""

    def __init__(self, port: int, context: Callable[[str], ssl.SSLContext] | None = None) -> None:
        self.port, self.context = port, context
        self._open: dict[str, HTTPConnection] = {}

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: Any = None, certificate: str = "") -> Got:
        """Ask, once more if a kept connection had ended, or the server is only about to begin."""
        sent = dict(headers)
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            connection = self._connection(certificate)
            try:
                connection.request(method, target, data, sent)
                reply = connection.getresponse()
                return Got(reply.status, {name.lower(): text for name, text in reply.getheaders()}, reply.read())
            except (HTTPException, OSError):
                self.close(certificate)
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self, certificate: str = "") -> None:
        connection = self._open.pop(certificate, None)
        if connection is not None:
            connection.close()

    def close_all(self) -> None:
        for certificate in list(self._open):
            self.close(certificate)

    def _connection(self, certificate: str) -> HTTPConnection:
        if certificate not in self._open:
            self._open[certificate] = self._made(certificate)
        return self._open[certificate]

    def _made(self, certificate: str) -> HTTPConnection:
        if self.context is None:
            return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        return HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE_S, context=self.context(certificate))
