"""Callers' names in logs, and tokens as they are shown."""

from __future__ import annotations

import pytest

from berth.model.caller import NOBODY, Caller
from berth.model.token import IssuedToken, Token, known

TOKEN = Token(id="abc", name="ci", hash="h-secret", user="ci", project="p", roles=("admin",), previous_hash="p-secret")


@pytest.mark.parametrize(
    ("caller", "name"),
    [(Caller(user="ada"), "ada"), (Caller(user="ada", name="ci"), "ci"), (NOBODY, "")],
)
def test_the_name_of_a_caller_in_logs(caller: Caller, name: str) -> None:
    assert caller.called == name


def test_a_token_is_shown_without_its_hashes() -> None:
    shown = known(TOKEN)
    assert (shown.id, shown.name, shown.roles) == ("abc", "ci", ("admin",))
    assert "secret" not in repr(shown)


def test_no_representation_shows_the_text() -> None:
    assert repr(IssuedToken(known(TOKEN), "berth_abc_text")) == "IssuedToken('ci', ...)"
