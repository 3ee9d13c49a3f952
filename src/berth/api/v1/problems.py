"""Refusals as application/problem+json (RFC 9457): one stable type for each, with its fields."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from berth.api.http.error_response import unavailable
from berth.api.http.messages import REASONS, HttpError, Reply
from berth.model import errors
from berth.model.errors import BerthError
from berth.model.problems import fields_of, kind_of, known

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "/v1/problems/"

STATUSES: Final[tuple[tuple[type[BerthError], int], ...]] = (
    (errors.Unauthenticated, 401),
    (errors.Forbidden, 403),
    (errors.TooManyRequests, 429),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.KeyReused, 422),
    (errors.ChangesGone, 410),
    (errors.LogReset, 410),
    (errors.Invalid, 400),
    (errors.Unavailable, 503),
    (errors.DatabaseUnusable, 503),
    (errors.BerthError, 500),
)
"""The status of each error: that of the first of these types that it is an instance of."""

OF_HTTP: Final = {
    400: "invalid",
    401: "unauthenticated",
    403: "forbidden",
    404: "no-such-path",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "too-slow",
    413: "content-too-large",
    414: "uri-too-long",
    415: "unsupported-media-type",
    429: "too-many-requests",
    431: "headers-too-large",
    500: "failed",
    503: "unavailable",
}
"""The types of errors without an exception in the model, by status."""


def status_of(error: type[BerthError]) -> int:
    """Return the status of an error."""
    return next(status for kind, status in STATUSES if issubclass(error, kind))


def error_reply(error: BerthError, request_id: str) -> Reply:
    """Return the reply for an error of the ledger."""
    kind = known(error)
    status = status_of(kind)
    if isinstance(error, errors.Unavailable | errors.DatabaseUnusable):
        error_503 = unavailable(error, request_id)
        return _problem(kind_of(kind), status, error_503.detail, request_id, {}, list(error_503.headers))
    return _problem(kind_of(kind), status, str(error), request_id, fields_of(error), [])


def http_error_reply(error: HttpError, request_id: str) -> Reply:
    """Return the reply for an error of this API."""
    kind = OF_HTTP.get(error.status, "failed")
    return _problem(kind, error.status, error.detail, request_id, {}, list(error.headers))


def _problem(
    kind: str, status: int, detail: str, request_id: str, fields: dict[str, Any], headers: list[tuple[str, str]]
) -> Reply:
    body = {
        **fields,
        "type": f"{PREFIX}{kind}",
        "title": kind.replace("-", " "),
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    return Reply(status, [("content-type", MEDIA_TYPE), *headers], msgspec.json.encode(body))


def reason(status: int) -> str:
    """Return the name of a status."""
    return REASONS.get(status, "Error")
