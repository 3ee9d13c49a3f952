"""Which address may be asked, what the routes are, and what replies say; over a socket: `tests/suites/review`."""

from __future__ import annotations

import pytest

from berth.review.deployment.handshake import TlsHandshakes, review_handshakes
from berth.review.deployment.live_routes import LiveAnswers, paths, review_answers
from berth.review.deployment.live_server import LiveReply, LiveServerRefused, check_address
from berth.review.model import OpenQuestion, ReviewFinding, Unseen

URL = "https://127.0.0.1:8778"
REFUSED = [
    ("https://berth.example.com", False, "--yes-this-is-mine"),
    ("https://10.0.0.1:8778", False, "--yes-this-is-mine"),
    ("https://127.0.0.1.example.com", False, "--yes-this-is-mine"),
    ("file:///etc/passwd", True, "not an address"),
    ("127.0.0.1:8778", True, "not an address"),
    ("https://127.0.0.1:port", True, "not an address"),
    ("https://user:word@127.0.0.1", True, "neither a user"),
    ("https://127.0.0.1/?a=1", True, "neither a user"),
]


@pytest.mark.parametrize(("url", "others", "reason"), REFUSED)
def test_an_address_that_may_not_be_asked(url: str, others: bool, reason: str) -> None:
    with pytest.raises(LiveServerRefused, match=reason):
        check_address(url, others=others)


@pytest.mark.parametrize(
    ("url", "others"), [(URL, False), ("http://localhost/below/", False), ("https://berth.example.com", True)]
)
def test_an_address_that_may_be_asked(url: str, others: bool) -> None:
    assert check_address(url, others=others) == url.rstrip("/")


def test_every_route_that_reads_is_asked() -> None:
    guarded, public = paths()
    assert {"/v1/tokens", "/v1/audit", "/usages", "/metrics"} <= set(guarded)
    assert {"/", "/v1", "/healthz", "/ui/"} <= set(public)
    assert not [each for each in (*guarded, *public) if "{" in each]


def reply(status: int, path: str = "/v1/me", body: str = "", **headers: str) -> LiveReply:
    return LiveReply(path, status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


SAFE_PAGE = {
    "content_type": "text/html",
    "content_security_policy": "frame-ancestors 'none'",
    "x_content_type_options": "nosniff",
}
REPLIES = [
    (URL, reply(401), []),
    (URL, reply(404, body="There is no such thing."), []),
    (URL, reply(404, body='  File "/srv/berth/app.py", line 3'), ["error-tells"]),
    (URL, reply(500, body="psycopg.errors.UndefinedTable"), ["error-tells"]),
    (URL, reply(200, body='File "/srv/berth/app.py", line 3'), []),
    (URL, reply(200, "/ui/", **SAFE_PAGE, strict_transport_security="max-age=1"), []),
    (URL, reply(200, "/ui/", **SAFE_PAGE), ["no-hsts"]),
    ("http://127.0.0.1", reply(200, "/ui/", **SAFE_PAGE), []),
    ("http://127.0.0.1", reply(200, "/ui/", content_type="text/html"), ["page-unprotected"]),
    ("http://127.0.0.1", reply(200, "/ui/", **{**SAFE_PAGE, "x_content_type_options": ""}), ["page-unprotected"]),
    ("http://10.0.0.1", reply(401), ["url-clear-text"]),
    (URL, reply(308, "/ui", location="ui/"), []),
    (URL, reply(308, "/ui", location=f"{URL}/ui/"), []),
    (URL, reply(308, "/ui", location="http://127.0.0.1:8778/ui/"), ["redirect-elsewhere"]),
    (URL, reply(200, access_control_allow_origin="*"), ["cors-any-origin"]),
    (URL, reply(200, access_control_allow_origin="https://review.invalid"), ["cors-any-origin"]),
    (URL, reply(200, access_control_allow_origin="https://dashboard.example.com"), []),
    (URL, reply(200, server="nginx/1.24"), ["server-version"]),
    (URL, reply(200, server="nginx"), []),
    (URL, reply(200, set_cookie="a=b; Secure; HttpOnly"), []),
    (URL, reply(200, set_cookie="a=b; HttpOnly"), ["cookie-weak"]),
    (URL, reply(200, "/.env"), ["file-served"]),
    (URL, reply(404, "/.env"), []),
]


@pytest.mark.parametrize(("url", "given", "rules"), REPLIES, ids=str)
def test_replies(url: str, given: LiveReply, rules: list[str]) -> None:
    found = review_answers(url, LiveAnswers((), (), (given,), ()))
    assert [each.rule for each in found if isinstance(each, ReviewFinding)] == rules


STATUSES = [
    (401, 401, []),
    (403, 401, []),
    (404, 405, []),
    (401, 403, ["route-believes"]),
    (401, 200, ["route-believes"]),
    (200, 401, ["route-open"]),
    (304, 401, ["route-open"]),
    (503, 429, ["unseen", "unseen"]),
    (0, 401, ["unseen"]),
]


@pytest.mark.parametrize(("nobody", "stranger", "expected"), STATUSES)
def test_statuses(nobody: int, stranger: int, expected: list[str]) -> None:
    found = review_answers(URL, LiveAnswers((reply(nobody),), (reply(stranger),), (reply(200, "/v1"),), ()))
    assert [each.rule if isinstance(each, ReviewFinding) else "unseen" for each in found] == expected


STRONG = TlsHandshakes("TLSv1.3", "TLS_AES_256_GCM_SHA384", (), (), (), b"", "")
HANDSHAKES = [
    ({}, []),
    ({"old": ("TLS 1.0",)}, ["tls-version"]),
    ({"weak": ("3DES", "RC4")}, ["tls-cipher", "tls-cipher"]),
    ({"untried": ("RC4",)}, ["unseen"]),
    ({"distrust": "IP address mismatch, certificate is not valid for '127.0.0.1'."}, ["certificate-host"]),
    ({"distrust": "self-signed certificate"}, ["question"]),
]


@pytest.mark.parametrize(("fields", "expected"), HANDSHAKES, ids=str)
def test_handshakes(fields: dict[str, object], expected: list[str]) -> None:
    made = TlsHandshakes(**{**{name: getattr(STRONG, name) for name in STRONG.__slots__}, **fields})  # type: ignore[attr-defined]
    names = {Unseen: "unseen", OpenQuestion: "question"}
    found = review_handshakes(URL, made)
    assert [each.rule if isinstance(each, ReviewFinding) else names[type(each)] for each in found] == expected
