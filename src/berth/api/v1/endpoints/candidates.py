"""Where a request fits, and why it does not."""

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
    """Where the request fits is held by its consumer from now on."""
    asked = call.body
    request = value(asked.request)
    check_request(call.limits, request)
    command = Allocate(
        request=request,
        consumer=asked.consumer or str(uuids.uuid4()),
        project=asked.project,
        user=asked.user,
        type=asked.type,
    )
    return PendingResult(command, lambda granted: granted)


def find(call: Call) -> Found:
    """Candidates with the summaries of the providers in their trees; if asked for, what each constraint took away."""
    request = request_of(call.body)
    check_request(call.limits, request)
    funnel = call.ledger.explain(request) if call.body.explain else None
    try:
        found = call.ledger.find(request)
    except NotFound:
        if funnel is None:
            raise
        found = Candidates([], {})  # the funnel says which name does not exist, and which are like it
    return Found(
        candidates=found.candidates,
        summaries=found.summaries,
        bounded=found.bounded,
        funnel=funnel,
        call=call_of(request),
    )
