"""A sequence that shows a difference, made as short as possible: parts are left out as long as it remains."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.suites.peer.wire import Request

Shows = Callable[[list[Request]], bool]
"""Whether a sequence, played on empty servers, still shows the difference."""


def shrink(sequence: list[Request], shows: Shows, seconds: float = 30.0) -> list[Request]:
    """The shortest sequence found in the time given; the last request is never left out, only made smaller."""
    deadline = time.monotonic() + seconds
    sequence = _fewer(sequence, shows, deadline)
    for place in range(len(sequence) - 1, -1, -1):
        sequence = _simpler(sequence, place, shows, deadline)
    return _fewer(sequence, shows, deadline)


def _fewer(sequence: list[Request], shows: Shows, deadline: float) -> list[Request]:
    """Leave out runs of requests: half of them, a quarter, ... one."""
    size = len(sequence) - 1
    while size:
        place = len(sequence) - 1 - size
        while place > -size and time.monotonic() < deadline:
            start = max(place, 0)
            shorter = sequence[:start] + sequence[place + size :]
            if len(shorter) < len(sequence) and shows(shorter):
                sequence = shorter
            place -= size
        size = min(size // 2, len(sequence) - 1)
    return sequence


def _simpler(sequence: list[Request], place: int, shows: Shows, deadline: float) -> list[Request]:
    """Make one request smaller for as long as that helps."""
    found = True
    while found and time.monotonic() < deadline:
        found = False
        for smaller in variants(sequence[place]):
            tried = [*sequence[:place], smaller, *sequence[place + 1 :]]
            if time.monotonic() < deadline and shows(tried):
                sequence, found = tried, True
                break
    return sequence


def variants(request: Request) -> Iterator[Request]:
    """The request with one thing less: a parameter, a part of a parameter's list, a field or item of the body."""
    pairs = request.query.split("&") if request.query else []
    for number, pair in enumerate(pairs):
        yield _with_query(request, pairs[:number] + pairs[number + 1 :])
        name, _, value = pair.partition("=")
        parts = value.split(",")
        for part in range(len(parts) if len(parts) > 1 else 0):
            fewer = ",".join(parts[:part] + parts[part + 1 :])
            yield _with_query(request, [*pairs[:number], f"{name}={fewer}", *pairs[number + 1 :]])
    try:
        data = json.loads(request.body or "x")
    except ValueError:
        return
    yield from (replace(request, body=json.dumps(smaller)) for smaller in _smaller(data))


def _with_query(request: Request, pairs: list[str]) -> Request:
    return replace(request, target=request.path + (f"?{'&'.join(pairs)}" if pairs else ""))


def _smaller(data: Any) -> Iterator[Any]:
    """The value with one member less at any depth."""
    if isinstance(data, dict):
        for name in data:
            yield {key: value for key, value in data.items() if key != name}
        for name, value in data.items():
            yield from ({**data, name: inner} for inner in _smaller(value))
    elif isinstance(data, list):
        for place, value in enumerate(data):
            yield data[:place] + data[place + 1 :]
            yield from ([*data[:place], inner, *data[place + 1 :]] for inner in _smaller(value))
