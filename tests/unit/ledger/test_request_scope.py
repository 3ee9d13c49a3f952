"""The scope of a request: how much time its thread has, and whether its token is unchanged."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from berth.ledger import request_scope
from berth.ledger.request_scope import CurrentScope, NeedsTime, RequestScope, same_token
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


BRIEF, SHORT, LONG = RequestScope(brief=True, long=False), RequestScope(long=False), RequestScope()


@pytest.mark.parametrize(
    ("scope", "long", "needed"),
    [
        (None, True, None),
        (BRIEF, False, False),
        (BRIEF, True, True),
        (SHORT, False, None),
        (SHORT, True, True),
        (LONG, True, None),
    ],
    ids=["no request", "brief", "brief, long work", "short", "short, long work", "long"],
)
def test_who_needs_time(scope: RequestScope | None, long: bool, needed: bool | None) -> None:
    current = CurrentScope()
    current.scope = scope
    if needed is None:
        current.require_time(long=long)
        return
    with pytest.raises(NeedsTime) as raised:
        current.require_time(long=long)
    assert raised.value.long is needed


@pytest.mark.parametrize(
    ("brief", "long", "limit_s"), [(True, False, request_scope.BRIEF_S), (False, False, request_scope.SHORT_S)]
)
def test_time_ends(brief: bool, long: bool, limit_s: float) -> None:
    current = CurrentScope()
    scope = current.scope = RequestScope(brief=brief, long=long)
    scope.began += 60
    current.check_time()
    scope.began -= 60 + 2 * limit_s
    with pytest.raises(NeedsTime) as raised:
        current.check_time()
    assert raised.value.long is not brief


def test_long_work_pauses() -> None:
    current, pauses = CurrentScope(), list[None]()
    current.check_time()
    scope = current.scope = RequestScope(pause=lambda: pauses.append(None))
    scope.began -= 60
    current.check_time()
    assert len(pauses) == 1
