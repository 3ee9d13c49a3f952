"""/ui: the dashboard's files. They need no token and contain no data, which they fetch from /v1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from berth.api.http.messages import HttpError, Reply, Request
from berth.web.static_files import StaticFile, static_files

ROOT: Final = "ui"
START: Final = "index.html"
MISSING: Final = "not-found.html"
ALLOWED: Final = "GET, HEAD"

_CSP: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # No text can become markup or code, whatever a page's script does with it.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

GUARDS: Final = (
    ("content-security-policy", "; ".join(_CSP)),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("x-frame-options", "DENY"),
)
"""The restrictions that every reply imposes on pages."""


class Dashboard:
    """Serves files from memory. Never waits."""

    def __init__(self, files: Mapping[str, StaticFile] | None = None) -> None:
        self._files: Final = dict(static_files() if files is None else files)

    @staticmethod
    def operations() -> Iterator[str]:
        """Return no operations: the files need no rule in a policy."""
        return iter(())

    def identify(self, request: Request) -> None:
        """Accept every request: the files need no token."""

    def handle(self, request: Request) -> Reply:
        """Return a file, or the page for a missing one."""
        request.info.operation = ROOT
        if request.method not in ("GET", "HEAD"):
            return self.refuse(request, HttpError(405, f"This takes {ALLOWED}.", headers=(("allow", ALLOWED),)))
        if request.path == f"/{ROOT}":
            # Relative, so that it is right behind a proxy that serves Berth below a path.
            return _signed(request, Reply(308, [("location", f"{ROOT}/"), ("cache-control", "no-cache")]))
        file = self._files.get(request.path.removeprefix(f"/{ROOT}/") or START)
        if file is None:
            return _signed(request, _sent(request, self._files[MISSING], 404))
        if _has(request, file):
            return _signed(request, Reply(304, _dated(file)))
        return _signed(request, _sent(request, file, 200))

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        text = f"{error.status}: {error.detail}\n"
        headers = [("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"), *error.headers]
        return _signed(request, Reply(error.status, headers, text.encode()))


def _sent(request: Request, file: StaticFile, status: int) -> Reply:
    headers = [("content-type", file.kind), *_dated(file)]
    body = file.body
    if _takes_gzip(request.headers.get("accept-encoding", "")):
        headers.append(("content-encoding", "gzip"))
        body = file.packed
    return Reply(status, headers, body)


def _dated(file: StaticFile) -> list[tuple[str, str]]:
    """Return caching headers: browsers keep files and revalidate them, so that a new version shows at once."""
    return [("etag", file.tag), ("cache-control", "no-cache"), ("vary", "Accept-Encoding")]


def _has(request: Request, file: StaticFile) -> bool:
    """Whether the client already has this file (RFC 9110, 13.1.2)."""
    given = [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]
    return "*" in given or file.tag.removeprefix("W/") in [tag.removeprefix("W/") for tag in given]


def _takes_gzip(header: str) -> bool:
    """Whether Accept-Encoding allows gzip (RFC 9110, 12.5.3)."""
    weights = {}
    for part in header.lower().split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        weights[name] = weight
    refused = ("0", "0.", "0.0", "0.00", "0.000")
    return weights.get("gzip", weights.get("*", "0")) not in refused


def _signed(request: Request, reply: Reply) -> Reply:
    reply.headers += [*GUARDS, ("x-openstack-request-id", request.id)]
    if request.method == "HEAD":
        reply.body = b""
    return reply
