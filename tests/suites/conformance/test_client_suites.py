"""The functional suites of osc-placement and openstacksdk, and nova's for Placement, against a live Berth: long form.

What they need beyond the clients is installed into a folder of the run's own; nova, with all that it needs, into an
environment of its own. The short form has 63 commands of the same client (`test_client.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

import pytest

from tests.suites.conformance.servers import new_server, server_kind
from tests.support.databases import is_long
from tests.support.document_blocks import ROOT

NOVA: Final = (
    "nova==34.0.0",
    "openstack-placement==16.0.0",
    "openstacksdk==4.22.0",
    "SQLAlchemy==2.0.58",
    "gabbi==4.2.3",
    "ddt==1.7.2",
    "fixtures==4.3.2",
    "oslotest==6.1.1",
    "requests-mock==1.12.1",
    "testresources==2.1.2",
    "testscenarios==0.7.0",
    "testtools==2.9.1",
    "wsgi-intercept==1.13.1",
)
"""nova, and what its tests import. With SQLAlchemy 2.1 nova 34 fails by its own warnings, which it makes errors."""

PACKAGES: Final = (
    "ddt==1.7.2",
    "fixtures==4.3.2",
    "iso8601==2.1.0",
    "oslotest==6.1.1",
    "python-subunit==1.4.6",
    "requests-mock==1.12.1",
    "six==1.17.0",
    "testtools==2.9.1",
    "wsgi-intercept==1.13.1",
)
"""What the clients' tests import, and the clients themselves do not."""

SUITES: Final = {
    "osc-placement": (
        160,
        "osc_placement.tests.functional.test_",
        ("aggregate", "allocation", "allocation_candidate", "inventory", "plugin", "resource_class",
         "resource_provider", "trait", "usage"),
    ),
    "openstacksdk": (
        8,
        "openstack.tests.functional.placement.v1.test_",
        ("allocation", "allocation_candidate", "resource_provider", "resource_provider_allocation",
         "resource_provider_inventory", "resource_provider_trait", "usage"),
    ),
    "nova": (54, "nova.tests.functional.", ("test_report_client", "libvirt.test_pci_in_placement")),
}  # fmt: skip
"""By client: how many tests, and the modules that have them."""

pytestmark = pytest.mark.skipif(not is_long(), reason="minutes: in the long form")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packages")


def _installed(python: str, *words: str) -> None:
    pip = [python, "-m", "pip", "install", "--quiet", *words]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"what the clients' tests need cannot be installed: {installed.stderr[-300:]}")


def _with_packages(folder: Path) -> tuple[str, str]:
    """Return a Python that has the clients and what their tests need, and its path of modules."""
    _installed(sys.executable, "--no-deps", "--target", str(folder / "clients"), *PACKAGES)
    path = (str(ROOT), os.environ.get("PYTHONPATH", ""), str(folder / "clients"))
    return sys.executable, os.pathsep.join(filter(None, path))


def _with_nova(folder: Path) -> tuple[str, str]:
    """Return a Python that has nova, and its path of modules. Its configuration is linked to where its tests look."""
    venv.create(folder / "nova", with_pip=True)
    python = folder / "nova" / "bin" / "python"
    _installed(str(python), *NOVA)
    modules = next((folder / "nova").glob("lib/python*/site-packages"))
    (modules / "etc").symlink_to(folder / "nova" / "etc")
    return str(python), str(ROOT)


@pytest.mark.parametrize("client", SUITES)
@pytest.mark.timeout(3600)
def test_a_client_s_own_suite(client: str, folder: Path) -> None:
    expected, prefix, modules = SUITES[client]
    python, path = (_with_nova if client == "nova" else _with_packages)(folder / client)
    with new_server("default", server_kind()) as server:
        run = subprocess.run(
            [python, "-m", "tests.suites.conformance.client_suites", server.url, *(prefix + m for m in modules)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stderr[-2000:]
    outcome = json.loads(next(line for line in run.stdout.splitlines() if line.startswith('{"ran"')))
    assert not outcome["failed"], "\n".join(f"{test}\n{text}" for test, text in outcome["failed"])
    assert (outcome["ran"], outcome["skipped"]) == (expected, [])
