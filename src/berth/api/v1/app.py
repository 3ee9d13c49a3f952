"""The way of a request through /v1: which route, who, may they, what do they say, do it, tell it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import msgspec

from berth.api.auth.gate import Gate
from berth.api.http.app import PendingReply, StreamReply
from berth.api.http.messages import HttpError, Reply, Request
from berth.api.http.negotiation import negotiate
from berth.api.v1 import etags, problems
from berth.api.v1.decoding import body_of, query_of
from berth.api.v1.feed import EVENTS, Feed
from berth.api.v1.route import Call, PendingResult, Route
from berth.api.v1.router import Router
from berth.api.v1.routes import ROUTES
from berth.model.anomaly import Anomalies
from berth.model.caller import Caller
from berth.model.errors import BerthError, Forbidden

JSON = "application/json"

_encode = msgspec.json.Encoder().encode
_ROUTER = Router(ROUTES)
_DECODERS = {route.name: msgspec.json.Decoder(route.body) for route in ROUTES if route.body is not None}


class V1App:
    """Berth's own API over a ledger, for whoever the gate lets in.

    mints: whether it makes API tokens; anomalies: what is unusual in the audit log, where somebody goes along it
    anyway; else it is looked for.
    """

    def __init__(
        self, gate: Gate, feed: Feed, *, mints: bool = False, anomalies: Callable[[], Anomalies] | None = None
    ) -> None:
        self.gate, self.ledger, self.feed, self.mints = gate, gate.ledger, feed, mints
        self.anomalies = anomalies or self.ledger.anomalies

    @staticmethod
    def operations() -> Iterator[str]:
        """What the policy has to have a rule for."""
        return (route.operation for route in ROUTES if not route.public)

    def begin(self, request: Request) -> Reply | PendingReply | StreamReply:
        """A request's reply, its command lined up for the ledger's next `work`, or a stream of events."""
        step = _Exchange(self, request)
        try:
            return step.take()
        except HttpError as error:
            return step.refused(error)
        except BerthError as error:
            return step.told(error)

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
        return _Exchange(self, request).refused(error)


class _Exchange:
    """One request on its way."""

    __slots__ = ("api", "caller", "request", "route", "tag")

    def __init__(self, api: V1App, request: Request) -> None:
        self.api, self.request = api, request
        self.caller: Caller | None = None
        self.route: Route | None = None
        self.tag = ""

    def take(self) -> Reply | PendingReply | StreamReply:
        """Each check in turn, then the route itself."""
        api, request = self.api, self.request
        route, items = _ROUTER.route(request.method, request.path)
        self.route = route
        request.seen.operation = route.name
        self.caller = caller = api.gate.authenticate(request, public=route.public)
        _check_accept(route, request)
        call = Call(
            request=request,
            caller=caller,
            ledger=api.ledger,
            items=items,
            feed=api.feed,
            anomalies=api.anomalies,
            limits=api.gate.limits,
            still=lambda: self._may(call, api.gate.authenticate(request)),
            policy=api.gate.policy,
            ways=api.gate.ways,
            mints=api.mints,
        )
        call.query = query_of(request, route.query)
        self._may(call, caller)
        call.body = body_of(request, _DECODERS.get(route.name))
        if route.dated and route.method == "GET":
            self.tag = etags.of_head(api.ledger.head(), request)
            if etags.matches(request, self.tag):
                return self._unchanged()
        return self._answered(route.endpoint(call))

    def _may(self, call: Call, caller: Caller) -> None:
        route = self.route
        assert route is not None
        if not route.public:
            self.api.gate.authorize(route.operation, caller, route.project(call))

    def _answered(self, result: Any) -> Reply | PendingReply | StreamReply:
        if isinstance(result, StreamReply):
            return replace(result, headers=[*result.headers, *self._signs()])
        if not isinstance(result, PendingResult):
            return self._sent(result)
        answer = self.api.ledger.queue(result.command, self.caller, self.request.id)
        return PendingReply(answer, lambda: self._finished(result, answer))

    def _finished(self, doing: PendingResult, answer: Future[Any]) -> Reply:
        error = answer.exception()
        if error is None:
            return self._sent(doing.finish(answer.result()))
        if isinstance(error, BerthError):
            return self.told(self.api.ledger.explained(doing.command, error))
        raise error

    def _sent(self, value: Any) -> Reply:
        route = self.route
        assert route is not None
        if route.reply is None:
            return self._signed(Reply(route.status))
        body = _json(value)
        if route.method == "GET" and not self.tag:
            self.tag = etags.of_body(body)
            if etags.matches(self.request, self.tag):
                return self._unchanged()
        reply = Reply(route.status, [("content-type", JSON)], b"" if self.request.method == "HEAD" else body)
        if self.tag:
            reply.headers += [("etag", self.tag), ("cache-control", "no-cache, private")]
        return self._signed(reply)

    def _unchanged(self) -> Reply:
        return self._signed(Reply(304, [("etag", self.tag), ("cache-control", "no-cache, private")]))

    def refused(self, error: HttpError) -> Reply:
        """What the face itself refuses."""
        self._note(error)
        return self._signed(self._bare(problems.told_of_http(error, self.request.id)))

    def _note(self, error: HttpError) -> None:
        operation = "" if self.route is None else self.route.operation
        self.api.gate.record_refusal(self.request, error, self.caller, operation)

    def told(self, error: BerthError) -> Reply:
        """What the ledger refuses, or fails at."""
        if isinstance(error, Forbidden):
            self._note(HttpError(403, str(error)))
        return self._signed(self._bare(problems.told(error, self.request.id)))

    def _bare(self, reply: Reply) -> Reply:
        if self.request.method == "HEAD":
            reply.body = b""
        return reply

    def _signed(self, reply: Reply) -> Reply:
        """With the headers that every reply has."""
        reply.headers += self._signs()
        return reply

    def _signs(self) -> list[tuple[str, str]]:
        return [("x-openstack-request-id", self.request.id), ("x-request-id", self.request.id)]


def _check_accept(route: Route, request: Request) -> None:
    accept = request.headers.get("accept")
    offers = [JSON, EVENTS] if route.streams else [JSON]
    if accept and route.reply is not None and not negotiate(accept, offers):
        raise HttpError(406, f"This can be had as {' or '.join(offers)} only.")


def _json(value: Any) -> bytes:
    try:
        return _encode(value)
    except (OverflowError, ValueError):  # a capacity beyond 64 bits
        return json.dumps(msgspec.to_builtins(value)).encode()
