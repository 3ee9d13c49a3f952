"""Idempotency keys of requests."""

from __future__ import annotations

from typing import Any, Final

from berth.api.http.messages import BadRequest
from berth.api.v1.route import Call, NoParameters, Route
from berth.model.errors import Invalid
from berth.model.idempotency import CommandKey, command_key

KEY: Final = "idempotency-key"
"""The header that a key stands in, in lower case."""

REPLAYED: Final = ("idempotency-replayed", "true")
"""The header of an answer that was kept."""


def key_of(call: Call, route: Route) -> CommandKey | None:
    """Return the key of a request that has one; None for a request that changes nothing. Raises BadRequest.

    It belongs to the route, the parameters in its path and query, and the body, however that is spelled in JSON.
    """
    if route.keyed:
        try:
            sent: list[Any] = [call.items, call.body]
            if route.query is not NoParameters:
                sent.append(call.query)
            if call.alive is not None:
                sent.append(call.alive.digest)
            return command_key(call.request.headers[KEY], call.caller, route.name, *sent)
        except Invalid as error:
            raise BadRequest(f"Idempotency-Key: {error}.") from None
    if route.operation.startswith("tokens.") and route.method == "POST":
        raise BadRequest("Idempotency-Key is not allowed for API tokens: their answers must not be stored.")
    return None
