"""Every page over a small ledger and over an empty one: what it shows, and where it leads."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

import berth
from berth.model.commands import Claim
from berth.model.term import Term
from tests.suites.dashboard.conftest import NewTab
from tests.suites.dashboard.fleets import EVIL, FIRST, FULL, JOB, RACK, RACK_NAME, SECOND, SERVER
from tests.support.servers import Server
from tests.support.silent_lease import make_overdue

PAGES = ("start", "fleet", "providers", "find", "consumers", "agenda", "projects", "report", "changes", "audit")


EMPTY = (
    ("fleet", ["This ledger is empty", "berth discover --apply --url {url} --token - <<<admin", "berth import"]),
    ("start", ["This ledger is empty", "berth import"]),
    ("providers", ["There are no providers yet", "berth discover --apply --url {url} --token - <<<admin"]),
    ("find", ["Find where something fits"]),
    ('find?q={"groups":[{"resources":"VCPU:1"}]}', ["Nothing fits", "VCPU"]),
    ("consumers", ["There are no claims", "berth claim"]),
    ("agenda", ["No claim has an end", "berth claim --for 7d"]),
    ("agenda?within=3600", ["Nothing ends in this time"]),
    ("projects", ["No project has claims"]),
    ("report", ["Nothing was held"]),
    ("projects?project=none", ["No claims"]),
    ("changes", ["Live"]),
    ("audit", ["Who", "Outcome"]),
    (f"provider/{FIRST}", ["Not found", FIRST]),
    ("provider/nonsense", ["Not found", "nonsense"]),
    (f"consumer/{JOB}", ["No claims", "No history"]),
    ("nonsense", ["There is no such page", "Go to the start page"]),
)


def test_nothing_is_there_yet(empty: Server, new_tab: NewTab) -> None:
    tab = new_tab(empty)
    tab.expect(r"status of 40[04]")
    tab.open("signin")
    for where, words in EMPTY:
        tab.go(where)
        for each in words:
            expect(tab.page.locator("main"), where).to_contain_text(
                each.replace("{url}", empty.url), use_inner_text=True
            )


def test_a_page_is_loaded_once(small: Server, new_tab: NewTab) -> None:
    """Not again when the feed begins: it begins with what the page shows already."""
    tab = new_tab(small).open("fleet")
    expect(tab.page.locator("#state")).to_have_attribute("data-state", "live")
    tab.page.wait_for_timeout(2500)
    assert tab.count() == 1


def test_the_fleet(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet")
    assert tab.title == "Fleet"
    assert "4 hosts, 5 providers, 1 aggregate" in tab.main
    vcpu = tab.page.locator("[data-class=VCPU]")
    assert "21%" in vcpu.inner_text()
    assert vcpu.get_by_role("meter").get_attribute("aria-valuetext") == "6 of 28 used, 21%"
    assert tab.page.get_by_role("application").get_attribute("aria-label") == (
        "Map of 4 hosts, by how much the fullest class is used"
    )
    assert len(tab.pixels()) > 5  # several colours: something is drawn
    assert "4 hosts in 1 rack" in tab.main
    assert "2 or more free\n1 host" in tab.main


def test_the_map_is_coloured_by_how_full_it_is(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet?class=VCPU")
    full = (tab.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--level-5')"),)
    red = ",".join(str(int(full[0].strip()[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"
    assert tab.pixels()[red] > 50
    tab.go("fleet?class=VGPU")
    assert red not in tab.pixels()


def test_the_map_as_a_table(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet?view=table&class=VCPU")
    rows = {row[0]: row[-1] for row in tab.rows("The cells of the map")}
    assert rows == {"node-1": "2 of 8", "node-2": "0 of 16", "node-3": "4 of 4", EVIL: "none"}
    with tab.filling():
        tab.page.get_by_label("Coloured by").select_option("")
    rows = {row[0]: row[1:3] for row in tab.rows("The cells of the map")}
    assert rows == {
        "node-1": [RACK_NAME, "VCPU"],
        "node-2": [RACK_NAME, "VCPU"],
        "node-3": ["", "VCPU"],
        EVIL: ["", "DISK_GB"],
    }


FILTERS = (
    ("name=NODE-1", ["node-1"]),
    ("trait=CUSTOM_FAST", ["node-1"]),
    (f"aggregate={RACK}", ["node-1", "node-2"]),
    ("aggregate=rack 7", ["node-1", "node-2"]),
    ("room=VCPU:7", ["node-2"]),
    ("room=VCPU:1,VGPU:3", ["node-1"]),
    ("name=nobody", []),
)


def test_filters_of_the_map(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet")
    for query, names in FILTERS:
        tab.go(f"fleet?view=table&{query}")
        assert [row[0] for row in tab.rows("The cells of the map")] == names, query
    assert "No host matches" in tab.main


def test_filters_stand_in_the_address_and_back_works(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet?view=table")
    with tab.filling():
        tab.page.get_by_label("Name").fill("node-2")
        tab.page.get_by_label("Name").press("Enter")
    assert [row[0] for row in tab.rows("The cells")] == ["node-2"]
    assert "name=node-2" in tab.page.url
    with tab.filling():
        tab.page.go_back()
    assert len(tab.rows("The cells")) == 4
    expect(tab.page.get_by_label("Name")).to_have_value("")


def test_an_unknown_trait_is_refused_in_words(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small)
    tab.expect("status of 40")
    tab.open("fleet?trait=CUSTOM_NONE")
    expect(tab.page.get_by_role("alert")).to_contain_text("CUSTOM_NONE")
    tab.go("fleet?room=nonsense")
    expect(tab.page.get_by_role("alert")).to_contain_text("is not an amount of a class")
    tab.go("fleet")
    expect(tab.page.get_by_role("alert")).to_have_count(0)


def test_groups_and_the_way_into_them(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet?view=table&by=aggregates")
    assert [row[:2] for row in tab.rows("The cells")] == [["in no aggregate", "2"], [RACK_NAME, "2"]]
    with tab.filling():
        tab.page.get_by_role("link", name=RACK_NAME).click()
    assert [row[0] for row in tab.rows("The cells")] == ["node-1", "node-2"]
    crumbs = tab.page.get_by_role("navigation", name="Part of the fleet")
    assert f"aggregate {RACK_NAME}" in crumbs.inner_text()
    with tab.filling():
        crumbs.get_by_role("link", name="Whole fleet").click()
    assert len(tab.rows("The cells")) == 2


def test_a_request_names_an_aggregate(small: Server, new_tab: NewTab) -> None:
    """Its name has a space, which separates traits."""
    request = {"groups": [{"resources": "VCPU:1", "memberOf": f"{RACK}, {RACK_NAME}", "notMemberOf": ""}]}
    tab = new_tab(small).open(f"find?q={quote(json.dumps(request))}")
    assert "node-1" in tab.main
    tab.go(f"find?q={quote(json.dumps({'groups': [{'resources': 'VCPU:1', 'notMemberOf': RACK_NAME}]}))}")
    assert "node-1" not in tab.main


def test_a_click_on_the_map_opens_a_host(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("fleet?name=node-2")
    tab.page.locator("canvas").hover(position={"x": 20, "y": 20})
    assert tab.page.locator(".tip").inner_text() == f"node-2 in {RACK_NAME}: VCPU 0% used (0 of 16)"
    with tab.filling():
        tab.page.locator("canvas").click(position={"x": 20, "y": 20})
    assert tab.title == "node-2"


def test_a_provider(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open(f"provider/{FIRST}")
    assert tab.title == "node-1"
    assert tab.page.title() == "node-1 - Berth"
    inventories = {row[0]: row[2:] for row in tab.rows("What node-1 has")}
    assert inventories["MEMORY_MB"] == ["2,048", "15,360", "16,384", "1,024", "1", "any", "Edit…"]
    assert [row[0] for row in tab.rows("Tree of 2 providers")] == ["node-1", "level 1:\nnode-1-gpu"]
    held = tab.rows("2 claims on it and 1 device below it")
    assert [row[:5] for row in held] == [
        ["node-1-gpu", "ada", "physics", "1 VGPU", "JOB"],
        ["node-1", "ada", "physics", "2 VCPU\n2 GiB MEMORY_MB", "JOB"],
    ]
    history = [row[1] for row in tab.rows("What was done")]
    assert history[-1] == "created as node-1"
    for happened in (
        "inventory: 8 VCPU",
        "ada (physics) claimed 2 VCPU, 2 GiB MEMORY_MB",
        "1 aggregate",
        "2 traits: CUSTOM_FAST",
    ):
        assert any(row.startswith(happened) for row in history), happened
    for name in ("CUSTOM_FAST", RACK_NAME):
        assert tab.page.get_by_role("link", name=name).first.is_visible()
    with tab.filling():
        tab.page.get_by_role("link", name="node-1-gpu").first.click()
    assert tab.title == "node-1-gpu"
    assert tab.page.get_by_role("link", name="Providers").get_attribute("aria-current") == "page"


def test_providers(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("providers")
    assert [row[0] for row in tab.rows("5 provider")] == ["node-1", "node-1-gpu", "node-2", "node-3", EVIL]
    tab.go("providers?class=VGPU")
    assert [row[0] for row in tab.rows("1 provider")] == ["node-1-gpu"]
    tab.go("providers?uuid=7a5c0000&room=VCPU:9")
    assert [row[0] for row in tab.rows("1 provider")] == ["node-2"]
    tab.go("providers?name=nobody")
    assert "No provider matches" in tab.main


def test_names_of_others_are_texts(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("providers")
    for where in ("fleet", "fleet?view=table", f"provider/{FULL}", "consumers?order=oldest", f"consumer/{SERVER}"):
        tab.go(where)
        assert "taken" not in tab.page.title()
        assert tab.page.locator("main img, main script").count() == 0
    assert EVIL in tab.main
    tab.go("projects")
    with tab.filling():
        tab.page.get_by_role("link", name=EVIL).click()
    assert tab.title == f"Project {EVIL}"
    assert tab.page.title() == f"Project {EVIL} - Berth"


def test_consumers(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("consumers?class=VCPU")
    assert [row[-1] for row in tab.rows("2 consumer")] == [SERVER, JOB]
    tab.go("consumers?order=oldest&provider=node-1")
    assert [row[-1] for row in tab.rows("1 consumer")] == [JOB]
    tab.go("consumers?order=oldest")
    assert [row[-1] for row in tab.rows("2 consumer")] == [JOB, SERVER]
    tab.go("consumers?project=physics&type=JOB")
    assert [[*row[:2], row[3]] for row in tab.rows("1 consumer")] == [["ada", "physics", "JOB"]]
    tab.go("consumers?user=nobody")
    assert "No consumer matches" in tab.main


def test_projects(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("projects")
    physics = next(row for row in tab.rows(r"\d+ projects?, by name") if row[0] == "physics")
    assert physics[1] == "1"
    assert "JOB × 1" in physics[3]
    tab.go("projects?project=physics")
    assert tab.rows("Its usage")[0][:2] == ["JOB", "1"]
    with tab.filling():
        tab.page.get_by_role("link", name="oldest first").click()
    assert [row[-1] for row in tab.rows("1 consumer")] == [JOB]


def test_what_ends_next(small: Server, small_url: tuple[Server, str], ledger: berth.Ledger, new_tab: NewTab) -> None:
    lease = ledger.leases.grant("node-7", project="lab", ttl=3600)
    make_overdue(ledger, small_url[1], lease.uuid)
    uuid, held = "7a5c0000-0000-4000-8000-0000000000e1", "7a5c0000-0000-4000-8000-0000000000e2"
    week, minute = Term(lasts=7 * 24 * 3600), Term(confirm_within=60)
    for consumer, term in ((uuid, week), (held, minute)):
        claim = Claim(consumer=consumer, allocations={SECOND: {"VCPU": 1}}, project="lab", user="eva", term=term)
        ledger.claim(claim)
    tab = new_tab(small).open("agenda")
    rows = tab.rows("2 claim")
    assert [row[1] for row in rows] == ["lapses if not confirmed", "ends"]
    assert rows[1][0] in ("6 d 23 h", "7 d")
    assert [" ".join(cell.split()) for cell in rows[1][3:6]] == ["1 VCPU of node-2", "lab", "eva"]
    (silent,) = tab.rows("1 lease is overdue")
    assert silent[1:5] == ["node-7", "its claims are released", "0", "lab"]
    assert silent[0].startswith(("59 min", "1 h"))
    lease.end()
    tab.go("agenda?within=86400")
    assert len(tab.rows("1 claim")) == 1
    assert "overdue" not in tab.main
    ledger.release(uuid)
    ledger.release(held)


def test_how_long_claims_count(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    """A hold is hatched on the map and bars, named with what is left of its time, and found by its state."""
    uuid, held = "7a5c0000-0000-4000-8000-0000000000e3", "7a5c0000-0000-4000-8000-0000000000e4"
    for consumer, amount, term in ((uuid, 1, Term(lasts=7 * 24 * 3600 - 60)), (held, 3, Term(confirm_within=3590))):
        held_of = {SECOND: {"VCPU": amount}}
        ledger.claim(Claim(consumer=consumer, allocations=held_of, project="lab", user="eva", term=term))
    tab = new_tab(small)
    tab.expect("status of 404")
    tab.open(f"consumer/{held}")
    assert "pending: not confirmed yet" in tab.main
    assert re.search(r"Confirm before\s.*\(in 59 min \d+ s\)", tab.main)
    tab.go(f"consumer/{uuid}")
    assert re.search(r"State\s+confirmed", tab.main)
    assert re.search(r"Ends\s.*\(in 6 d 23 h\)", tab.main)
    tab.go("consumers?order=uuid&state=pending")
    (row,) = tab.rows("1 consumer")
    assert re.fullmatch(r"59 min \d+ s \(pending\)", row[-2])
    tab.go("consumers?order=uuid&due=604800")
    assert len(tab.rows("2 consumer")) == 2
    tab.go(f"provider/{SECOND}")
    assert [row[-2][:6] for row in tab.rows("2 claims")] == ["6 d 23", "59 min"]
    tab.go("fleet?view=table")
    assert "pending: held, not confirmed yet" in tab.page.locator(".legend").inner_text()
    bar = tab.page.get_by_role("meter", name="VCPU of node-2")
    assert bar.get_attribute("aria-valuetext") == "4 of 16 used, 25%, 3 of that pending"
    assert bar.locator(".pending").count() == 1
    ledger.release(uuid)
    ledger.release(held)


def test_why_a_consumer_is_over(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    uuid = "7a5c0000-0000-4000-8000-0000000000e5"
    term = Term(confirm_within=1)
    ledger.claim(Claim(consumer=uuid, allocations={SECOND: {"VCPU": 1}}, project="lab", user="eva", term=term))
    tab = new_tab(small)
    tab.expect("status of 404")
    tab.open(f"consumer/{uuid}")
    expect(tab.page.locator("main")).to_contain_text("Its hold lapsed")  # by itself, as it is swept


def test_how_much_was_held_for_how_long(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    tab = new_tab(small).open("report?by=user&class=VCPU")
    rows = {row[0]: row for row in tab.rows(r"\d+ rows?")}
    report = ledger.report("user", resource_class="VCPU")
    assert rows.keys() == {row.name for row in report.rows} != set()
    assert len(tab.rows("Total, by class")) == 1
    with tab.page.expect_download() as saved:
        tab.page.get_by_role("button", name="Download as CSV").click()
    lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0] == "key,name,class,hours,capacity_hours,share,held_us"
    assert len(lines) == 1 + len(rows)
    with tab.filling():
        tab.page.get_by_label("Time").select_option("last-month")
    assert "Nothing was held" in tab.main
    assert "span=last-month" in tab.page.url


def test_a_consumer_is_released_if_that_is_meant(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    uuid = "7a5c0000-0000-4000-8000-0000000000c1"
    held = {SECOND: {"VCPU": 1}}
    ledger.claim(Claim(consumer=uuid, allocations=held, project="tests", user="u", type="JOB", name="thesis"))
    ledger.edit_consumer(uuid, note="of Grace")
    tab = new_tab(small)
    tab.expect("status of 404")  # when it is asked for once more, afterwards
    tab.open("consumers?q=GRACE")
    assert [row[1] for row in tab.rows("1 consumer")] == ["thesis"]
    tab.go(f"provider/{SECOND}")
    tab.page.get_by_role("link", name="thesis").click()
    expect(tab.page).to_have_title("Consumer thesis - Berth")
    expect(tab.page.locator("main")).to_contain_text("of Grace")
    assert uuid in tab.main
    assert tab.rows("Claims on 1 provider")[0] == ["node-2", "1 VCPU"]
    dialog = tab.page.get_by_role("dialog")
    tab.page.get_by_role("button", name="Release…").click()
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert ledger.allocations(uuid) is not None
    tab.page.get_by_role("button", name="Release…").click()
    assert "1 VCPU" in dialog.inner_text()
    dialog.get_by_role("button", name="Release").click()
    expect(tab.page.locator("main")).to_contain_text("No claims")
    assert ledger.allocations(uuid) is None
    released, edited, taken = tab.rows("What was done")
    assert "named thesis, with the note: of Grace" in edited[1]
    assert released[1].startswith("1 VCPU of u (tests), released by")
    assert taken[1] == "u (tests) claimed 1 VCPU"


def test_what_cannot_be_released_is_said_in_the_dialog(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    uuid = "7a5c0000-0000-4000-8000-0000000000c2"
    ledger.claim(Claim(consumer=uuid, allocations={SECOND: {"VCPU": 1}}, project="tests", user="u", type="JOB"))
    tab = new_tab(small)
    tab.expect("status of 404")
    tab.open(f"consumer/{uuid}")
    tab.page.get_by_role("button", name="Release…").click()
    ledger.release(uuid)  # somebody else was quicker
    tab.page.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(tab.page.get_by_role("dialog").get_by_role("alert")).to_contain_text(uuid)


def test_changes_appear_as_they_are_made(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    tab = new_tab(small).open("changes")
    expect(tab.page.locator("#state")).to_have_text("Live")
    ledger.create_provider("brand-new")
    expect(tab.page.locator("tbody tr").first).to_contain_text("beside created brand-new")
    ledger.delete_provider(next(each.uuid for each in ledger.providers() if each.name == "brand-new"))
    expect(tab.page.locator("tbody tr").first).to_contain_text("DeleteProvider")
    numbers = [int(row[0].replace(",", "")) for row in tab.rows("Changes")]
    assert numbers == list(range(ledger.head(), ledger.head() - len(numbers), -1))


def test_other_pages_follow_as_well(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    tab = new_tab(small).open("providers?name=follow")
    assert "No provider matches" in tab.main
    uuid = ledger.create_provider("follow-me").uuid
    expect(tab.page.get_by_role("link", name="follow-me")).to_be_visible()
    ledger.delete_provider(uuid)
    expect(tab.page.locator("main")).to_contain_text("No provider matches")


def test_the_audit_log(small: Server, new_tab: NewTab) -> None:
    """A sentence a record; what is known of it in a row below, as wide as the table, by mouse and keyboard."""
    tab = new_tab(small).open("audit?operation=SetTraits")
    row = tab.rows("1 record")[0]
    assert row[2:] == ["beside set the traits of node-1", "done", "beside\nembedded"]
    opener = tab.page.get_by_role("button", name="Details of record")
    opener.focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("region", name="After")).to_contain_text("CUSTOM_FAST")
    below = tab.page.locator("tr.below")
    assert FIRST in below.inner_text()
    assert below.locator("td").get_attribute("colspan") == "5"
    assert opener.get_attribute("aria-expanded") == "true"
    opener.click()
    expect(below).to_have_count(0)
    tab.go("audit?provider=node-1-gpu&outcome=done")
    assert [row[2] for row in tab.rows("3 records")] == [
        "ada (physics) holds 2 VCPU, 2 GiB MEMORY_MB, 1 VGPU on node-1 · by beside",
        "beside set the inventories of node-1-gpu",
        "beside created node-1-gpu",
    ]
    tab.go("audit?until=2001-01-01T00:00")
    assert "No record matches" in tab.main


def test_the_audit_log_to_take_away(small: Server, ledger: berth.Ledger, new_tab: NewTab) -> None:
    with berth.open(ledger_url(ledger), actor="=cmd|' /C calc'!A0") as evil:
        evil.create_trait("CUSTOM_AUDITED")
    tab = new_tab(small).open("audit?operation=CreateTrait")
    with tab.page.expect_download() as taken:
        tab.page.get_by_role("button", name="Download as CSV").click()
    text = taken.value.path().read_bytes().decode()
    lines = text.split("\r\n")
    assert lines[0].startswith("number,at,actor,via")
    assert "\"'=cmd|' /C calc'!A0\"" in lines[1]
    assert len(lines) == len(tab.rows(r"\d+ record")) + 2
    with tab.page.expect_download() as taken:
        tab.page.get_by_role("button", name="Download as JSON").click()
    records = json.loads(taken.value.path().read_text())
    assert records[0]["actor"] == "=cmd|' /C calc'!A0"
    assert records[0]["after"]["names"]
    assert re.search(r"\d+ records in the JSON file", tab.main)


def ledger_url(ledger: berth.Ledger) -> str:
    return f"sqlite:///{ledger._writer.database.path}"


@pytest.mark.parametrize("where", ["fleet", "find", "consumers"])
def test_going_on_before_a_page_is_there(where: str, small: Server, new_tab: NewTab) -> None:
    """It is put there once, however quickly its address changes."""
    tab = new_tab(small).open("projects")
    with tab.filling():
        tab.evaluate(
            """async (where) => {
              for (const at of [1, 2, 3]) {
                location.hash = `#/${where}?at=${at}`;
                await new Promise((done) => setTimeout(done));
              }
            }""",
            where,
        )
    expect(tab.page.locator("main form")).to_have_count(1)


def test_where_the_menu_leads(small: Server, new_tab: NewTab) -> None:
    tab = new_tab(small).open("audit")
    links = tab.page.get_by_role("navigation", name="Pages").get_by_role("link")
    assert [name.lower() for name in links.all_inner_texts()] == list(PAGES)
    for name in PAGES:
        with tab.filling():
            tab.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name.capitalize()).click()
        assert tab.title == name.capitalize()
        assert tab.evaluate("document.activeElement.tagName") == "H1"


SORTED = """async () => {
  const { table } = await import("./js/table.js");
  const columns = [
    { label: "In", cell: (row) => row[0], value: (row) => row[1] },
    { label: "Uuid", cell: (row) => row[2] },
    { label: "Holds", cell: (row) => row[3] },
  ];
  const rows = [
    ["6 d 23 h", 601200, "12ab0000-0000-4000-8000-000000000000", "2 VCPU"],
    ["59 min", 3540, "4e5f0000-0000-4000-8000-000000000000", "1 TiB MEMORY_MB"],
    ["23 h", 82800, "", "16 GiB MEMORY_MB"],
  ];
  const element = table({ caption: "sorted", columns, rows });
  const clicked = (label) => {
    [...element.querySelectorAll("button.sort")].find((each) => each.textContent === label).click();
    return [...element.querySelectorAll("tbody tr")].map((row) => row.cells[0].textContent).join(", ");
  };
  return [clicked("In"), clicked("In"), clicked("Uuid"), clicked("Uuid"), clicked("Holds")];
}"""


def test_a_table_is_sorted_by_what_its_cells_mean(small: Server, new_tab: NewTab) -> None:
    """By how long, uuids by their digits, amounts by their units; what is empty is last both ways."""
    assert new_tab(small).open("fleet").page.evaluate(SORTED) == [
        "59 min, 23 h, 6 d 23 h",
        "6 d 23 h, 23 h, 59 min",
        "6 d 23 h, 59 min, 23 h",
        "59 min, 6 d 23 h, 23 h",
        "6 d 23 h, 23 h, 59 min",
    ]
