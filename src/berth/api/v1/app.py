"""Berth's own API, /v1: find the route, authenticate, decode, authorize, carry out, reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Final

import msgspec

from berth.api.auth.gate import Gate
from berth.api.http.app import PendingReply, StreamReply
from berth.api.http.json_body import encoded
from berth.api.http.messages import HttpError, Reply, Request, is_streamed
from berth.api.http.negotiation import negotiate
from berth.api.http.router import Router
from berth.api.v1 import etags, problems
from berth.api.v1.feed import EVENTS, Feed
from berth.api.v1.keys import KEY, REPLAYED, key_of
from berth.api.v1.request_values import body_of, lines_of, query_of
from berth.api.v1.route import Call, PendingResult, Route
from berth.api.v1.routes import ROUTES
from berth.model.alive_lines import AliveLineReader
from berth.model.anomaly import Anomalies
from berth.model.caller import Caller
from berth.model.commands import Command
from berth.model.errors import BerthError, ConsumerGenerationConflict, Forbidden
from berth.model.idempotency import CommandKey
from berth.model.validation import validated

JSON = "application/json"

NO_SUCH_PATH: Final = "Nothing at this path: /v1/openapi.json lists all paths."

FOUND: Final = frozenset({"candidates", "summaries"})
"""Members of replies that may be long, and are made for one reply."""

LONGEST_PARAMETER: Final = 512
"""Of a parameter in a path, in characters."""

_ROUTER = Router(ROUTES)
_DECODERS = {route.name: msgspec.json.Decoder(route.body) for route in ROUTES if route.body is not None}


class V1App:
    """Berth's own API over a ledger, behind a gate.

    mints: whether it issues API tokens; anomalies: returns those that a background scan of the audit log has found;
    None: each request for them scans the log.
    """

    def __init__(
        self, gate: Gate, feed: Feed, *, mints: bool = False, anomalies: Callable[[], Anomalies] | None = None
    ) -> None:
        self.gate, self.ledger, self.feed, self.mints = gate, gate.ledger, feed, mints
        self.anomalies = anomalies or self.ledger.anomalies

    @staticmethod
    def operations() -> Iterator[str]:
        """Return the operations for which the policy needs a rule."""
        return (route.operation for route in ROUTES if not route.public)

    def identify(self, request: Request) -> None:
        """Find the route and authenticate the caller; raise HttpError 401, 403, 404 or 405."""
        route, _ = _route(request)
        request.info.operation = route.name
        caller = self.gate.authenticate(request, public=route.public)
        if route.lines and request.info.sink is None and is_streamed(request):
            self.gate.authorize(route.operation, caller)  # before a body that may be long
            request.info.sink = AliveLineReader()

    def handle(self, request: Request) -> Reply | PendingReply | StreamReply:
        """Return a request's reply or a stream of events, or queue its command for the ledger's next `work`."""
        exchange = _Exchange(self, request)
        try:
            return exchange.respond()
        except HttpError as error:
            return exchange.refusal(error)
        except BerthError as error:
            return exchange.failure(error)

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        return _Exchange(self, request).refusal(error)


class _Exchange:
    """One request and what is known of it so far."""

    __slots__ = ("api", "caller", "key", "project", "request", "route", "tag")

    def __init__(self, api: V1App, request: Request) -> None:
        self.api, self.request = api, request
        self.caller: Caller | None = None
        self.route: Route | None = None
        self.project: str | None = None
        self.key: CommandKey | None = None
        self.tag = ""

    def respond(self) -> Reply | PendingReply | StreamReply:
        """Make each check in turn, then call the endpoint."""
        api, request = self.api, self.request
        route, items = _route(request)
        self.route = route
        request.info.operation = route.name
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
            recheck=self._recheck,
            policy=api.gate.policy,
            ways=api.gate.ways,
            mints=api.mints,
        )
        call.query = query_of(request, route.query)
        self.project = route.project(call)
        self._authorize(caller)
        _decode(call, route)
        if KEY in request.headers:
            self.key = key_of(call, route)
        if route.dated and route.method == "GET" and self._is_dated(route):
            position = api.ledger.known_position
            self.tag = etags.of_position(position.number, position.tag, api.ledger.lapsed_at, request)
            if etags.matches(request, self.tag):
                return self._not_modified()
        return self._respond_with(route.endpoint(call))

    def _authorize(self, caller: Caller) -> None:
        route = self.route
        assert route is not None
        if not route.public:
            self.api.gate.authorize(route.operation, caller, self.project)

    def _recheck(self) -> None:
        # Must not refer to the call, which refers to this: a body of megabytes would wait for the garbage collector.
        self._authorize(self.api.gate.authenticate(self.request))

    def _respond_with(self, result: Any) -> Reply | PendingReply | StreamReply:
        if isinstance(result, StreamReply):
            return replace(result, headers=[*result.headers, *self._headers()])
        if not isinstance(result, PendingResult):
            return self._success(result)
        answer = self.api.ledger.queue(validated(result.command), self.caller, self.request.id, key=self.key)
        return PendingReply(answer, lambda: self._finish(result, answer))

    def _is_dated(self, route: Route) -> bool:
        """Whether the answer of a dated route is what it was before, if the ledger is where it was."""
        self.api.ledger.head()  # catches up, so that the position is the present one
        return not (route.timed and self.api.ledger.claims_end)

    def _finish(self, pending: PendingResult, answer: Future[Any]) -> Reply:
        error = answer.exception()
        if error is None:
            return self._success(pending.finish(answer.result()))
        if isinstance(error, BerthError):
            return self.failure(self._explained(pending.command, error))
        raise error

    def _explained(self, command: Command, error: BerthError) -> BerthError:
        """Return a refusal with what its caller may see of what others hold."""
        policy, caller = self.api.gate.policy, self.caller
        assert caller is not None
        if isinstance(error, ConsumerGenerationConflict) and not policy.allows("allocations.show", caller):
            error = ConsumerGenerationConflict(error.consumer, error.expected, error.got)
        if self.replays:  # it explains what was so when the command was decided
            return error
        holders = policy.allows("provider_allocations.show", caller)
        return self.api.ledger.explained(command, error, holders=holders)

    def _success(self, value: Any) -> Reply:
        route = self.route
        assert route is not None
        if route.reply is None:
            return self._with_headers(Reply(route.status))
        body, *rest = encoded(value, self.api.ledger.check_time, FOUND)
        if route.method == "GET" and not self.tag:
            self.tag = etags.of_body(body, *rest)
            if etags.matches(self.request, self.tag):
                return self._not_modified()
        reply = self._without_body(Reply(route.status, [("content-type", JSON)], body, rest))
        if self.tag:
            reply.headers += [("etag", self.tag), ("cache-control", "no-cache, private")]
        return self._with_headers(reply)

    def _not_modified(self) -> Reply:
        return self._with_headers(Reply(304, [("etag", self.tag), ("cache-control", "no-cache, private")]))

    def refusal(self, error: HttpError) -> Reply:
        """Return the reply to a request that this API refuses, and record the refusal."""
        self._record(error)
        return self._with_headers(self._without_body(problems.http_error_reply(error, self.request.id)))

    def _record(self, error: HttpError) -> None:
        operation = "" if self.route is None else self.route.operation
        self.api.gate.record_refusal(self.request, error, self.caller, operation)

    def failure(self, error: BerthError) -> Reply:
        """Return the reply to a request that the ledger refuses or fails at."""
        if isinstance(error, Forbidden):
            self._record(HttpError(403, str(error)))
        return self._with_headers(self._without_body(problems.error_reply(error, self.request.id)))

    def _without_body(self, reply: Reply) -> Reply:
        """Leave the body out of a reply to HEAD."""
        if self.request.method == "HEAD":
            reply.body, reply.rest = b"", []
        return reply

    def _with_headers(self, reply: Reply) -> Reply:
        """Add the headers that every reply has."""
        reply.headers += self._headers()
        return reply

    @property
    def replays(self) -> bool:
        """Whether the answer is one that was kept for the key of the request."""
        return self.key is not None and self.key.replayed

    def _headers(self) -> list[tuple[str, str]]:
        headers = [("x-openstack-request-id", self.request.id), ("x-request-id", self.request.id)]
        return [*headers, REPLAYED] if self.replays else headers


def _route(request: Request) -> tuple[Route, dict[str, str]]:
    """Return the route and the parameters in its path; raise HttpError 404 or 405."""
    match = _ROUTER.match(request.path)
    if match is None:
        raise HttpError(404, NO_SUCH_PATH)
    routes = match.rows.get("GET" if request.method == "HEAD" else request.method)
    if routes is None:
        allowed = ", ".join(sorted({*match.rows, *(("HEAD",) if "GET" in match.rows else ())}))
        raise HttpError(
            405, f"{request.method} is not allowed for this path: use {allowed}.", headers=(("allow", allowed),)
        )
    if any(not each or len(each) > LONGEST_PARAMETER or "\0" in each or "\ufffd" in each for each in match.values):
        raise HttpError(404, NO_SUCH_PATH)
    return routes[0], match.parameters(routes[0])


def _decode(call: Call, route: Route) -> None:
    """Decode the body of a call; raise HttpError 415 or Invalid."""
    if route.lines and is_streamed(call.request):
        reader = lines_of(call.request)
        call.body, call.alive = reader.finish(), reader.alive
    else:
        call.body = body_of(call.request, _DECODERS.get(route.name))


def _check_accept(route: Route, request: Request) -> None:
    accept = request.headers.get("accept")
    offers = [JSON, EVENTS] if route.streams else [JSON]
    if accept and route.reply is not None and not negotiate(accept, offers):
        raise HttpError(406, f"This can be had as {' or '.join(offers)} only.")
