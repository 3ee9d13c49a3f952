"""A client for the Placement API and for /metrics."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

ADMIN = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39"}
TIMEOUT_S = 60
PLAIN: Any = {"timeout": TIMEOUT_S, "verify": False}
"""Options of httpx where there is no certificate: it would read all authorities, for each request."""

RETRY_AFTER = ("1", "2", "3")
"""How long a refused client is to wait, in seconds: one of these by chance, so that not all come back at once."""


class HttpClient:
    """A client of one server, with a connection of its own for each request: each may reach another worker."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **more: object) -> httpx.Response:
        used = ADMIN if headers is None else headers
        return httpx.request(method, f"{self.url}{path}", headers=used, **{**PLAIN, **more})

    def numbers(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Return every sample of /metrics by its name and labels."""
        reply = self("GET", "/metrics")
        assert reply.status_code == 200, reply.text
        families = text_string_to_metric_families(reply.text)
        return {
            (each.name, frozenset(each.labels.items())): each.value for family in families for each in family.samples
        }

    def number(self, name: str, **labels: str) -> float:
        """Return the sum of all samples that have these labels; 0 if there is none."""
        chosen = set(labels.items())
        return sum(value for (each, has), value in self.numbers().items() if each == name and chosen <= has)

    def host(self, inventories: dict[str, int] | None = None) -> str:
        """Create a provider with inventories of these totals, and return its uuid."""
        uuid = str(uuid4())
        assert self("POST", "/resource_providers", json={"name": uuid, "uuid": uuid}).status_code == 200
        body = {
            "resource_provider_generation": 0,
            "inventories": {name: {"total": total} for name, total in (inventories or {}).items()},
        }
        assert self("PUT", f"/resource_providers/{uuid}/inventories", json=body).status_code == 200
        return uuid

    def claim(self, host: str, resources: dict[str, int]) -> int:
        """Claim for a new consumer, and return the status of the answer."""
        body = {
            "allocations": {host: {"resources": resources}},
            "project_id": "p",
            "user_id": "u",
            "consumer_generation": None,
            "consumer_type": "INSTANCE",
        }
        return self("PUT", f"/allocations/{uuid4()}", json=body).status_code
