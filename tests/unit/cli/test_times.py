"""Moments and spans of time, as typed and as printed."""

from __future__ import annotations

import time

import pytest
import typer

from berth.cli.times import format_moment, parse_moment, parse_span

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("30d", 2_592_000), ("4w", 2_419_200), (" 1s ", 1)]
)
def test_a_span_is_parsed(text: str, seconds: int) -> None:
    assert parse_span(text) == seconds * SECOND


@pytest.mark.parametrize("text", ["", "90", "s", "-1s", "1.5h", "1y", "1 h", "1234567s", "\u0661h"])
def test_an_illegal_span_is_rejected(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a duration"):
        parse_span(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-02", 86_400 * SECOND),
        ("1970-01-01T00:01", 60 * SECOND),
        ("1970-01-01T02:00+02:00", 0),
        ("1970-01-01T00:00:00.5", SECOND // 2),
    ],
)
def test_a_date_is_utc_unless_it_names_a_zone(text: str, moment: int) -> None:
    assert parse_moment(text) == moment


def test_a_span_is_a_moment_ago() -> None:
    assert abs(time.time_ns() // 1000 - parse_moment("1h") - 3600 * SECOND) < 60 * SECOND


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "1y"])
def test_an_illegal_moment_is_rejected(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a date or time"):
        parse_moment(text)


def test_a_moment_is_printed_in_utc_to_the_second() -> None:
    assert format_moment(86_399 * SECOND + 999_999) == "1970-01-01 23:59:59"
