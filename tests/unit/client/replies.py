"""A transport whose server is a function: no sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

from berth.client.transport import Transport

URL = "http://berth.example"
Server = Callable[[httpx.Request], httpx.Response]


def transport_to(server: Server, token: str | None = None) -> Transport:
    """Return a transport whose requests are answered by a function."""
    transport = Transport(URL, token, timeout_s=1.0, ca=None, cert=None)
    auth = transport._http.auth
    transport._http.close()
    transport._http = httpx.Client(base_url=URL, auth=auth, transport=httpx.MockTransport(server))
    return transport


def as_json(value: Any, status: int = 200) -> httpx.Response:
    """Return a response with a value as JSON."""
    return httpx.Response(status, content=msgspec.json.encode(value), headers={"content-type": "application/json"})


def problem(status: int, kind: str, detail: str, **fields: Any) -> httpx.Response:
    """Return a response with a problem document (RFC 9457) as /v1 sends it."""
    return as_json(
        {"type": f"/v1/problems/{kind}", "title": kind, "status": status, "detail": detail, **fields}, status
    )
