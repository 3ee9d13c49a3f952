"""Berth as one site: every face under its own first part of the path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from berth.api.cors import Cors
from berth.api.face import Face, Ongoing, Stream
from berth.api.http import HttpError, Reply, Request


class Site:
    """Chooses the face that a request is for. root: of every path that no other face stands under.

    faces: by the first part of their paths, such as v1; waits: whether beginning may have to wait for a network.
    """

    def __init__(self, root: Face, faces: Mapping[str, Face], cors: Cors, *, waits: bool = False) -> None:
        self._root: Final = root
        self._faces: Final = dict(faces)
        self._cors: Final = cors
        self.waits: Final = waits

    def begin(self, request: Request) -> Reply | Ongoing | Stream:
        """A request's reply, its command lined up for the ledger's next `work`, or a stream. `sign` is for all."""
        return self._cors.preflight(request) or self._face(request.path).begin(request)

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
        return self._face(request.path).refuse(request, error)

    def sign(self, request: Request, reply: Reply) -> Reply:
        """A reply with what every reply of this site has."""
        self._cors.sign(request, reply)
        return reply

    def _face(self, path: str) -> Face:
        first = path[1:].partition("/")[0]
        return self._faces.get(first, self._root)
