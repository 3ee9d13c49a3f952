"""Whether an answer is what a document says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import jsonschema_rs

from berth.api.placement.openapi import describe
from berth.api.placement.routes import OPERATIONS
from tests.support.raw_http import RawReply

TRANSPORT = {"content-length", "content-type", "date", "server", "connection", "allow"}
"""Headers that every server sends, or that OpenAPI leaves to HTTP."""


class Document:
    """An OpenAPI document, asked for one operation at a time."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @cached_property
    def operations(self) -> dict[str, Any]:
        """Operations by method and path, `GET /traits`."""
        return {
            f"{method.upper()} {path}": operation
            for path, methods in self.value["paths"].items()
            for method, operation in methods.items()
        }

    def statuses(self, operation: str) -> set[int]:
        """The statuses that an operation is said to answer with."""
        return {int(status) for status in self.operations[operation]["responses"]}

    def faults(self, operation: str, got: RawReply) -> list[str]:
        """What of an answer is not as the document says."""
        response = self.operations[operation]["responses"].get(str(got.status))
        if response is None:
            return [f"{got.status} is not documented"]
        response = self.followed(response)
        return [*self._header_faults(response.get("headers", {}), got), *self._body_faults(response, got)]

    def followed(self, value: Any) -> Any:
        """What a reference stands for; any other value as it is."""
        if "$ref" not in value:
            return value
        found: Any = self.value
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return found

    def _header_faults(self, documented: Mapping[str, Any], got: RawReply) -> list[str]:
        known = {name: self.followed(header) for name, header in documented.items()}
        faults = [
            f"the header {name} is missing"
            for name, header in known.items()
            if header.get("required") and got.header(name) is None
        ]
        for name, value in got.headers:
            if name in known:
                faults += self._mismatches(known[name]["schema"], value)
            elif name not in TRANSPORT:
                faults.append(f"the header {name} is not documented")
        return faults

    def _body_faults(self, response: Mapping[str, Any], got: RawReply) -> list[str]:
        kind = (got.header("content-type") or "").partition(";")[0]
        content = response.get("content")
        if content is None:
            return [f"a body of {kind} is not documented"] if got.body or kind else []
        if kind not in content:
            return [f"the content type {kind!r} is not documented"]
        value = got.json() if kind.endswith("json") else got.body.decode()
        return self._mismatches(content[kind]["schema"], value)

    def _mismatches(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {**schema, "components": self.value["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return [f"{error.message[:300]} at {error.instance_path}" for error in self._validators[key].iter_errors(value)]


@cache
def documented(minor: int) -> Document:
    """What the API says of one of its versions."""
    return Document(describe(OPERATIONS, minor))
