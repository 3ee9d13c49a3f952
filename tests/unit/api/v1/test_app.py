"""What a request leaves behind: nothing that would wait for the garbage collector."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from berth.api.http.messages import Request
from berth.api.v1.route import Call
from tests.unit.api.v1.conftest import Asked


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No garbage collection."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize(("token", "status"), [("admin", 400), ("bob", 403)])
def test_a_body_is_freed_with_its_reply(steady: Asked, token: str, status: int) -> None:
    headers = {"x-auth-token": token, "content-type": "application/json"}
    reply = steady.face.handle(Request("POST", "/v1/claims", "", headers, b"[]"))
    assert getattr(reply, "status", 0) == status
    del reply
    assert [each for each in gc.get_objects() if isinstance(each, Call)] == []
