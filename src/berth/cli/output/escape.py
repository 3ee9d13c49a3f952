"""Text from the ledger, made harmless: names are other people's words, and a terminal or a spreadsheet obeys words."""

from __future__ import annotations

import json
import re
from typing import Final

from berth.logs.escape import escape

__all__ = ["escape", "escape_cell", "escape_json"]

_FORMULA: Final = ("=", "+", "-", "@")
_PERHAPS_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\n]")


def escape_json(text: str) -> str:
    r"""The same JSON, with \u202e and its like instead of what JSON lets pass and a terminal obeys."""
    return _PERHAPS_UNPRINTABLE.sub(_escaped, text)


def escape_cell(text: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{escape(text)}" if text.lstrip().startswith(_FORMULA) else escape(text)


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
