"""Find in the browser: a form that is filled, where it fits, the same as calls, why it does not, and claiming."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Locator, expect

import berth
from berth.model.commands import Claim
from berth.model.inventory import Inventory
from tests.suites.dashboard.browser import Tab
from tests.suites.dashboard.conftest import NewTab, serving
from tests.support.servers import Server
from tests.unit.model.test_amounts import READ, WRONG

HEADERS = {"x-auth-token": "admin", "openstack-api-version": "placement 1.39"}


def uuid(number: int) -> str:
    return f"f1d00000-0000-4000-8000-{number:012}"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """Three hosts with two NUMA nodes each; in the first two each has a GPU and a NIC, the third has no NIC."""
    with serving(tmp_path_factory.mktemp("find")) as (server, url), berth.open(url, actor="beside") as ledger:
        ledger.create_trait("CUSTOM_RED")
        for host in range(3):
            _host(ledger, host)
        yield server, url


def _host(ledger: berth.Ledger, host: int) -> None:
    at = host * 100
    ledger.create_provider(f"host-{host}", uuid=uuid(at))
    ledger.set_inventories(uuid(at), {"VCPU": Inventory(16)})
    for node in range(2):
        numa, gpu, nic = (uuid(at + 10 * (node + 1) + of) for of in range(3))
        ledger.create_provider(f"host-{host}-numa-{node}", uuid=numa, parent=uuid(at))
        ledger.set_traits(numa, ["HW_NUMA_ROOT"])
        ledger.create_provider(f"host-{host}-gpu-{node}", uuid=gpu, parent=numa)
        ledger.set_inventories(gpu, {"VGPU": Inventory(4)})
        if host < 2:
            ledger.create_provider(f"host-{host}-nic-{node}", uuid=nic, parent=numa)
            ledger.set_inventories(nic, {"SRIOV_NET_VF": Inventory(8)})
    ledger.set_traits(uuid(at + 11), ["CUSTOM_RED"])


@pytest.fixture(scope="module")
def ledger(there: tuple[Server, str]) -> Iterator[berth.Ledger]:
    with berth.open(there[1], actor="beside") as it:
        yield it


@pytest.fixture
def tab(there: tuple[Server, str], new_tab: NewTab) -> Tab:
    return new_tab(there[0]).open("find")


def group(tab: Tab, name: str) -> Locator:
    """A group's box, by what it is called now: renaming it is the last thing to do in it."""
    return tab.page.get_by_role("group", name=name)


def fill_group(box: Locator, **fields: str) -> None:
    for label, text in fields.items():
        box.get_by_label(label.replace("_", " "), exact=True).fill(text)


def ask(tab: Tab) -> None:
    with tab.filling():
        tab.page.get_by_role("button", name="Find", exact=True).click()


def devices(tab: Tab, *, isolate: bool = False) -> None:
    """A red GPU and a NIC, close together, and some CPUs."""
    fill_group(group(tab, "Main request"), Resources="VCPU:2")
    for name, resources, trait in (
        ("_GPU", "VGPU:1", "CUSTOM_RED"),
        ("_NIC", "SRIOV_NET_VF:1", ""),
        ("_NUMA", "", "HW_NUMA_ROOT"),
    ):
        tab.page.get_by_role("button", name="Add a group").click()
        fill_group(group(tab, "Group 1"), Resources=resources, Has_all_these_traits=trait, Name=name)
    tab.page.get_by_label("Groups in one subtree").fill("_NUMA,_GPU,_NIC")
    tab.page.get_by_label("Isolate named groups").set_checked(isolate)


def candidates(tab: Tab) -> list[dict[str, str]]:
    """What each candidate in the list takes: resources by provider. Hosts with several ways are opened."""
    hosts = tab.page.locator("table", has=tab.page.locator("caption", has_text=re.compile(r"^\d+ candidate")))
    hosts.locator(".opener[aria-expanded=false]").evaluate_all("(all) => all.forEach((each) => each.click())")
    found: list[dict[str, str]] = hosts.locator("tbody tr:not(.below):not(:has([aria-expanded])), .way").evaluate_all(
        """(ways) => ways.map((way) => Object.fromEntries([...way.querySelectorAll(".line")].map((line) =>
          [line.querySelector("[title]").title, line.querySelector(".amounts").innerText.trim()])))"""
    )
    return found


def calls(tab: Tab) -> dict[str, str]:
    return {
        name: tab.page.get_by_role("region", name=f"Call of {name}").inner_text()
        for name in ("the command line", *APIS)
    }


APIS = ("Berth's own API", "Placement's API")


