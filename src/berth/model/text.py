"""Texts from outside: which can be stored and shown, names of owners and types among them; and their form in logs."""

from __future__ import annotations

import re
from typing import Final

from berth.model.errors import Invalid
from berth.model.names import NAME_LENGTH

LOG_TEXT_LENGTH: Final = 255
"""The most characters of one text in the logs."""

_TYPE: Final = re.compile(r"[A-Z0-9_]+")
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


def log_text(text: str, most: int = LOG_TEXT_LENGTH) -> str:
    """Return a text as the logs keep it: one line, no terminal escapes, at most `most` characters."""
    if not text.isprintable():
        text = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
    return text[:most]


def consumer_owner(value: str, what: str) -> str:
    """Return the project or the user of a consumer, as the Placement API takes it. Raises Invalid if it is none."""
    if not value:
        raise Invalid(f"{what} is missing")
    return storable_text(value, what)


def owner(value: str, what: str) -> str:
    """Return the project or the user of a token. Raises Invalid if it is empty, too long, or has control characters."""
    if not value:
        raise Invalid(f"{what} is missing")
    return checked_text(value, what)


def consumer_type(value: str) -> str:
    """Return a consumer type: at most 255 characters of A-Z, 0-9 and _. Raises Invalid."""
    if len(value) > NAME_LENGTH or _TYPE.fullmatch(value) is None:
        raise Invalid(f"{value[:NAME_LENGTH]!r} is not a consumer type: use A-Z, 0-9 and _")
    return value
