"""Each rule of flows on code made for it: what is marked is found, on its line, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from berth.review.code.engine import review_code
from berth.review.code.library import load_library
from berth.review.code.parse import SourceTree
from tests.suites.review.marks import MARK, Case, cases_of, marked

ELSEWHERE: Final = {209, 328, 330, 434, 1333}
"""Weaknesses whose examples are among those of facts, which judge them as well."""
LIBRARY: Final = load_library()
CASES: Final = cases_of(Path(__file__).with_name("fixtures") / "flows")
FEWEST: Final = 3
"""How many bad and how many good examples each rule has at least."""


def found(case: Case) -> set[tuple[str, int, int]]:
    """Return where the review finds what: path, line and CWE."""
    tree = SourceTree("fixture", {path: MARK.sub("", text).encode() for path, text in case.items()})
    return {(each.place.path, each.place.line, each.cwe) for each in review_code(tree, LIBRARY).findings}


@pytest.mark.parametrize("name", CASES)
def test_what_is_marked_is_found_and_nothing_else(name: str) -> None:
    assert found(CASES[name]) == marked(CASES[name])


def test_every_rule_has_enough_bad_and_good_examples() -> None:
    bad: Counter[int] = Counter()
    good: Counter[int] = Counter()
    for name, case in CASES.items():
        if "CWE-" not in name:  # a program of a framework
            continue
        cwe = int(name.partition("CWE-")[2].split()[0])
        bad[cwe] += len(marked(case))
        if name.endswith("good"):
            good[cwe] += sum(text.count("def ") for text in case.values())
    followed = {rule.cwe for rule in LIBRARY.rules.values()} - ELSEWHERE
    assert {cwe: (bad[cwe], good[cwe]) for cwe in followed if min(bad[cwe], good[cwe]) < FEWEST} == {}
