"""Who may come in, by which token, and what everybody else is told."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import httpx
import pytest
from playwright.sync_api import expect

import berth
from berth import TokenSpec
from berth.model.commands import Claim
from tests.suites.dashboard.browser import Tab
from tests.suites.dashboard.conftest import NewTab, serving
from tests.suites.dashboard.fleets import FIRST, JOB, SECOND, SERVER, fill
from tests.support.servers import Server

NUMBERS = count()
LIMIT_S = 30


@dataclass(frozen=True, slots=True)
class Door:
    """A server that lets in only whoever has a token, with the small fleet behind it."""

    server: Server
    ledger: berth.Ledger

    def token(self, *roles: str, name: str = "", **more: object) -> str:
        """The text of a new token."""
        wanted = {"name": name or f"caller-{next(NUMBERS)}", "roles": roles, **more}
        return self.ledger.create_token(TokenSpec(**wanted)).text  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with (
        serving(tmp_path_factory.mktemp("door"), "--auth", "token") as (there, url),
        berth.open(url, actor="beside") as ledger,
    ):
        fill(ledger)
        yield Door(there, ledger)


def sign_in(tab: Tab, token: str) -> None:
    tab.page.get_by_label("Token").fill(token)
    tab.page.get_by_role("button", name="Sign in", exact=True).click()


def menu(tab: Tab) -> list[str]:
    return tab.page.get_by_role("navigation", name="Pages").get_by_role("link").all_inner_texts()


def nothing_is_shown(tab: Tab) -> None:
    """Only the form: no menu, no name, and nothing of the ledger."""
    expect(tab.page.locator("h1")).to_have_text("Sign in")
    assert menu(tab) == []
    assert tab.page.locator("#who").inner_text() == tab.page.locator("#state").inner_text() == ""
    assert "node-1" not in tab.page.content()
    assert tab.page.locator("main canvas, main table").count() == 0


# --- Without a token that is good ---


@pytest.mark.parametrize("where", ["", f"provider/{FIRST}"])
def test_without_a_token_there_is_the_form(where: str, door: Door, new_tab: NewTab) -> None:
    tab = new_tab(door.server).open(where, token=None)
    nothing_is_shown(tab)
    assert "berth token create --name NAME --role viewer" in tab.main
    assert "null" not in tab.main
    expect(tab.page.get_by_label("Token")).to_be_focused()
    assert tab.page.get_by_label("Token").get_attribute("type") == "password"
    assert tab.page.get_by_role("alert").count() == 0


def bad_tokens(door: Door) -> dict[str, str]:
    """What is no good, by why. The last is good for a second, so it is waited for until it is over."""
    revoked = door.token("admin", name="revoked")
    door.ledger.revoke_token("revoked")
    replaced = door.token("admin", name="replaced")
    door.ledger.rotate_token("replaced")
    expired = door.token("admin", lasts_seconds=1)
    deadline = time.monotonic() + LIMIT_S
    while httpx.get(f"{door.server.url}/v1/me", headers={"x-auth-token": expired}).status_code != 401:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    elsewhere = door.token("admin", networks=("192.0.2.0/24",))
    other = door.token("reader")[:-1] + "!"
    return {
        "none of Berth's": "admin",
        "strange": "héllo wörld ✓",
        "wrong": other,
        "revoked": revoked,
        "replaced": replaced,
        "expired": expired,
        "from elsewhere": elsewhere,
    }


def test_a_token_that_is_no_good(door: Door, new_tab: NewTab) -> None:
    tab = new_tab(door.server)
    tab.expect("status of 401")
    tab.open(token=None)
    for why, token in bad_tokens(door).items():
        sign_in(tab, token)
        alert = tab.page.get_by_role("alert")
        expect(alert, why).to_contain_text("You are not signed in")
        expect(alert, why).to_contain_text(re.compile(r"is unknown|This is not a token"))
        expect(tab.page.get_by_label("Token")).to_be_focused()
        nothing_is_shown(tab)
        assert tab.evaluate("sessionStorage.length") == 0
        tab.evaluate("document.querySelector('[role=alert]').remove()")
    sign_in(tab, door.token("admin"))
    expect(tab.page.locator("h1")).to_have_text("Start")


def test_a_stored_token_that_has_ended_meanwhile(door: Door, new_tab: NewTab) -> None:
    token = door.token("admin", name="ended")
    door.ledger.revoke_token("ended")
    tab = new_tab(door.server)
    tab.expect("status of 401")
    tab.open("fleet", token=token)
    expect(tab.page.get_by_role("alert")).to_contain_text("The token is unknown, no longer valid")
    nothing_is_shown(tab)
    assert tab.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("where", ["fleet", "find"])
def test_a_token_that_is_revoked_while_the_page_is_open(where: str, door: Door, new_tab: NewTab) -> None:
    """The change that revokes it is of the ledger, so pages that are live notice by themselves; others when asked."""
    name = f"open-{where}"
    tab = new_tab(door.server)
    tab.expect("status of 401")
    tab.open(where, token=door.token("admin", name=name))
    expect(tab.page.locator("#state")).to_have_text("Live")
    door.ledger.revoke_token(name)
    door.ledger.create_trait(f"CUSTOM_{name.upper().replace('-', '_')}")  # somebody goes on
    expect(tab.page.locator("h1")).to_have_text("Sign in", timeout=LIMIT_S * 1000)
    expect(tab.page.get_by_role("alert")).to_contain_text("no longer valid")
    nothing_is_shown(tab)


# --- With one that is ---


def test_the_token_is_kept_for_the_tab_and_goes_nowhere_else(door: Door, new_tab: NewTab) -> None:
    tab = new_tab(door.server)
    token = door.token("admin")
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.open("providers", token=None)
    with tab.filling():
        sign_in(tab, token)
    assert tab.title == "Providers"
    for where in ("fleet", "changes", 'find?q={"groups":[{"resources":"VCPU:1"}]}'):
        tab.go(where)
    assert [url for url in [*asked, tab.page.url] if token in url] == []
    assert token not in tab.page.content()
    assert tab.evaluate("localStorage.length") == 0
    assert tab.page.context.cookies() == []
    assert tab.evaluate("Object.values(sessionStorage)") == [token]
    other = Tab(tab.page.context.new_page(), tab.url).open("providers", token=None)
    assert (other.title, other.page.url.count(token)) == ("Providers", 0), (
        "another tab of the same browser asks this one"
    )
    other.check()
    other.page.close()
    tab.page.reload()
    tab.settled(0)
    assert tab.title == "Find", "the same tab goes on"


def test_signing_out(door: Door, new_tab: NewTab) -> None:
    tab = new_tab(door.server)
    tab.open(f"provider/{FIRST}", token=None)
    sign_in(tab, door.token("admin", name="leaving"))
    expect(tab.page.locator("#who")).to_contain_text("leaving")
    expect(tab.page.locator("h1")).to_have_text("node-1")
    tab.page.get_by_role("button", name="Sign out").click()
    nothing_is_shown(tab)
    assert tab.page.get_by_role("alert").count() == 0
    assert tab.evaluate("sessionStorage.length") == 0
    tab.page.go_back()
    tab.page.go_forward()
    nothing_is_shown(tab)
    tab.page.reload()
    tab.settled(0)
    nothing_is_shown(tab)


def test_on_trial_one_click_is_enough(empty: Server, new_tab: NewTab) -> None:
    tab = new_tab(empty).open("fleet", token=None)
    assert "--auth dev" in tab.main
    with tab.filling():
        tab.page.get_by_role("button", name="Sign in as admin").click()
    assert tab.title == "Fleet"


def test_tokens_are_created_and_revoked(door: Door, new_tab: NewTab) -> None:
    tab = new_tab(door.server).open("audit", token=door.token("admin"))
    with tab.filling():
        tab.page.get_by_role("link", name="API tokens").click()
    dialog = tab.page.get_by_role("dialog")
    tab.page.get_by_role("button", name="Create a token…").click()
    for days, said in (("", "Enter a name for the token."), ("1.5", "The days must be a whole number."), ("7", None)):
        dialog.get_by_label("Valid for days").fill(days)
        dialog.get_by_role("button", name="Create").click()
        if said:
            expect(dialog.get_by_role("alert")).to_contain_text(said)
            dialog.get_by_label("Token name").fill("wall")
    expect(tab.page.locator("code.block")).to_be_visible()
    text = tab.page.locator("code.block").inner_text()
    me = httpx.get(f"{door.server.url}/v1/me", headers={"x-auth-token": text}).json()
    assert (me["name"], me["roles"]) == ("wall", ["viewer"])
    row = next(row for row in tab.rows(r"\d+ tokens") if row[0] == "wall")
    assert row[1].startswith("valid until")
    tab.page.get_by_role("button", name="Revoke wall").click()
    with tab.filling():
        dialog.get_by_role("button", name="Revoke").click()
    row = next(row for row in tab.rows(r"\d+ tokens") if row[0] == "wall")
    assert row[1].startswith("revoked")
    assert httpx.get(f"{door.server.url}/v1/me", headers={"x-auth-token": text}).status_code == 401


# --- Roles ---

ALL = ["Start", "Fleet", "Providers", "Find", "Consumers", "Agenda", "Projects", "Report", "Changes", "Audit"]
ROLES = {
    "admin": ALL,
    "service": ALL[:-1],
    "reader": ["Consumers", "Agenda", "Projects", "Report"],
    "provider-owner": ["Start", "Fleet", "Providers"],
}
NEEDS = {
    "Start": ("start", "fleet.show"),
    "Fleet": ("fleet", "fleet.show"),
    "Providers": ("providers", "providers.list"),
    "Find": ("find", "candidates.list"),
    "Consumers": ("consumers", "consumers.list"),
    "Agenda": ("agenda", "consumers.list"),
    "Projects": ("projects", "project_usages.show"),
    "Report": ("report", "reports.show"),
    "Changes": ("changes", "changes.list"),
    "Audit": ("audit", "audit.list"),
}


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_may_look_at(role: str, door: Door, new_tab: NewTab) -> None:
    """Without a single refusal: pages know from /v1/me what they may ask for."""
    trees = {"trees": (SECOND,)} if role == "provider-owner" else {}
    token = door.token(role, project="physics", **trees)
    refused: list[str] = []
    tab = new_tab(door.server)
    tab.page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    tab.open(token=token)
    assert menu(tab) == ROLES[role]
    assert tab.title.startswith(ROLES[role][0])
    for title, (where, operation) in NEEDS.items():
        tab.go(f"{where}?now=1")
        said = tab.page.get_by_role("alert").all_inner_texts()
        if title in ROLES[role]:
            assert said == [], title
        else:
            assert "Your roles do not allow this page" in said[0]
            assert f"This page needs the operation {operation}" in said[0]
            assert f"Your roles: {role}." in said[0]
    assert refused == []


def test_a_reader_sees_their_own_project(door: Door, new_tab: NewTab) -> None:
    tab = new_tab(door.server)
    tab.expect("status of 403")
    tab.open("consumers", token=door.token("reader", project="physics"))
    expect(tab.page.locator("#state")).to_have_text("Up to date")
    assert "claims of your own project, physics" in tab.main
    assert [row[-1] for row in tab.rows("1 consumer")] == [JOB]
    tab.go("projects")
    assert tab.title == "Project physics"
    tab.go(f"consumer/{JOB}")
    assert tab.page.get_by_role("alert").count() == 0
    assert tab.page.get_by_role("button", name="Release…").count() == 0
    tab.go(f"consumer/{SERVER}")
    expect(tab.page.get_by_role("alert")).to_contain_text("You are not allowed to do this")
    assert "4 VCPU" not in tab.main
    uuid = "7a5c0000-0000-4000-8000-0000000000d1"
    tab.go("consumers")
    door.ledger.claim(Claim(consumer=uuid, allocations={SECOND: {"VCPU": 1}}, project="physics", user="u", type="JOB"))
    expect(tab.page.get_by_role("link", name=uuid)).to_be_visible()  # who may not follow the log asks now and then
    door.ledger.release(uuid)
