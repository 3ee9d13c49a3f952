"""Escapes for text from the ledger: names come from others, and terminals and spreadsheets interpret them."""

from __future__ import annotations

import json
import re
from typing import Final

from berth.logs.escape import escape

__all__ = ["escape", "escape_cell", "escape_json"]

_FORMULA: Final = ("=", "+", "-", "@")
_MAYBE_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\n]")


def escape_json(text: str) -> str:
    r"""Return JSON with an escape such as \u202e for each character that JSON allows but a terminal interprets."""
    return _MAYBE_UNPRINTABLE.sub(_escaped, text)


def escape_cell(text: str) -> str:
    """Return a cell of a CSV file that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{escape(text)}" if text.lstrip().startswith(_FORMULA) else escape(text)


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]
