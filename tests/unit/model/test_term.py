"""The rule of time: what counts at an instant."""

from __future__ import annotations

import pytest

from berth.model.term import Span, counts


@pytest.mark.parametrize(
    ("start", "end", "deadline", "t", "n", "counted"),
    [
        (None, None, None, 0, 0, True),
        (10, None, None, 9, 9, False),
        (10, None, None, 10, 9, True),
        (10, 20, None, 19, 15, True),
        (10, 20, None, 20, 15, False),
        (10, None, 30, 40, 29, True),  # it may still be confirmed
        (10, None, 30, 40, 30, False),
        (10, None, 30, 12, 30, False),
        (10, 20, 30, 20, 15, False),
        (None, 20, None, 19, 99, True),
    ],
)
def test_what_counts(start: int | None, end: int | None, deadline: int | None, t: int, n: int, counted: bool) -> None:
    assert counts(start, end, deadline, t, n) is counted


@pytest.mark.parametrize(
    ("span", "due"),
    [(Span(1), None), (Span(1, 5), 5), (Span(1, None, 4), 4), (Span(1, 5, 4), 4), (Span(1, 5, 6), 5)],
)
def test_when_it_counts_no_more(span: Span, due: int | None) -> None:
    assert span.due == due
    if due is not None:
        assert counts(span.start, span.end, span.deadline, due - 1, due - 1)
        assert not counts(span.start, span.end, span.deadline, due, due)
