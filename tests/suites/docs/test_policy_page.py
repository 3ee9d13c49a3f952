"""The page on policies has every operation, with its routes and roles, as in the code."""

from __future__ import annotations

from berth.api.auth.policy import DEFAULT
from tests.suites.docs.policy_table import PAGE, asked_with, filled


def test_the_table_is_that_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == filled(text), "python -m tests.suites.docs.policy_table writes it again"


def test_every_operation_can_be_asked_for() -> None:
    asked = asked_with()
    assert [operation for operation in DEFAULT if not asked[operation]] == []
