"""Guessing tokens: an address that tries is slowed down and counted, and nobody else is."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from berth.ledger import credentials
from berth.model.audit import AuditRecord, parse_repeated
from berth.model.token import TokenRejection
from tests.suites.security.callers import Who, ledger_in, minted
from tests.suites.security.target_server import NEWEST, PATIENCE_S, WRITE, Attacked, attacked
from tests.support.raw_http import RawReply

BURST: Final = 10
TRIES: Final = 60

SETTINGS: Final = f"""auth = ["token"]
[limits]
refusals_per_address = 0.01
burst = {BURST}
refusal_records = 0
"""
"""So few a second that none is added while a test runs, however slow the machine is."""

GUESSER, OTHER = "127.0.0.66", "127.0.0.77"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("guessing"), SETTINGS) as server:
        yield server


def guess(server: Attacked, token: str, source: str) -> RawReply:
    with server.wire(source) as wire:
        return wire.ask("PUT", WRITE, [("x-auth-token", token), NEWEST])


def counted(server: Attacked, source: str, enough: Callable[[int], bool]) -> tuple[list[AuditRecord], int]:
    """The records of an address, and how many were left out; once there are enough of both together."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        records = server.records()
        left_out = sum(int(each.why.split()[0]) for each in records if each.outcome == "left out")
        own = [each for each in records if each.address == source]
        if enough(len(own) + left_out) or time.monotonic() > deadline:
            return own, left_out
        time.sleep(0.05)


def test_an_address_that_guesses(target: Attacked) -> None:
    good = minted(target.folder, Who("reader"))
    target.begin()
    got = [guess(target, credentials._text("abcdefghij"), GUESSER) for _ in range(TRIES)]
    assert [each.status for each in got] == [401] * BURST + [429] * (TRIES - BURST)
    assert {each.header("retry-after") is not None for each in got[BURST:]} == {True}
    assert all(int(each.header("retry-after") or 0) >= 1 for each in got[BURST:])

    for source in (GUESSER, OTHER):  # whoever is known is let in, even from where others guess; 403: as a reader
        assert guess(target, good, source).status == 403
    assert guess(target, credentials._text("abcdefghij"), OTHER).status == 401

    records, left_out = counted(target, GUESSER, lambda number: number >= TRIES + 1)
    outcomes = Counter(each.outcome for each in records)
    assert sum(outcomes.values()) + left_out >= TRIES + 1, "every attempt is a record, or counted in one"
    assert (outcomes["401"], outcomes["403"]) == (BURST, 1)
    assert {each.via for each in records} == {"token"}


def test_of_a_flood_of_guesses_the_number_is_recorded(tmp_path: Path) -> None:
    """The first of each kind at once, and how many more there were at the end: a minute later, or when it stops."""
    with attacked(tmp_path, 'auth = ["token"]\n[limits]\nburst = 10\nrefusals_per_address = 0.01\n') as server:
        server.begin()
        for _ in range(TRIES):
            guess(server, credentials._text("abcdefghij"), GUESSER)
        assert counted(server, GUESSER, lambda number: number >= 2)[1] == 0
        assert Counter(each.outcome for each in server.records()) == {"401": 1, "429": 1}
    with ledger_in(tmp_path) as ledger:
        records = [each for each in ledger.audit(most=10, facts=False) if each.address == GUESSER]
    numbers = Counter({"401": 0, "429": 0})
    for each in records:
        numbers[each.outcome] += parse_repeated(each.why)[0]
    assert numbers == {"401": BURST, "429": TRIES - BURST}
    assert len(records) == 4


def test_who_guesses_does_not_learn_what_there_is(target: Attacked) -> None:
    """A token that was never there, one with a wrong secret, one that has ended: the same words, and other records."""
    good = minted(target.folder, Who("admin"))
    bound = minted(target.folder, Who("admin"), networks=("192.0.2.0/24",))
    ended = minted(target.folder, Who("admin"))
    name = max(target.ledger.tokens(), key=lambda each: each.created_at).name
    target.ledger.revoke_token(name)
    target.begin()
    tried = {
        "never there": credentials._text("klmnopqrst"),
        "a wrong secret": credentials._text(good.split("_")[1]),
        "elsewhere": bound,
        "revoked": ended,
    }
    got = {why: guess(target, token, "127.0.0.88") for why, token in tried.items()}
    told = {(each.status, each.json()["errors"][0]["detail"], each.header("www-authenticate")) for each in got.values()}
    assert len(told) == 1
    why = {case: target.record(each.header("x-openstack-request-id") or "").why for case, each in got.items()}
    assert why == {
        "never there": "The token is unknown.",
        "a wrong secret": "The token is unknown.",
        "elsewhere": TokenRejection.ELSEWHERE,
        "revoked": TokenRejection.REVOKED,
    }


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-real-ip", "forwarded", "client-ip", "x_forwarded_for"])
def test_a_token_for_another_network(name: str, target: Attacked) -> None:
    """Where somebody asks from is what the connection says, unless a proxy of ours says otherwise."""
    bound = minted(target.folder, Who("admin"), networks=("192.0.2.0/24",))
    target.begin()
    told = "for=192.0.2.5" if name == "forwarded" else "192.0.2.5"
    got = target.ask("PUT", WRITE, [("x-auth-token", bound), (name, told), NEWEST])
    record = target.refused(got, 401, "not valid from this address", address="127.0.0.1", why=TokenRejection.ELSEWHERE)
    assert record.actor.startswith("admin of mine")
