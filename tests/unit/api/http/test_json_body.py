"""Replies as JSON: in pieces, the same as in one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from berth.api.http.json_body import PIECE, SLICE, encoded, taken
from berth.model.candidate import Candidates, ProviderSummary, ResourceUsage
from berth.model.pages import Page

MANY = 3 * SLICE + 1
BEYOND = 2**70
"""A capacity that msgspec does not encode."""


def no_check() -> None:
    """Let the encoding go on."""


def records(count: int) -> list[dict[str, Any]]:
    return [{"name": f"host-{number}\0é", "total": number} for number in range(count)]


def summaries(count: int, capacity: int = 1) -> dict[str, ProviderSummary]:
    usage = {"VCPU": ResourceUsage(capacity, 0)}
    return {f"p{number}": ProviderSummary(usage, ["T"], None, f"p{number}") for number in range(count)}


@pytest.mark.parametrize(
    "value",
    [
        None,
        [1, 2],
        {"a": 1, "b": [2], "c": {}},
        {"a": list(range(MANY)), "b": 1, "c": {str(number): number for number in range(MANY)}, "d": []},
        Page(records(2), "2"),
        Page(records(MANY), "2"),
        Page([], None),
        Candidates([], summaries(MANY), bounded=True),
        Candidates([], summaries(MANY, BEYOND)),
        Candidates([], summaries(2, BEYOND)),
        {"few": summaries(2, BEYOND), "many": list(range(MANY))},
    ],
    ids=[
        "none",
        "a list",
        "a small dict",
        "a dict with long members",
        "a short page",
        "a long page",
        "an empty page",
        "a struct with a long dict",
        "large numbers in slices",
        "large numbers in one piece",
        "large numbers beside slices",
    ],
)
def test_in_pieces_as_in_one(value: Any) -> None:
    assert json.loads(b"".join(encoded(value, no_check))) == msgspec.to_builtins(value)


def test_small_values_are_one_piece() -> None:
    assert encoded(Page(records(SLICE)), no_check) == [msgspec.json.encode(Page(records(SLICE)))]


def test_pieces_have_a_least_size() -> None:
    *pieces, last = encoded(Page(records(60 * SLICE)), no_check)
    assert len(pieces) > 1
    assert all(PIECE <= len(piece) < 2 * PIECE for piece in pieces)
    assert last


@pytest.mark.parametrize("count", [0, 1, SLICE, MANY])
def test_an_iterator_is_taken_slice_by_slice(count: int) -> None:
    taken, seen = 0, list[int]()

    def iterate() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for record in records(count):
            taken += 1
            yield record

    page: Page[Any] = Page(iterate())  # type: ignore[arg-type]
    body = b"".join(encoded(page, lambda: seen.append(taken)))
    assert json.loads(body)["items"] == records(count)
    assert seen == [min(count, first + SLICE) for first in range(0, count, SLICE)]


def test_what_the_check_raises_ends_it() -> None:
    class Enough(Exception):
        pass

    def check() -> None:
        raise Enough

    with pytest.raises(Enough):
        encoded(Page(records(MANY)), check)


def test_members_that_nobody_else_needs_are_emptied_slice_by_slice() -> None:
    value = {"spent": list(range(MANY)), "kept": list(range(MANY)), "named": {str(each): each for each in range(MANY)}}
    whole, left = json.dumps(value, separators=(",", ":")), list[int]()
    pieces = encoded(value, lambda: left.append(len(value["spent"])), frozenset({"spent", "named"}))
    assert b"".join(pieces).decode() == whole
    assert left[:4] == [MANY - SLICE, MANY - 2 * SLICE, MANY - 3 * SLICE, 0]
    assert {name: len(member) for name, member in value.items()} == {"spent": 0, "kept": MANY, "named": 0}


def test_entries_are_taken_in_order() -> None:
    assert [*taken([1, 2, 3])] == [1, 2, 3]
    assert [*taken({"b": 1, "a": 2})] == [("b", 1), ("a", 2)]
