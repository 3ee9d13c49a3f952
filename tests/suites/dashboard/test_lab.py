"""The dashboard over the fleet of a lab, as the people of a lab use it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Route, expect

import berth
from berth.model.commands import Claim
from berth.model.errors import AllocationsNotFound
from berth.model.overview import ProviderOrder
from tests.suites.dashboard.conftest import NewTab, serving
from tests.suites.dashboard.test_accessibility import barriers
from tests.support import lab_fleet
from tests.support.deadline import until
from tests.support.lab_fleet import FULL_GPU_HOST, OVERFULL, RESERVED
from tests.support.servers import Server

GPU_RESERVED, CPU_RESERVED = RESERVED


@pytest.fixture(scope="module")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    folder = tmp_path_factory.mktemp("lab")
    lab_fleet.make(f"sqlite:///{folder}/ledger.db")
    with serving(folder) as (server, url):
        yield server, url


@pytest.fixture(scope="module")
def lab(lab_url: tuple[Server, str]) -> Server:
    """A server with the fleet of a lab. Tests that write use consumers of their own."""
    return lab_url[0]


@pytest.fixture(scope="module")
def lab_ledger(lab_url: tuple[Server, str]) -> Iterator[berth.Ledger]:
    """The same ledger, opened beside the server."""
    with berth.open(lab_url[1], actor="beside") as it:
        yield it


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_start_page_says_what_needs_a_person(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    tab = new_tab(lab).open()
    assert tab.title == "Start"
    needs = [words(each) for each in tab.page.locator(".need").all_inner_texts()]
    assert needs[0] == f"Over capacity: 1 inventory {OVERFULL}: 229 of 128 VCPU held (179%)"
    assert f"Out of use (all reserved): 2 hosts {CPU_RESERVED}, {GPU_RESERVED}" in needs
    assert re.match(
        r"Ends within a day in \d+ h \d+ min \w+ \(students\): 2 VCPU, 8 GiB MEMORY_MB, 1 PGPU on gpu", needs[-1]
    )
    trends = tab.page.locator("[data-class=PGPU] .trend")
    expect(trends).to_have_count(2)
    assert re.fullmatch(r"30 days: \d+% to \d+%", trends.nth(1).inner_text())
    users = tab.rows("Users by PGPU")
    largest = lab_ledger.summaries.largest_users("PGPU", limit=8).items
    assert [(row[0], row[1], row[2]) for row in users] == [
        (each.user, each.project, str(each.amount)) for each in largest
    ]
    with tab.filling():
        tab.page.get_by_label("Of class").select_option("VCPU")
    assert tab.rows("Users by VCPU")
    news = [words(each) for each in tab.page.locator(".news li").all_inner_texts()]
    assert re.match(r"a claim of \w+ \(students\) ended on gpu-r\d\d-0\d \d", news[0])
    assert re.match(r"paul \(teaching\) holds 8 VCPU, 32 GiB MEMORY_MB on gpu-r\d\d-0\d · by slurm \d", news[1])
    _ask_for_too_much(lab_ledger)  # another process of the ledger
    tab.page.reload()
    need = tab.page.locator(".need", has_text="Claims refused in the last hour: 2")
    expect(need).to_contain_text("ben (students) asked for 999 VCPU, 2 times: Unable to create allocation for 'VCPU'")
    claim = {"request": {"groups": [{"resources": {"VCPU": 998}}]}, "project": "students", "user": "ben"}
    assert lab.ask("POST", "/v1/claims", json=claim, headers={"X-Auth-Token": "admin"}).status_code == 409
    until(lambda: lab_ledger.summaries.refused_claims().count == 3, "the server shares no refused claims")
    lab_ledger.create_trait("CUSTOM_NEWS")
    expect(tab.page.locator(".news li").first).to_contain_text("beside created the trait CUSTOM_NEWS")


def _ask_for_too_much(ledger: berth.Ledger) -> None:
    host = ledger.search(berth.ProviderFilter(name="cpu-r01-01")).items[0].uuid
    for _ in range(2):
        with pytest.raises(berth.errors.Refusal):
            ledger.claim(
                Claim(
                    consumer=lab_fleet.uuid_of(8, 3), allocations={host: {"VCPU": 999}}, project="students", user="ben"
                )
            )
    ledger.summaries.refused.share()


def test_who_holds_which_device(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    """In one table, what is below the host included; history in sentences; a device is released, then a whole claim."""
    tab = new_tab(lab).open(f"provider/{FULL_GPU_HOST}")
    rows = tab.rows("12 claims on it and 8 devices below it")
    assert [tuple(row[:3]) for row in rows[:4]] == [
        (f"{FULL_GPU_HOST}-gpu0", "ada", "students"),
        (f"{FULL_GPU_HOST}-gpu1", "ada", "students"),
        (f"{FULL_GPU_HOST}-gpu2", "ben", "students"),
        (f"{FULL_GPU_HOST}-gpu3", "omar", "language"),
    ]
    assert [row[0] for row in rows[8:]] == [FULL_GPU_HOST] * 4
    happened = [words(row[1]) for row in tab.rows("What was done")]
    assert happened[0] == "li (vision) claimed 4 VCPU, 16 GiB MEMORY_MB"
    assert happened[-1].startswith(f"created as {FULL_GPU_HOST} inventory: 128 VCPU")
    dialog = tab.page.get_by_role("dialog")
    with tab.filling():
        tab.page.get_by_role("button", name=f"Release what ada holds of {FULL_GPU_HOST}-gpu1").click()
        assert "4 VCPU, 16 GiB MEMORY_MB, 2 PGPU on 3 providers" in words(dialog.inner_text())
        dialog.get_by_label("Only its claim on").check()
        dialog.get_by_role("button", name="Release").click()
    rows = tab.rows("11 claims on it and 8 devices below it, 1 free")
    assert rows[1][:3] == [f"{FULL_GPU_HOST}-gpu1", "free: 1 PGPU", ""]
    (ada,) = [each for each in lab_ledger.summaries.host_holdings(FULL_GPU_HOST).items if each.name.endswith("gpu0")]
    with tab.filling():
        tab.page.get_by_role("button", name=f"Release what ada holds of {FULL_GPU_HOST}-gpu0").click()
        dialog.get_by_role("button", name="Release").click()
    assert len([row for row in tab.rows("9 claims") if row[1] == "free: 1 PGPU"]) == 2
    with pytest.raises(AllocationsNotFound):
        lab_ledger.consumer(ada.consumer)


def test_what_cannot_be_released_or_saved_is_said(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    uuid, host = lab_fleet.uuid_of(8, 1), lab_ledger.search(berth.ProviderFilter(name="cpu-r01-01")).items[0].uuid
    lab_ledger.claim(Claim(consumer=uuid, allocations={host: {"DISK_GB": 100}}, project="tests", user="u"))
    tab = new_tab(lab)
    tab.expect("status of 40[049]")
    tab.open(f"provider/{host}")
    dialog = tab.page.get_by_role("dialog")
    tab.page.get_by_role("button", name="Release what u holds").click()
    expect(dialog).to_be_visible()
    lab_ledger.release(uuid)  # another was quicker
    dialog.get_by_role("button", name="Release").click()
    expect(dialog.get_by_role("alert")).to_contain_text("it was already released")
    dialog.get_by_role("button", name="Cancel").click()
    tab.page.get_by_role("button", name="Edit DISK_GB").click()
    for total, said in (("1.5", "The total amount must be a whole number."), ("0", "total"), ("100", None)):
        dialog.get_by_label("Total").fill(total)
        dialog.get_by_role("button", name="Save").click()
        if said:
            expect(dialog.get_by_role("alert")).to_contain_text(said)
            assert lab_ledger.inventory(host, "DISK_GB").total == 8000
    expect(dialog).to_have_count(0)
    assert lab_ledger.inventory(host, "DISK_GB").total == 100
    tab.page.get_by_role("button", name="Rename…").click()
    dialog.get_by_role("textbox", name="Name").fill("cpu-r01-02")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog.get_by_role("alert")).to_contain_text("cpu-r01-02")
    dialog.get_by_role("textbox", name="Name").fill("cpu-new")
    dialog.get_by_role("button", name="Rename").click()
    expect(tab.page.locator("h1")).to_have_text("cpu-new")
    lab_ledger.update_provider(host, name="cpu-r01-01")


def test_clicks_to_who_holds_all_of_a_host(lab: Server, new_tab: NewTab) -> None:
    """Two from the start page by the page of the fleet, one by the name, which the slash leads to."""
    tab = new_tab(lab).open()
    with tab.filling():
        tab.page.get_by_role("link", name="Fleet").click()
    assert "400 hosts in 20 racks" in tab.main
    surface = tab.page.get_by_role("application")
    surface.focus()
    said = tab.page.locator("#announcements")
    expect(said).to_contain_text("cpu-r01-01 in rack-01")
    tab.page.keyboard.press("ArrowDown")
    expect(said).to_contain_text("cpu-r01-0")
    tab.page.keyboard.press("End")
    expect(said).to_contain_text("gpu-r20-05 in rack-20")
    with tab.filling():
        tab.page.keyboard.press("Enter")
    assert tab.title == "gpu-r20-05"
    tab.page.keyboard.press("/")
    tab.page.keyboard.type(FULL_GPU_HOST)
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("h1")).to_have_text(FULL_GPU_HOST)
    expect(tab.page.get_by_role("button", name=f"Release what li holds of {FULL_GPU_HOST}-gpu7")).to_be_visible()


def test_three_clicks_free_a_device(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    """From the start page: its host on the map, Release in its row, and yes."""
    tab = new_tab(lab).open()
    surface = tab.page.get_by_role("application")
    surface.focus()
    tab.page.keyboard.press("End")  # to learn where it is; the clicks are by mouse
    expect(tab.page.locator(".tip")).to_contain_text("gpu-r20-05")
    tip = tab.page.locator(".tip").bounding_box()
    assert tip is not None
    clicks = 0
    with tab.filling():
        tab.page.mouse.click(tip["x"] + 4, tip["y"] - 14)
        clicks += 1
    assert tab.title == "gpu-r20-05"
    before = lab_ledger.summaries.host_holdings("gpu-r20-05").items
    (held, *_) = [each for each in before if each.name == "gpu-r20-05-gpu4"]
    with tab.filling():
        tab.page.get_by_role("button", name=f"Release what {held.user} holds of gpu-r20-05-gpu4").click()
        tab.page.get_by_role("dialog").get_by_role("button", name="Release").click()
        clicks += 2
    assert clicks == 3
    assert held.consumer not in {each.consumer for each in lab_ledger.summaries.host_holdings("gpu-r20-05").items}


def test_search_from_anywhere(lab: Server, new_tab: NewTab) -> None:
    tab = new_tab(lab).open("search?q=r15-0")
    assert [each.inner_text() for each in tab.page.locator("main h2").all()] == ["Hosts and devices"]
    for words_, expected in (
        ("rack-1", "rack-15"),
        ("ben", "ben (students)"),
        ("CLIM", "climate"),
        ("h100", "CUSTOM_H100"),
        ("pgpu", "PGPU"),
        (lab_fleet.uuid_of(9, 3), "omar (language)"),
        ("no such thing", "Nothing found"),
        ("", "Enter a search"),
    ):
        tab.go(f"search?q={words_}")
        assert expected in tab.main, words_


def test_a_list_is_sorted_as_a_whole(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    """Its total is said; a click on a header reads the rest of it, or has the server sort it."""
    query = berth.ConsumerQuery(resource_class="PGPU")
    total = lab_ledger.consumers(query, limit=1).total
    assert total is not None
    tab = new_tab(lab).open("consumers?order=oldest&class=PGPU")
    assert len(tab.rows(f"50 of {total} consumers")) == 50
    header = tab.page.get_by_role("button", name="Project", exact=True)
    header.click()
    expect(tab.page.locator("caption")).to_contain_text(re.compile(rf"^{total} consumers"))
    everybody = sorted(each.project for each in lab_ledger.consumers(query, limit=1000).items)
    assert [row[1] for row in tab.rows(rf"{total} consumers")] == everybody
    header = tab.page.get_by_role("button", name="Project", exact=True)
    header.click()
    assert [row[1] for row in tab.rows(rf"{total} consumers")] == everybody[::-1]
    assert header.locator("..").get_attribute("aria-sort") == "descending"
    tab.go("providers?class=VCPU")
    assert len(tab.rows("50 of 400 providers")) == 50
    for header_, order, reverse in (
        ("Provider", "name", False),
        ("Fullest", "fullest", False),
        ("Fullest", "fullest", True),
    ):
        with tab.filling():
            tab.page.get_by_role("button", name=header_, exact=True).click()
        page = lab_ledger.search(
            berth.ProviderFilter(resource_class="VCPU"), order=ProviderOrder(order), reverse=reverse, limit=50
        )
        assert [row[0] for row in tab.rows("50 of 400 providers")] == [each.name for each in page.items]
        expected = "ascending" if (order == "name") != reverse else "descending"
        assert tab.page.locator(f"th[aria-sort={expected}]").inner_text() == header_


def test_a_list_too_long_to_read_is_not_sorted_falsely(lab: Server, new_tab: NewTab) -> None:
    tab = new_tab(lab)
    tab.page.route(
        re.compile("/v1/consumers"),
        lambda route: route.fulfill(
            response=(got := route.fetch()), json=got.json() | {"total": 20_000, "bounded": True}
        ),
    )
    tab.open("consumers?class=VCPU")
    assert tab.rows("50 of at least 20,000 consumers")
    headers = tab.page.locator("thead")
    assert headers.get_by_role("button").all_inner_texts() == ["Holds in total", "Consumer"]
    assert (
        headers.get_by_text("Project").get_attribute("title")
        == "To sort by this, narrow the list to 5,000 rows or fewer"
    )
    with tab.filling():
        headers.get_by_role("button", name="Consumer").click()
    assert "order=uuid" in tab.page.url


def test_the_whole_list_is_saved(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    """As it is filtered and sorted, page by page; it can be cancelled; no cell is a formula."""
    tab = new_tab(lab).open("providers?class=PGPU&order=name&reverse=true")
    with tab.page.expect_download() as saved:
        tab.page.get_by_role("button", name="CSV").click()
    rows = list(csv.reader(saved.value.path().read_text(encoding="utf-8").splitlines()))
    assert saved.value.suggested_filename == "berth-providers.csv"
    names = sorted(
        (each.name for each in lab_ledger.search(berth.ProviderFilter(resource_class="PGPU"), limit=1000).items),
        reverse=True,
    )
    assert rows[0][0] == "Provider"
    assert [row[0] for row in rows[1:]] == names
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", rows[1][-1]), "the moment itself, not how long ago"
    expect(tab.page.get_by_role("status").filter(has_text=f"{len(names)} rows in the CSV file")).to_be_visible()
    host = lab_ledger.search(berth.ProviderFilter(name="cpu-r01-01")).items[0].uuid
    evil = lab_fleet.uuid_of(8, 2)
    lab_ledger.claim(Claim(consumer=evil, allocations={host: {"VCPU": 1}}, project="p", user="=1+1", name="@SUM(A1)"))
    tab.go("consumers?order=oldest")
    pages = []

    def slow(route: Route) -> None:
        pages.append(route.request.url)
        if len(pages) == 2:
            tab.page.get_by_role("button", name="Cancel").click()
        route.continue_()

    with tab.page.expect_download() as saved:
        tab.page.get_by_role("button", name="CSV").click()
    rows = list(csv.reader(saved.value.path().read_text(encoding="utf-8").splitlines()))
    assert rows[0][:3] == ["User", "Name", "Project"]
    assert len(rows) == (lab_ledger.consumers(limit=1).total or 0) + 1
    assert rows[-1][:3] == ["'=1+1", "'@SUM(A1)", "p"]
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    lab_ledger.release(evil)
    tab.page.route(re.compile("/v1/consumers.*limit=1000"), slow)
    tab.page.get_by_role("button", name="CSV").click()
    expect(tab.page.get_by_role("status").filter(has_text="Cancelled: no file was saved.")).to_be_visible()
    assert len(pages) == 2


def test_a_new_tab_is_signed_in_and_signs_out_with_the_others(lab: Server, new_tab: NewTab) -> None:
    first = new_tab(lab).open(token=None)
    first.page.get_by_label("Token").fill("admin")
    with first.filling():
        first.page.keyboard.press("Enter")
    with first.page.context.expect_page() as opened:
        first.page.get_by_role("link", name="Fleet").click(modifiers=["ControlOrMeta"])
    second = opened.value
    expect(second.locator("h1")).to_have_text("Fleet")
    assert "admin" not in second.url
    second.get_by_role("button", name="Sign out").click()
    for page in (first.page, second):
        expect(page.locator("h1")).to_have_text("Sign in")
        assert page.evaluate("sessionStorage.length") == 0
    first.page.reload()
    expect(first.page.locator("h1")).to_have_text("Sign in")


PAGES = (
    "start",
    "search?q=gpu",
    "fleet",
    "providers",
    f"provider/{FULL_GPU_HOST}",
    f"provider/{OVERFULL}",
    "consumers?order=oldest",
    "agenda",
    "projects",
    "report?by=user",
    "changes",
    "audit",
    "tokens",
)


def test_a_host_is_drained_and_takes_claims_again(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    tab = new_tab(lab).open("provider/cpu-r03-01")
    dialog = tab.page.get_by_role("dialog")
    tab.page.get_by_role("button", name="Drain…").click()
    dialog.get_by_label("Reason").fill("fan, ticket 812")
    dialog.get_by_role("button", name="Drain").click()
    expect(tab.page.locator(".facts")).to_contain_text("by admin: fan, ticket 812")
    tab.go("start")
    drained = tab.page.locator(".need", has_text="Drained: 1 provider")
    assert re.match(r"cpu-r03-01 \d+ s ago by admin: fan, ticket 812", words(drained.locator("li").inner_text()))
    with tab.filling():
        drained.get_by_role("link", name="cpu-r03-01").click()
    tab.page.get_by_role("button", name="Undrain…").click()
    dialog.get_by_role("button", name="Undrain").click()
    expect(tab.page.get_by_role("button", name="Drain…", exact=True)).to_be_visible()
    assert lab_ledger.overview().drained == 0


def test_a_rack_is_named(lab: Server, lab_ledger: berth.Ledger, new_tab: NewTab) -> None:
    tab = new_tab(lab)
    tab.expect("status of 409")
    tab.open("provider/gpu-r20-01")
    dialog = tab.page.get_by_role("dialog")
    tab.page.get_by_role("button", name="Name the aggregate rack-20").click()
    dialog.get_by_label("Name", exact=True).fill("rack-19")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("rack-19")
    dialog.get_by_label("Name", exact=True).fill("corner")
    dialog.get_by_role("button", name="Save").click()
    expect(tab.page.locator(".facts")).to_contain_text("corner")
    lab_ledger.name_aggregate("corner", "rack-20")


CUT = """() => [...document.querySelectorAll("main *:not(.unseen), header *")].filter((each) => {
  const { overflowX, clipPath } = getComputedStyle(each);
  const hides = overflowX === "hidden" ? clipPath === "none" : overflowX === "auto" && !each.closest("pre, nav");
  return hides && each.clientWidth > 1 && each.scrollWidth > each.clientWidth + 1;
}).map((each) => `${each.className}: ${each.innerText.slice(0, 80)}`)"""
"""What hides a part of itself, or would have to be moved sideways; except the menu, and what is only read aloud."""


@pytest.mark.parametrize("wide", [390, 1440])
def test_nothing_is_cut_and_nothing_is_a_barrier(wide: int, lab: Server, new_tab: NewTab) -> None:
    """In light and dark, with all that a lab has."""
    size = {"width": wide, "height": 844}
    tab = new_tab(lab, viewport=size, bypass_csp=True, color_scheme="light", reduced_motion="reduce").open()
    for where in PAGES:
        tab.go(f"{where}{'&' if '?' in where else '?'}at={wide}")
        assert tab.fits(), where
        assert tab.evaluate(CUT) == [], where
        found = barriers(tab)
        assert found == "", found
