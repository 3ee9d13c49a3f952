"""HTTP clients, and the requests that they send."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Self
from uuid import uuid4

from tests.suites.torture.history import Final, Held
from tests.support.servers import Server

MORE_READS = 2
"""How often a read answered with 503 is sent again: a busy machine may take longer than a request has."""

ANSWER_S = 60
"""Longer than a server tries on its own account before it says 503."""

IDLE_S = 10
"""After this long a connection is not used again: the server may be about to close it, as HTTP lets it."""

HEADERS = {
    "openstack-api-version": "placement 1.36",
    "content-type": "application/json",
    "accept": "application/json",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply. status: 0 if there was none."""

    status: int
    body: Any = None
    headers: Mapping[str, str] | None = None

    @property
    def code(self) -> str:
        """Return Placement's code of an error."""
        errors = self.body.get("errors", ()) if isinstance(self.body, dict) else ()
        return str(errors[0].get("code", "")) if errors else ""

    @property
    def problem(self) -> str:
        """Return the kind of a problem of /v1."""
        return str(self.body.get("type", "")) if isinstance(self.body, dict) else ""

    @property
    def request(self) -> str:
        """Return the request's id, as the server's logs have it."""
        return (self.headers or {}).get("x-openstack-request-id", "")


class Client:
    """A client of several servers, one at a time, over a connection that it keeps. Not thread-safe."""

    def __init__(self, servers: Sequence[Server], seed: int | str = 0) -> None:
        self._ports, self._token = [server.port for server in servers], servers[0].token
        self._connections: dict[int, tuple[HTTPConnection, float]] = {}
        self.random = random.Random(seed)

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Answer:
        """Send one request to any server that listens. It is never repeated once it has been sent.

        token: instead of that of the servers.
        """
        text = None if body is None else json.dumps(body)
        port, connection = self._connected()
        try:
            connection.request(method, path, text, {**HEADERS, "x-auth-token": token or self._token})
            response = connection.getresponse()
            told = response.read()
        except (OSError, HTTPException):
            connection.close()
            return Answer(0)
        self._connections[port] = connection, time.monotonic()
        decoded: Any = None
        with suppress(ValueError):
            decoded = json.loads(told)
        return Answer(response.status, decoded, {name.lower(): value for name, value in response.getheaders()})

    def _connected(self) -> tuple[int, HTTPConnection]:
        """Return a connection to a server that listens."""
        deadline = time.monotonic() + ANSWER_S
        while time.monotonic() < deadline:
            port = self.random.choice(self._ports)
            connection, used = self._connections.pop(port, (None, 0.0))
            if connection is not None and time.monotonic() - used < IDLE_S:
                return port, connection
            if connection is not None:
                connection.close()
            connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_S)
            try:
                connection.connect()
            except OSError:
                time.sleep(0.02)
            else:
                return port, connection
        raise AssertionError("no server listens")

    def sure(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request that must succeed, and return its body. A read that is answered too late is sent again."""
        answer = self.ask(method, path, body)
        for _ in range(MORE_READS if method == "GET" else 0):
            if answer.status != 503:
                break
            answer = self.ask(method, path, body)
        if not 200 <= answer.status < 300:
            raise AssertionError(f"{method} {path}: {answer}")
        return answer.body

    def close(self) -> None:
        for connection, _ in self._connections.values():
            connection.close()
        self._connections.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def make_provider(client: Client, inventories: Mapping[str, int], parent: str | None = None) -> str:
    """Create a provider with these totals, and return its uuid."""
    uuid = str(uuid4())
    client.sure("POST", "/resource_providers", {"name": uuid, "uuid": uuid, "parent_provider_uuid": parent})
    set_inventories(client, uuid, 0, inventories)
    return uuid


def set_inventories(client: Client, uuid: str, generation: int, inventories: Mapping[str, int]) -> None:
    wanted = {name: {"total": total} for name, total in inventories.items()}
    body = {"resource_provider_generation": generation, "inventories": wanted}
    client.sure("PUT", f"/resource_providers/{uuid}/inventories", body)


def claim_body(held: Held, generation: int | None) -> dict[str, Any]:
    """Return the body of PUT /allocations."""
    return {
        "allocations": {place: {"resources": dict(of)} for place, of in held.items()},
        "consumer_generation": generation,
        "project_id": "torture",
        "user_id": "torture",
    }


def find_body(consumer: str, amounts: Mapping[str, int]) -> dict[str, Any]:
    """Return the body of POST /v1/claims for these amounts, on any provider."""
    request = {"groups": [{"resources": dict(amounts)}]}
    return {"request": request, "consumer": consumer, "project": "torture", "user": "torture"}


def final_state(client: Client, consumers: Iterable[str], providers: Iterable[str]) -> Final:
    """Return the state that a server reports at the end."""
    held = {consumer: held_of(client.sure("GET", f"/allocations/{consumer}")) for consumer in consumers}
    used, capacity = {}, {}
    for uuid in providers:
        used[uuid] = client.sure("GET", f"/resource_providers/{uuid}/usages")["usages"]
        inventories = client.sure("GET", f"/resource_providers/{uuid}/inventories")["inventories"]
        capacity[uuid] = {
            name: int((one["total"] - one["reserved"]) * one["allocation_ratio"]) for name, one in inventories.items()
        }
    return Final({consumer: of for consumer, of in held.items() if of}, used, capacity)


def held_of(body: Any) -> dict[str, dict[str, int]]:
    """Return what a consumer holds, from the body of GET /allocations."""
    return {place: one["resources"] for place, one in body["allocations"].items()}
