"""Decoding of queries and bodies into the route's types; errors name the place in the input."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final, get_origin, get_type_hints

import msgspec

from berth.api.http.messages import BadRequest, HttpError, Request, media_type_of, parse_query
from berth.model.alive_lines import NDJSON, AliveLineReader
from berth.model.amounts import parse_amounts
from berth.model.consumer import Resources
from berth.model.errors import Invalid
from berth.model.json_names import check_names
from berth.model.request_validation import pointer
from berth.model.types import place_of

MOST_AMOUNTS: Final = 64
"""The most amounts in one query."""


def query_of(request: Request, kind: type[msgspec.Struct]) -> Any:
    """Return the query parameters; raise Invalid. A repeatable one is a tuple, any other may occur once."""
    several = _several(kind)
    given: dict[str, Any] = {}
    for name, text in parse_query(request.query):
        if name in several:
            given.setdefault(name, []).append(text)
        elif name in given:
            raise Invalid(f"the parameter {name[:64]} is given twice", at=f"/{pointer(name[:64])}")
        else:
            given[name] = text
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"a parameter of the query is wrong: {error}", at=place_of(error)) from None


@cache
def _several(kind: type[msgspec.Struct]) -> frozenset[str]:
    hints = get_type_hints(kind)  # without the bounds in the annotations
    fields = msgspec.structs.fields(kind)
    return frozenset(each.encode_name for each in fields if get_origin(hints[each.name]) is tuple)


def body_of(request: Request, decoder: msgspec.json.Decoder[Any] | None) -> Any:
    """Return the decoded body; raise HttpError 415 or Invalid. decoder: None for a route without a body."""
    if decoder is None:
        return None
    _check_media(request, "application/json")
    try:
        body = decoder.decode(request.body)
        json.loads(request.body, object_pairs_hook=check_names)
        return body
    except msgspec.ValidationError as error:
        raise Invalid(f"the body is wrong: {error}", at=place_of(error)) from None
    except (msgspec.DecodeError, ValueError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply") from None


def lines_of(request: Request) -> AliveLineReader:
    """Return the reader of a body of lines, which is at their end; raise HttpError 415."""
    _check_media(request, NDJSON)
    reader = request.info.sink
    if reader is None:  # it was short, and has been read as a whole
        reader = request.info.sink = AliveLineReader()
        reader.feed(request.body)
    assert isinstance(reader, AliveLineReader), "made for this route"
    return reader


def _check_media(request: Request, wanted: str) -> None:
    kind = media_type_of(request)
    if kind != wanted:
        raise HttpError(415, f"The body must be {wanted}, not {kind[:64] or 'of no type'}.")
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise HttpError(415, "The body must be sent without a content coding.")


def amounts(text: str, what: str = "room") -> Resources:
    """Return amounts by class from text such as VCPU=4,MEMORY_MB=8G; raise Invalid."""
    try:
        found = parse_amounts(text) if text else {}
    except Invalid as error:
        raise Invalid(f"{what}: {error}", at=f"/{what}") from None
    if len(found) > MOST_AMOUNTS:
        raise Invalid(f"{what} names more than {MOST_AMOUNTS} classes", at=f"/{what}")
    return found
