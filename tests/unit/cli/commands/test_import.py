"""`berth import` of a spreadsheet, and what an import would change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from berth.ledger import open_ledger
from tests.suites.cli.conftest import Said, berth

JSON = """{"name": "old", "inventories": {"VCPU": {"total": 4}}, "traits": ["CUSTOM_A"]}
{"name": "same", "inventories": {"VCPU": {"total": 4, "reserved": 1}}}
"""


@pytest.fixture
def here(tmp_path: Path) -> list[str]:
    return ["--database", f"sqlite:///{tmp_path}/berth.db"]


def put(path: Path, text: str, *words: str) -> Said:
    path.write_text(text)
    return berth("import", str(path), *words)


def head_and_names(folder: Path) -> tuple[int, list[str]]:
    with open_ledger(f"sqlite:///{folder}/berth.db") as ledger:
        return ledger.head(), sorted(each.name for each in ledger.providers())


def test_the_example_can_be_imported(tmp_path: Path, here: list[str]) -> None:
    example = berth("import", "--example").out
    file = tmp_path / "fleet.csv"
    shown = put(file, example, "--dry-run", *here)
    assert (shown.status, shown.out.count("+ ")) == (0, 15)
    assert "15 created" in shown.err
    assert "nothing was imported" in shown.err
    assert not (tmp_path / "berth.db").exists(), "looking makes no ledger"
    assert "15 created" in put(file, example, *here).err
    assert "15 unchanged" in put(file, example, *here).err
    said = berth("find", "--group", "a:PGPU=1", "--trait", "a:CUSTOM_GPU_L40S", "--json", *here)
    assert (said.status, len(json.loads(said.out)["candidates"])) == (0, 4)


def test_lines_that_are_wrong_are_named_and_the_others_imported(tmp_path: Path, here: list[str]) -> None:
    said = put(tmp_path / "f.csv", "name,gpus,vcpu\na,1,4\nb,x,4\n\nc,0,-1\nd,,4\n", *here)
    assert said.status == 1
    assert said.err.splitlines() == [
        "line 3: gpus: 'x' is not a number",
        "line 5: vcpu: '-1' is not a whole amount",
        "5 providers: 3 created, 0 changed, 0 unchanged, 2 refused",
    ]
    assert head_and_names(tmp_path)[1] == ["a", "a-gpu0", "d"]


def test_rows_may_be_more_than_a_batch(tmp_path: Path, here: list[str]) -> None:
    assert put(tmp_path / "f.csv", "name,gpus\na,8\nb,8\n", "--batch", "3", *here).status == 0
    assert len(head_and_names(tmp_path)[1]) == 18


@pytest.mark.parametrize(
    ("text", "why"), [("host,vcpu\na,1\n", "unknown column 'host'"), ("vcpu\n1\n", "no column `name`")]
)
def test_a_header_that_is_wrong_imports_nothing(tmp_path: Path, here: list[str], text: str, why: str) -> None:
    said = put(tmp_path / "f.csv", text, *here)
    assert said.status == 2
    assert why in " ".join(said.err.replace("│", " ").split())
    assert not (tmp_path / "berth.db").exists()


def test_what_an_import_would_change(tmp_path: Path, here: list[str]) -> None:
    put(tmp_path / "f.jsonl", JSON, *here)
    before = head_and_names(tmp_path)
    changed = JSON.replace("CUSTOM_A", "CUSTOM_B").replace('"reserved": 1', '"reserved": 2')
    text = changed + '{"name": "new", "parent": "old"}\n{"nam": "x"}\n' + JSON
    said = put(tmp_path / "f.jsonl", text, "--dry-run", *here)
    assert said.status == 1
    assert [line.rstrip() for line in said.out.splitlines()] == [
        "~ old  +CUSTOM_B, -CUSTOM_A",
        "~ same  VCPU reserved 1 -> 2",
        "+ new",
        "~ old  +CUSTOM_A, -CUSTOM_B",
        "~ same  VCPU reserved 2 -> 1",
    ]
    assert "line 4: " in said.err
    assert "6 providers: 1 created, 4 changed, 0 unchanged, 1 refused; nothing was imported" in said.err
    assert head_and_names(tmp_path) == before


def test_what_is_shown_is_what_becomes_of_it(tmp_path: Path, here: list[str]) -> None:
    put(tmp_path / "f.jsonl", JSON, *here)
    lines = [
        {"name": "old", "inventories": {"VCPU": {"total": 8}, "DISK_GB": {"total": 1}}, "traits": ["CUSTOM_A"]},
        {"name": "same", "inventories": {"VCPU": {"total": 4, "reserved": 1}}},
        {"name": "new"},
    ]
    text = "\n".join(map(json.dumps, lines))
    shown = put(tmp_path / "f.jsonl", text, "--dry-run", *here)
    assert [line.rstrip() for line in shown.out.splitlines()] == ["~ old  DISK_GB none -> 1, VCPU 4 -> 8", "+ new"]
    done = put(tmp_path / "f.jsonl", text, *here)
    assert shown.err.partition(";")[0].strip() == done.err.strip()


def test_without_a_file(here: list[str]) -> None:
    said = berth("import", *here)
    assert (said.status, "no file given" in said.err) == (2, True)
