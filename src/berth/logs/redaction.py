"""Redaction of secrets in text: known ones, and texts that look like one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote

HIDDEN: Final = "***"

SHORTEST: Final = 6
"""The shortest known secret to redact: a shorter one would occur in too many ordinary words."""

_IN_URL: Final = re.compile(r"(://[^\s:/@]*:)(\S+)@")
"""A URL's password: up to the last @, because an unescaped password may contain any character."""

_SAYS: Final = r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization|cookie|credential)s?"
_NAME: Final = re.compile(rf"(?i)^[\w-]*{_SAYS}(?:=|$)")
"""A name that suggests a secret."""

_NAMED: Final = (
    rf"(?i)(?<![\w-])([\w-]*{_SAYS}"
    r"""["']?\s*(?:=>?|:\s|:(?=["'\w]))\s*["']?)"""
)
"""A name that suggests that a secret follows, and the separator."""

_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (_IN_URL, rf"\1{HIDDEN}@"),
    # Berth's own tokens: their public ids remain, to tell them apart.
    (re.compile(r"\b(berth_[a-z2-7]{10}_)\w+"), rf"\1{HIDDEN}"),
    # Signed JSON (JWT), complete or truncated, and Keystone's Fernet tokens.
    (re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){0,4}"), HIDDEN),
    (re.compile(r"\bgAAAA[\w=-]{20,}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)"), HIDDEN),
    # Values whose names suggest a secret.
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
"""A text without any of these (in lower case) matches no pattern; most texts have none."""


def redaction(known: Iterable[str] = ()) -> Callable[[str], str]:
    """Return a function that redacts text. known: secrets of this process, such as the database's password."""
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
    """Return the passwords in a URL, unescaped."""
    found = [unquote(each[2]) for each in _IN_URL.finditer(url)]
    named = parse_qsl(url.partition("?")[2], keep_blank_values=True)
    return [*found, *(value for name, value in named if _NAME.search(name))]


def url_without_secrets(url: str) -> str:
    """Return a URL with its passwords hidden."""
    before, mark, query = _IN_URL.sub(rf"\1{HIDDEN}@", url).partition("?")
    parameters = [f"{part.partition('=')[0]}={HIDDEN}" if _NAME.search(part) else part for part in query.split("&")]
    return before + mark + "&".join(parameters)


def without_secrets(text: str) -> str:
    """Return a text with everything hidden that looks like a secret."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _all_quoted(text: str) -> str:
    return quote(text, safe="")
