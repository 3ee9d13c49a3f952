"""Every route of a live server, asked without credentials and with a made-up token; its headers and error pages."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urljoin, urlsplit

from berth.api.placement.routes import OPERATIONS
from berth.api.v1.routes import ROUTES
from berth.review.deployment.configuration import is_loopback
from berth.review.deployment.live_server import STRANGER, LiveReply, LiveServer
from berth.review.deployment.result import deployment_finding
from berth.review.model import CodePlace, ReviewFinding, Severity, Unseen

PUBLIC: Final = ("/healthz", "/readyz", "/ui/")
"""Paths of other apps that need no token."""

GUARDED: Final = ("/metrics",)
"""Paths of other apps that need one, unless settings say otherwise."""

MADE_UP: Final = "berth-review-made-up"
"""A token that no server has issued. It is no secret."""

WRONG: Final = (
    "/v1/no-such-route",
    "/v1/providers/%00%ff",
    "/resource_providers/%00",
    "/allocation_candidates?resources=%ff",
    "/ui/no-such-page",
    "/.git/config",
    "/.env",
)
"""Requests for what is not there, to read what errors say."""

_PLACES: Final = {"uuid": "00000000-0000-4000-8000-000000000000", "resource_class": "VCPU", "name": "CUSTOM_REVIEW"}
_NOT_THERE: Final = (400, 404, 405, 406)
_INSIDE: Final = re.compile(
    r"Traceback \(most|File \"/|site-packages|sqlalchemy|psycopg|pymysql|\.py\", line|SELECT .+ FROM ", re.IGNORECASE
)
_VERSION: Final = re.compile(r"\d+\.\d+")
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class LiveAnswers:
    """What a live server replied: by path without credentials, with a made-up token, to public and wrong requests."""

    anonymous: tuple[LiveReply, ...]
    stranger: tuple[LiveReply, ...]
    public: tuple[LiveReply, ...]
    wrong: tuple[LiveReply, ...]

    @property
    def every(self) -> tuple[LiveReply, ...]:
        """All replies that came."""
        replies = (*self.anonymous, *self.stranger, *self.public, *self.wrong)
        return tuple(each for each in replies if each.status)


def paths() -> tuple[list[str], list[str]]:
    """Return the paths of all GET routes that need a credential, and of the public ones, parameters filled in."""
    rows = [(each.path, each.public) for each in ROUTES if each.method == "GET"]
    rows += [(each.path, each.public) for each in OPERATIONS if each.method == "GET"]
    public = {_filled(path) for path, is_public in rows if is_public} | set(PUBLIC)
    guarded = {_filled(path) for path, _ in rows} | set(GUARDED)
    return sorted(guarded - public), sorted(public)


def _filled(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: _PLACES.get(match[1], _PLACES["uuid"]), path)


def ask(server: LiveServer) -> LiveAnswers:
    """Ask every route by GET, which changes nothing, and return the replies."""
    guarded, public = paths()
    return LiveAnswers(
        tuple(server.get(path) for path in guarded),
        tuple(server.get(path, {"x-auth-token": MADE_UP}) for path in guarded),
        tuple(server.get(path) for path in public),
        tuple(server.get(path) for path in WRONG),
    )


def review_answers(url: str, answers: LiveAnswers) -> Iterator[ReviewFinding | Unseen]:
    """Yield what is weak about the replies of a server at an address."""
    if not answers.every:
        yield Unseen(CodePlace(url), f"does not answer: {answers.public[0].body}")
        return
    yield from _open_routes(answers)
    yield from _without_answer(url, answers)
    yield from _clear_text(url)
    yield from _redirects(url, answers.every)
    yield from _headers(url, answers.every)
    yield from _errors(answers.every)


def _open_routes(answers: LiveAnswers) -> Iterator[ReviewFinding]:
    yield from _open("route-open", "without credentials", answers.anonymous, (401, 403))
    # Who is refused for lack of a right (403) was taken for a known caller.
    yield from _open("route-believes", "with a made-up token", answers.stranger, (401,))


def _open(rule: str, how: str, replies: tuple[LiveReply, ...], refusals: tuple[int, ...]) -> Iterator[ReviewFinding]:
    expected = (0, 429, *refusals, *_NOT_THERE)
    found = [each for each in replies if each.status not in expected and each.status < 500]
    found.sort(key=lambda each: (each.status, each.path))
    if found:
        words = f"{len(found)} of {len(replies)} routes answer {how}: {_named(found)}"
        remedy = "Take dev out of auth, and look whether a proxy in front adds credentials"
        yield _finding(rule, 306, Severity.CRITICAL, found, words, remedy)


def _named(replies: Iterable[LiveReply]) -> str:
    shown = [f"GET {each.path} ({each.status})" for each in replies]
    return ", ".join(shown[:_NAMED]) + (f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else "")


def _without_answer(url: str, answers: LiveAnswers) -> Iterator[Unseen]:
    for each in (*answers.anonymous, *answers.stranger):
        if each.status == 0 or each.status == 429 or each.status >= 500:
            yield Unseen(CodePlace(f"{url}{each.path}"), f"GET gave no answer that can be judged ({each.status})")


def _clear_text(url: str) -> Iterator[ReviewFinding]:
    parts = urlsplit(url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield deployment_finding(
            "url-clear-text",
            319,
            Severity.HIGH,
            url,
            f"Tokens travel in clear text to {parts.hostname}",
            "Set tls.cert and tls.key, or end TLS in a proxy, and give clients the https:// address",
        )


def _redirects(url: str, replies: Iterable[LiveReply]) -> Iterator[ReviewFinding]:
    leaving = [each for each in replies if 300 <= each.status < 400 and _leaves(url, each)]
    if leaving:
        words = f"A redirect leads to another address, {leaving[0].headers['location']}: {_named(leaving)}"
        remedy = "Have the proxy in front keep scheme and host"
        yield _finding("redirect-elsewhere", 601, Severity.MEDIUM, leaving, words, remedy)


def _leaves(url: str, reply: LiveReply) -> bool:
    here, there = urlsplit(url), urlsplit(urljoin(f"{url}{reply.path}", reply.headers.get("location", "")))
    return (there.scheme, there.netloc) != (here.scheme, here.netloc)


def _headers(url: str, replies: Iterable[LiveReply]) -> Iterator[ReviewFinding]:
    for each in _HEADER_RULES:
        found = [reply for reply in replies if each.is_broken(reply)]
        if found:
            yield _finding(each.name, each.cwe, each.severity, found, f"{each.words}: {_named(found)}", each.remedy)
    pages = [each for each in replies if each.is_page]
    if urlsplit(url).scheme == "https" and not any(_has(each, "strict-transport-security") for each in pages):
        yield from _without_hsts(pages)


def _without_hsts(pages: list[LiveReply]) -> Iterator[ReviewFinding]:
    if pages:
        words = "Browsers may come back without TLS: pages have no Strict-Transport-Security"
        remedy = "Have the proxy add it, if everything on this host name is served with TLS"
        yield _finding("no-hsts", 319, Severity.LOW, pages, f"{words}: {_named(pages)}", remedy)


def _has(reply: LiveReply, name: str) -> bool:
    return name in reply.headers


def _allows_stranger(reply: LiveReply) -> bool:
    return reply.headers.get("access-control-allow-origin", "") in ("*", STRANGER)


def _shows_version(reply: LiveReply) -> bool:
    return any(_VERSION.search(reply.headers.get(name, "")) for name in ("server", "x-powered-by"))


def _is_unprotected(reply: LiveReply) -> bool:
    policy = reply.headers.get("content-security-policy", "")
    framed = "frame-ancestors" not in policy and not _has(reply, "x-frame-options")
    return reply.is_page and (not policy or framed or reply.headers.get("x-content-type-options") != "nosniff")


def _has_weak_cookie(reply: LiveReply) -> bool:
    cookie = reply.headers.get("set-cookie", "").lower()
    return bool(cookie) and not ("secure" in cookie and "httponly" in cookie)


class _HeaderRule(NamedTuple):
    """What the headers of a reply must not be like."""

    name: str
    cwe: int
    severity: Severity
    words: str
    remedy: str
    is_broken: Callable[[LiveReply], bool]


_HEADER_RULES: Final = (
    _HeaderRule(
        "cors-any-origin",
        16,
        Severity.MEDIUM,
        "Pages of every site may read the replies",
        "Name the origins in cors_origins, and take the header out of the proxy",
        _allows_stranger,
    ),
    _HeaderRule(
        "page-unprotected",
        16,
        Severity.MEDIUM,
        "Pages lack Content-Security-Policy with frame-ancestors, or X-Content-Type-Options",
        "Have the proxy pass Berth's headers on as they are",
        _is_unprotected,
    ),
    _HeaderRule(
        "server-version",
        200,
        Severity.LOW,
        "Headers name the version of the server",
        "Turn it off in the proxy (nginx: server_tokens off)",
        _shows_version,
    ),
    _HeaderRule(
        "cookie-weak",
        614,
        Severity.LOW,
        "A cookie is set without Secure and HttpOnly; Berth sets none",
        "Set both in the proxy",
        _has_weak_cookie,
    ),
)


def _errors(replies: Iterable[LiveReply]) -> Iterator[ReviewFinding]:
    telling = [each for each in replies if each.status >= 400 and _INSIDE.search(each.body)]
    if telling:
        words = f"An error page shows what is inside: {_named(telling)}"
        remedy = "Find out what in front of Berth makes these pages: Berth's own have a problem's type and no more"
        yield _finding("error-tells", 209, Severity.MEDIUM, telling, words, remedy)
    files = [each for each in replies if each.path in ("/.git/config", "/.env") and each.status == 200]
    if files:
        words = f"Files of the installation are served: {_named(files)}"
        remedy = "Have the proxy pass everything to Berth, which serves no such file"
        yield _finding("file-served", 200, Severity.HIGH, files, words, remedy)


def _finding(
    rule: str, cwe: int, severity: Severity, replies: list[LiveReply], sentence: str, remedy: str
) -> ReviewFinding:
    return deployment_finding(rule, cwe, severity, f"GET {replies[0].path}", sentence, remedy)


def live_fact(answers: LiveAnswers) -> str:
    """Return in words what was asked, and how much of it was refused as it must be."""
    refused = sum(each.status == 401 for each in (*answers.anonymous, *answers.stranger))
    asked = len(answers.anonymous) + len(answers.stranger)
    return f"{len(answers.anonymous)} guarded routes asked twice: {refused} of {asked} requests refused with 401"
