"""Escapes for text from the ledger: names come from others, and terminals and spreadsheets interpret them."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from typing import Final

from berth.logs.escape import escape

__all__ = ["escape", "escape_cell", "escape_json", "tolerate_narrow_encodings"]

_FORMULA: Final = ("=", "+", "-", "@")
_MAYBE_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\n]")


def escape_json(text: str) -> str:
    r"""Return JSON with an escape such as \u202e for each character that JSON allows but a terminal interprets."""
    return _MAYBE_UNPRINTABLE.sub(_escaped, text)


def escape_cell(text: str) -> str:
    """Return a cell of a CSV file that no spreadsheet takes for a formula (OWASP: CSV injection)."""
    return f"'{escape(text)}" if text.lstrip().startswith(_FORMULA) else escape(text)


def tolerate_narrow_encodings() -> None:
    r"""Let standard output and error write what their encoding lacks as escapes such as \u2588, which JSON reads too.

    In a pipe the encoding may be ASCII, or a code page: a name of another country must not end a command.
    """
    codecs.register_error("berth-escape", _narrow)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors="berth-escape")


def _narrow(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]
