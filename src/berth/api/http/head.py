"""The head of a request: everything but its body, as Granian passes it."""

from __future__ import annotations

from typing import Any, Final

from berth.api.http.forwarded import ClientAddress, ClientAddresses
from berth.api.http.messages import AmbiguousRequest, HttpError, Request
from berth.logs.request_ids import new_request_id

RELEVANT_HEADERS: Final = (
    "accept",
    "content-type",
    "idempotency-key",
    "openstack-api-version",
    "openstack-system-scope",
    "x-auth-token",
    "x-project-id",
    "x-roles",
    "x-service-token",
)
"""Request headers that Berth acts upon."""


def read_head(scope: Any, addresses: ClientAddresses) -> tuple[Request, HttpError | None]:
    """Return a request without its body, and a 403 if it bypassed the TLS proxy."""
    headers, bypassed = _folded(scope.headers.items()), None
    try:
        client = addresses.address_of(scope.client, scope.scheme, headers)
    except HttpError as error:
        client, bypassed = ClientAddress(scope.client.rpartition(":")[0], scope.scheme, None), error
    address, scheme, certificate = client
    number = new_request_id()
    request = Request(
        scope.method, scope.path, scope.query_string, headers, b"", scheme, address, certificate, id=number
    )
    return request, bypassed


def head_error(scope: Any, request: Request) -> HttpError | None:
    """Return why a request cannot be understood as it was meant; None if it can."""
    return _ascii_error(scope.headers, request.headers) or _coding_error(request.headers)


def declared_length(request: Request) -> int | None:
    """Return the length of the body in bytes, as the headers declare it; None if they do not."""
    length = request.headers.get("content-length")
    return int(length) if length is not None and length.isascii() and length.isdigit() else None


def has_body(scope: Any, request: Request) -> bool:
    """Whether there is a body to wait for: reading none would cost a round trip through another thread."""
    length = declared_length(request)
    if length is not None:
        return length > 0
    return "transfer-encoding" in request.headers or not scope.http_version.startswith("1")


def _folded(headers: Any) -> dict[str, str]:
    """Return headers by name, several of one name joined by commas (RFC 9110, 5.3)."""
    folded: dict[str, str] = {}
    for name, value in headers:
        folded[name] = f"{folded[name]},{value}" if name in folded else value
    return folded


def _ascii_error(sent: Any, read: Any) -> HttpError | None:
    """Return an error for headers that Granian left out because they are not ASCII."""
    # Only headers that Berth acts upon: a proxy may add others.
    unread = [name for name in RELEVANT_HEADERS if name not in read and name in sent]
    return HttpError(400, f"The header {unread[0]} is not ASCII text.") if unread else None


def _coding_error(headers: Any) -> HttpError | None:
    """Reject transfer codings other than `chunked`: a proxy might parse the body differently."""
    if headers.get("transfer-encoding", "chunked").strip().lower() == "chunked":
        return None
    return AmbiguousRequest(501, "The transfer coding is not supported: send the body without one, or chunked.")
