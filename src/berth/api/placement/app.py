"""The way of a request through the Placement API: who, which version, which operation, may they, do it, tell it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future
from email.utils import formatdate
from functools import cache, lru_cache
from typing import Any

import msgspec

from berth.api.auth.gate import Gate
from berth.api.http.app import PendingReply
from berth.api.http.error_response import error_reply, unavailable
from berth.api.http.messages import HttpError, Reply, Request, parse_query
from berth.api.http.negotiation import negotiate
from berth.api.placement import error_codes, versions
from berth.api.placement.microversion import HEADER, SERVICE, minor_of
from berth.api.placement.operation import Call, Operation, PendingAnswer, Wording
from berth.api.placement.responses import BOUNDED
from berth.api.placement.router import PUBLIC, route
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.validation import Validator, validator
from berth.api.placement.versions import VersionPlan
from berth.api.placement.versions.change import NOTHING_THERE, Answer
from berth.model import errors
from berth.model.caller import Caller

_encode = msgspec.json.Encoder().encode

_KINDS: tuple[tuple[type[Exception], Wording], ...] = (
    (errors.Forbidden, Wording(403)),
    (errors.NotFound, Wording(404)),
    (errors.Conflict, Wording(409)),
    (errors.Invalid, Wording(400)),
)
"""How a refusal is told that an operation has no words of its own for."""


class PlacementApp:
    """The Placement API over a ledger, for whoever the gate lets in."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.ledger = gate, gate.ledger

    @staticmethod
    def operations() -> Iterator[str]:
        """What the policy has to have a rule for."""
        return (operation.name for operation in OPERATIONS if not operation.public)

    def answer(self, request: Request) -> Reply:
        """A request's reply, carrying its command out here and now."""
        reply = self.begin(request)
        if isinstance(reply, PendingReply):
            self.ledger.work()
            reply.answer.exception()  # until it is done, by whichever thread
            return reply.then()
        return reply

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """The reply to a request that is refused before it is looked at."""
        return _Exchange(self, request).told(error)

    def begin(self, request: Request) -> Reply | PendingReply:
        """A request's reply, or its command lined up for the ledger's next `work`."""
        step = _Exchange(self, request)
        try:
            return step.take()
        except HttpError as error:
            return step.told(error)
        except errors.BerthError as error:
            return step.told(step.worded(error))


