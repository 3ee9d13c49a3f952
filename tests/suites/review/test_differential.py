"""Random programs, whose truth is found by running them: the review says of each what running it shows."""

from __future__ import annotations

from berth.review.code.engine import review_code
from berth.review.code.library import load_library
from berth.review.code.parse import SourceTree
from tests.suites.review.programs import Program, is_harmful, program
from tests.support.databases import is_long

PROGRAMS = 100_000 if is_long() else 2_000
"""About 5 ms of processor time each."""

LIBRARY = load_library()


def is_found(made: Program) -> bool:
    """Whether the review finds a program's sink, and nothing else of its kind."""
    review = review_code(SourceTree("program", {"app.py": made.text.encode()}), LIBRARY)
    return made.sink.cwe in {finding.cwe for finding in review.findings}


def test_what_is_found_is_what_running_shows() -> None:
    harmful = 0
    for number in range(PROGRAMS):
        made = program(number)
        truth = is_harmful(made)
        harmful += truth
        assert is_found(made) is truth, (
            f"program {number}, which {'does' if truth else 'does not do'} harm:\n{made.text}"
        )
    # Neither a reviewer that finds everything nor one that finds nothing would do.
    assert PROGRAMS // 5 < harmful < PROGRAMS // 2
