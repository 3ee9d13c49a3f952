"""Emptying of the servers between episodes: Placement directly if it was started here, Berth over REST."""

from __future__ import annotations

import json
from typing import Any

from tests.suites.peer.servers import Pair
from tests.suites.peer.wire import Client, Request

HEADERS = (("x-auth-token", "admin"), ("openstack-api-version", "placement 1.39"))


class NotEmptied(Exception):
    """A server refused to give up what it holds."""


def reset(pair: Pair) -> None:
    """Empty both servers.

    Raises:
        NotEmptied: one of them still holds something.
    """
    if pair.resettable:
        pair.placement.send(Request("DELETE", "/.everything", HEADERS))
    else:
        over_rest(pair.placement)
    if not pair.berth.send(Request("DELETE", "/.everything", HEADERS)).fine:  # a Placement in Berth's part can do it
        over_rest(pair.berth)


def over_rest(server: Client) -> None:
    """Delete all allocations, then the providers from the leaves up, then custom traits and classes."""
    providers = _get(server, "/resource_providers")["resource_providers"]
    for row in providers:
        held = _get(server, f"/resource_providers/{row['uuid']}/allocations")["allocations"]
        for consumer in held:
            _delete(server, f"/allocations/{consumer}", again=True)
    parents = {row["uuid"]: row["parent_provider_uuid"] for row in providers}
    for uuid in sorted(parents, key=lambda uuid: -_depth(parents, uuid)):
        _delete(server, f"/resource_providers/{uuid}")
    for name in _get(server, "/traits?name=startswith:CUSTOM_")["traits"]:
        _delete(server, f"/traits/{name}")
    for row in _get(server, "/resource_classes")["resource_classes"]:
        if row["name"].startswith("CUSTOM_"):
            _delete(server, f"/resource_classes/{row['name']}")


def _depth(parents: dict[str, str | None], uuid: str | None) -> int:
    depth = 0
    while uuid is not None and depth <= len(parents):
        depth, uuid = depth + 1, parents.get(uuid)
    return depth


def _get(server: Client, path: str) -> Any:
    answer = server.send(Request("GET", path, HEADERS))
    if answer.status != 200:
        raise NotEmptied(f"GET {path} of {server.url}: {answer.status} {answer.text[:300]}")
    return json.loads(answer.body)


def _delete(server: Client, path: str, again: bool = False) -> None:
    """Delete; ``again`` if it may be gone already."""
    answer = server.send(Request("DELETE", path, HEADERS))
    if not answer.fine and not (again and answer.status == 404):
        raise NotEmptied(f"DELETE {path} of {server.url}: {answer.status} {answer.text[:300]}")