def played(call: str) -> dict[str, object]:
    """What a shell that is given the call is answered."""
    words = ["bash", "-c", f"TOKEN=admin; {call}"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_form_that_is_filled(tab: Tab) -> None:
    """On one NUMA node: so on the red one of the first two hosts. In the list, on the map, and by both APIs."""
    devices(tab)
    ask(tab)
    expect(tab.page.locator("[data-outcome]")).to_have_text("It fits in 2 hosts 2 candidates shown")
    wanted = [{uuid(at): "2 VCPU", uuid(at + 11): "1 VGPU", uuid(at + 12): "1 SRIOV_NET_VF"} for at in (0, 100)]
    assert candidates(tab) == wanted
    assert "Candidates are on 2 hosts" in tab.main
    tab.page.locator("canvas").hover(position={"x": 20, "y": 20})
    assert tab.page.locator(".tip").inner_text() == "host-0: VCPU 0% used (0 of 16), 1 candidate here"
    assert calls(tab)["the command line"] == (
        "berth claim VCPU=2 --group GPU:VGPU=1 --trait GPU:CUSTOM_RED --group NIC:SRIOV_NET_VF=1 "
        "--group NUMA: --trait NUMA:HW_NUMA_ROOT --same-subtree NUMA,GPU,NIC "
        f"--project admin --url {tab.page.url.partition('/ui')[0]} --token - <<<admin"
    )
    own, placement = (played(calls(tab)[api]) for api in APIS)
    assert [sorted(each["allocations"]) for each in own["candidates"]] == [sorted(each) for each in wanted]  # type: ignore[attr-defined]
    requests = placement["allocation_requests"]
    assert [sorted(each["allocations"]) for each in requests] == [sorted(each) for each in wanted]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("isolate", "count"),
    [(False, 6), (True, 3)],
)
def test_isolated_groups(isolate: bool, count: int, tab: Tab) -> None:
    """Two VGPUs: of one GPU or of two, unless they are to be of two."""
    fill_group(group(tab, "Main request"), Resources="VGPU:2", Name="_A")
    tab.page.get_by_role("button", name="Add a group").click()
    fill_group(group(tab, "Group 1"), Resources="VGPU:2")
    tab.page.get_by_label("Isolate named groups").set_checked(isolate)
    ask(tab)
    found = candidates(tab)
    assert len({tuple(sorted(each)) for each in found if len(each) == 2}) == 3
    assert any(len(each) == 1 for each in found) != isolate
    own, placement = (played(calls(tab)[api]) for api in APIS)
    assert len(own["candidates"]) == len(placement["allocation_requests"]) == len(found) >= count  # type: ignore[arg-type]
    assert ("group_policy=isolate" in calls(tab)["Placement's API"]) == isolate


def test_the_form_stands_in_the_address(tab: Tab, there: tuple[Server, str], new_tab: NewTab) -> None:
    devices(tab, isolate=True)
    ask(tab)
    other = new_tab(there[0]).open(tab.page.url.partition("#/")[2])
    assert candidates(other) == candidates(tab) != []
    gpu = group(other, "Group GPU")
    assert gpu.get_by_label("Resources", exact=True).input_value() == "VGPU:1"
    assert gpu.get_by_label("Has all these traits").input_value() == "CUSTOM_RED"
    assert other.page.get_by_label("Groups in one subtree").input_value() == "_NUMA,_GPU,_NIC"
    assert other.page.get_by_label("Isolate named groups").is_checked()
    assert calls(other) == calls(tab)


def test_nothing_fits(tab: Tab) -> None:
    """Group by group: what each constraint left, and the sentence that says what hurts."""
    fill_group(group(tab, "Main request"), Resources="VCPU:2")
    tab.page.get_by_role("button", name="Add a group").click()
    fill_group(group(tab, "Group 1"), Resources="VGPU:5", Has_all_these_traits="CUSTOM_RED")
    ask(tab)
    expect(tab.page.locator("[data-outcome]")).to_have_text("Nothing fits")
    expect(tab.page.locator("#announcements")).to_contain_text("Nothing fits.")
    gpu = {"suffix": "_1", "resources": {"VGPU": 5}, "required": [["CUSTOM_RED"]]}
    asked = {"groups": [{"resources": {"VCPU": 2}}, gpu], "explain": True}
    answer = httpx.post(f"{tab.url}/v1/find", json=asked, headers=HEADERS).json()
    funnel = answer["funnel"]
    assert answer["candidates"] == []
    assert tab.page.locator(".why").inner_text() == funnel["why"] != ""
    assert [each["suffix"] for each in funnel["groups"]] == ["", "_1"]
    for each in funnel["groups"]:
        box = tab.page.locator(f"[data-group='{each['suffix']}']")
        counted = "hosts" if each["counted"] == "trees" else each["counted"]
        assert f"{each['total']} {counted} to begin with, {each['left']} left" in box.inner_text()
        shown = box.locator("tbody tr").evaluate_all(
            "(rows) => rows.map((row) => [row.cells[0].innerText, row.cells[2].innerText.trim()])"
        )
        assert shown == [[f"that {step['constraint']}", str(step["left"])] for step in each["steps"]]
    assert funnel["groups"][1]["left"] == 0
    assert tab.page.locator("canvas").is_hidden()
    assert played(calls(tab)["Berth's own API"])["candidates"] == []


