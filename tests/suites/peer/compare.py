"""A comparison of two replies to one request, with every difference named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.suites.peer import canonical
from tests.suites.peer.wire import Answer, Request

EXACT = ("openstack-api-version", "vary", "cache-control", "content-type")
PRESENT = ("last-modified", "x-openstack-request-id", "www-authenticate")
ERROR_FIELDS = ("status", "title", "code", "max_version", "min_version")
FAILURES = ("no answer", "status", "header", "body", "tested words")
"""The kinds of difference that fail a run; the remaining one is ``words``: another wording that no test looks for."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and both answers."""

    request: Request
    placement: Answer
    berth: Answer

    @property
    def version(self) -> tuple[int, int]:
        """The microversion of Placement's answer; (1, 0) if it names none."""
        found = re.fullmatch(r"placement (\d+)\.(\d+)", self.placement.header("openstack-api-version") or "")
        return (int(found[1]), int(found[2])) if found else (1, 0)


@dataclass(frozen=True, slots=True)
class Difference:
    """``kind`` is one of ``FAILURES`` or ``words``; ``where`` says which header or place in the body."""

    kind: str
    where: str
    placement: str
    berth: str

    @property
    def fails(self) -> bool:
        return self.kind in FAILURES


def differences(exchange: Exchange, tested: list[str]) -> list[Difference]:
    """Everything in which the answers differ; ``tested`` are the texts that Placement's own tests look for."""
    request, placement, berth = exchange.request, exchange.placement, exchange.berth
    if placement.status != berth.status:
        kind = "status" if berth.status and placement.status else "no answer"
        return [Difference(kind, "", f"{placement.status} {_gist(placement)}", f"{berth.status} {_gist(berth)}")]
    found = list(_headers(placement, berth))
    if request.method != "HEAD":
        found += _errors(placement, berth, tested) if placement.status >= 400 else _bodies(request, placement, berth)
    return found


def _gist(answer: Answer) -> str:
    """What an answer says, short."""
    error = canonical.error(answer)
    return str(error.get("detail", "")).strip()[:300] if error else answer.text.strip()[:300]


def _headers(placement: Answer, berth: Answer) -> Iterator[Difference]:
    for name in EXACT:
        ours, theirs = _normal(berth.header(name)), _normal(placement.header(name))
        if ours != theirs:
            yield Difference("header", name, str(theirs), str(ours))
    for name in PRESENT:
        has, have = placement.header(name), berth.header(name)
        if (has is None) != (have is None):
            yield Difference("header", name, str(has), str(have))
    if _place(placement) != _place(berth):
        yield Difference("header", "location", str(placement.header("location")), str(berth.header("location")))
    if _methods(placement) != _methods(berth):
        yield Difference("header", "allow", str(placement.header("allow")), str(berth.header("allow")))


def _normal(value: str | None) -> str | None:
    return None if value is None else value.lower().replace(" ", "")


def _place(answer: Answer) -> str | None:
    """The path of a location; whether it names the host is the server's affair."""
    location = answer.header("location")
    return None if location is None else urlsplit(location).path


def _methods(answer: Answer) -> set[str] | None:
    allow = answer.header("allow")
    return None if allow is None else {method.strip() for method in allow.split(",")}


def _bodies(request: Request, placement: Answer, berth: Answer) -> Iterator[Difference]:
    theirs, ours = canonical.parsed(placement), canonical.parsed(berth)
    if theirs is None or ours is None:
        if placement.body != berth.body:
            yield Difference("body", "", placement.text[:300], berth.text[:300])
        return
    if not request.path.endswith("/aggregates"):  # those come back as they were written, from both
        theirs = canonical.usual(theirs)
    yield from unequal(canonical.body(request, theirs), canonical.body(request, ours))


