"""Validation of what says whose consumer it is, and what it is called."""

from __future__ import annotations

import re
from typing import Any, Final

from berth.model.commands import Allocate, Claim
from berth.model.consumer_name import checked_consumer_name, checked_note
from berth.model.edits import EditConsumer
from berth.model.errors import Invalid
from berth.model.names import NAME_LENGTH
from berth.model.text import checked_text, storable_text

_TYPE: Final = re.compile(r"[A-Z0-9_]+")


def named_fields(given: Allocate | Claim | EditConsumer) -> dict[str, Any]:
    """Return the name and the note that are given, checked."""
    return {
        field: check(value)
        for field, check in (("name", checked_consumer_name), ("note", checked_note))
        if isinstance(value := getattr(given, field), str)
    }


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
