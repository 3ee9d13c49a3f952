"""Idempotency keys: their form, their scope, and what they are bound to."""

from __future__ import annotations

from typing import Any

import pytest

from berth.model.caller import Caller
from berth.model.commands import CreateTrait, PutRecords, SetTraits
from berth.model.errors import Invalid
from berth.model.idempotency import checked_key, command_key, made_uuid, repeatable
from berth.model.message import message
from berth.model.names import parse_uuid
from berth.model.record import ProviderRecord

ADA = Caller(user="ada", project="p")


@pytest.mark.parametrize("key", ["k", "k" * 255, 'a key, with "anything" ~!'])
def test_a_key(key: str) -> None:
    assert checked_key(key) == key


@pytest.mark.parametrize("key", ["", " ", " k", "k ", "k\n", "\tk", "k\x00", "k\x7f", "\u00f6", "k" * 256, 7, None])
def test_no_key(key: Any) -> None:
    with pytest.raises(Invalid, match="1 to 255 printable ASCII characters"):
        checked_key(key)


@pytest.mark.parametrize(
    ("caller", "key", "same"),
    [
        (Caller(user="ada", project="p", name="token", via="token", roles=frozenset({"admin"})), "k", True),
        (Caller(user="", name="ada", project="p"), "k", True),
        (Caller(user="bob", project="p"), "k", False),
        (Caller(user="ada", project="q"), "k", False),
        (Caller(user="adak", project="p"), "", False),
        (ADA, "K", False),
    ],
)
def test_the_scope_of_a_key(caller: Caller, key: str, *, same: bool) -> None:
    if key:
        assert (command_key(key, caller).id == command_key("k", ADA).id) is same
    assert command_key("dak", Caller(user="a", project="p")).id != command_key("k", Caller(user="ada", project="p")).id


def test_what_was_sent_with_a_key() -> None:
    def fingerprint(*sent: Any) -> str:
        return command_key("k", ADA, *sent).fingerprint

    names = [f"CUSTOM_{number}" for number in range(20)]
    assert fingerprint(message(SetTraits(uuid="u", traits=frozenset(names)))) == fingerprint(
        message(SetTraits(uuid="u", traits=frozenset(reversed(names))))
    )
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert len({fingerprint("a", "b"), fingerprint("ab"), fingerprint("a", ["b"]), fingerprint(["a", "b"])}) == 4
    with pytest.raises(Invalid, match="has the wrong type"):
        fingerprint(object())


def test_what_is_made_up_for_a_caller() -> None:
    assert made_uuid("k", "a") == made_uuid("k", "a") == parse_uuid(made_uuid("k", "a"))
    assert (
        len({made_uuid("k", "a"), made_uuid("k", "b"), made_uuid("l", "a"), made_uuid(None, "a"), made_uuid(None, "a")})
        == 5
    )
    given = PutRecords(records=(ProviderRecord(name="a"), ProviderRecord(name="a")))
    made = repeatable(given, "k")
    assert isinstance(made, PutRecords)
    assert made == repeatable(given, "k") == repeatable(made, "l")
    assert len(set(made.new_uuids)) == 2
    other = CreateTrait(name="CUSTOM_A")
    assert repeatable(other, "k") is other
