"""Counts in sentences: one host, or several hosts."""

from __future__ import annotations


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, such as `1 host` or `1,200 hosts`. many: the plural, if not `one` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
