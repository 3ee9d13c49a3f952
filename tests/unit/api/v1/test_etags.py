"""ETags: the same answer has the same one, and no other answer, nor another history's."""

from __future__ import annotations

import itertools

import pytest
from sqlalchemy import update

from berth.api.http.messages import Request
from berth.api.v1 import etags
from berth.store.tables import head
from tests.unit.api.v1.conftest import Asked, header

TAG, OTHER = "0123456789abcdef", "fedcba9876543210"


def request(path: str = "/v1/names", query: str = "", **headers: str) -> Request:
    return Request("GET", path, query, headers, b"")


def test_a_tag_is_that_of_one_place_in_one_history() -> None:
    requests = [request(), request("/v1/map"), request(query="limit=1"), request(accept="application/json")]
    moments = itertools.product((1, 2), (TAG, OTHER), (0, 7))
    tags = {etags.of_position(*moment, each) for moment in moments for each in requests}
    assert len(tags) == 32
    assert etags.of_position(1, TAG, 0, request()) in tags


def test_bodies_with_one_crc_have_tags_of_their_own() -> None:
    assert etags.of_body(b"plumless") != etags.of_body(b"buckeroo"), "both have the CRC-32 4ddb0c25, and 8 bytes"
    assert etags.of_body(b"plumless") == etags.of_body(b"plumless")


@pytest.mark.parametrize(
    ("given", "matched"),
    [('W/"a"', True), ('"a"', True), ('"b", W/"a"', True), ('"b"', False), ("", False), ("*", True)],
)
def test_a_client_names_the_answers_that_it_has(given: str, matched: bool) -> None:
    assert etags.matches(request(**{"if-none-match": given}), 'W/"a"') is matched


def test_another_history_with_the_same_number_is_answered_in_full(asked: Asked) -> None:
    tag = str(header(asked("GET", "/v1/fleet"), "etag"))
    assert asked("GET", "/v1/fleet", if_none_match=tag).status == 304
    with asked.ledger._writer.database.writing() as connection:
        connection.execute(update(head).values(audit_hash="f" * 64))
    assert asked("GET", "/v1/fleet", if_none_match=tag).status == 200
