"""The output of each command for a small fleet: the same from a database and through a server."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest

from tests.suites.cli.conftest import GPU, JOB, NOBODY, NUMA, RACK, TOKEN, Fleet, Said, berth

READING = [
    ("providers",),
    ("providers", "--name", "node-1"),
    ("providers", "--trait", "CUSTOM_A100"),
    ("providers", "--aggregate", RACK, "--room", "VCPU=4,MEMORY_MB=1G"),
    ("providers", "--tree", "node-1-gpu-0", "--class", "VCPU"),
    ("providers", "--limit", "2"),
    ("show", "node-1"),
    ("show", "gpu"),
    ("show", NUMA),
    ("show", JOB),
    ("find", "VCPU=4,MEMORY_MB=8G"),
    ("find", "VCPU=4", "--group", "gpu:VGPU=1", "--trait", "gpu:CUSTOM_A100", "--limit", "1"),
    ("find", "VCPU=4", "--group", "gpu:VGPU=1", "--in-tree", "node-2"),
    ("find", "VCPU=2000"),
    ("find", "VGPU=1", "--forbid", "CUSTOM_A100", "--member-of", RACK),
    ("usage",),
    ("usage", "--projects"),
    ("usage", "--project", "physics"),
    ("usage", "--project", "physics", "--user", "bob"),
    ("consumers",),
    ("consumers", "--provider", "node-1-gpu-0"),
    ("consumers", "--class", "VCPU", "--order", "largest"),
    ("classes",),
    ("traits",),
    ("traits", "--all"),
    ("classes", "--all"),
    ("aggregates",),
    ("changes", "--after", "0"),
    ("history", "node-1-gpu-0"),
    ("audit", "list"),
    ("audit", "list", "--provider", "node-1-gpu-0"),
    ("audit", "list", "--consumer", JOB, "--since", "1d", "--operation", "SetAllocations"),
    ("audit", "list", "--actor", "ada", "--outcome", "done", "--limit", "1"),
    ("watch", "--after", "0", "--limit", "2"),
    ("top", "--once"),
    ("release", "--project", "physics", "--dry-run"),
    ("release", "--holders-of", "node-1", "--dry-run"),
    ("release", JOB, "--on", "node-1", "--dry-run"),
    ("set", "--all", "VCPU.allocation_ratio=0.1", "--dry-run"),
    ("drain", "node-1", "--aggregate", RACK, "--dry-run"),
    ("undrain", "node-1", "--dry-run"),
    ("providers", "--drained"),
    ("rename", "node-1", "node-9", "--tree", "--dry-run"),
    ("delete", "--tree", "20000000-0000-4000-8000-000000000000", "--dry-run"),
]
LISTS = [
    words
    for words in READING
    if words[0] not in ("show", "watch", "top", "release", "set", "delete", "drain", "undrain", "rename")
]
REFUSED = [
    ("show", "node"),
    ("show", "noode-2"),
    ("show", NOBODY),
    ("providers", "--trait", "CUSTOM_A101"),
    ("providers", "--room", "VPCU=4"),
    ("providers", "--aggregate", "rack"),
    ("find", "VPCU=4"),
    ("drain", "node-3"),
    ("undrain", "--trait", "CUSTOM_A101"),
    ("rename", "node-1", "node-2"),
    ("find", "VCPU=4", "--trait", "CUSTOM_A101"),
    ("find", "VCPU=4", "--in-tree", "node-3"),
    ("consumers", "--order", "largest"),
    ("consumers", "--provider", "node-3"),
    ("claim", "VGPU=4", "--on", "node-1-gpu-0", "--project", "p"),
    ("claim", "VCPU=900", "--on", "node-2", "--project", "p"),
    ("claim", "VCPU=900", "--project", "p"),
    ("claim", "VCPU=1", "--on", "node-2", "--project", "p", "--consumer", JOB),
    ("claim", "VCPU=1", "--project", "p", "--consumer", "me"),
    ("release", NOBODY),
    ("release", "me"),
]


def both(fleet: Fleet, *words: str) -> tuple[Said, Said]:
    return berth(*words, *fleet.here), berth(*words, *fleet.there, env=TOKEN)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["people", "json"])
@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_here_and_through_a_server_are_the_same(fleet: Fleet, words: tuple[str, ...], form: tuple[str, ...]) -> None:
    here, there = both(fleet, *words, *form)
    assert here == there
    assert here.status == (1 if "VCPU=2000" in words or "--forbid" in words or "node-2" in words else 0)
    assert here.out or here.err
    if form and words[0] in ("watch", "audit"):  # one document a line
        assert all(json.loads(line)["number"] for line in here.out.splitlines())
    elif form:
        assert json.loads(here.out) is not None


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_lists_are_csv_too(fleet: Fleet, words: tuple[str, ...]) -> None:
    here, there = both(fleet, *words, "--csv")
    assert here == there
    assert "\n\n" not in here.out
    rows = list(csv.reader(io.StringIO(here.out)))
    assert len({len(row) for row in rows}) <= 1


@pytest.mark.parametrize(
    "words",
    [
        ("claim", "VCPU=1", "--project", "p", "--on", ""),
        ("claim", "VCPU=1", "--project", "p", "--consumer", ""),
        ("find", "VCPU=1", "--in-tree", ""),
        ("consumers", "--provider", ""),
        ("consumers", "--url", ""),
    ],
    ids=" ".join,
)
def test_an_empty_value_is_not_an_option_left_out(fleet: Fleet, words: tuple[str, ...]) -> None:
    before = berth("consumers", "--json", *fleet.here).out
    said = berth(*words, *(() if "--url" in words else fleet.here))
    assert (said.status, said.out) == (2, "")
    assert f"{words[-2]} has an empty value" in said.err
    assert berth("consumers", "--json", *fleet.here).out == before


def test_the_audit_log_of_a_server_is_for_administrators(fleet: Fleet) -> None:
    """A caller without the right is refused, and the refusal is recorded."""
    refusal = berth("audit", "list", *fleet.there, env={"BERTH_TOKEN": "ada"})
    assert (refusal.status, refusal.out) == (1, "")
    assert "audit.list" in refusal.err
    deadline = time.monotonic() + 20
    while '"outcome":"403"' not in berth("audit", "list", "--json", "--actor", "ada", *fleet.there, env=TOKEN).out:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_provider_that_there_is_not_has_no_records(fleet: Fleet) -> None:
    here, there = both(fleet, "audit", "list", "--provider", "node-3")
    assert here == there
    assert "there is no provider node-3" in here.err


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["people", "json"])
@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_refusals_are_the_same(fleet: Fleet, words: tuple[str, ...], form: tuple[str, ...]) -> None:
    here, there = both(fleet, *words, *form)
    assert here == there
    assert here.status == 1
    if not (words[0] == "claim" and "VCPU=900" in words and "--on" not in words):
        assert here.out == ""
        assert json.loads(here.err)["why"] if form else here.err.startswith("berth: ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "node"), "several names match 'node': node-1, node-1-numa-0, node-1-gpu-0, node-2"),
        (("show", "noode-2"), "did you mean node-2"),
        (("show", NOBODY), "neither a provider nor a consumer"),
        (("providers", "--trait", "CUSTOM_A101"), "did you mean CUSTOM_A100"),
        (("find", "VPCU=4"), "VCPU"),
        (("claim", "VCPU=900", "--on", "node-2", "--project", "p"), "`berth find` shows where it fits"),
        (("claim", "VCPU=1", "--on", "node-2", "--project", "p", "--consumer", JOB), "--replace"),
    ],
)
def test_a_refusal_says_what_to_do_next(fleet: Fleet, words: tuple[str, ...], said: str) -> None:
    assert said in berth(*words, *fleet.here).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("find",), "no amounts given"),
        (("find", "VCPU=x"), "whole number"),
        (("find", "VCPU=1", "--json", "--csv"), "not both"),
        (("claim", "VCPU=1"), "--project NAME"),
        (("claim", "VCPU=1", "--project", "p", "--on", "node-2", "--trait", "X"), "--on takes amounts only"),
        (("usage", "--user", "ada"), "--project as well"),
        (("providers", "--limit", "0"), "greater than or equal to 1"),
        (("providers", "--token", "secret"), "ps"),
        (("providers", "--token-file", "/nonexistent"), "No such file"),
        (("providers", "--url", "localhost:8778"), "an address like http://"),
        (("providers", "--url", "http://a:secret@b/"), "password"),
        (("show",), "NAME"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_usage_is_said(fleet: Fleet, words: tuple[str, ...], said: str) -> None:
    there = words if "--url" in words else (*words, "--url", "http://127.0.0.1:9") if words[0] == "providers" else words
    done = berth(*there)
    assert (done.status, done.out) == (2, "")
    assert said in re.sub(r"[│\s]+", " ", done.err)
    assert "secret" not in done.err


def test_claiming_and_releasing(where: list[str]) -> None:
    consumer = "c0000000-0000-4000-8000-0000000000d1"
    claimed = berth(
        *(
            "claim",
            "VCPU=2",
            "--group",
            "gpu:VGPU=1",
            "--project",
            "p",
            "--user",
            "u",
            "--consumer",
            consumer,
            "--json",
        ),
        *where,
        env=TOKEN,
    )
    assert json.loads(claimed.out) == {"consumer": consumer, "allocations": {NUMA: {"VCPU": 2}, GPU: {"VGPU": 1}}}
    moved = berth(
        "claim", "VCPU=3", "--on", "node-2", "--project", "p", "--consumer", consumer, "--replace", *where, env=TOKEN
    )
    assert moved.status == 0
    assert "3 VCPU" in moved.out
    released = berth("release", consumer, NOBODY, *where, env=TOKEN)
    assert released == Said(1, f"released {consumer}: 3 VCPU\n", f"berth: No allocations for consumer '{NOBODY}'\n")


def test_the_call_is_that_of_the_api(fleet: Fleet) -> None:
    done = berth("find", "VCPU=4", "--group", "gpu:VGPU=1", "--call", *fleet.there, env=TOKEN)
    assert done.out == (
        "curl -H \"X-Auth-Token: $BERTH_TOKEN\" -H 'OpenStack-API-Version: placement 1.39' "
        f"'http://127.0.0.1:{fleet.port}/allocation_candidates?resources=VCPU:4&resources_gpu=VGPU:1&limit=10'\n"
    )


@pytest.mark.parametrize(
    ("words", "stdin", "env"),
    [
        ((), "", {"BERTH_TOKEN": "admin"}),
        (("--token", "-"), "admin\n", {}),
        (("--token-file", "FILE"), "", {}),
        (("--token-file", "FILE"), "", {"BERTH_TOKEN": "wrong:reader"}),
    ],
)
def test_ways_to_give_a_token(
    fleet: Fleet, tmp_path: Path, words: tuple[str, ...], stdin: str, env: dict[str, str]
) -> None:
    (tmp_path / "token").write_text("admin\n")
    given = [str(tmp_path / "token") if word == "FILE" else word for word in words]
    assert berth("classes", *fleet.there, *given, stdin=stdin, env=env).status == 0


def test_a_missing_token_is_said(fleet: Fleet) -> None:
    done = berth("classes", *fleet.there)
    assert (done.status, done.out) == (1, "")
    assert "set BERTH_TOKEN" in done.err


def test_what_was_typed_goes_before_the_environment(fleet: Fleet) -> None:
    url, database = fleet.there[1], fleet.here[1]
    nowhere = {"BERTH_URL": "http://127.0.0.1:9", "BERTH_DATABASE": "sqlite:////nonexistent/berth.db"}
    assert berth("classes", "--database", database, env=nowhere).status == 0
    assert berth("classes", "--url", url, env={**nowhere, **TOKEN}).status == 0
    assert berth("classes", env={"BERTH_DATABASE": database}).status == 0
    assert (
        berth("classes", env={"BERTH_URL": url, "BERTH_DATABASE": "sqlite:////nonexistent/x.db", **TOKEN}).status == 0
    )
    assert berth("classes", "--url", url, "--database", database).status == 2


def test_an_export_has_nothing_that_goes_without_saying(fleet: Fleet, tmp_path: Path) -> None:
    assert berth("export", str(tmp_path / "out"), *fleet.here).status == 0
    lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert [line["inventories"] for line in lines if "inventories" in line] == [
        {"VCPU": {"total": 16}, "MEMORY_MB": {"total": 65536, "reserved": 512}},
        {"VGPU": {"total": 4, "max_unit": 2}},
        {"VCPU": {"total": 32, "allocation_ratio": 2.0}, "MEMORY_MB": {"total": 131072}},
    ]
