"""Texts from outside: which can be stored and shown, and their form in logs."""

from __future__ import annotations

import re
from typing import Final

from berth.model.errors import Invalid
from berth.model.names import NAME_LENGTH

LOG_TEXT_LENGTH: Final = 255
"""The most characters of one text in the logs."""

_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def checked_text(value: str, what: str, most: int = NAME_LENGTH) -> str:
    """Return a text that can be stored and shown. Raises Invalid if it is too long or has control characters."""
    if len(value) > most:
        raise Invalid(f"{what} has more than {most} characters")
    if _CONTROL.search(value) is not None:
        raise Invalid(f"{what} contains control characters")
    return value


def storable_text(value: str, what: str, most: int = NAME_LENGTH) -> str:
    """Return a text that every database can store, as the Placement API takes it: tabs and line ends are part of it.

    Raises Invalid if it is too long, or has a NUL character or half of a surrogate pair.
    """
    if len(value) > most:
        raise Invalid(f"{what} has more than {most} characters")
    if _UNSTORABLE.search(value) is not None:
        raise Invalid(f"{what} contains a NUL character or half of a surrogate pair")
    return value


def log_text(text: str) -> str:
    """Return a text as the logs keep it: one line, no terminal escapes, at most LOG_TEXT_LENGTH characters."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return text[:LOG_TEXT_LENGTH]
