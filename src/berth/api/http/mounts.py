"""Berth as one site: every face under its own first part of the path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from berth.api.http.app import App, Response
from berth.api.http.cors import Cors
from berth.api.http.messages import HttpError, Reply, Request

ROOT: Final = "placement"
"""What the face at the root is called."""


class Mounts:
    """Chooses the face that a request is for. root: of every path that no other face stands under.

    faces: by the first part of their paths, such as v1; waits: whether beginning may have to wait for a network;
    at_once: the faces that never wait for anything when they begin, by the first part of their paths.
    """

    def __init__(
        self, root: App, faces: Mapping[str, App], cors: Cors, *, waits: bool = False, at_once: Iterable[str] = ()
    ) -> None:
        self._root: Final = root
        self._faces: Final = dict(faces)
        self._at_once: Final = frozenset(at_once)
        self._cors: Final = cors
        self.waits: Final = waits

    def begin(self, request: Request) -> Response:
        """A request's reply, its command lined up for the ledger's next `work`, a stream, or a later reply.

        `sign` is for all of them.
        """
        return self._cors.preflight(request) or self._face(request.path).begin(request)

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
        return self._face(request.path).refuse(request, error)

    def sign(self, request: Request, reply: Reply) -> Reply:
        """A reply with what every reply of this site has."""
        self._cors.sign(request, reply)
        return reply

    def at_once(self, request: Request) -> bool:
        """Whether this may begin in the event loop, whatever a database or a network is up to."""
        return _first(request.path) in self._at_once

    def name_of(self, request: Request) -> str:
        """The face that a request is for, as metrics call it: the first part of its paths."""
        first = _first(request.path)
        return first if first in self._faces else ROOT

    def _face(self, path: str) -> App:
        return self._faces.get(_first(path), self._root)


def _first(path: str) -> str:
    return path[1:].partition("/")[0]
