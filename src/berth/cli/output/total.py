"""How many there are of what a list shows a part of."""

from __future__ import annotations


def total_text(total: int | None, *, bounded: bool) -> str:
    """Return a total with a space behind it, "" if it is not known. bounded: counting ended at a bound."""
    return "" if total is None else f"{'at least ' if bounded else ''}{total:,} "
