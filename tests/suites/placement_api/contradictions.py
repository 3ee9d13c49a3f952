"""Answers that contradict the document, themselves or each other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.suites.placement_api.mutated_requests import NEWEST, Faces, Sent, request_faults
from tests.support.raw_http import RawReply

CONSUMER = "7a5c0000-0000-4000-8000-0000000000ee"
OWNER = {"project": "physics", "user": "ada"}


def contradictions(faces: Faces, sent: Sent, got: RawReply) -> Iterator[str]:
    """Yield what is wrong with an answer, after asking further questions about the same."""
    if got.status >= 500:
        yield f"{got.status}: {got.body[:200]!r}"
        return
    yield from sent.document.faults(sent.operation, got)
    if got.status >= 300:
        return
    yield from (f"{got.status} for what the document forbids: {fault}" for fault in request_faults(sent))
    if sent.operation == "POST /v1/find":
        yield from _about_found(faces, json.loads(sent.body or b"{}"), got.json())
    if sent.operation == "GET /allocation_candidates" and sent.minor == NEWEST:
        yield from _about_candidates(faces, got.json()["allocation_requests"])


def _about_found(faces: Faces, asked: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    request = {name: value for name, value in asked.items() if name != "explain"}
    explained = _ask(faces, "POST /v1/find", "/v1/find", {**request, "explain": True}).json()
    if explained["candidates"] != found["candidates"]:
        yield "with a funnel there are other candidates"
    left, fits = explained["funnel"]["together"]["left"], bool(found["candidates"])
    bounded = found["bounded"] or explained["funnel"]["together"].get("bounded", False)
    if bool(left) != fits and not bounded:
        yield f"{len(found['candidates'])} candidates, but it fits in {left} trees: {explained['funnel']['why']}"
    yield from _about_amounts(request, found)
    if not explained["funnel"]["unknown"] and not _excludes_itself(request):
        yield from _about_call(faces, found)
    claimed = _ask(faces, "POST /v1/claims", "/v1/claims", {"request": request, "consumer": CONSUMER, **OWNER})
    if (claimed.status == 201) != fits and not bounded:
        yield f"{len(found['candidates'])} candidates, but the claim is {claimed.status}: {claimed.body[:200]!r}"
    if claimed.status == 201:
        yield from _about_claim(faces)


def _about_amounts(request: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    wanted = Counter[str]()
    for group in request["groups"]:
        wanted.update(group.get("resources") or {})
    for candidate in found["candidates"]:
        given = Counter[str]()
        for resources in candidate["allocations"].values():
            given.update(resources)
        if given != wanted:
            yield f"{dict(wanted)} is asked for, {dict(given)} is found"
        if not candidate["allocations"].keys() <= found["summaries"].keys():
            yield "a candidate's provider has no summary"


def _excludes_itself(request: dict[str, Any]) -> bool:
    """Whether a trait is both required and forbidden: /v1 says what that leads to, Placement's API refuses it."""
    wanted = [set(request.get("root_required", ())) & set(request.get("root_forbidden", ()))]
    for group in request["groups"]:
        wanted += [
            set(any_of) for any_of in group.get("required", ()) if set(any_of) <= set(group.get("forbidden", ()))
        ]
    return any(wanted)


def _about_call(faces: Faces, found: dict[str, Any]) -> Iterator[str]:
    """The same request, as the URL for Placement's API that comes with the answer."""
    if not found["call"]:
        return
    url = urlsplit(found["call"])
    got = faces.ask(Sent(NEWEST, "GET /allocation_candidates", "GET", url.path, url.query))
    if got.status != 200:
        yield f"its call is {got.status}: {got.body[:300]!r}"
    elif len(got.json()["allocation_requests"]) != len(found["candidates"]):
        yield f"{len(found['candidates'])} candidates, its call has {len(got.json()['allocation_requests'])}"


def _about_claim(faces: Faces) -> Iterator[str]:
    shown = _ask(faces, "GET /v1/consumers/{uuid}", f"/v1/consumers/{CONSUMER}")
    if shown.status != 200:
        yield f"what was claimed is {shown.status}"
    gone = _ask(faces, "DELETE /v1/consumers/{uuid}", f"/v1/consumers/{CONSUMER}")
    if gone.status >= 300:
        yield f"what was claimed cannot be released: {gone.status} {gone.body[:200]!r}"


def _about_candidates(faces: Faces, candidates: list[dict[str, Any]]) -> Iterator[str]:
    """The first candidate can be claimed as it is."""
    if not candidates:
        return
    body = {
        **candidates[0],
        "project_id": "physics",
        "user_id": "ada",
        "consumer_generation": None,
        "consumer_type": "JOB",
    }
    operation, path = "/allocations/{consumer_uuid}", f"/allocations/{CONSUMER}"
    put = _ask(faces, f"PUT {operation}", path, body, NEWEST)
    if put.status != 204:
        yield f"a candidate cannot be claimed: {put.status} {put.body[:300]!r}"
    elif (gone := _ask(faces, f"DELETE {operation}", path, minor=NEWEST)).status != 204:
        yield f"what was claimed cannot be released: {gone.status}"


def _ask(faces: Faces, operation: str, path: str, body: Any = None, minor: int | None = None) -> RawReply:
    data = None if body is None else json.dumps(body).encode()
    return faces.ask(Sent(minor, operation, operation.partition(" ")[0], path, "", data))
