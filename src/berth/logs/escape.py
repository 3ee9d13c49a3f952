"""Text that other people have chosen, made harmless: a terminal obeys text, and a log is read line by line."""

from __future__ import annotations


def escape(text: str) -> str:
    r"""The same text, with an escape such as \x1b instead of whatever a terminal would obey and not show.

    Those are control characters, line ends, and what turns the direction of writing.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
