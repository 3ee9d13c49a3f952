"""Cursors: places in the change log, which say of which history they are."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from berth.model.change import Change
from berth.model.errors import Invalid

TAG_DIGITS: Final = 16
"""The length of a tag: the first 8 bytes of an audit record's hash, as hexadecimal digits."""

_FORM: Final = re.compile(rf"([0-9]{{1,19}})(?:-([0-9a-f]{{{TAG_DIGITS}}}))?", re.ASCII)


class Cursor(NamedTuple):
    """The place behind a change. tag: of the hash of its audit record; "" if it is not known, or for number 0."""

    number: int
    tag: str = ""

    def __str__(self) -> str:
        return f"{self.number}-{self.tag}" if self.tag else str(self.number)


class PlacedChange(NamedTuple):
    """A change, and the place behind it."""

    place: Cursor
    change: Change


def parse_cursor(text: str) -> Cursor:
    """Return the cursor that a client sent back: a number, with the tag of its history or without. Raises Invalid."""
    matched = _FORM.fullmatch(text)
    if matched is None or int(matched[1]) >= 2**63:
        raise Invalid("give the number of a change, or the id of an event")
    return Cursor(int(matched[1]), matched[2] or "")


def tag_of(sealed: str) -> str:
    """Return the tag of an audit record's hash."""
    return sealed[:TAG_DIGITS]
