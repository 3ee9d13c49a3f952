"""Allocation candidates: find them, explain their absence, claim one."""

from __future__ import annotations

import uuid as uuids
from typing import Any, Final

import msgspec

from berth.api.http.limits import check_request
from berth.api.v1.bodies import FIND, request_of
from berth.api.v1.instants import parse_instant
from berth.api.v1.placement_url import call_of
from berth.api.v1.route import Call, PendingResult
from berth.model.candidate import Candidates
from berth.model.commands import KEEP, Allocate, Keep
from berth.model.errors import Invalid, NotFound
from berth.model.message import value
from berth.model.pages import Found
from berth.model.term import Term

_BODY: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(FIND)


def claim(call: Call) -> PendingResult:
    """Allocate the first candidate of a request to its consumer."""
    body = call.body
    request = value(body.request)
    check_request(call.limits, request)
    command = Allocate(
        request=request,
        consumer=body.consumer or str(uuids.uuid4()),
        project=body.project,
        user=body.user,
        type=body.type,
        term=_term(call),
        name=body.name,
        note=body.note,
    )
    return PendingResult(command, lambda granted: granted)


def hold(call: Call) -> PendingResult:
    """Hold the first candidate of a request, until it is confirmed. Raises Invalid."""
    if call.body.confirm_within is None:
        raise Invalid(
            "a hold needs confirm_within, the time in seconds within which it is confirmed", "/confirm_within"
        )
    return claim(call)


def _term(call: Call) -> Term | Keep:
    """Return the term of the body of a claim; KEEP if it has none. Raises Invalid, ConsumerNotFound ..."""
    body = call.body
    given = (body.lasts, body.until, body.confirm_within, body.replaces, body.lease)
    if given == (None, None, None, None, None):
        return KEEP
    replaces = None if body.replaces is None else call.ledger.consumer_uuid(body.replaces, project=body.project)
    end = None if body.until is None else parse_instant(body.until, "/until")
    return Term(
        end=end,
        lasts=body.lasts,
        confirm_within=body.confirm_within,
        replaces=replaces,
        lease=body.lease,
    )


def find(call: Call) -> Found:
    """Return candidates with the summaries of the providers in their trees, and the funnel if the body asks for it."""
    return _find_candidates(call, call.body)


def find_by_query(call: Call) -> Found:
    """Return the same for a body that stands in the query, so that a link can lead here. Raises Invalid."""
    try:
        body = _BODY.decode(call.query.request)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Invalid(f"the parameter request is not the body of POST /v1/find: {error}") from None
    return _find_candidates(call, body)


def _find_candidates(call: Call, body: Any) -> Found:
    request = request_of(body)
    check_request(call.limits, request)
    funnel = call.ledger.explain(request) if body.explain else None
    try:
        candidates = call.ledger.find(request)
    except NotFound:
        if funnel is None:
            raise
        candidates = Candidates([], {})  # the funnel names the missing class or trait, with suggestions
    return Found(
        candidates=candidates.candidates,
        summaries=candidates.summaries,
        bounded=candidates.bounded,
        funnel=funnel,
        call=call_of(call.ledger.with_aggregate_uuids(request)),
    )
