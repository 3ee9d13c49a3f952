"""A stand-in for Keystone that follows its API (v3): POST and GET /auth/tokens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

NOW = 1_800_000_000.0


class StandIn:
    """Knows some tokens. now: its clock; own: the service user's present one; logins, asked: how often; away: it fails.

    Questions about tokens that begin with `slow` are not answered before `released`; held: how many are waiting.
    """

    def __init__(self) -> None:
        self.url = ""
        self.tokens: dict[str, dict[str, Any]] = {}
        self.own, self.logins, self.asked, self.away = "own-0", 0, 0, False
        self.credentials: Any = None
        self.now = NOW
        self.released, self.held = threading.Event(), 0

    def add(self, token: str, lasts: float = 3600, **more: Any) -> None:
        self.tokens[token] = {
            "user": {"id": "u-1", "name": "ada", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": "p-1", "name": "lab", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "r-1", "name": "Admin"}, {"id": "r-2", "name": "member"}],
            "expires_at": _iso(NOW + lasts),
            **more,
        }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@contextmanager
def running() -> Iterator[StandIn]:
    known = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            known.credentials = json.loads(self.rfile.read(int(self.headers["content-length"])))
            known.logins += 1
            known.own = f"own-{known.logins}"
            self._tell(201, {"token": {"expires_at": _iso(NOW + 3600)}}, {"X-Subject-Token": known.own})

        def do_GET(self) -> None:
            if self.headers["x-auth-token"] != known.own:
                return self._tell(401, {})
            known.asked += 1
            if self.headers["x-subject-token"].startswith("slow"):
                known.held += 1
                known.released.wait(30)
                known.held -= 1
            told = known.tokens.get(self.headers["x-subject-token"])
            if told and told["expires_at"] <= _iso(known.now) and not self.path.endswith("?allow_expired=1"):
                told = None
            return self._tell(404, {}) if told is None else self._tell(200, {"token": told})

        def _tell(self, status: int, told: Any, headers: dict[str, str] | None = None) -> None:
            self.send_response(503 if known.away else status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it has there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.url = f"http://127.0.0.1:{server.server_port}/v3"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield known
        known.released.set()
        server.shutdown()
        thread.join()
