"""A canonical form of replies, in which those that mean the same are equal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tests.suites.peer.wire import Answer, Request

UNORDERED = {
    "traits",
    "resource_providers",
    "resource_classes",
    "aggregates",
    "allocation_requests",
    "allocations",
    "links",
}
"""Lists whose order no document defines."""


LOOSE_UUID = re.compile(r"(?i)[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


def key(value: Any) -> str:
    """A text by which JSON values of any kind can be sorted and compared; 1 and 1.0 are one value, true is another."""
    return json.dumps(plain(value), sort_keys=True)


def plain(value: Any) -> Any:
    """The value with whole floats as integers."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def usual(value: Any) -> Any:
    """The value with every uuid in the canonical form: Placement answers some as they were written."""
    if isinstance(value, str) and LOOSE_UUID.fullmatch(value):
        return str(UUID(value))
    if isinstance(value, dict):
        return {name: usual(item) for name, item in value.items()}
    if isinstance(value, list):
        return [usual(item) for item in value]
    return value


def body(request: Request, data: Any) -> Any:
    """A JSON body with undefined orders taken out."""
    if request.method == "PUT" and request.path.endswith("/aggregates"):
        return plain(data)  # answered in the order of the request
    return _sorted(plain(data))


def _sorted(data: Any, name: str = "") -> Any:
    if isinstance(data, dict):
        inner = {field: _sorted(item, field) for field, item in data.items()}
        if isinstance(data.get("mappings"), dict):
            inner["mappings"] = {group: sorted(uuids) for group, uuids in data["mappings"].items()}
        return inner
    if isinstance(data, list):
        items = [_sorted(item) for item in data]
        return sorted(items, key=key) if name in UNORDERED else items
    return data


def parsed(answer: Answer) -> Any:
    """The JSON body; None if it is none."""
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def error(answer: Answer) -> Mapping[str, Any] | None:
    """The one error of a JSON error body; None if the answer has none."""
    data = parsed(answer)
    errors = data.get("errors") if isinstance(data, dict) else None
    if isinstance(errors, list) and len(errors) == 1 and isinstance(errors[0], dict):
        found: dict[str, Any] = errors[0]
        return found
    return None


def words(text: str) -> list[str]:
    """The words of a sentence, sorted: lists in error texts come in any order."""
    spaced = "".join(char if char.isalnum() or char in "_-" else " " for char in text)
    return sorted(spaced.split())
