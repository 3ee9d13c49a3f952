"""The Placement API: authenticate, find the version and the operation, authorize, carry out, reply."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from email.utils import formatdate
from functools import cache, lru_cache
from typing import Any, Final

from berth.api.auth.gate import Gate
from berth.api.auth.policy import placement_caller
from berth.api.http.app import PendingReply
from berth.api.http.error_response import error_reply, unavailable
from berth.api.http.json_body import encoded
from berth.api.http.messages import HttpError, Reply, Request, parse_query
from berth.api.http.negotiation import negotiate
from berth.api.http.router import Router
from berth.api.placement import error_codes, versions
from berth.api.placement.error_details import detail_of
from berth.api.placement.funnel_link import LINK
from berth.api.placement.microversion import HEADER, SERVICE, minor_of
from berth.api.placement.operation import Call, Operation, PendingAnswer, Wording
from berth.api.placement.responses import BOUNDED
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.rule_names import RULE_NAMES
from berth.api.placement.validation import Validator, validator
from berth.api.placement.versions import VersionPlan
from berth.api.placement.versions.change import NOTHING_THERE, Answer
from berth.model import errors
from berth.model.caller import NOBODY, Caller
from berth.model.commands import Command, CreateProvider, Reshape, SetAllocations, UpdateProvider
from berth.model.validation import check_size, validated

_KINDS: tuple[tuple[type[Exception], Wording], ...] = (
    (errors.Forbidden, Wording(403)),
    (errors.NotFound, Wording(404)),
    (errors.Conflict, Wording(409)),
    (errors.Invalid, Wording(400)),
)
"""The wording of a refusal for which an operation has none of its own."""

PUBLIC: Final = frozenset(operation.path for operation in OPERATIONS if operation.public)
"""Paths that need no token."""

RENDERED: Final = frozenset({"allocation_requests", "provider_summaries", "resource_providers"})
"""Members of replies that may be long, and are made for one reply."""

NO_SUCH_PATH: Final = "The resource could not be found."

_ROUTER: Final = Router(OPERATIONS)

_UNREADABLE: Final = re.compile("[\0\ufffd]")
"""What percent-escapes that are not text are decoded to. A malformed escape is left undecoded, and no name has one."""

_PLACEMENT_TEXTS: Final = (CreateProvider, UpdateProvider, SetAllocations, Reshape)
"""Commands with texts that Placement lets contain control characters: their schemas are their whole validation."""


class PlacementApp:
    """The Placement API over a ledger, behind a gate."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.ledger = gate, gate.ledger

    @staticmethod
    def operations() -> Iterator[str]:
        """Return the operations for which the policy needs a rule."""
        return (operation.name for operation in OPERATIONS if not operation.public)

    def answer(self, request: Request) -> Reply:
        """Return a request's reply, after carrying out its command in this thread."""
        reply = self.handle(request)
        if isinstance(reply, PendingReply):
            self.ledger.work()
            reply.answer.exception()  # waits, for another thread may carry it out
            return reply.then()
        return reply

    def refuse(self, request: Request, error: HttpError) -> Reply:
        """Return the reply to a request that was refused before it came here."""
        return _Exchange(self, request).refusal(error)

    def identify(self, request: Request) -> None:
        """Authenticate the caller; raise HttpError 401."""
        self.authenticate(request)

    def authenticate(self, request: Request) -> Caller:
        """Return the caller; raise HttpError 401. For public paths no token is looked at: a bad one is no error."""
        return NOBODY if request.path in PUBLIC else self.gate.authenticate(request)

    def handle(self, request: Request) -> Reply | PendingReply:
        """Return a request's reply, or queue its command for the ledger's next `work`."""
        exchange = _Exchange(self, request)
        try:
            return exchange.respond()
        except HttpError as error:
            return exchange.refusal(error)
        except errors.BerthError as error:
            return exchange.failure(error)


