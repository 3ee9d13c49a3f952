"""The dashboard over the fleet of a lab, as the people of a lab use it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

import berth
from berth.model.commands import Claim
from berth.model.errors import AllocationsNotFound
from tests.suites.dashboard.conftest import NewTab, serving
from tests.suites.dashboard.test_accessibility import barriers
from tests.support import lab_fleet
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
    lab_ledger.create_trait("CUSTOM_NEWS")
    expect(tab.page.locator(".news li").first).to_contain_text("beside created the trait CUSTOM_NEWS")


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
    dialog.get_by_label("Name").fill("cpu-r01-02")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog.get_by_role("alert")).to_contain_text("cpu-r01-02")
    dialog.get_by_label("Name").fill("cpu-new")
    dialog.get_by_role("button", name="Rename").click()
    expect(tab.page.locator("h1")).to_have_text("cpu-new")
    lab_ledger.update_provider(host, name="cpu-r01-01")


def test_clicks_to_who_holds_all_of_a_host(lab: Server, new_tab: NewTab) -> None:
    """Two from the start page by the map; one by its name, which the slash leads to; and two more to free a device."""
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


def test_tables_are_sorted_by_their_headers_and_saved(lab: Server, new_tab: NewTab) -> None:
    tab = new_tab(lab).open("consumers?order=oldest&class=PGPU")
    column = [row[2] for row in tab.rows("50 shown")]
    header = tab.page.get_by_role("button", name="Holds in total")
    header.click()
    amounts = [int(row[2].split()[0]) for row in tab.rows("50 shown")]
    assert amounts == sorted(amounts)
    header.click()
    assert [int(row[2].split()[0]) for row in tab.rows("50 shown")] == amounts[::-1]
    assert header.locator("..").get_attribute("aria-sort") == "descending"
    tab.page.get_by_role("button", name="Show more").click()
    expect(tab.page.locator("caption")).to_contain_text("100 shown")
    rows = tab.rows(r"\d+ shown")
    assert int(rows[0][2].split()[0]) >= amounts[-1], "it stays sorted when there is more"
    assert len(rows) > len(column)
    with tab.page.expect_download() as saved:
        tab.page.get_by_role("button", name="CSV").click()
    lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("User,Project,")
    assert len(lines) == len(rows) + 1


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


CUT = """(wide) => [...document.querySelectorAll("main *:not(.unseen), header *")].filter((each) => {
  const { overflowX } = getComputedStyle(each);
  const hides = overflowX === "hidden" || (wide > 1000 && overflowX === "auto" && !each.closest("pre"));
  return hides && each.clientWidth > 1 && each.scrollWidth > each.clientWidth + 1;
}).map((each) => `${each.className}: ${each.innerText.slice(0, 80)}`)"""
"""What hides a part of itself; on a wide page also what would have to be moved sideways."""


@pytest.mark.parametrize("wide", [390, 1440])
def test_nothing_is_cut_and_nothing_is_a_barrier(wide: int, lab: Server, new_tab: NewTab) -> None:
    """In light and dark, with all that a lab has."""
    size = {"width": wide, "height": 844}
    tab = new_tab(lab, viewport=size, bypass_csp=True, color_scheme="light", reduced_motion="reduce").open()
    for where in PAGES:
        tab.go(f"{where}{'&' if '?' in where else '?'}at={wide}")
        assert tab.fits(), where
        assert tab.evaluate(CUT, wide) == [], where
        found = barriers(tab)
        assert found == "", found
