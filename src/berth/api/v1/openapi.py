"""/v1 as an OpenAPI document, from the route table and its types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from berth import __version__
from berth.api.http.openapi import Common, Described, Json, Parameter, ResponseDescription, document, part
from berth.api.v1 import problems
from berth.api.v1.route import NoParameters, Route
from berth.model.idempotency import LONGEST_KEY
from berth.model.problems import kind_of

_REFERENCE: Final = "#/components/schemas/{name}"
_IDS: Final = ("x-openstack-request-id", "x-request-id")
_TAGGED: Final = ("etag", "cache-control")
_REPLAYED: Final = ("idempotency-replayed",)

_KEY: Final = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    description="With the same key the same request is carried out once, and has the same answer.",
)

LINES: Final = (
    "A line of JSON for the body without its list, then one for each entry of the list, and at the end "
    '{"end": COUNT}: of any length.'
)
"""How a body comes in lines."""

_PLACES: Final[dict[str, tuple[Json, str]]] = {
    "uuid": ({"type": "string", "format": "uuid"}, "Of the provider or consumer, in any spelling."),
    "name": ({"type": "string", "minLength": 1, "maxLength": 255}, "The name."),
}
"""The schemas of parameters in paths."""

_WHY: Final = {
    400: "The request is invalid: `detail` says why.",
    401: "The token is missing, invalid or expired.",
    403: "The policy does not allow this to the caller.",
    404: "An object in the request does not exist.",
    406: "The answer has no accepted media type.",
    409: "The request conflicts with the current state. Read it again, then retry.",
    410: "It is no longer there: it was moved into an archive.",
    413: "The body is larger than Berth reads.",
    415: "The body is not declared as JSON, or is compressed.",
    422: "The idempotency key was used for another request.",
    429: "The caller has sent too many requests.",
    503: "The ledger cannot answer now. It is safe to retry.",
}

_MORE: Final = {404: _REPLAYED, 409: _REPLAYED, 429: ("retry-after",), 503: ("retry-after",)}
"""Further headers of refusals, by status."""

PROBLEM: Final[Json] = {
    "type": "object",
    "description": "RFC 9457, with the fields of the refusal.",
    "properties": {
        "type": {"type": "string", "pattern": f"^{problems.PREFIX}[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}


def described(routes: Iterable[Route]) -> Json:
    """Return the document."""
    every = list(routes)
    types = [kind for route in every for kind in (route.query, route.body, route.reply) if kind is not None]
    schemas, parts = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    _allow_repetition(parts)
    by_type = dict(zip(map(id, types), schemas, strict=True))
    operations = [_described(route, by_type, parts) for route in every]
    return document(operations, _common(parts))


def _allow_repetition(schema: Any) -> None:
    """Remove `uniqueItems` everywhere: of a set that names something twice, it counts once."""
    if isinstance(schema, dict):
        schema.pop("uniqueItems", None)
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            _allow_repetition(inner)


def _common(parts: dict[str, Json]) -> Common:
    text: Json = {"type": "string"}
    return Common(
        info={
            "title": "Berth",
            "version": __version__,
            "summary": "Everything that Berth can do, in JSON.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        token="X-Auth-Token",  # noqa: S106 - a header's name
        headers={
            **{name: {"type": "string", "pattern": "^req-[0-9a-f-]{36}$"} for name in _IDS},
            "etag": text,
            "cache-control": text,
            "idempotency-replayed": {"type": "string", "const": "true"},
            "retry-after": {"type": "string", "pattern": "^[0-9]+$"},
        },
        refusal=part("Problem"),
        refusal_headers={status: (*_IDS, *_MORE.get(status, ())) for status in _WHY},
        why=_WHY,
        parts={**parts, "Problem": PROBLEM},
        refusal_media=(problems.MEDIA_TYPE,),
    )


def _described(route: Route, schemas: dict[int, Json], parts: dict[str, Json]) -> Described:
    tagged = _TAGGED if route.method == "GET" else _REPLAYED if route.keyed else ()
    schema = None if route.reply is None else schemas[id(route.reply)]
    responses = [ResponseDescription(route.status, schema, _IDS, tagged)]
    if route.method == "GET":
        responses.append(ResponseDescription(304, None, _IDS, tagged))
    return Described(
        name=route.name,
        method=route.method,
        path=route.path,
        summary=route.summary,
        description=_description(route),
        parameters=(*_path_parameters(route), *_parameters(route, schemas, parts)),
        body=None if route.body is None else schemas[id(route.body)],
        responses=tuple(responses),
        refusals=tuple(sorted(_statuses(route))),
        public=route.public,
        events=route.streams,
        lines=LINES if route.lines else "",
    )


def _description(route: Route) -> str:
    kinds = [f"`{kind_of(refusal)}`" for refusal in route.refusals]
    return f"Refused with {', '.join(kinds)}." if kinds else ""


def _path_parameters(route: Route) -> list[Parameter]:
    names = [segment[1:-1] for segment in route.path.split("/") if segment.startswith("{")]
    return [Parameter(name, "path", _PLACES[name][0], required=True, description=_PLACES[name][1]) for name in names]


def _parameters(route: Route, schemas: dict[int, Json], parts: dict[str, Json]) -> list[Parameter]:
    key = [_KEY] if route.keyed else []
    if route.query is NoParameters:
        return key
    shape = parts[schemas[id(route.query)]["$ref"].rpartition("/")[2]]
    required = shape.get("required", ())
    found = [
        Parameter(name, "query", schema, name in required, schema.get("description", ""))
        for name, schema in shape["properties"].items()
    ]
    if route.streams:
        found.append(Parameter("Last-Event-ID", "header", {"type": "string", "pattern": "^[0-9]{1,18}$"}))
    return found + key


def _statuses(route: Route) -> set[int]:
    found = {400, 406}
    if not route.public:
        found |= {401, 403, 429}
    if route.operation != "document.show":
        found.add(503)
    if route.body is not None:
        found |= {413, 415}
    if "{" in route.path:
        found.add(404)
    return found | {problems.status_of(refusal) for refusal in route.refusals}


def statuses(route: Route) -> dict[str, Any]:
    """Return the statuses of a route, for its documentation."""
    return {kind_of(refusal): problems.status_of(refusal) for refusal in route.refusals}
