"""API tokens in /v1: where none are used, and names that are none."""

from __future__ import annotations

import pytest

from tests.unit.api.v1.conftest import Asked, told


def test_where_everybody_is_believed_no_token_is_made(asked: Asked) -> None:
    asked.face.mints = False
    for path, body in (("", {"name": "later", "roles": ["admin"]}), ("/rotate", {"name": "later"})):
        reply = asked("POST", f"/v1/tokens{path}", body)
        assert (reply.status, told(reply)["type"]) == (409, "/v1/problems/tokens-unused")
    assert asked.ledger.tokens() == []


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "x" * 300])
def test_a_name_that_is_none(name: str, asked: Asked) -> None:
    for path in ("/revoke", "/rotate"):
        reply = asked("POST", f"/v1/tokens{path}", {"name": name})
        assert (reply.status, told(reply)["type"]) == (400, "/v1/problems/invalid")
