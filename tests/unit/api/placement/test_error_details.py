"""The text of an error: what its status means, a blank line, the reason in one line."""

from __future__ import annotations

import pytest

from berth.api.placement.error_details import detail_of


@pytest.mark.parametrize(
    ("status", "reason", "detail"),
    [
        (409, "update conflict: in use.", "There was a conflict when trying to complete your request.\n\n update"),
        (404, "No class.", "The resource could not be found.\n\n No class.  "),
        (503, "two\nlines", "two\nlines"),
    ],
)
def test_a_reason_follows_the_meaning_of_its_status(status: int, reason: str, detail: str) -> None:
    assert detail_of(status, reason).startswith(detail)


def test_the_last_line_is_the_whole_reason() -> None:
    last = detail_of(400, "JSON does not validate: 'x'\n\nFailed\n  'x'").split("\n")[-1]
    assert last.strip() == "JSON does not validate: 'x'  Failed   'x'"
