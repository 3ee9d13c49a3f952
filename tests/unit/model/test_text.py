"""Texts from outside: which can be stored and shown, and their form in logs."""

from __future__ import annotations

import pytest

from berth.model.errors import Invalid
from berth.model.text import LOG_TEXT_LENGTH, checked_text, log_text


@pytest.mark.parametrize("text", ["", "host-1", "Grüße", "機", "x" * 255, "\u202e"])
def test_a_legal_text_is_returned(text: str) -> None:
    assert checked_text(text, "the name") == text


@pytest.mark.parametrize("text", ["a\nb", "\x00", "\x7f", "\x9b31m", "\u2028", "\ud800"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(Invalid, match="the name contains control characters"):
        checked_text(text, "the name")


def test_a_long_text_is_refused() -> None:
    with pytest.raises(Invalid, match="the name has more than 4 characters"):
        checked_text("12345", "the name", 4)


@pytest.mark.parametrize(
    ("text", "logged"),
    [
        ("host-1", "host-1"),
        ("a\nb", "a\\nb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202e", "\\u202e"),
        ("x" * 300, "x" * LOG_TEXT_LENGTH),
    ],
)
def test_texts_in_logs(text: str, logged: str) -> None:
    assert log_text(text) == logged
