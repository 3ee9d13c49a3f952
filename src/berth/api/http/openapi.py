"""OpenAPI 3.1 documents: from descriptions of operations to one JSON value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from berth.api.http.messages import REASONS, STREAMED

Json = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The JSON Schema dialect of OpenAPI 3.1 and of Berth's validators."""

_PARTS: Final = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in a path, a query or a header. exploded: an object whose members are separate parameters."""

    name: str
    where: str
    schema: Json
    required: bool = False
    description: str = ""
    exploded: bool = False


@dataclass(frozen=True, slots=True)
class ResponseDescription:
    """One answer. schema: of its JSON body, None without a body; headers: names of headers it always, or may, have."""

    status: int
    schema: Json | None = None
    always: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """One operation in one version.

    refusals: statuses of error replies; events: whether it can also be a stream of events; lines: how its body can also
    come in lines, "" if it cannot.
    """

    name: str
    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Json | None
    responses: tuple[ResponseDescription, ...]
    refusals: tuple[int, ...]
    description: str = ""
    public: bool = False
    events: bool = False
    lines: str = ""


@dataclass(frozen=True, slots=True)
class Common:
    """What all operations of a document share.

    token: the header that a caller's token stands in; headers: schemas of reply headers by name;
    refusal: the schema of an error's JSON body; refusal_headers: of those, what errors may have;
    why: what a refusal of each status means; parts: schemas by name; refusal_media: the media types of an
    error's body, those of JSON first.
    """

    info: Json
    token: str
    headers: Mapping[str, Json]
    refusal: Json
    refusal_headers: Mapping[int, tuple[str, ...]]
    why: Mapping[int, str]
    parts: Mapping[str, Json]
    parameters: tuple[Parameter, ...] = field(default=())
    refusal_media: tuple[str, ...] = ("application/json", "text/plain", "text/html")


def document(operations: Iterable[Described], common: Common) -> Json:
    """Return the document. An operation's responses are its own and its refusals."""
    every = list(operations)
    paths: Json = {}
    for operation in every:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, common)
    refusals = sorted({status for operation in every for status in operation.refusals})
    responses = {f"Refused{status}": _refusal(status, common) for status in refusals}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": DIALECT,
        "info": common.info,
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(operation) for operation in every)],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": common.token}},
            "parameters": {_key(each): _parameter(each) for each in common.parameters},
            "headers": {name: {"schema": schema} for name, schema in common.headers.items()},
            "responses": responses,
            "schemas": _used(common.parts, [paths, responses]),
        },
    }


def part(name: str) -> Json:
    """Return a reference to a named schema of a document."""
    return {"$ref": f"{_PARTS}{name}"}


def _used(parts: Mapping[str, Json], roots: Any) -> dict[str, Json]:
    """Return the parts that these values refer to, directly or indirectly, in their own order."""
    found: set[str] = set()
    seen = list(_references(roots))
    while seen:
        name = seen.pop()
        if name not in found:
            found.add(name)
            seen += _references(parts[name])
    return {name: schema for name, schema in parts.items() if name in found}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(_PARTS):
            yield reference.removeprefix(_PARTS)
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _references(item)


def _operation(operation: Described, common: Common) -> Json:
    shared = [{"$ref": f"#/components/parameters/{_key(each)}"} for each in common.parameters]
    value: Json = {
        "operationId": operation.name,
        "tags": [_tag(operation)],
        "summary": operation.summary,
        "parameters": [*map(_parameter, operation.parameters), *shared],
    }
    if operation.description:
        value["description"] = operation.description
    if operation.public:
        value["security"] = []
    if operation.body is not None:
        content: Json = {"application/json": {"schema": operation.body}}
        if operation.lines:
            content[STREAMED] = {"schema": {"type": "string", "description": operation.lines}}
        value["requestBody"] = {"required": True, "content": content}
    value["responses"] = {
        **{str(each.status): _response(each, common, events=operation.events) for each in operation.responses},
        **{str(status): {"$ref": f"#/components/responses/Refused{status}"} for status in operation.refusals},
    }
    return value


def _tag(operation: Described) -> str:
    return operation.name.partition(".")[0]


def _key(parameter: Parameter) -> str:
    return parameter.name.replace("-", "")


def _parameter(it: Parameter) -> Json:
    value: Json = {"name": it.name, "in": it.where, "required": it.required, "schema": it.schema}
    if it.description:
        value["description"] = it.description
    if it.exploded:
        value |= {"style": "form", "explode": True}
    return value


def _response(it: ResponseDescription, common: Common, *, events: bool) -> Json:
    headers = {name: {"required": True, "schema": common.headers[name]} for name in it.always}
    headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in it.maybe}
    value: Json = {"description": REASONS[it.status], "headers": headers}
    if it.schema is not None:
        value["content"] = {"application/json": {"schema": it.schema}}
        if events:
            value["content"]["text/event-stream"] = {"schema": {"type": "string"}}
    return value


def _refusal(status: int, common: Common) -> Json:
    json: Json = {"schema": common.refusal}
    text: Json = {"schema": {"type": "string"}}
    return {
        "description": common.why[status],
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in common.refusal_headers[status]},
        "content": {media: text if media.startswith("text/") else json for media in common.refusal_media},
    }
