"""How long it takes to refuse a token does not tell what was wrong with it.

Measured where the comparison is, without a network, in the processor's time of this thread, and interleaved:
what disturbs the machine then disturbs all kinds alike. Compared are not means but ranks (Mann-Whitney): how
often one of the one kind is slower than one of the other. For no difference at all that is every second time.
"""

from __future__ import annotations

import ast
import gc
import inspect
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from berth.api.auth import tokens as tokens_module
from berth.api.auth.authenticator import AuthenticationFailed
from berth.api.auth.tokens import Tokens
from berth.api.http.messages import Request
from berth.ledger import Ledger, credentials, open_ledger
from berth.ledger.credentials import key_for
from berth.model.token import TokenSpec

pytestmark = pytest.mark.alone

ROUNDS: Final = 3_000
TELLING: Final = 0.1
"""By how much ranks may be off from one half. A look-up that ends early, one hash less, is off by nearly 0.5."""

TRIES: Final = 4
"""How often a noisy machine may be measured anew. What leaks, leaks each time."""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('timing')}/ledger.db") as ledger:
        yield ledger


@pytest.fixture(scope="module")
def kinds(ledger: Ledger) -> dict[str, list[Request]]:
    """Ten of each kind of bad token, all equally long."""
    goods = [ledger.create_token(TokenSpec(name=f"t{each}", roles=("reader",))).text for each in range(10)]
    ids = [good.split("_")[1] for good in goods]
    kinds = {
        "no such id": [credentials._text(f"{each:0>{len(ids[0])}}") for each in range(10)],
        "another secret": [credentials._text(each) for each in ids],
        "the last letter wrong": [_altered(good, -1) for good in goods],
        "the first letter wrong": [_altered(good, 0) for good in goods],
        "no checksum": [good[:-1] + ("0" if good[-1] != "0" else "1") for good in goods],
    }
    assert {len(text) for texts in kinds.values() for text in texts} == {len(goods[0])}
    return {
        kind: [Request("GET", "/", "", {"x-auth-token": text}, address="192.0.2.7") for text in texts]
        for kind, texts in kinds.items()
    }


def _altered(good: str, place: int) -> str:
    """A token with another letter in its secret, and the checksum that goes with that."""
    prefix, number, rest = good.split("_", 2)
    letters = list(rest[: -credentials._CHECK_LENGTH])
    letters[place] = "a" if letters[place] != "a" else "b"
    secret = "".join(letters)
    return f"{prefix}_{number}_{secret}{credentials._check(number, secret)}"


def once(known: Tokens, request: Request) -> int:
    """Nanoseconds of one refusal."""
    began = time.thread_time_ns()
    try:
        known(request)
    except AuthenticationFailed:
        return time.thread_time_ns() - began
    raise AssertionError("it was let in")


def measured(known: Tokens, kinds: dict[str, list[Request]], rounds: int = ROUNDS) -> dict[str, np.ndarray]:
    """How long each kind took, round by round, in an order that is another each time."""
    chance, order = random.Random(1), list(kinds)
    taken: dict[str, list[int]] = {kind: [] for kind in kinds}
    gc.disable()
    try:
        for number in range(rounds):
            chance.shuffle(order)
            for kind in order:
                taken[kind].append(once(known, kinds[kind][number % 10]))
    finally:
        gc.enable()
    return {kind: np.array(times) for kind, times in taken.items()}


def slower(one: np.ndarray, other: np.ndarray) -> float:
    """How often one is slower than the other, ties by half: the effect size of Mann and Whitney, 0.5 for none."""
    ordered = np.sort(other)
    below, up_to = np.searchsorted(ordered, one, "left"), np.searchsorted(ordered, one, "right")
    return float((below + up_to).mean() / 2 / len(other))


def leaks(known: Tokens, kinds: dict[str, list[Request]]) -> list[str]:
    """Kinds that can be told from each other, by more than each can be told from itself."""
    taken = measured(known, kinds)
    names, found = list(taken), []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            noise = max(abs(slower(taken[each][::2], taken[each][1::2]) - 0.5) for each in (one, other))
            effect = abs(slower(taken[one], taken[other]) - 0.5)
            if effect > TELLING + noise:
                found.append(f"{one} and {other}: {effect:.3f}, noise {noise:.3f}")
    return found


def test_how_long_it_takes_tells_nothing(ledger: Ledger, kinds: dict[str, list[Request]]) -> None:
    known = Tokens(ledger, key_for(ledger._writer.database.url))
    found: list[str] = []
    for _ in range(TRIES):
        found = leaks(known, kinds)
        if not found:
            return
    raise AssertionError(found)


class Hasty(Tokens):
    """As one would write it at first: what is not there is not hashed."""

    def __call__(self, request: Request) -> None:
        if self._ledger._writer.tokens().get(credentials.id_of(request.headers["x-auth-token"]) or "") is None:
            raise AuthenticationFailed("", None)  # type: ignore[arg-type]
        super().__call__(request)


def test_what_tells_is_noticed(ledger: Ledger, kinds: dict[str, list[Request]]) -> None:
    """Else the measurement would prove nothing."""
    found = leaks(Hasty(ledger, key_for(ledger._writer.database.url)), kinds)
    assert len([each for each in found if each.startswith("no such id")]) == 3, "all but what has no checksum either"


def test_secrets_are_compared_in_one_way_only() -> None:
    """Which byte is wrong is too small a difference to be measured above: so the source may only do it by hmac."""
    tree = ast.parse(Path(inspect.getfile(tokens_module)).read_text(encoding="utf-8"))
    hashes = {"hash", "previous_hash", "_none", "hashed", "given", "present", "previous"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq | ast.In) for each in node.ops):
            names = {getattr(each, "attr", getattr(each, "id", "")) for each in [node.left, *node.comparators]}
            assert not names & hashes, ast.unparse(node)
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert calls.count("hmac.compare_digest") == 2, "the present secret and the one before, always both"
