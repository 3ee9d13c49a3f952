"""The Placement API as an OpenAPI document, for each version: from the route table and the changes of each version."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

from berth.api.http.openapi import Common, Described, Parameter, ResponseDescription, document, part
from berth.api.placement import versions
from berth.api.placement.funnel_link import LINK
from berth.api.placement.microversion import HEADER, SERVICE
from berth.api.placement.operation import Operation
from berth.api.placement.responses import BOUNDED, ResponseShape
from berth.api.placement.schemas import CLASS_KEY, UUID, Schema

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 255}

_PLACES: Final[dict[str, tuple[Schema, str]]] = {
    "uuid": (UUID, "The provider."),
    "consumer_uuid": (UUID, "The consumer."),
    "resource_class": ({**_NAME, "pattern": CLASS_KEY}, "A resource class, standard or custom."),
    "name": ({**_NAME, "pattern": CLASS_KEY}, "The name. Custom names begin with `CUSTOM_`."),
}
"""The schemas of parameters in paths."""

_ASKED: Final[dict[str, str]] = {
    "resources": "Amounts by class: `VCPU:2,MEMORY_MB:512`.",
    "required": "Traits that must be there: `HW_CPU_X86_AVX2,!CUSTOM_OLD` (`!`: must not, since 1.22); "
    "`in:A,B`: one of them (since 1.39).",
    "member_of": "An aggregate, or `in:UUID,UUID`: one of several; `!` before either: none of them (since 1.32).",
    "in_tree": "Only the tree that this provider is part of.",
    "limit": "The most candidates to return.",
    "group_policy": "Whether groups with a suffix may share a provider (`none`) or not (`isolate`). "
    "Required with two such groups.",
    "root_required": "Traits of the root provider only: `A,!B`.",
    "same_subtree": "Suffixes of groups whose providers must have one of them above all others: `_NIC,_PORT`.",
    "groups": "The same parameters with a suffix: what is asked with one suffix is found in one provider.",
    "name": "Providers: exactly this name. Traits: `in:A,B` or `startswith:PREFIX`.",
    "uuid": "Exactly this provider.",
    "associated": "`true`: only what some provider has; `false`: only what none has.",
    "project_id": "Whose.",
    "user_id": "Only what this user of the project holds.",
    "consumer_type": "Only consumers of this type; `all`: all, added up; `unknown`: those without.",
    "version": f"The version to describe: `1.0` to `1.{versions.NEWEST}`. The newest if it is left out.",
}
"""Descriptions of query parameters."""

_REPEATABLE: Final = {
    "member_of": "several_member_of",
    "required": "any_traits",
    "same_subtree": "groups_without_resources",
}
"""Parameters that may be repeated, all of which count, and the rule that allows it."""

_ID: Final = "x-openstack-request-id"
_DATES: Final = ("last-modified", "cache-control")
_EVERY_REPLY: Final = (HEADER, "vary", _ID)
"""Headers of every reply. Errors before the version is known lack the first two."""

_WHY: Final[dict[int, str]] = {
    400: "The request is invalid: `detail` says why.",
    401: "The token is missing, invalid or expired.",
    403: "The policy does not allow this to the caller.",
    404: "The object in the path does not exist.",
    406: "The version is unknown, or the answer has no accepted media type.",
    409: "The request conflicts with the current state. Read it again, then retry.",
    413: "The body is larger than Berth reads.",
    415: "The body is not declared as JSON, or is compressed.",
    503: "The ledger cannot answer now. It is safe to retry.",
}


@cache
def describe(operations: tuple[Operation, ...], minor: int) -> dict[str, Any]:
    """Return the document of a version; the caller must not change it."""
    there = (each for each in operations if versions.opened(each.name) <= minor < versions.closed(each.name))
    return document([_described(operation, minor) for operation in there], _common(minor))


def _common(minor: int) -> Common:
    version = f"{SERVICE} 1.{minor}"
    return Common(
        info={
            "title": "The Placement API of Berth",
            "version": f"1.{minor}",
            "summary": versions.CHANGES[minor - 1].title if minor else "The beginning",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        token="X-Auth-Token",  # noqa: S106 - a header's name
        headers={
            HEADER: {"const": version},
            "vary": {"type": "string"},
            _ID: {"type": "string", "pattern": "^req-[0-9a-f-]{36}$"},
            "location": {"type": "string", "format": "uri-reference"},
            "last-modified": {"type": "string"},
            "cache-control": {"const": "no-cache"},
            "retry-after": {"type": "string", "pattern": "^[0-9]+$"},
            BOUNDED: {"const": "true"},
            LINK: {"type": "string"},
        },
        refusal=part("Refusals"),
        refusal_headers={status: (*_EVERY_REPLY, *(("retry-after",) if status == 503 else ())) for status in _WHY},
        why=_WHY,
        parts=versions.parts(minor),
        parameters=(
            Parameter(
                "OpenStack-API-Version",
                "header",
                {"const": version},
                required=minor > 0,
                description="Without it the version is 1.0.",
            ),
        ),
    )


def _described(operation: Operation, minor: int) -> Described:
    plan = versions.plan(operation.name, operation.schema, minor)
    replies = versions.replies(operation.name, minor)
    rules = versions.rules(minor)
    in_path = [_place(segment[1:-1]) for segment in operation.path.split("/") if segment.startswith("{")]
    asked = () if operation.takes_json or plan.schema is None else _query_parameters(plan.schema, rules)
    return Described(
        name=operation.name,
        method=operation.method,
        path=operation.path,
        summary=operation.summary,
        description=_history(operation.name, minor),
        parameters=(*in_path, *asked),
        body=plan.schema if operation.takes_json else None,
        responses=tuple(_response(shape, rules) for shape in replies.shapes),
        refusals=tuple(sorted(_refusals(operation, conflicts=replies.conflicts))),
        public=operation.public,
    )


def _history(name: str, minor: int) -> str:
    """Return what each version up to this one changed in an operation, a line each."""
    lines = []
    for change in versions.CHANGES[:minor]:
        if name in change.opens:
            lines.append(f"Since 1.{change.minor}.")
        elif name in change.schemas or name in change.outgoing:
            lines.append(f"1.{change.minor}: {change.title}. {change.why}")
    return "\n\n".join(lines)


def _place(name: str) -> Parameter:
    schema, description = _PLACES[name]
    return Parameter(name, "path", schema, required=True, description=description)


def _query_parameters(schema: Schema, rules: frozenset[str]) -> list[Parameter]:
    """Return a query's schema as parameters, those with a variable suffix together as one object."""
    required = schema.get("required", ())
    plain = {**schema["properties"]}
    suffixed = {}
    for pattern, value in schema.get("patternProperties", {}).items():
        name = re.sub(r"\W.*", "", pattern.lstrip("^"))
        plain[name] = value
        suffixed[pattern.replace(")?$", ")$")] = value
    found = [
        Parameter(name, "query", _repeated(name, value, rules), name in required, _ASKED[name])
        for name, value in plain.items()
    ]
    if suffixed:
        groups = {"type": "object", "patternProperties": suffixed, "additionalProperties": False}
        found.append(Parameter("groups", "query", groups, description=_ASKED["groups"], exploded=True))
    return found


def _repeated(name: str, schema: Schema, rules: frozenset[str]) -> Schema:
    if _REPEATABLE.get(name) in rules:
        return {"type": "array", "items": schema}
    return schema


def _response(shape: ResponseShape, rules: frozenset[str]) -> ResponseDescription:
    always = (*_EVERY_REPLY, *(("location",) if shape.located else ()))
    dated = shape.dated and "dated" in rules
    schema = None if shape.part is None else part(shape.part)
    maybe = (*(_DATES if dated else ()), *((BOUNDED, LINK) if shape.searched else ()))
    return ResponseDescription(shape.status, schema, always, maybe)


def _refusals(operation: Operation, *, conflicts: bool) -> set[int]:
    found = {400, 406}
    if not operation.public:
        found |= {401, 403, 503}
    if "{" in operation.path:
        found.add(404)
    if operation.takes_json:
        found |= {413, 415}
    if conflicts:
        found.add(409)
    return found
