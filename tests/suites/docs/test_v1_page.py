"""The page on /v1 has every route, command and problem, as in the code."""

from __future__ import annotations

from tests.suites.docs.v1_tables import PAGE, filled


def test_the_tables_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == filled(text), "python -m tests.suites.docs.v1_tables writes them again"
