"""For everybody: by keyboard, by ear, on a phone, light and dark, and without things that move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

import berth
from berth.model.commands import Claim
from tests.suites.dashboard.browser import Tab
from tests.suites.dashboard.conftest import NewTab
from tests.suites.dashboard.fleets import EVIL, FIRST, GPU, JOB, RACK, SECOND, SERVER
from tests.support.servers import Server

PHONE = {"width": 360, "height": 740}


def find(*groups: dict[str, str]) -> str:
    return f"find?q={quote(json.dumps({'groups': list(groups)}))}"


PAGES = (
    "start",
    "fleet",
    "fleet?view=table",
    "fleet?view=table&by=aggregates",
    f"fleet?within=aggregate:{RACK}",
    "fleet?name=nobody",
    "fleet?room=nonsense",
    "providers",
    "providers?name=nobody",
    f"provider/{FIRST}",
    f"provider/{GPU}",
    "find",
    find({"resources": "VCPU:1", "anyOf": "CUSTOM_FAST"}),
    find({"resources": "VCPU:1"}, {"suffix": "_1", "resources": "VGPU:9"}),
    find({"resources": "VCPU:1", "required": "CUSTOM_FASD"}),
    "consumers",
    f"consumer/{JOB}",
    f"consumer/{SERVER}",
    "agenda",
    "projects",
    "projects?project=physics",
    f"projects?project={quote(EVIL)}",
    "report",
    "changes",
    "audit",
    "nonsense",
)


OVERVIEWS = tuple(page for page in PAGES if page.isalpha() and page != "nonsense")
"""The pages that are about no one thing: those that an empty ledger has."""


def everywhere(tab: Tab, filled: str = "small") -> Iterator[str]:
    """Every page in turn, and whatever opens on it. What a page refuses is of no interest here."""
    tab.expect("status of 40")
    tab.open("", token=None)
    yield "signing in"
    tab.page.get_by_role("button", name="Sign in as admin").click()
    expect(tab.page.locator("h1")).to_have_text("Start")
    for where in OVERVIEWS if filled == "empty" else PAGES:
        tab.go(where)
        tab.page.locator("main summary").evaluate_all(
            "(all) => all.slice(0, 5).forEach((each) => each.parentNode.open = true)"
        )
        if where == "audit":
            tab.page.locator(".opener").first.click()
            expect(tab.page.locator(".record pre").first).to_be_visible()
        yield where
    tab.go("fleet?name=node-1")
    tab.page.keyboard.press("Escape")
    if tab.page.get_by_role("application").is_visible():
        tab.page.get_by_role("application").focus()
        yield "the map's tip"


def barriers(tab: Tab) -> str:
    """What axe finds with all its rules, and in the other colours with those about them; "" for nothing."""
    found = ""
    for scheme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})):
        tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        report = Axe().run(tab.page, options={"resultTypes": ["violations"], **options})
        if report.violations_count:
            found += f"== {scheme}: {tab.page.url}\n{report.generate_report()}"
    tab.page.emulate_media(color_scheme="light")
    return found


@pytest.mark.parametrize("filled", ["empty", "small"])
def test_no_page_has_a_barrier(filled: str, new_tab: NewTab, request: pytest.FixtureRequest) -> None:
    """axe can be injected only where the policy of the pages is not kept."""
    server: Server = request.getfixturevalue(filled)
    tab = new_tab(server, bypass_csp=True, color_scheme="light", reduced_motion="reduce")
    found = "".join(barriers(tab) for _ in everywhere(tab, filled))
    assert found == "", found


def test_dialogs_have_no_barrier(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small, bypass_csp=True).open("fleet")
    for where, button in ((f"consumer/{JOB}", "Release…"), (find({"resources": "VCPU:1"}), "Claim candidate 1")):
        tab.go(where)
        tab.page.get_by_role("button", name=button, exact=True).click()
        expect(tab.page.get_by_role("dialog")).to_be_visible()
        found = barriers(tab)
        assert found == "", found
        tab.page.keyboard.press("Escape")


@pytest.mark.parametrize("filled", ["empty", "small"])
def test_on_a_phone_nothing_is_wider_than_the_page(
    filled: str, new_tab: NewTab, request: pytest.FixtureRequest
) -> None:
    tab = new_tab(request.getfixturevalue(filled), viewport=PHONE, has_touch=True, is_mobile=True)
    for where in everywhere(tab, filled):
        assert tab.fits(), where


def test_on_a_phone_a_finger_opens_a_host(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small, viewport=PHONE, has_touch=True, is_mobile=True).open("fleet?name=node-2")
    with tab.filling():
        tab.page.locator("canvas").tap(position={"x": 20, "y": 20})
    assert tab.title == "node-2"
    menu = tab.page.get_by_role("navigation", name="Pages")
    with tab.filling():
        menu.get_by_role("link", name="Audit").tap()
    assert tab.title == "Audit"
    box = menu.get_by_role("link", name="Audit").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= PHONE["width"] - box["width"], "the page that is shown is in sight in the menu"
    assert box["height"] >= 24, "wide enough for a finger (WCAG 2.2, 2.5.8)"


# --- By keyboard ---


def focused(tab: Tab) -> str:
    """What has the keyboard, as it is called."""
    name: str = tab.evaluate(
        """() => {
          const at = document.activeElement;
          return at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent.trim();
        }"""
    )
    return name


def tab_to(tab: Tab, name: str, most: int = 40) -> None:
    for _ in range(most):
        if focused(tab) == name:
            return
        tab.page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {name!r}, only to {focused(tab)!r}")


def test_by_keyboard_from_signing_in_to_a_release(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    uuid = "7a5c0000-0000-4000-8000-0000000000e1"
    ledger.claim(Claim(consumer=uuid, allocations={SECOND: {"VCPU": 1}}, project="keys", user="u", type="JOB"))
    tab = new_tab(small)
    tab.expect("status of 404")  # the consumer is asked for once more, afterwards
    keys = tab.page.keyboard
    tab.open("", token=None)
    assert focused(tab) == "Token"
    keys.type("admin")
    with tab.filling():
        keys.press("Enter")
    tab_to(tab, "Fleet")
    with tab.filling():
        keys.press("Enter")
    said = tab.page.locator("#announcements")
    tab_to(tab, "Map of 4 hosts, by how much the fullest class is used")
    expect(said).to_have_text("node-1 in rack 7: VCPU 25% used (2 of 8)")
    keys.press("End")
    expect(said).to_have_text("node-3: VCPU 100% used (4 of 4)")
    keys.press("ArrowRight")  # there is nothing behind the last one
    keys.press("ArrowLeft")
    assert said.inner_text().startswith("<img")
    keys.press("ArrowLeft")
    expect(said).to_contain_text("node-2")
    with tab.filling():
        keys.press("Enter")
    assert (tab.title, focused(tab)) == ("node-2", "node-2")
    tab_to(tab, "u")
    with tab.filling():
        keys.press("Enter")
    tab_to(tab, "Release…")
    keys.press("Enter")
    assert focused(tab) == "Cancel", "what does nothing comes first"
    keys.press("Escape")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    assert focused(tab) == "Release…", "the keyboard is where it was"
    assert ledger.allocations(uuid) is not None
    keys.press("Enter")
    tab_to(tab, "Release")
    keys.press("Enter")
    expect(tab.page.locator("main")).to_contain_text("No claims")
    assert ledger.allocations(uuid) is None
    assert focused(tab) != "", "and it is not lost where its button is gone"


def test_the_first_tab_skips_the_menu(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("providers")
    tab.page.keyboard.press("Tab")
    assert focused(tab) == "Skip to the content"
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Tab")
    assert focused(tab) == "Order"


def test_what_has_the_keyboard_is_seen(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet")
    for _ in range(25):
        tab.page.keyboard.press("Tab")
        if tab.evaluate("document.activeElement === document.body"):  # after the last one
            return
        outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", focused(tab)


def test_what_is_written_is_kept_when_the_ledger_changes(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    """The keyboard stays where it is when a page is loaded anew."""
    tab = new_tab(small).open("providers?class=VCPU")
    tab.page.get_by_label("Name").press_sequentially("nod")
    uuid = ledger.create_provider("elsewhere").uuid
    with tab.filling():
        ledger.delete_provider(uuid)
    assert focused(tab) == "Name"
    assert tab.page.get_by_label("Name").input_value() == "nod"
    link = tab.page.get_by_role("link", name="node-1", exact=True)
    link.focus()
    with tab.filling():
        ledger.create_trait("CUSTOM_KEYBOARD")
    assert focused(tab) == "node-1"


# --- Light, dark, and still ---


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(244, 246, 248)"), ("dark", "rgb(16, 21, 27)")])
def test_light_and_dark(scheme: str, ground: str, small: Server, new_tab: NewTab) -> None:
    """As the system has it, until somebody chooses; the choice outlives the tab, and the map goes with it."""
    tab = new_tab(small, color_scheme=scheme).open("fleet")
    of_page = "getComputedStyle(document.body).backgroundColor"
    assert tab.evaluate(of_page) == ground
    before = tab.pixels()
    theme = tab.page.get_by_role("button", name="Theme")
    for name in ("light", "dark"):
        theme.click()
        expect(theme).to_have_accessible_name(f"Theme: {name}")
    assert tab.evaluate(of_page) == "rgb(16, 21, 27)"
    assert (tab.pixels().keys() != before.keys()) == (scheme == "light")
    tab.page.reload()
    tab.settled(0)
    assert tab.evaluate(of_page) == "rgb(16, 21, 27)"


@pytest.mark.parametrize(("motion", "seconds"), [("reduce", "0s"), ("no-preference", "0.3s")])
def test_nothing_moves_for_whom_it_should_not(motion: str, seconds: str, small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small, reduced_motion=motion).open("fleet")
    durations = (
        "[...document.querySelectorAll('body, body *')].map((each) => getComputedStyle(each).transitionDuration)"
    )
    assert set(tab.evaluate(durations)) == {"0s", seconds}
