"""Allocation candidates: find them, explain their absence, claim one."""

from __future__ import annotations

import uuid as uuids

from berth.api.http.limits import check_request
from berth.api.v1.bodies import request_of
from berth.api.v1.placement_url import call_of
from berth.api.v1.route import Call, PendingResult
from berth.model.candidate import Candidates
from berth.model.commands import Allocate
from berth.model.errors import NotFound
from berth.model.message import value
from berth.model.pages import Found


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
    )
    return PendingResult(command, lambda granted: granted)


def find(call: Call) -> Found:
    """Return candidates with the summaries of the providers in their trees, and the funnel if the body asks for it."""
    request = request_of(call.body)
    check_request(call.limits, request)
    funnel = call.ledger.explain(request) if call.body.explain else None
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
        call=call_of(request),
    )
