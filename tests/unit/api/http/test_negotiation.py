"""Which form of an answer an Accept header lets the server send."""

from __future__ import annotations

import pytest

from berth.api.http.negotiation import negotiate

HTML, JSON = "text/html", "application/json"

HEADERS: tuple[tuple[str, list[str]], ...] = (
    # --- No wish at all ---
    ("", [HTML, JSON]),
    (",", [HTML, JSON]),
    ("*/*", [HTML, JSON]),
    ("*/*;q=0.1", [HTML, JSON]),
    # --- One of them ---
    ("application/json", [JSON]),
    ("APPLICATION/JSON", [JSON]),
    (" application/json ", [JSON]),
    ("application/*", [JSON]),
    ("text/*", [HTML]),
    ("application/json;q=0.001", [JSON]),
    ("application/json ; q=0.5", [JSON]),
    ("application/json; Q=1.000", [JSON]),
    # --- Neither ---
    ("text/plain", []),
    ("image/*", []),
    ("application/json;q=0", []),
    ("application/json;q=0.000", []),
    ("*/*;q=0", []),
    # --- The better first, equals in the order offered, the most specific range counts ---
    ("text/html, application/json", [HTML, JSON]),
    ("application/json, text/html", [HTML, JSON]),
    ("text/html;q=0.9, application/json", [JSON, HTML]),
    ("*/*;q=0.1, application/json", [JSON, HTML]),
    ("*/*, text/html;q=0", [JSON]),
    ("text/*;q=0.2, text/html;q=0.8, application/json;q=0.5", [HTML, JSON]),
    ("application/json;q=0.1, application/json;q=0.7, text/html;q=0.5", [JSON, HTML]),
    # --- A range with parameters of its own is not what is offered ---
    ("application/json;version=1", []),
    ("application/json;charset=utf-8, text/html;q=0.1", [HTML]),
    # --- Malformed: as if it were not there ---
    ("json", [HTML, JSON]),
    ("/", [HTML, JSON]),
    ("application/", [HTML, JSON]),
    ("/json", [HTML, JSON]),
    ("a/b/c", [HTML, JSON]),
    (";;q=,/,,*", [HTML, JSON]),
    ("application/json;q=", [HTML, JSON]),
    ("application/json;q=2", [HTML, JSON]),
    ("application/json;q=-1", [HTML, JSON]),
    ("application/json;q=1.001", [HTML, JSON]),
    ("application/json;q=nan", [HTML, JSON]),
    ("application/json;q=inf", [HTML, JSON]),
    ("application/json;q=1e-1", [HTML, JSON]),
    ("application/json;q=0_1", [HTML, JSON]),
    ("application/json;q=٠", [HTML, JSON]),
)


@pytest.mark.parametrize(("header", "allowed"), HEADERS)
def test_what_is_acceptable(header: str, allowed: list[str]) -> None:
    assert negotiate(header, (HTML, JSON)) == allowed
