"""A step: a request that can be sent again later, in another sequence and under other names.

Two things in a request depend on when it is sent: generations and names.

* A generation is written into a body as a *placeholder*, ``"@G:<provider uuid>:<offset>@"`` or ``"@C:<consumer
  uuid>:<offset>@"`` (quotes included), and becomes a number just before sending.
* All names of an episode contain its *tag*, eight hex digits that also begin all of its UUIDs, so that the whole
  sequence can be played again under a new tag by replacing text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.suites.peer.wire import Answer, Request

PLACEHOLDER = re.compile(r'"@([GC]):([^:"]*):(-?\d+)@"')
Learn = Callable[[Answer], None]


def nothing(_: Answer) -> None:
    """Learn nothing from an answer."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request to be resolved and sent, and what the generator learns from Placement's answer if it is a success."""

    request: Request
    learn: Learn = nothing

    def spoilt(self, request: Request) -> Step:
        """The same step with another request, from which nothing is to be learnt."""
        return Step(request)


def provider_generation(uuid: str, offset: int = 0) -> str:
    """A placeholder for a provider's generation."""
    return f"@G:{uuid}:{offset}@"


def consumer_generation(uuid: str, offset: int = 0) -> str:
    """A placeholder for a consumer's generation: null if there is no such consumer."""
    return f"@C:{uuid}:{offset}@"


def resolve(request: Request, generation_of: Callable[[str, str], int | None]) -> Request:
    """Put numbers in the place of the placeholders.

    ``generation_of(kind, uuid)`` gives the present one; an offset from null is a number that is wrong for certain.
    """
    if request.body is None or "@" not in request.body:
        return request

    def number(match: re.Match[str]) -> str:
        present, offset = generation_of(match[1], match[2]), int(match[3])
        if present is None:
            return "null" if not offset else "7"
        return str(present + offset)

    return replace(request, body=PLACEHOLDER.sub(number, request.body))


def retag(request: Request, old: str, new: str) -> Request:
    """The same request under another tag."""

    def swap(text: str) -> str:
        return text.replace(old, new).replace(old.upper(), new.upper())

    return replace(
        request,
        target=swap(request.target),
        headers=tuple((name, swap(value)) for name, value in request.headers),
        body=None if request.body is None else swap(request.body),
    )


def listing(request: Request) -> str:
    """A request in the form that people read."""
    shown = [f"{request.method} {request.target}"]
    shown += [f"    {name}: {value}" for name, value in request.headers if (name, value) not in USUAL]
    if request.body is not None:
        shown.append(f"    {request.body!r}" if "\n" in request.body else f"    {request.body}")
    return "\n".join(shown)


USUAL = {("x-auth-token", "admin"), ("content-type", "application/json")}


def dumped(requests: list[Request]) -> str:
    """A sequence as JSON, for a file that can be played again."""
    rows = [
        {"method": r.method, "target": r.target, "headers": [list(h) for h in r.headers], "body": r.body}
        for r in requests
    ]
    return json.dumps(rows, indent=1)


def loaded(text: str) -> list[Request]:
    """The sequence in such a file."""
    return [
        Request(row["method"], row["target"], tuple((name, value) for name, value in row["headers"]), row["body"])
        for row in json.loads(text)
    ]
