"""Waiting for a server: until it is ready, and no longer than was said."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from berth.client import readiness
from tests.support.ports import free_port


class Starting(BaseHTTPRequestHandler):
    """Answers 503 twice, then 200."""

    statuses = (503, 503, 200)

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(self.statuses[min(len(self.server.asked), 3) - 1])  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Starting) as server:
        server.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()


def test_until_it_is_ready(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "ASK_AGAIN_S", 0.01)
    readiness.wait_until_ready(f"http://127.0.0.1:{server.server_port}", 30)
    assert server.asked == ["/readyz"] * 3  # type: ignore[attr-defined]


def test_no_longer_than_was_said() -> None:
    began = time.monotonic()
    readiness.wait_until_ready(f"http://127.0.0.1:{free_port()}", 0.3)
    assert 0.3 <= time.monotonic() - began < 5


def test_not_at_all(server: HTTPServer) -> None:
    readiness.wait_until_ready(f"http://127.0.0.1:{server.server_port}", 0)
    assert server.asked == []  # type: ignore[attr-defined]
