"""Fixtures, made over REST."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Self
from uuid import uuid4

import httpx

from tests.suites.conformance.fixtures import Claim, Fixture, Inventory, Provider

NEWEST = "1.39"
BEFORE_CONSUMER_TYPES = "1.37"
"""From 1.38 on a claim must say its consumer's type, and the suite's consumers have none."""
TIMEOUT_S = 30

ALWAYS_DRAWN = (
    *("RP_UUID", "RP_NAME", "RP_UUID1", "RP_NAME1", "RP_UUID2", "RP_NAME2"),
    *("PROJECT_ID", "PROJECT_ID_ALT", "ADMIN_PROJECT_ID", "SERVICE_PROJECT_ID", "USER_ID", "USER_ID_ALT"),
    *("INSTANCE_UUID", "MIGRATION_UUID", "CONSUMER_UUID", "PARENT_PROVIDER_UUID", "ALT_PARENT_PROVIDER_UUID"),
)
ALWAYS = {
    "CUSTOM_RES_CLASS": "CUSTOM_IRON_NFV",
    "CUSTOM_RES_CLASS1": "CUSTOM_IRON_NFV1",
    "CUSTOM_RES_CLASS2": "CUSTOM_IRON_NFV2",
}


class FillingRefused(Exception):
    """The server refused a part of a fixture."""


def fill(fixture: Fixture, url: str) -> dict[str, str]:
    """Make everything the fixture says in the empty server at ``url``.

    Returns:
        The environment variables that the file's tests read.

    Raises:
        FillingRefused: the server answered anything but success.
    """
    variables = ALWAYS | {name: str(uuid4()) for name in (*ALWAYS_DRAWN, *fixture.drawn)}
    aggregates = {name: str(uuid4()) for name in fixture.aggregates}
    variables |= {env: aggregates[name] for name, env in fixture.aggregates.items()}
    with _Rest(url) as rest:
        made: dict[str, str] = {}
        for provider in fixture.providers:
            made[provider.name] = _make(rest, provider, made, aggregates, variables)
        for claim in fixture.claims:
            _claim(rest, claim, made[claim.provider], variables)
    return variables


class _Rest:
    """An administrator's client that accepts only success."""

    def __init__(self, url: str) -> None:
        # No surroundings: a proxy set for the machine is none for its loopback.
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def __call__(self, method: str, path: str, body: object = None, version: str = NEWEST) -> Any:
        headers = {"x-auth-token": "admin", "openstack-api-version": f"placement {version}"}
        answer = self._client.request(method, path, headers=headers, json=body)
        if not answer.is_success:
            raise FillingRefused(f"{method} {path} {json.dumps(body)} ({version}): {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None


def _make(
    rest: _Rest,
    provider: Provider,
    made: Mapping[str, str],
    aggregates: Mapping[str, str],
    variables: dict[str, str],
) -> str:
    """Send one write for each thing the provider has: tests check generations, which count the writes."""
    uuid = variables.setdefault(provider.env, str(uuid4())) if provider.env else str(uuid4())
    body = {"name": _value(provider.name, variables), "uuid": uuid}
    if provider.parent:
        body["parent_provider_uuid"] = made[provider.parent]
    generation: int = rest("POST", "/resource_providers", body)["generation"]
    place = f"/resource_providers/{uuid}"
    if provider.aggregates:
        chosen = {"aggregates": [aggregates[name] for name in provider.aggregates]}
        generation = _put(rest, f"{place}/aggregates", chosen, generation)
    for name, inventory in provider.inventories.items():
        generation = _inventories(rest, place, name, inventory, generation)
    _own(rest, "traits", provider.traits)
    if provider.traits:
        _put(rest, f"{place}/traits", {"traits": list(provider.traits)}, generation)
    return uuid


def _put(rest: _Rest, path: str, body: Mapping[str, object], generation: int) -> int:
    answer = rest("PUT", path, {**body, "resource_provider_generation": generation})
    after: int = answer["resource_provider_generation"]
    return after


def _inventories(rest: _Rest, place: str, name: str, inventory: Inventory, generation: int) -> int:
    """Add one inventory; the provider's generation after it."""
    _own(rest, "resource_classes", (name,))
    fields = {"total": inventory} if isinstance(inventory, int) else dict(inventory)
    body = {"max_unit": fields["total"], **fields, "resource_class": name, "resource_provider_generation": generation}
    after: int = rest("POST", f"{place}/inventories", body)["resource_provider_generation"]
    return after


def _own(rest: _Rest, kind: str, names: tuple[str, ...]) -> None:
    """See to it that the names that are not the standard's own exist."""
    for name in names:
        if name.startswith("CUSTOM_"):
            rest("PUT", f"/{kind}/{name}")


def _claim(rest: _Rest, claim: Claim, provider: str, variables: dict[str, str]) -> None:
    consumer = str(uuid4())
    body = {
        "allocations": {provider: {"resources": dict(claim.resources)}},
        "project_id": _value(claim.project, variables),
        "user_id": _value(claim.user, variables),
        "consumer_generation": None,
    }
    rest("PUT", f"/allocations/{consumer}", body, BEFORE_CONSUMER_TYPES)
    if claim.env:
        variables[claim.env] = consumer


def _value(text: str, variables: Mapping[str, str]) -> str:
    return variables[text[1:]] if text.startswith("$") else text


def publish(variables: Mapping[str, str]) -> None:
    """Put the variables where gabbi looks for them: in this process's environment."""
    os.environ.update(variables)
