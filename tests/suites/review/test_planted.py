"""Defects planted in a copy of Berth and of Placement, each found with its weakness, line and path; no twin of them is.

All defects of a project are planted at once, each in a place of its own, and so are all twins: what is found beside
them was found in the project itself, which must have nothing that is neither mended nor accepted with a reason.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from berth.review.code.parse import SourceTree
from berth.review.code_part import review_code_part
from berth.review.model import ReviewFinding, ReviewPart
from berth.review.suppression import FindingBaseline, judge
from tests.suites.review.edits import Edit, edited, edits, marks, without_marks

Mark = tuple[str, int, int]
"""Path, line and CWE."""

DEFECTS = {"berth": 40, "placement": 10}
BERTH = Path(__file__).parents[3] / "src" / "berth"


@cache
def _root(project: str) -> Path:
    if project == "berth":
        return BERTH
    found = find_spec(project)
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0])


def _edits(project: str, kind: str) -> list[Edit]:
    return [each for name in ("facts", "flows") for each in edits(f"{project}_{name}{kind}")]


def _reviewed(project: str, planted: list[Edit]) -> tuple[dict[Mark, ReviewFinding], set[Mark]]:
    """Return the findings in a project with edits that are not accepted in its code, and the marks of the edits."""
    files = edited(_root(project), planted)
    read = {path: text.encode() for path, text in without_marks(files).items()}
    part, _ = review_code_part(SourceTree(project, read, package=project), ())
    judged = judge(
        part.findings,
        read,
        FindingBaseline(),
        datetime.datetime.now(tz=datetime.UTC).date(),
        frozenset({ReviewPart.CODE}),
    )
    return {(each.place.path, each.place.line, each.cwe): each for each in judged.findings}, marks(files)


def _wrong(finding: ReviewFinding) -> Iterator[str]:
    """Yield what a reader of a finding misses: its way, from an entry of its origin, and how to mend it."""
    if not finding.remedy or not finding.steps or any(not step.code for step in finding.steps):
        yield f"{finding.place}: no way, or no remedy"
    if finding.origin and not finding.steps[0].what.startswith("enters"):
        yield f"{finding.place}: its way does not begin at an entry"


@pytest.mark.parametrize("project", DEFECTS)
def test_each_planted_defect_is_found_where_it_is(project: str) -> None:
    found, expected = _reviewed(project, _edits(project, ""))
    assert len(expected) == DEFECTS[project]
    assert expected - set(found) == set()
    # Text that is put together elsewhere on the way to the same place is a finding of its own.
    ends = {
        key: (each.steps[-1].place.path, each.steps[-1].place.line, key[2]) for key, each in found.items() if each.steps
    }
    assert {key for key in set(found) - expected if ends.get(key) not in expected} == set()
    assert [wrong for each in found.values() for wrong in _wrong(each)] == []


@pytest.mark.parametrize("project", DEFECTS)
def test_no_harmless_twin_is_reported(project: str) -> None:
    twins = _edits(project, "_twins")
    assert len({each.name for each in twins}) >= DEFECTS[project]
    assert set(_reviewed(project, twins)[0]) == set()
