"""`GET /openapi.json`: the API, described for programs."""

from __future__ import annotations

from typing import Final

from berth.api.http.messages import BadRequest, parse_query
from berth.api.placement.openapi import describe
from berth.api.placement.operation import Call, Operation
from berth.api.placement.schemas import Schema, closed
from berth.api.placement.versions import NEWEST
from berth.api.placement.versions.change import Answer

_MINORS: Final = {f"1.{minor}": minor for minor in range(NEWEST + 1)}

QUERY: Final[Schema] = closed({"version": {"enum": list(_MINORS)}})


def show(call: Call, operations: tuple[Operation, ...]) -> Answer:
    """Return the document of the version in the query, by default the newest, not of the request's own version."""
    version = dict(parse_query(call.request.query)).get("version", f"1.{NEWEST}")
    minor = _MINORS.get(version)
    if minor is None:
        raise BadRequest(f"There is no version {version!r} of the Placement API: ask for one from 1.0 to 1.{NEWEST}.")
    call.query()
    return Answer(payload=describe(operations, minor))
