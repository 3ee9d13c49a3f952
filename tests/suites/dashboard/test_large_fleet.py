"""10,000 hosts, imported, and as many consumers: every page is filled within a second, and the map groups them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Response, expect

import berth
from berth.model.commands import Claim
from tests.suites.dashboard.browser import Tab
from tests.suites.dashboard.conftest import NewTab
from tests.suites.dashboard.fleets import uuid_of
from tests.suites.dashboard.large_fleet import PAGES, filled, taken_ms
from tests.support.databases import is_long
from tests.support.servers import Server

pytestmark = pytest.mark.alone

LIMIT_MS = 1000
"""What is promised. Here pages take a tenth of that, so that a busy machine does not fail them."""


@pytest.fixture(scope="module", params=[10_000, 100_000] if is_long() else [10_000])
def hosts(request: pytest.FixtureRequest) -> int:
    """Return how many hosts the fleet has."""
    return int(request.param)


@pytest.fixture(scope="module")
def there(hosts: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, berth.Ledger]]:
    with filled(tmp_path_factory.mktemp("large"), hosts) as it:
        yield it


@pytest.fixture(scope="module")
def tab(there: tuple[Server, berth.Ledger], chromium: Browser) -> Iterator[Tab]:
    """One tab for all of them: the first page that is loaded waits for the server, which reads what was imported."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    it = Tab(context.new_page(), there[0].url)
    it.page.set_default_timeout(60_000)
    yield it.open("fleet")
    context.close()
    it.check()


@pytest.mark.parametrize("where", PAGES)
def test_a_page_is_filled_within_a_second(where: str, hosts: int, there: tuple[Server, berth.Ledger], tab: Tab) -> None:
    """At the best of five times."""
    is_other_map = hosts > 10_000 and where.startswith("fleet")
    shown = f"{hosts:,} hosts" if is_other_map else PAGES[where]
    times: list[float] = []
    while len(times) < 5 and min(times, default=LIMIT_MS) >= LIMIT_MS:
        times.append(taken_ms(tab, there[1], where))
        assert shown in tab.main
        assert tab.page.get_by_role("alert").count() == 0
    assert min(times) < LIMIT_MS


def test_a_search_gets_no_more_than_it_shows(tab: Tab) -> None:
    """Neither all projects, with what they hold, nor all aggregates: a dozen of each kind at most."""
    lists: list[Response] = []

    def note(response: Response) -> None:
        lists.extend([response] if "/v1/" in response.url else [])

    tab.page.on("response", note)
    tab.go("search?q=node-0098")
    tab.page.remove_listener("response", note)
    numbers = {each.url.split("/v1/")[1].split("?")[0]: len(each.json()["items"]) for each in lists}
    assert numbers.keys() == {
        "providers/query",
        "providers",
        "consumers",
        "projects",
        "aggregates",
        "traits",
        "classes",
    }
    assert max(numbers.values()) == numbers["providers"] == 12


def test_from_the_whole_fleet_to_a_host(tab: Tab, hosts: int) -> None:
    """By two clicks on the map, and back."""
    if hosts > 10_000:
        pytest.skip("a larger fleet is grouped in another way")
    tab.go("fleet")
    label = tab.page.get_by_role("application")
    expect(label).to_have_attribute("aria-label", "Map of 250 groups of hosts, by how much the fullest class is used")
    canvas = tab.page.locator("canvas")
    canvas.hover(position={"x": 20, "y": 20})
    group = tab.page.locator(".tip").inner_text()
    assert "40 hosts: VCPU" in group
    canvas.click(position={"x": 20, "y": 20})
    expect(label).to_have_attribute("aria-label", "Map of 40 hosts, by how much the fullest class is used")
    expect(tab.page.get_by_role("navigation", name="Part of the fleet")).to_contain_text(group.split(",")[0])
    canvas.click(position={"x": 20, "y": 20})
    expect(tab.page.locator("h1")).to_contain_text(re.compile("^node-0"))
    tab.page.go_back()
    expect(label).to_have_attribute("aria-label", "Map of 40 hosts, by how much the fullest class is used")
    tab.page.go_back()
    expect(label).to_have_attribute("aria-label", "Map of 250 groups of hosts, by how much the fullest class is used")


def test_the_map_follows_a_claim(there: tuple[Server, berth.Ledger], tab: Tab) -> None:
    """One host of 10,000 is drawn fuller as soon as somebody takes of it."""
    tab.go(f"fleet?within=aggregate:{uuid_of(2, 0)}&view=table")
    row = tab.page.locator("tbody tr").first
    expect(row).to_contain_text("1 of 64")
    consumer = uuid_of(8, 0)
    there[1].claim(Claim(consumer=consumer, allocations={uuid_of(1, 0): {"VCPU": 63}}, project="p", user="u"))
    expect(row).to_contain_text("64 of 64")
    there[1].release(consumer)
    expect(row).to_contain_text("1 of 64")


def test_a_page_under_many_changes_goes_on(there: tuple[Server, berth.Ledger], new_tab: NewTab) -> None:
    """Whoever clicks is served at once, while a thousand changes come in."""
    tab = new_tab(there[0]).open("fleet?by=hosts")
    for number in range(1000):
        there[1].create_trait(f"CUSTOM_BUSY_{number}")
        if number % 250 == 0:
            assert tab.go("fleet?by=hosts" if number % 500 else "changes") < 5 * LIMIT_MS
    tab.go("changes")
    expect(tab.page.locator("tbody tr").first).to_contain_text("CUSTOM_BUSY_999")
