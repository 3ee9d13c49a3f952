"""Secrets in text, taken out: those that are known here, and whatever looks like one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote

HIDDEN: Final = "***"

SHORTEST: Final = 6
"""A known secret that is shorter stands in too many words to be taken out of all of them."""

_IN_URL: Final = re.compile(r"(://[^\s:/@]*:)(\S+)@")
"""A URL's password: up to the last @, for one that is not escaped may hold any sign."""

_SAYS: Final = r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization|cookie|credential)s?"
_NAME: Final = re.compile(rf"(?i)^[\w-]*{_SAYS}(?:=|$)")
"""A name that says that it is of a secret."""

_NAMED: Final = (
    rf"(?i)(?<![\w-])([\w-]*{_SAYS}"
    r"""["']?\s*(?:=>?|:\s|:(?=["'\w]))\s*["']?)"""
)
"""A name that says that what comes after it is a secret, and what stands between the two."""

_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (_IN_URL, rf"\1{HIDDEN}@"),
    # Berth's own tokens: their ids, which are no secrets, say which it was.
    (re.compile(r"\b(berth_[a-z2-7]{10}_)\w+"), rf"\1{HIDDEN}"),
    # Signed JSON (JWT), whole or torn off, and Keystone's Fernet tokens.
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}"), HIDDEN),
    (re.compile(r"\bgAAAA[\w=-]{20,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)"), HIDDEN),
    # Whatever is given a name that says so.
    (re.compile(_NAMED + r"""[^\s"'&,;})]+"""), rf"\1{HIDDEN}"),
)

_MARKS: Final = (
    "://",
    "api",
    "authoriz",
    "basic",
    "bearer",
    "berth_",
    "cookie",
    "credential",
    "eyj",
    "gaaa",
    "pass",
    "private",
    "secret",
    "token",
)
"""Of these a text has to hold one, in either case, for any of the patterns to find something: most hold none."""


def redaction(known: Iterable[str] = ()) -> Callable[[str], str]:
    """What takes secrets out of text. known: secrets of this process, such as the database's password."""
    ways = (str, quote, _all_quoted, quote_plus)
    spellings = sorted({way(each) for each in known if len(each) >= SHORTEST for way in ways}, key=len, reverse=True)

    def redacted(text: str) -> str:
        for each in spellings:
            text = text.replace(each, HIDDEN)
        lower = text.lower()
        for mark in _MARKS:
            if mark in lower:
                return without_secrets(text)
        return text

    return redacted


def secrets_in(url: str) -> list[str]:
    """The passwords in a URL, wherever in it they stand, as they are meant."""
    found = [unquote(each[2]) for each in _IN_URL.finditer(url)]
    named = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    return [*found, *(value for name, value in named if _NAME.search(name))]


def url_without_secrets(url: str) -> str:
    """A URL as people may see it."""
    before, mark, query = _IN_URL.sub(rf"\1{HIDDEN}@", url).partition("?")
    parameters = [f"{part.partition('=')[0]}={HIDDEN}" if _NAME.search(part) else part for part in query.split("&")]
    return before + mark + "&".join(parameters)


def without_secrets(text: str) -> str:
    """The same text, without whatever looks like a secret in it."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _all_quoted(text: str) -> str:
    return quote(text, safe="")