def unequal(theirs: Any, ours: Any, where: str = "") -> Iterator[Difference]:
    """The places in which two canonical bodies differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in sorted(theirs.keys() | ours.keys()):
            if name not in theirs or name not in ours:
                there, here = (str(side.get(name, "nothing"))[:300] for side in (theirs, ours))
                yield Difference("body", f"{where}.{name}", there, here)
            else:
                yield from unequal(theirs[name], ours[name], f"{where}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours) and not _is_set(where):
        for number, (there, here) in enumerate(zip(theirs, ours, strict=True)):
            yield from unequal(there, here, f"{where}[{number}]")
    elif isinstance(theirs, list) and isinstance(ours, list):
        if canonical.key(theirs) != canonical.key(ours):
            there, here = _alone(theirs, ours), _alone(ours, theirs)
            yield Difference("body", where, f"{len(theirs)}, alone: {there}"[:900], f"{len(ours)}, alone: {here}"[:900])
    elif canonical.key(theirs) != canonical.key(ours):
        yield Difference("body", where, str(theirs)[:300], str(ours)[:300])


def _is_set(where: str) -> bool:
    """Whether the list has no order, and its rows can be distinguished only as a whole."""
    name = where.rpartition(".")[2]
    return name in canonical.UNORDERED and name != "resource_providers"


def _alone(here: list[Any], there: list[Any]) -> str:
    """The items that stand more often here than there."""
    rest, alone = [canonical.key(item) for item in there], []
    for item in map(canonical.key, here):
        if item in rest:
            rest.remove(item)
        else:
            alone.append(item)
    return "; ".join(alone)


def _errors(placement: Answer, berth: Answer, tested: list[str]) -> Iterator[Difference]:
    theirs, ours = canonical.error(placement), canonical.error(berth)
    if (theirs is None) != (ours is None):
        yield Difference("body", "", placement.text[:300], berth.text[:300])
    elif theirs is not None and ours is not None:
        for name in ERROR_FIELDS:
            if theirs.get(name) != ours.get(name):
                yield Difference("body", f".errors[0].{name}", str(theirs.get(name)), str(ours.get(name)))
        if theirs.keys() != ours.keys():
            yield Difference("body", ".errors[0]", str(sorted(theirs)), str(sorted(ours)))
    yield from _wording(placement, berth, tested)


def _wording(placement: Answer, berth: Answer, tested: list[str]) -> Iterator[Difference]:
    theirs, ours = _detail(placement), _detail(berth)
    title = f"{placement.status} "  # a plain text begins with the title, JSON does not
    titled, _, untitled = theirs.partition("\n\n") if theirs.startswith(title) else ("", "", theirs)
    preface, _, rest = untitled.partition("\n\n")
    if rest.strip() and preface not in ours:
        yield Difference("words", "preface", preface, "nothing")
        theirs = f"{titled} {rest.strip()}".strip()
    else:
        preface = ""
    missing = [text for text in tested if text in placement.text and text not in berth.text and text not in preface]
    if missing:
        yield Difference("tested words", missing[0], theirs, ours)
    elif canonical.words(_undumped(theirs)) != canonical.words(_undumped(ours)):
        yield Difference("words", "", _undumped(theirs), _undumped(ours))


def _detail(answer: Answer) -> str:
    error = canonical.error(answer)
    text = str(error.get("detail", "")) if error else re.sub(r"<[^>]*>", " ", answer.text)
    return text.strip()


def _undumped(detail: str) -> str:
    """The text without the schema and the instance that jsonschema prints into it."""
    return re.sub(r"(?s)( in schema[^:]*):.*?\s(On instance[^:]*):.*", r"\1 \2", detail)


def checkable(texts: list[str]) -> list[str]:
    """The parts of the tests' texts that can stand in any answer: without environment, uuids and patterns."""
    variable = re.compile(r"\$ENVIRON\['\w+'\]|\$\w+|[0-9a-f]{8}-[0-9a-f-]{27}")
    parts = {part for text in texts if not text.startswith("/") for part in variable.split(text)}
    return sorted((part for part in parts if len(part) >= 8), key=len, reverse=True)
