"""A server that goes away and comes back: pages say so, keep what they showed, and go on. Nothing is missed."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

import berth
from tests.suites.dashboard.browser import Tab
from tests.suites.dashboard.conftest import NewTab
from tests.suites.dashboard.fleets import FIRST, JOB, fill
from tests.support.servers import Server, server_on

LIMIT_MS = 40_000
BROKEN = "net::ERR_|status of 503"
"""What the console says of a connection that is refused or cut off."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('interrupted')}/ledger.db"


@pytest.fixture(scope="module")
def ledger(url: str) -> Iterator[berth.Ledger]:
    """Opened beside the server: it goes on where that does not."""
    with berth.open(url, actor="beside") as it:
        fill(it)
        yield it


@pytest.fixture(scope="module")
def served(url: str, ledger: berth.Ledger, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = server_on(url, tmp_path_factory.mktemp("served"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def tab(served: Server, new_tab: NewTab) -> Tab:
    served.revive()
    tab = new_tab(f"http://127.0.0.1:{served.port}")
    tab.expect(BROKEN)
    return tab


def end(served: Server, number: signal.Signals) -> None:
    """Until nobody listens on its port any more."""
    if number is signal.SIGKILL:
        served.kill()
        return
    served.process.send_signal(number)  # as whoever runs it does: it tells its workers
    assert served.process.wait(60) == 0, served.log.read_text()


def numbers(tab: Tab) -> list[int]:
    return [int(row[0].replace(",", "")) for row in tab.rows("Changes")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_every_change_comes_once(number: signal.Signals, served: Server, ledger: berth.Ledger, tab: Tab) -> None:
    """Whether they were made before, while the server was away, or after; and in their order."""
    state = tab.page.locator("#state")
    tab.open("changes")
    expect(state).to_have_text("Live")
    shown = numbers(tab)
    last = min(shown)
    ledger.create_trait(f"CUSTOM_BEFORE_{number.name}")
    expect(tab.page.locator("tbody tr").first).to_contain_text(f"CUSTOM_BEFORE_{number.name}")
    end(served, number)
    expect(state).to_have_text("Not connected", timeout=LIMIT_MS)
    expect(tab.page.locator("main")).to_contain_text("no change is missed")
    before = numbers(tab)
    for at in range(210):  # more than the server sends at once
        ledger.create_trait(f"CUSTOM_AWAY_{number.name}_{at}")
    assert numbers(tab) == before, "what was shown stays"
    served.revive()
    expect(state).to_have_text("Live", timeout=LIMIT_MS)
    ledger.create_trait(f"CUSTOM_AFTER_{number.name}")
    expect(tab.page.locator("tbody tr").first).to_contain_text(f"CUSTOM_AFTER_{number.name}")
    assert numbers(tab) == list(range(ledger.head(), last - 1, -1))
    assert "no change is missed" not in tab.main


SHOWN = {
    "fleet?view=table": "node-1",
    "providers": "node-1-gpu",
    f"provider/{FIRST}": "CUSTOM_FAST",
    "consumers?order=oldest": JOB,
    "projects": "physics",
    'find?q={"groups":[{"resources":"VCPU:1"}]}': "It fits",
    "audit?operation=CreateProvider": "created node-1",
}


def test_what_was_shown_stays(served: Server, new_tab: NewTab) -> None:
    served.revive()
    tabs = {where: new_tab(f"http://127.0.0.1:{served.port}") for where in SHOWN}
    for where, each in tabs.items():
        each.expect(BROKEN)
        each.open(where)
        expect(each.page.locator("#state")).to_have_text("Live")
    served.kill()
    for where, each in tabs.items():
        expect(each.page.locator("#state"), where).to_have_text("Not connected", timeout=LIMIT_MS)
        assert SHOWN[where] in each.main
        assert each.page.locator("#announcements").inner_text() == "The connection to the server is lost. Trying again."


def test_pages_go_on_by_themselves(served: Server, ledger: berth.Ledger, tab: Tab) -> None:
    """The one that was open, and one to which somebody goes while the server is away."""
    tab.open("providers?name=later")
    assert "No provider matches" in tab.main
    end(served, signal.SIGTERM)
    expect(tab.page.locator("#state")).to_have_text("Not connected", timeout=LIMIT_MS)
    uuid = ledger.create_provider("later").uuid
    served.revive()
    expect(tab.page.get_by_role("link", name="later")).to_be_visible(timeout=LIMIT_MS)
    end(served, signal.SIGKILL)
    tab.go(f"provider/{uuid}")
    alert = tab.page.get_by_role("alert")
    expect(alert).to_contain_text("The server does not answer.")
    expect(alert).to_contain_text("This page tries again automatically.")
    served.revive()
    expect(tab.page.locator("h1")).to_have_text("later", timeout=LIMIT_MS)
    expect(alert).to_have_count(0)


def test_the_log_is_opened_while_the_server_is_away(served: Server, ledger: berth.Ledger, tab: Tab) -> None:
    tab.open("providers")
    end(served, signal.SIGKILL)
    tab.go("changes")
    expect(tab.page.get_by_role("alert")).to_contain_text("The server does not answer.")
    served.revive()
    expect(tab.page.locator("tbody tr").first).to_be_visible(timeout=LIMIT_MS)
    expect(tab.page.locator("#state")).to_have_text("Live", timeout=LIMIT_MS)
    ledger.create_trait("CUSTOM_OPENED_LATE")
    expect(tab.page.locator("tbody tr").first).to_contain_text("CUSTOM_OPENED_LATE")
    assert numbers(tab) == list(range(ledger.head(), min(numbers(tab)) - 1, -1))


def test_what_cannot_be_done_now_is_said_where_it_was_tried(served: Server, ledger: berth.Ledger, tab: Tab) -> None:
    tab.open(f"consumer/{JOB}")
    end(served, signal.SIGKILL)
    tab.page.get_by_role("button", name="Release…").click()
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Release").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(dialog.get_by_role("alert")).to_contain_text("Try again later.")
    expect(dialog.get_by_role("button", name="Release")).to_be_enabled()
    assert ledger.allocations(JOB) is not None


def test_a_page_that_is_loaded_while_nothing_answers(tab: Tab) -> None:
    """As behind a proxy that has the files and no server: it says so, and begins when there is one."""
    there = False

    def passed_on(route: Route) -> None:
        if there:
            route.continue_()
        else:
            route.abort()

    tab.page.route("**/v1*", passed_on)
    tab.page.goto(f"{tab.url}/ui/")
    expect(tab.page.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(tab.page.get_by_role("alert")).to_contain_text("This page tries again automatically.")
    there = True
    expect(tab.page.locator("h1")).to_have_text("Sign in", timeout=LIMIT_MS)
    expect(tab.page.get_by_role("alert")).to_have_count(0)


def test_many_changes_leave_no_gap(served: Server, ledger: berth.Ledger, tab: Tab) -> None:
    """The page keeps the latest 500, and offers earlier ones only where they follow."""
    tab.open("changes")
    end(served, signal.SIGKILL)
    for at in range(470):
        ledger.create_trait(f"CUSTOM_MANY_{at}")
    served.revive()
    expect(tab.page.locator("tbody tr").first).to_contain_text("CUSTOM_MANY_469", timeout=LIMIT_MS)
    assert numbers(tab) == list(range(ledger.head(), ledger.head() - 500, -1))
    assert tab.page.get_by_role("button", name="Show earlier").count() == 0


def test_tabs_that_nobody_sees_hold_no_connection(served: Server, ledger: berth.Ledger, tab: Tab) -> None:
    """A browser has six at most to one server: six tabs with a stream each would be all that can be opened."""
    tabs = [tab, *(Tab(tab.page.context.new_page(), tab.url) for _ in range(7))]
    for each in tabs[:5]:
        each.open("changes")
        hide(each, True)
    for each in tabs[:5]:
        expect(each.page.locator("#state")).to_have_text("", timeout=LIMIT_MS)
    for each in tabs[5:]:
        each.open("projects")
    for at in range(3):
        ledger.create_trait(f"CUSTOM_UNSEEN_{at}")
    assert "CUSTOM_UNSEEN" not in tab.main
    hide(tab, False)
    expect(tab.page.locator("#state")).to_have_text("Live", timeout=LIMIT_MS)
    expect(tab.page.locator("tbody tr").first).to_contain_text("CUSTOM_UNSEEN_2")
    assert numbers(tab) == list(range(ledger.head(), min(numbers(tab)) - 1, -1))


def hide(tab: Tab, hidden: bool) -> None:
    """As when another tab is looked at, or this one again: a browser without a window sees all of them."""
    tab.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )
