"""Names in objects of JSON: no name twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from berth.model.errors import Invalid


def check_names(pairs: list[tuple[str, Any]]) -> None:
    """Raise Invalid if an object has a name twice (RFC 8259, section 4): which of its values counts is not defined."""
    if len(pairs) > 1 and len(dict(pairs)) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise Invalid(f"the body has the name {twice[:64]!r} twice in one object")
