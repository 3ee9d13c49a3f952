"""The functional tests of real clients, against a live server: run as a program, in a process of its own.

    python -m tests.suites.conformance.client_suites URL MODULE ...

The tests of osc-placement and of nova start a Placement of their own for each test: here they get the live server
instead, emptied first. Those of openstacksdk are pointed to it by a clouds.yaml. Prints a JSON object: how many tests
ran, and what failed.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import requests

CLOUDS: Final = ("devstack-admin", "devstack", "devstack-alt", "devstack-system-admin")
PROJECT, USER = "a-project", "a-user"
HEADERS: Final = {"X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39"}


def main(url: str, modules: list[str]) -> None:
    """Run the tests of these modules against the server at this URL."""
    os.environ["NO_PROXY"] = "*"
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # has `openstack`
    with tempfile.TemporaryDirectory() as folder:
        os.environ["OS_CLIENT_CONFIG_FILE"] = str(_clouds(url, Path(folder)))
        _replace_placement(url)
        _skip_other_services()
        _add_host(url)
        suite = unittest.defaultTestLoader.loadTestsFromNames(modules)
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - no path in a file system
            result = unittest.TextTestRunner(stream=nowhere).run(suite)
    failed = [(test.id(), text) for test, text in (*result.failures, *result.errors)]
    print(json.dumps({"ran": result.testsRun, "skipped": [each[0].id() for each in result.skipped], "failed": failed}))


def _clouds(url: str, folder: Path) -> Path:
    cloud = {
        "auth_type": "admin_token",
        "auth": {"endpoint": url, "token": "admin"},
        "placement_endpoint_override": url,
        "region_name": "RegionOne",
    }
    file = folder / "clouds.yaml"
    file.write_text(json.dumps({"clouds": dict.fromkeys(CLOUDS, cloud)}))  # JSON is YAML
    return file


def _replace_placement(url: str) -> None:
    """Put the live server in the place of the fixture that starts a Placement."""
    import fixtures
    from placement.tests.functional.fixtures import placement

    class LiveServer(fixtures.Fixture):  # type: ignore[misc]
        token, endpoint = "admin", url
        conf_fixture = SimpleNamespace(config=lambda **_: None)  # nova's tests set options of Placement's search

        def _setUp(self) -> None:  # noqa: N802 - its name there
            empty(url)

    placement.PlacementFixture = LiveServer


def _skip_other_services() -> None:
    """Leave out what openstacksdk's tests ask of other services: flavors and images, which Placement's never use.

    Whose allocations they are is Keystone's to say; without it they get names.
    """
    from openstack.connection import Connection
    from openstack.tests.functional import base

    base.BaseFunctionalTest._pick_flavor = base.BaseFunctionalTest._pick_image = lambda _: None
    Connection.current_project_id, Connection.current_user_id = PROJECT, USER


def _add_host(url: str) -> None:
    """Add a host with a consumer: the tests of openstacksdk are for a cloud, which has both.

    Of a project that holds nothing, openstacksdk makes a usage without a type, which its own test forbids.
    """
    host, consumer = "7a5c0000-0000-4000-8000-0000000000a0", "7a5c0000-0000-4000-8000-0000000000a1"
    bodies = {
        f"/resource_providers/{host}/inventories": {
            "resource_provider_generation": 0,
            "inventories": {"VCPU": {"total": 8}},
        },
        f"/allocations/{consumer}": {
            "allocations": {host: {"resources": {"VCPU": 1}}},
            "project_id": PROJECT,
            "user_id": USER,
            "consumer_generation": None,
            "consumer_type": "INSTANCE",
        },
    }
    requests.post(
        f"{url}/resource_providers", json={"name": "a-host", "uuid": host}, headers=HEADERS, timeout=60
    ).raise_for_status()
    for path, body in bodies.items():
        requests.put(url + path, json=body, headers=HEADERS, timeout=60).raise_for_status()


def empty(url: str) -> None:
    """Release and delete everything that a server has."""
    server = SimpleNamespace(get=lambda path: requests.get(url + path, headers=HEADERS, timeout=60).json())
    providers: list[dict[str, Any]] = server.get("/resource_providers")["resource_providers"]
    for provider in providers:
        held = server.get(f"/resource_providers/{provider['uuid']}/allocations")["allocations"]
        for consumer in held:
            _delete(f"{url}/allocations/{consumer}")
    while providers:  # children before their parents
        parents = {each["parent_provider_uuid"] for each in providers}
        for provider in (each for each in providers if each["uuid"] not in parents):
            _delete(f"{url}/resource_providers/{provider['uuid']}")
        providers = [each for each in providers if each["uuid"] in parents]
    for kind, key in (("resource_classes", "resource_classes"), ("traits", "traits")):
        for each in server.get(f"/{kind}")[key]:
            name = each if isinstance(each, str) else each["name"]
            if name.startswith("CUSTOM_"):
                _delete(f"{url}/{kind}/{name}")


def _delete(url: str) -> None:
    reply = requests.delete(url, headers=HEADERS, timeout=60)
    assert reply.status_code == 204, (url, reply.text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
