"""Escapes for text from outside: terminals interpret control characters, and logs are read line by line."""

from __future__ import annotations


def escape(text: str) -> str:
    r"""Return a text with an escape such as \x1b for each character that is not printable.

    These are control characters, line ends, and characters that change the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
