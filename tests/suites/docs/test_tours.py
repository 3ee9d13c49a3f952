"""The commands of the documents are run, and print what the documents show."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.suites.docs.tour_player import Reader
from tests.support.document_blocks import ROOT, Block, blocks, documents, fences

_WILLING = re.compile(r"<!-- test: |\brun,? (?:in order,? )?by a test|\btest runs every command")
"""Marks of a page whose blocks are run. Not all are: the page on backups has commands that must not be tried here."""

PLAYED = [document for document in documents() if _WILLING.search(document.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("document", PLAYED, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_does_what_it_says(document: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reader"
    folder.mkdir()
    steps = blocks(document)
    assert steps
    missing = [tool for tool in ("bash", "curl") if shutil.which(tool) is None]
    assert not missing, f"the documents' commands need {missing}"
    with Reader(folder) as reader:
        for step in steps:
            status, printed = reader.play(step)
            place = f"{document.relative_to(ROOT)}:{step.line}"
            assert status == step.status, f"{place} ended with {status}:\n{printed}"
            unlike = step.unlike(reader.shown(printed))
            assert unlike is None, f"{place} prints something else:\n{unlike}"


def test_the_demo_is_as_the_readme_shows_it(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = (fence.text for fence in fences(readme) if "demo" in fence.notes)
    folder = tmp_path / "reader"
    folder.mkdir()
    with Reader(folder) as reader:
        status, printed = reader.play(Block("bash", "berth demo &\n", 1, 0, None, ()))
        assert status == 0, printed
        asked = re.search(r"curl.*?limit=1'", printed, re.DOTALL)
        assert asked is not None, printed
        status, answer = reader.play(Block("bash", f"{asked[0].rstrip()} --silent --fail\n", 1, 0, None, ()))
        assert status == 0, answer
        assert '"allocation_requests":[{' in answer
    assert steps_of(reader.shown(printed)) == steps_of(shown)


def steps_of(printed: str) -> list[str]:
    """Return what the demo prints alike on every machine: its headings, the claim, how to go on."""
    lines = [line for line in printed.splitlines() if re.match(r"\d\. |   consumer | +curl | +'http", line)]
    assert len(lines) == 9
    return lines


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_not_run_says_why(document: Path) -> None:
    for fence in fences(document.read_text(encoding="utf-8")):
        if "skip" in fence.notes:
            assert len(fence.notes["skip"].split()) >= 3, f"{document.name}:{fence.line} has no reason"


def test_the_pages_for_a_newcomer_are_run() -> None:
    names = {str(path.relative_to(ROOT)) for path in PLAYED}
    assert {"README.md", "docs/tour.md", "docs/model.md", "docs/embedding.md"} <= names


def test_every_make_target_in_a_document_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    mentioned = {
        (str(document.relative_to(ROOT)), target)
        for document in documents()
        for target in re.findall(r"(?:^ {4}|`)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {(document, target) for document, target in mentioned if target not in targets} == set()


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("a\n...\nd\n", "a\nb\n", False),
        ("at ... o'clock\n", "at 12:00 o'clock\n", True),
        ("at ... o'clock\n", "at 12:00\no'clock\n", False),
        ("1.5\n", "1x5\n", False),
        ("  a\n", "a\n", False),
        ("a\n", "\na  \n", True),
    ],
)
def test_how_output_is_compared(shown: str, printed: str, same: bool) -> None:
    block = Block("bash", "", 1, 0, shown, ())
    assert (block.unlike(printed) is None) is same


def test_output_of_another_machine_is_like_it_in_both() -> None:
    block = Block("bash", "", 1, 0, "VCPU 2", (r"VCPU \d+",))
    assert block.unlike("VCPU 64") is None
    assert "here" in str(block.unlike("VCPU many"))


def test_a_reader_notices_what_fails(tmp_path: Path) -> None:
    with Reader(tmp_path / ".") as reader:
        assert reader.play(Block("bash", "x=5; false\n", 1, 0, None, ())) == (1, "")
        assert reader.play(Block("bash", "echo $x 8778; cat\n", 1, 0, None, ()))[1].split() == ["5", str(reader.port)]
        with pytest.raises(ZeroDivisionError):
            reader.play(Block("python", "1 / 0\n", 1, 0, None, ()))