class _Exchange:
    """One request and what is known of it so far."""

    __slots__ = ("api", "call", "caller", "minor", "operation", "request")

    def __init__(self, api: PlacementApp, request: Request) -> None:
        self.api, self.request = api, request
        self.caller: Caller | None = None
        self.minor: int | None = None
        self.operation: Operation | None = None
        self.call: Call | None = None

    def respond(self) -> Reply | PendingReply:
        """Make the checks in Placement's order, then call the endpoint."""
        request = self.request
        self.caller = self.api.authenticate(request)
        caller = placement_caller(self.caller)
        self.minor = minor = minor_of(request.headers.get(HEADER), versions.NEWEST)
        _check_content_type(request)
        operation, terms = _route(request, minor)
        self.operation = operation
        request.info.operation = operation.name
        _check_media_types(operation, request)
        plan, checker = _plan(operation, minor)
        rules, limits = versions.rules(minor), self.api.gate.limits
        self.call = call = Call(request, caller, self.api.ledger, plan, checker, rules, terms, limits)
        self._authorize(operation, call)
        result = operation.endpoint(call)
        if isinstance(result, Answer):
            return self._success(result)
        answer = self.api.ledger.queue(_validated(result.command), caller, request.id)
        return PendingReply(answer, lambda: self._finish(result, answer))

    def _authorize(self, operation: Operation, call: Call) -> None:
        if operation.public:
            return
        project = None
        if operation.name == "project_usages.show":
            project = dict(parse_query(call.request.query)).get("project_id")
        self.api.gate.authorize(operation.name, call.caller, project, rule=RULE_NAMES[operation.name])

    def _finish(self, pending: PendingAnswer, answer: Future[Any]) -> Reply:
        error = answer.exception()
        if error is None:
            return self._success(pending.finish(answer.result()))
        if isinstance(error, errors.BerthError):
            return self.failure(error)
        raise error

    def _success(self, answer: Answer) -> Reply:
        call = self.call
        assert call is not None
        for downgrade in call.plan.downgrades:
            downgrade(answer, call.asked)
        headers: list[tuple[str, str]] = []
        body, rest = b"", list[bytes]()
        if answer.payload is not None:
            body, *rest = encoded(answer.payload, self.api.ledger.pause, RENDERED)
            headers.append(("content-type", "application/json"))
        if answer.location is not None:
            host = self.request.headers.get("host", "")
            headers.append(
                ("location", f"{self.request.scheme}://{host}{answer.location}" if host else answer.location)
            )
        if answer.bounded:
            headers.append((BOUNDED, "true"))
        if answer.link is not None:
            headers.append((LINK, answer.link))
        if "dated" in call.rules:
            headers += _modified_headers(answer)
        return self._with_headers(Reply(answer.status, headers, body, rest))

    def refusal(self, error: HttpError) -> Reply:
        """Return the reply to a request that is refused, and record the refusal."""
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
        worded = HttpError(error.status, detail_of(error.status, error.detail), headers=error.headers)
        return self._with_headers(error_reply(worded, accept, request_id=self.request.id, code=code, more=more))

    def failure(self, error: errors.BerthError) -> Reply:
        """Return the reply to a request that the ledger refuses or fails at."""
        return self.refusal(self._worded(error))

    def _worded(self, error: errors.BerthError) -> HttpError:
        """Return a refusal of the ledger in the operation's wording."""
        if isinstance(error, errors.Unavailable | errors.DatabaseUnusable):
            return unavailable(error, self.request.id)
        own = self.operation.refusals.items() if self.operation is not None else ()
        for kind, wording in (*own, *_KINDS):
            if isinstance(error, kind):
                terms = {**(self.call.terms if self.call is not None else {}), "error": str(error)}
                return HttpError(wording.status, wording.text.format_map(terms), code=wording.code)
        raise error

    def _with_headers(self, reply: Reply) -> Reply:
        """Add the headers that every reply has."""
        if self.minor is not None:
            reply.headers += [(HEADER, f"{SERVICE} 1.{self.minor}"), ("vary", HEADER)]
        reply.headers.append(("x-openstack-request-id", self.request.id))
        return reply


@cache
def _plan(operation: Operation, minor: int) -> tuple[VersionPlan, Validator | None]:
    plan = versions.plan(operation.name, operation.schema, minor)
    return plan, None if plan.schema is None else validator(plan.schema)


def _route(request: Request, minor: int) -> tuple[Operation, dict[str, str]]:
    """Return the operation and the parameters in its path; raise HttpError 404 or 405."""
    match = _ROUTER.match(_checked_path(request.path))
    if match is None:
        raise HttpError(404, NO_SUCH_PATH)
    operations = match.rows.get(request.method)
    if operations is None:
        raise _not_allowed(request.method, match.rows)
    for operation in operations:
        if versions.opened(operation.name) <= minor < versions.closed(operation.name):
            return operation, match.parameters(operation)
    if operations[0].too_early == 405:
        served = (method for method, (first, *_) in match.rows.items() if versions.opened(first.name) <= minor)
        raise _not_allowed(request.method, served)
    raise HttpError(404, NO_SUCH_PATH)


def _checked_path(path: str) -> str:
    if path != "/" and (not path.startswith("/") or path.endswith("/") or "//" in path):
        raise HttpError(404, NO_SUCH_PATH)
    if _UNREADABLE.search(path) is not None:
        raise HttpError(404, f"{NO_SUCH_PATH} A percent-escape in its path is malformed, or stands for no character.")
    return path


def _not_allowed(method: str, allowed: Iterable[str]) -> HttpError:
    detail = f"The method {method} is not allowed for this resource."
    return HttpError(405, detail, headers=(("allow", ", ".join(allowed)),))


def _validated(command: Command) -> Command:
    if isinstance(command, _PLACEMENT_TEXTS):
        check_size(command)
        return command
    return validated(command)


def _check_content_type(request: Request) -> None:
    length = request.headers.get("content-length")
    if not length:
        return
    if not (length.isascii() and length.isdigit()):
        raise HttpError(400, "content-length header must be an integer")
    if int(length) > 0 and not request.headers.get("content-type"):
        raise HttpError(400, "content-type header required when content-length > 0")


def _check_media_types(operation: Operation, request: Request) -> None:
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


def _modified_headers(answer: Answer) -> list[tuple[str, str]]:
    if answer.modified is None:
        return []
    fresh = [("cache-control", "no-cache")]
    if answer.modified == NOTHING_THERE:
        return fresh
    return [("last-modified", _http_date(answer.modified // 1_000_000)), *fresh]


@lru_cache(maxsize=256)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
