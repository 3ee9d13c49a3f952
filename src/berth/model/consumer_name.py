"""Names of consumers, and notes on them: what people call a job, and what they want to remember of it."""

from __future__ import annotations

from typing import Final

import msgspec

from berth.model.errors import Invalid
from berth.model.names import NAME_LENGTH, parse_uuid
from berth.model.text import checked_text

NOTE_LENGTH: Final = 1_000
"""The most characters of a note."""


class ConsumerName(msgspec.Struct, frozen=True, array_like=True):
    """The name of a consumer and the note on it. "": none."""

    name: str = ""
    note: str = ""

    @property
    def fields(self) -> dict[str, str | None]:
        """Both by their field names. None: there is none."""
        return {"name": self.name or None, "note": self.note or None}


UNNAMED: Final = ConsumerName()


def checked_consumer_name(name: str, at: str = "/name") -> str:
    """Return the name of a consumer: 1 to 255 printable characters, no slash, no space at either end, not a uuid.

    Raises Invalid.
    """
    if not name or name != name.strip():
        raise Invalid("the name of a consumer is empty, or begins or ends with a space", at)
    if "/" in name:
        raise Invalid(f"the name of a consumer cannot have a slash: {name[:NAME_LENGTH]}", at)
    _check_printable(name, "the name of a consumer", NAME_LENGTH, at)
    if parse_uuid(name) is not None:
        raise Invalid(f"the name of a consumer cannot be a uuid: {name}", at)
    return name


def checked_note(note: str, at: str = "/note") -> str:
    """Return the note on a consumer: 1 to 1,000 printable characters, in one line. Raises Invalid."""
    if not note.strip():
        raise Invalid("the note is empty: null removes it", at)
    _check_printable(note, "the note", NOTE_LENGTH, at)
    return note


def _check_printable(text: str, what: str, most: int, at: str) -> None:
    checked_text(text, what, most)
    if not text.isprintable():
        raise Invalid(f"{what} has a character that cannot be printed", at)
