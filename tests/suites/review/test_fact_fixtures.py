"""Each rule of facts on code made for it: what is marked is found, on its line, and nothing else."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from berth.review.facts.fact import Sources
from berth.review.facts.review import review_facts
from berth.review.facts.syntax import source_file
from tests.suites.review.marks import MARK, Case, cases_of, marked

CASES = cases_of(Path(__file__).with_name("fixtures") / "facts")


def sources_of(case: Case) -> Sources:
    """Return a case as sources, without its marks."""
    bare = {path: "\n".join(MARK.sub("", line) for line in text.splitlines()) for path, text in case.items()}
    files = tuple(source_file(path, text, ast.parse(text)) for path, text in bare.items() if path.endswith(".py"))
    return Sources(files, {path: text for path, text in bare.items() if not path.endswith(".py")})


@pytest.mark.parametrize("name", CASES)
def test_what_is_marked_is_found_and_nothing_else(name: str) -> None:
    case = CASES[name]
    found = {(each.place.path, each.place.line, each.cwe) for each in review_facts(sources_of(case)).findings}
    assert found == marked(case)


def test_every_weakness_has_enough_bad_examples() -> None:
    bad = Counter(cwe for case in CASES.values() for *_, cwe in marked(case))
    assert {cwe: count for cwe, count in bad.items() if count < 3} == {}