def test_what_no_single_device_has_is_split_with_a_click(tab: Tab) -> None:
    fill_group(group(tab, "Main request"), Resources="VCPU:1,VGPU:7")
    ask(tab)
    assert "berth claim VCPU=1 --group 1:VGPU=4 --group 2:VGPU=3 --isolate" in tab.main
    with tab.filling():
        tab.page.get_by_role("link", name="ask for 4 + 3 VGPU").click()
    expect(tab.page.locator("[data-outcome]")).to_contain_text("It fits in 3 hosts")
    fill_group(group(tab, "Main request"), Resources="VCPU:1,VGPU:9")
    for suffix in ("_1", "_2"):
        group(tab, f"Group {suffix.removeprefix('_')}").get_by_role("button", name="Remove this group").click()
    ask(tab)
    assert "ask for" not in tab.main, "there are not as many GPUs in a host"


def test_a_name_that_there_is_not_is_mended_with_a_click(tab: Tab) -> None:
    fill_group(group(tab, "Main request"), Resources="VGPU:1", Has_all_these_traits="CUSTOM_REED")
    ask(tab)
    expect(tab.page.locator("main")).to_contain_text("There is no trait CUSTOM_REED. Ask for CUSTOM_RED")
    with tab.filling():
        tab.page.get_by_role("link", name="CUSTOM_RED", exact=True).click()
    expect(tab.page.locator("[data-outcome]")).to_have_text("It fits in 3 hosts 3 candidates shown")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Resources": ""}, "Ask for some resources, such as VCPU=4."),
        ({"Resources": "VCPU"}, "“VCPU” is not an amount of a class, such as VCPU=4 or MEMORY_MB=8G."),
        ({"Resources": "VCPU:0"}, "VCPU=0: an amount is a whole number from 1"),
    ],
)
def test_what_makes_no_sense_is_said(fields: dict[str, str], words: str, tab: Tab) -> None:
    fill_group(group(tab, "Main request"), **fields)
    tab.page.get_by_role("button", name="Find", exact=True).click()
    expect(tab.page.get_by_role("alert")).to_contain_text(words)
    assert tab.page.locator("[data-outcome]").count() == 0


AMOUNTS = """async (texts) => {
  const { amountsOf } = await import("./js/amounts.js");
  const read = (text) => { try { return amountsOf(text); } catch (error) { return error.message; } };
  return texts.map(read);
}"""


def test_amounts_are_those_of_the_command_line(tab: Tab) -> None:
    """In a form, which reads them itself, and in a filter, which the server reads."""
    wrong = [(text, why) for text, why in WRONG if text]  # an empty field asks for nothing
    found = tab.page.evaluate(AMOUNTS, [text for text, _ in (*READ, *wrong)])
    assert found[: len(READ)] == [amounts for _, amounts in READ]
    assert [why in said for (_, why), said in zip(wrong, found[len(READ) :], strict=True)] == [True] * len(wrong)
    fill_group(group(tab, "Main request"), Resources="VCPU = 1, VGPU:1")
    ask(tab)
    assert "berth claim VCPU=1,VGPU=1" in tab.main
    tab.go("providers?room=VCPU=16")
    assert len(tab.rows("3 providers")) == 3


HOSTS = """async () => {
  const { rootsOf } = await import("./js/find/candidates.js");
  const summaries = { nfs: { root: "nfs", traits: ["MISC_SHARES_VIA_AGGREGATE"] }, gpu: { root: "host", traits: [] } };
  return rootsOf({ candidates: [{ allocations: { nfs: {}, gpu: {} } }, { allocations: { nfs: {} } }], summaries });
}"""


def test_a_candidate_is_on_its_host_and_not_on_what_that_shares(tab: Tab) -> None:
    assert tab.page.evaluate(HOSTS) == ["host", "nfs"]


