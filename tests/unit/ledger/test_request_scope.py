"""Whether a token is the one that authenticated a request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from berth.ledger.request_scope import same_token
from berth.model.token import Token

TOKEN = Token(id="t", name="ci", hash="h", user="u", project="p", roles=("member",))


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"last_used_at": 5}, True),
        ({"hash": "x"}, False),
        ({"roles": ("admin",)}, False),
        ({"revoked_at": 5}, False),
        ({"networks": ("10.0.0.0/8",)}, False),
    ],
)
def test_what_counts_as_a_change(changed: dict[str, Any], same: bool) -> None:
    assert same_token(TOKEN, msgspec.structs.replace(TOKEN, **changed)) is same


def test_a_token_that_is_gone_has_changed() -> None:
    assert same_token(TOKEN, None) is False
