"""A large fleet behind a server, and how long pages over it take.

`python -m tests.suites.dashboard.large_fleet [HOSTS]` prints the times.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import quote

import berth
from berth.model.commands import Claim
from tests.suites.dashboard.browser import Tab, browser
from tests.suites.dashboard.conftest import serving
from tests.suites.dashboard.fleets import hosts, uuid_of
from tests.support.commands import output_of_berth as command
from tests.support.servers import Server

NUMBERS = count()


@contextmanager
def filled(folder: Path, number: int) -> Iterator[tuple[Server, berth.Ledger]]:
    """A server, and its ledger opened beside it: so many hosts, a consumer on each, and GPUs in every fifth."""
    with serving(folder) as (server, url), berth.open(url, actor="beside") as ledger:
        command(folder, "import", str(hosts(folder / "fleet.jsonl", number)), "--database", url)
        for at in range(0, number, 1000):
            ledger.claim(*map(_claim, range(at, min(at + 1000, number))))
        yield server, ledger


def _claim(number: int) -> Claim:
    return Claim(
        consumer=uuid_of(9, number),
        allocations={uuid_of(1, number): {"VCPU": 1 + number % 60, "MEMORY_MB": 1024}},
        project=f"project-{number % 97}",
        user=f"user-{number % 13}",
        type="INSTANCE",
    )


def find(*groups: dict[str, str]) -> str:
    """The address of a request."""
    return f"find?q={quote(json.dumps({'groups': list(groups), 'limit': '100'}))}"


PAGES = {
    "start": "Needs attention",
    "fleet": "10,000 hosts in 250 groups, by aggregate",
    "fleet?by=hosts": "10,000 hosts",
    f"fleet?within=aggregate:{uuid_of(2, 3)}": "40 hosts",
    "fleet?view=table": "The first 200 of 250 cells of the map",
    "fleet?by=names&trait=CUSTOM_FAST&room=VCPU:60": "hosts in",
    "providers": "node-000000",
    "providers?name=99&trait=CUSTOM_FAST&room=VCPU:60": "node-0099",
    f"provider/{uuid_of(1, 5)}": "user-5",
    "find": "Find where something fits",
    find({"resources": "VCPU:60", "required": "CUSTOM_FAST"}, {"suffix": "_1", "resources": "VGPU:1"}): "It fits in",
    find({"resources": "VCPU:64"}, {"suffix": "_1", "resources": "VGPU:5"}): "Nothing fits",
    "consumers": uuid_of(9, 59),
    "consumers?order=oldest&project=project-5": uuid_of(9, 5),
    f"consumer/{uuid_of(9, 5)}": "node-000005",
    "search?q=node-0099": "node-009900",
    "search?q=00000001-0": "node-000000",
    "agenda": "No claim has an end",
    "projects": "project-53",
    "projects?project=project-5": "INSTANCE",
    "report": "project-53",
    "changes": "SetAllocations",
    "audit": "added standard names",
}
"""Pages, and what stands on each if there are 10,000 hosts."""


def taken_ms(tab: Tab, ledger: berth.Ledger, where: str) -> float:
    """How long a page takes until it is filled, with nothing kept from before: the ledger has changed since."""
    tab.go(f"nonsense{next(NUMBERS)}")
    ledger.create_trait(f"CUSTOM_T{next(NUMBERS)}")
    return tab.go(where)


def measured(number: int) -> Iterator[str]:
    """A line for each page: the best and the worst of five times."""
    with (
        tempfile.TemporaryDirectory() as folder,
        filled(Path(folder), number) as (server, ledger),
        browser() as chromium,
    ):
        tab = Tab(chromium.new_page(viewport={"width": 1280, "height": 900}), server.url)
        tab.page.set_default_timeout(120_000)
        tab.open("fleet")
        for where in PAGES:
            times = sorted(taken_ms(tab, ledger, where) for _ in range(5))
            yield f"{times[0]:6.0f} {times[-1]:6.0f} ms  {where}"


if __name__ == "__main__":
    for line in measured(int(next(iter(sys.argv[1:]), "10000"))):
        sys.stdout.write(f"{line}\n")