def test_a_host_is_named_in_a_request(tab: Tab, ledger: berth.Ledger) -> None:
    name = ledger.provider(uuid(100)).name
    box = group(tab, "Main request")
    fill_group(box, Resources="VCPU=1")
    box.get_by_text("More conditions").click()
    box.get_by_label("Part of this host").fill(name)
    ask(tab)
    expect(tab.page.locator("[data-outcome]")).to_contain_text("It fits in 1 host")
    assert f"--in-tree {name}" in tab.main


def claiming(tab: Tab) -> Locator:
    """The dialog in which the first candidate is claimed."""
    tab.page.get_by_role("button", name="Claim candidate 1", exact=True).click()
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_label("Project").fill("physics")
    dialog.get_by_label("User").fill("ada")
    dialog.get_by_label("Type").fill("JOB")
    return dialog


def test_a_candidate_is_claimed(tab: Tab, ledger: berth.Ledger) -> None:
    devices(tab)
    ask(tab)
    wanted = candidates(tab)[0]
    dialog = claiming(tab)
    with tab.filling():
        dialog.get_by_role("button", name="Claim", exact=True).click()
    done = tab.page.get_by_role("status").filter(has_text="Claimed and saved")
    consumer = done.get_by_role("link").first.inner_text()
    held = ledger.allocations(consumer)
    assert held is not None
    assert sorted(each.provider for each in held.held) == sorted(wanted)
    assert (held.consumer.project, held.consumer.user, held.consumer.type) == ("physics", "ada", "JOB")
    with tab.filling():
        done.get_by_role("link").first.click()
    assert tab.title == f"Consumer {consumer}"
    assert len(tab.rows("Claims on 3 providers")) == 3
    ledger.release(consumer)


def test_hosts_are_compared_and_claimed_with_the_keyboard(tab: Tab, ledger: berth.Ledger) -> None:
    """A row a host with its ways, which open below; arrows go from host to host, Enter claims."""
    fill_group(group(tab, "Main request"), Resources="VGPU:1")
    ask(tab)
    hosts = [row[:2] for row in tab.rows("6 candidates on 3 hosts")]
    assert hosts == [[f"host-{number}", "2 ways"] for number in range(3)]
    keyboard = tab.page.keyboard
    tab.page.get_by_role("button", name="2 ways").first.focus()
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    ways = tab.page.locator(".way")
    assert [words.split()[0] for words in ways.locator(".line").all_inner_texts()] == ["host-1-gpu-0", "host-1-gpu-1"]
    tab.page.get_by_role("button", name="Claim candidate").first.focus()
    for _ in range(3):
        keyboard.press("ArrowDown")
    keyboard.press("Enter")
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.get_by_label("Project")).to_be_focused()
    assert "host-1-gpu-1" in dialog.inner_text()
    keyboard.type("physics")
    keyboard.press("Tab")
    keyboard.type("ada")
    with tab.filling():
        keyboard.press("Enter")
    done = tab.page.get_by_role("status").filter(has_text="Claimed and saved")
    consumer = done.get_by_role("link").first.inner_text()
    held = ledger.allocations(consumer)
    assert held is not None
    assert (held.consumer.project, held.consumer.user) == ("physics", "ada")
    assert [each.provider for each in held.held] == [uuid(121)]
    ledger.release(consumer)


def test_a_candidate_that_was_taken_meanwhile(tab: Tab, ledger: berth.Ledger) -> None:
    """It is said in the dialog, nothing is claimed, and asking again finds what is left."""
    devices(tab)
    ask(tab)
    assert len(candidates(tab)) == 2
    dialog = claiming(tab)
    other = uuid(901)
    ledger.claim(Claim(consumer=other, allocations={uuid(11): {"VGPU": 4}}, project="arts", user="bob"))
    before = ledger.head()
    tab.expect("status of 409")
    dialog.get_by_role("button", name="Claim", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Refused")
    name = ledger.provider(uuid(11)).name
    expect(dialog.get_by_role("alert")).to_contain_text(f"{name} has 0 of 4 VGPU free, and 1 was requested.")
    dialog.get_by_role("button", name="Cancel").click()
    assert ledger.head() == before
    ask(tab)
    assert len(candidates(tab)) == 1
    ledger.release(other)


def test_the_token_is_not_in_the_calls(tab: Tab) -> None:
    fill_group(group(tab, "Main request"), Resources="VCPU:1")
    ask(tab)
    for call in map(calls(tab).__getitem__, APIS):
        words = shlex.split(call.replace("\\\n", " "))
        assert "X-Auth-Token: $TOKEN" in words
        assert not any("admin" in word for word in words)