class _Exchange:
    """One request on its way."""

    __slots__ = ("api", "call", "caller", "minor", "operation", "request")

    def __init__(self, api: PlacementApp, request: Request) -> None:
        self.api, self.request = api, request
        self.caller: Caller | None = None
        self.minor: int | None = None
        self.operation: Operation | None = None
        self.call: Call | None = None

    def take(self) -> Reply | PendingReply:
        """The checks in the order in which clients know them, then the operation itself."""
        request = self.request
        self.caller = caller = self.api.gate.authenticate(request, public=request.path in PUBLIC)
        self.minor = minor = minor_of(request.headers.get(HEADER), versions.NEWEST)
        _check_typed(request)
        operation, terms = route(request.method, request.path, minor)
        self.operation = operation
        request.seen.operation = operation.name
        _check_media(operation, request)
        plan, checker = _plan(operation, minor)
        rules, limits = versions.rules(minor), self.api.gate.limits
        self.call = call = Call(request, caller, self.api.ledger, plan, checker, rules, terms, limits)
        self._may(operation, call)
        result = operation.endpoint(call)
        if isinstance(result, Answer):
            return self._sent(result)
        answer = self.api.ledger.queue(result.command, caller, request.id)
        return PendingReply(answer, lambda: self._finished(result, answer))

    def _may(self, operation: Operation, call: Call) -> None:
        if operation.public:
            return
        project = None
        if operation.name == "project_usages.show":
            project = dict(parse_query(call.request.query)).get("project_id")
        self.api.gate.authorize(operation.name, call.caller, project)

    def _finished(self, pending: PendingAnswer, answer: Future[Any]) -> Reply:
        error = answer.exception()
        if error is None:
            return self._sent(pending.finish(answer.result()))
        if isinstance(error, errors.BerthError):
            return self.told(self.worded(error))
        raise error

    def _sent(self, answer: Answer) -> Reply:
        call = self.call
        assert call is not None
        for downgrade in call.plan.downgrades:
            downgrade(answer, call.asked)
        headers: list[tuple[str, str]] = []
        body = b""
        if answer.payload is not None:
            body = _json(answer.payload)
            headers.append(("content-type", "application/json"))
        if answer.location is not None:
            host = self.request.headers.get("host", "")
            headers.append(
                ("location", f"{self.request.scheme}://{host}{answer.location}" if host else answer.location)
            )
        if answer.bounded:
            headers.append((BOUNDED, "true"))
        if "dated" in call.rules:
            headers += _dated(answer)
        return self._signed(Reply(answer.status, headers, body))

    def told(self, error: HttpError) -> Reply:
        """A refusal."""
        self.api.gate.record_refusal(
            self.request, error, self.caller, "" if self.operation is None else self.operation.name
        )
        code = None
        if self.minor is not None and "error_codes" in versions.rules(self.minor):
            code = error.code or error_codes.UNDEFINED
        more = {}
        if error.status == 406 and self.minor is None:
            more = {"max_version": f"1.{versions.NEWEST}", "min_version": "1.0"}
        accept = self.request.headers.get("accept", "")
        return self._signed(error_reply(error, accept, request_id=self.request.id, code=code, more=more))

    def worded(self, error: errors.BerthError) -> HttpError:
        """A refusal of the ledger, in the operation's words."""
        if isinstance(error, errors.Unavailable | errors.DatabaseUnusable):
            return unavailable(error, self.request.id)
        own = self.operation.refusals.items() if self.operation is not None else ()
        for kind, wording in (*own, *_KINDS):
            if isinstance(error, kind):
                terms = {**(self.call.terms if self.call is not None else {}), "error": str(error)}
                return HttpError(wording.status, wording.words.format_map(terms), code=wording.code)
        raise error

    def _signed(self, reply: Reply) -> Reply:
        """With the headers that every reply has."""
        if self.minor is not None:
            reply.headers += [(HEADER, f"{SERVICE} 1.{self.minor}"), ("vary", HEADER)]
        reply.headers.append(("x-openstack-request-id", self.request.id))
        return reply


@cache
def _plan(operation: Operation, minor: int) -> tuple[VersionPlan, Validator | None]:
    plan = versions.plan(operation.name, operation.schema, minor)
    return plan, None if plan.schema is None else validator(plan.schema)


def _check_typed(request: Request) -> None:
    length = request.headers.get("content-length")
    if not length:
        return
    if not (length.isascii() and length.isdigit()):
        raise HttpError(400, "content-length header must be an integer")
    if int(length) > 0 and not request.headers.get("content-type"):
        raise HttpError(400, "content-type header required when content-length > 0")


def _check_media(operation: Operation, request: Request) -> None:
    if operation.takes_json:
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json":
            raise HttpError(415, f"The media type {kind or None} is not supported, use application/json")
        coding = request.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity"):
            raise HttpError(415, f"The content coding {coding} is not supported, send the body as it is")
    accept = request.headers.get("accept")
    if operation.gives_json and accept and not negotiate(accept, ("application/json",)):
        raise HttpError(406, "Only application/json is provided")


def _json(payload: Any) -> bytes:
    try:
        return _encode(payload)
    except (OverflowError, ValueError):  # a capacity beyond 64 bits
        return json.dumps(msgspec.to_builtins(payload)).encode()


def _dated(answer: Answer) -> list[tuple[str, str]]:
    if answer.modified is None:
        return []
    fresh = [("cache-control", "no-cache")]
    if answer.modified == NOTHING_THERE:
        return fresh
    return [("last-modified", _http_date(answer.modified // 1_000_000)), *fresh]


@lru_cache(maxsize=256)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
