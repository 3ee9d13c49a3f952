"""Findings within a span of time."""

from __future__ import annotations

import pytest

from berth.model.anomaly import Anomalies, Anomaly, AnomalyKind


def finding(last_at: int) -> Anomaly:
    return Anomaly(
        kind=AnomalyKind.HOUR,
        actor="",
        via="",
        address="",
        first_at=0,
        last_at=last_at,
        records=(1,),
        count=1,
        why="",
    )


FOUND = Anomalies(items=[finding(10), finding(20), finding(30)], first=1, last=9, complete=True)


@pytest.mark.parametrize(
    ("since", "until", "ends"),
    [(None, None, [10, 20, 30]), (20, None, [20, 30]), (None, 20, [10]), (11, 30, [20]), (31, None, [])],
)
def test_findings_that_ended_within_a_span(since: int | None, until: int | None, ends: list[int]) -> None:
    part = FOUND.within(since, until)
    assert [each.last_at for each in part.items] == ends
    assert (part.first, part.last, part.complete) == (1, 9, True)
