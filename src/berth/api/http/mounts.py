"""The apps of a server, each mounted under its own first part of the path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from berth.api.http.app import App, Response
from berth.api.http.cors import Cors
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.http.refusals import RefusalLog

QUERIES: Final = frozenset({"/v1/find", "/v1/providers/query"})
"""Paths of requests that read, although they are made with POST."""

PAGES: Final = "ui"
"""The first part of the paths of the app for browsers, which ask for HTML at the root."""

ROOT: Final = "placement"
"""The name of the app at the root."""


class Mounts:
    """Chooses the app for a request. root: has every path under which no other app is mounted.

    apps: by the first part of their paths, for example v1; waits: whether handling a request may wait for a network;
    at_once: the first parts of the paths of those apps that never wait for anything; refusals: records those of all.
    """

    def __init__(
        self,
        root: App,
        apps: Mapping[str, App],
        cors: Cors,
        *,
        waits: bool = False,
        at_once: Iterable[str] = (),
        refusals: RefusalLog | None = None,
    ) -> None:
        self._root: Final = root
        self._apps: Final = dict(apps)
        self._at_once: Final = frozenset(at_once)
        self._cors: Final = cors
        self.waits: Final = waits
        self.refusals: Final = refusals

    def handle(self, request: Request) -> Response:
        """Return what the app for this request returns. Every reply needs `sign` before it is sent."""
        preflight = self._cors.preflight(request) if request.method == "OPTIONS" else None
        return preflight or self._to_pages(request) or self._app(request.path).handle(request)

    def identify(self, request: Request) -> None:
        """Note the caller of a request whose body has not been read. Raise HttpError if it is not handled at all."""
        if request.method != "OPTIONS" or self._cors.preflight(request) is None:
            self._app(request.path).identify(request)

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        return self._app(request.path).refuse(request, error)

    def sign(self, request: Request, reply: Reply) -> Reply:
        """Add the headers that every reply of this server has, and return the reply."""
        if "origin" in request.headers:
            self._cors.sign(request, reply)
        return reply

    def at_once(self, request: Request) -> bool:
        """Whether this may be handled in the event loop, because it waits for no database and no network."""
        return _first(request.path) in self._at_once

    def reads(self, request: Request) -> bool:
        """Whether this only reads from the ledger."""
        return request.method in ("GET", "HEAD") or request.path in QUERIES

    def name_of(self, request: Request) -> str:
        """Return the name of the app for a request, as metrics call it: the first part of its paths."""
        first = _first(request.path)
        return first if first in self._apps else ROOT

    def _to_pages(self, request: Request) -> Reply | None:
        """Return the way to the dashboard for a browser that opens the root; None for all others.

        Relative, so that it is right behind a proxy that serves Berth below a path.
        """
        if request.path != "/" or request.method != "GET" or PAGES not in self._apps or not _is_browser(request):
            return None
        headers = [("location", f"{PAGES}/"), ("cache-control", "no-store"), ("vary", "Accept")]
        return Reply(303, [*headers, ("x-openstack-request-id", request.id)])

    def _app(self, path: str) -> App:
        return self._apps.get(_first(path), self._root)


def _is_browser(request: Request) -> bool:
    """Whether a person opens an address. Clients of Placement, which may ask for HTML, say who or which version."""
    accept = request.headers.get("accept", "").lower()
    wants_page = "text/html" in accept and "application/xhtml+xml" in accept
    return wants_page and not {"openstack-api-version", "x-auth-token"} & request.headers.keys()


def _first(path: str) -> str:
    return path[1:].partition("/")[0]
