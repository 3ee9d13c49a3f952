"""Tokens are presumed to be what they were, and nobody is told anything before that is certain."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from berth.api.http.limits import Limiter
from berth.api.http.server import Server
from berth.api.ops.metrics import MetricsRegistry
from berth.api.v1.feed import Feed
from berth.app import mounts_of
from berth.ledger import Ledger, open_ledger
from berth.ledger.observer import CommitObserver
from berth.model.errors import Unavailable
from berth.model.inventory import Inventory
from berth.model.token import TokenRejection, TokenSpec
from berth.settings import Limits, Settings
from berth.store.head import Head
from berth.store.watch import Watch
from tests.support.in_process_server import InProcessServer, Received

HOST: Final = "7a5c0000-0000-4000-8000-000000000001"
JOB: Final = "7a5c0000-0000-4000-8000-0000000000b1"
ROOM: Final = 8


class Looks:
    """A watch that counts how often the database is looked at. away: it does not answer."""

    def __init__(self, watch: Watch) -> None:
        self._watch, self.count, self.away = watch, 0, False

    def latest(self, wait_s: float = 10) -> Head | None:
        self.count += 1
        if self.away:
            raise Unavailable("the database is away")
        return self._watch.latest(wait_s)

    def close(self) -> None:
        self._watch.close()


class Refused(CommitObserver):
    """Counts what is refused."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []

    def refused(self, error: Exception) -> None:
        self.errors.append(error)


@dataclass
class Process:
    """A server of its own, and the only one that has heard of nothing that happens elsewhere."""

    inside: InProcessServer
    looks: Looks
    refused: Refused = field(default_factory=Refused)

    def ask(self, method: str, target: str, token: str, body: Any = None) -> Received:
        return self.inside.request(method, target, token, body)

    def claim(self, token: str, consumer: str = JOB, amount: int = 1) -> Received:
        return self.ask("PUT", f"/allocations/{consumer}", token, claim(amount))


def claim(amount: int = 1) -> dict[str, Any]:
    return {
        "allocations": {HOST: {"resources": {"VCPU": amount}}},
        "project_id": "p",
        "user_id": "u",
        "consumer_generation": None,
        "consumer_type": "JOB",
    }


@pytest.fixture
def url(ledger_url: str) -> str:
    return ledger_url


@pytest.fixture
def secret(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_bytes(b"k" * 32)
    return str(file)


@pytest.fixture
def elsewhere(url: str, secret: str) -> Iterator[Ledger]:
    """Another process on the same database."""
    with open_ledger(url, secret_file=secret) as ledger:
        ledger.create_provider("host-1", uuid=HOST)
        ledger.set_inventories(HOST, {"VCPU": Inventory(ROOM)})
        yield ledger


@pytest.fixture
def here(url: str, secret: str, elsewhere: Ledger) -> Iterator[Process]:
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(url, secret_file=secret))
        core = ledger._writer
        settings = Settings(auth=("token",), secret_file=secret)
        site = mounts_of(settings, ledger, Feed(ledger), Limiter(Limits()), MetricsRegistry())
        inside = stack.enter_context(closing(InProcessServer(Server(site, ledger))))
        process = Process(inside, Looks(core._watch))
        core._watch = process.looks
        core.observer = process.refused
        yield process


@pytest.fixture
def token(here: Process, elsewhere: Ledger) -> str:
    """One that may do anything, and is known here."""
    text = made(elsewhere)
    assert here.ask("GET", f"/resource_providers/{HOST}", text).status == 200
    here.looks.count = 0
    return text


def made(ledger: Ledger, name: str = "ci", role: str = "admin") -> str:
    return ledger.create_token(TokenSpec(name=name, roles=(role,), project="p")).text


def refusals(ledger: Ledger) -> list[tuple[str, str, str]]:
    """What the audit log says of refused attempts, oldest first: outcome, actor, why."""
    records = ledger.audit(most=None)
    return [(each.outcome, each.actor, each.why) for each in reversed(records) if each.outcome[:1] == "4"]


def used(ledger: Ledger) -> int:
    return ledger.usages(HOST).usages.get("VCPU", 0)


ASKED: Final = {
    "a claim": ("PUT", f"/allocations/{JOB}", claim()),
    "a claim that is not well-formed": ("PUT", f"/allocations/{JOB}", b'{"allocations": 7}'),
    "a claim of what is not there": ("PUT", f"/allocations/{JOB}", claim(ROOM + 1)),
    "a host that is not there": ("GET", f"/resource_providers/{JOB}", None),
    "a path that is not there": ("GET", "/nothing/here", None),
    "a host": ("GET", f"/resource_providers/{HOST}", None),
    "candidates": ("GET", "/allocation_candidates?resources=VCPU:1", None),
    "the fleet": ("GET", "/v1/fleet", None),
    "consumers": ("GET", "/v1/consumers", None),
    "a release": ("DELETE", f"/allocations/{JOB}", None),
    "a token": ("POST", "/v1/tokens", {"name": "more", "roles": ["admin"]}),
    "the stream of changes": ("GET", "/v1/changes?after=0", None),
    "metrics": ("GET", "/metrics", None),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_a_token_revoked_elsewhere_is_refused_at_once_whatever_is_asked(
    here: Process, elsewhere: Ledger, token: str, asked: tuple[str, str, Any]
) -> None:
    elsewhere.revoke_token("ci")
    head = elsewhere.head()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what was begun is ended as it should be
        assert here.ask(asked[0], asked[1], token, asked[2]).status == 401
    assert (elsewhere.head(), used(elsewhere)) == (head, 0)
    assert refusals(elsewhere) == [("401", "ci", TokenRejection.REVOKED)]
    assert here.refused.errors == []


def test_what_it_may_not_do_is_not_told_whom_it_does_not_let_in(here: Process, elsewhere: Ledger) -> None:
    reader = made(elsewhere, "reader", "reader")
    assert here.ask("DELETE", f"/resource_providers/{HOST}", reader).status == 403
    elsewhere.revoke_token("reader")
    assert here.ask("DELETE", f"/resource_providers/{HOST}", reader).status == 401
    assert [(outcome, actor) for outcome, actor, _ in refusals(elsewhere)] == [("403", "reader"), ("401", "reader")]


def test_a_token_made_elsewhere_lets_in_at_once(here: Process, elsewhere: Ledger) -> None:
    assert here.claim(made(elsewhere)).status == 204
    assert refusals(elsewhere) == []


def test_a_token_rotated_elsewhere_claims_once(here: Process, elsewhere: Ledger, token: str) -> None:
    new = elsewhere.rotate_token("ci", grace_seconds=60).text
    assert here.claim(token, amount=2).status == 204, "the old secret is valid for a minute"
    assert used(elsewhere) == 2
    assert here.claim(new, "7a5c0000-0000-4000-8000-0000000000b2").status == 204
    newest = elsewhere.rotate_token("ci").text
    assert here.claim(new, "7a5c0000-0000-4000-8000-0000000000b3").status == 401
    assert here.claim(newest, "7a5c0000-0000-4000-8000-0000000000b3").status == 204
    assert used(elsewhere) == 4
    assert refusals(elsewhere) == [("401", "ci", TokenRejection.REPLACED)]


def test_a_claim_does_not_look_and_a_question_looks_once(here: Process, elsewhere: Ledger, token: str) -> None:
    counts = {}
    for what, (method, target, body) in ASKED.items():
        if what not in ("metrics", "the stream of changes"):
            here.looks.count = 0
            here.ask(method, target, token, body)
            counts[what] = here.looks.count
    # Not as often as once for each question: some are answered from rows, in a transaction that is a look as well.
    # In a file a look costs next to nothing: the event loop takes one before it hands a request to a thread.
    assert {what: count for what, count in counts.items() if count > 1 + elsewhere.embedded} == {}
    assert [what for what in ("a claim", "a claim of what is not there", "a release") if counts[what]] == []
    assert all(counts[what] for what in ("a host", "candidates", "the fleet", "a path that is not there"))


def test_what_becomes_of_other_tokens_is_nothing_to_this_one(here: Process, elsewhere: Ledger, token: str) -> None:
    made(elsewhere, "other")
    elsewhere.revoke_token("other")
    assert here.claim(token).status == 204
    assert here.looks.count == 0, "it did not begin anew"


@pytest.mark.parametrize("what", ["a claim that is not well-formed", "a host", "a path that is not there"])
def test_nobody_is_told_anything_while_it_cannot_be_made_certain(here: Process, token: str, what: str) -> None:
    here.looks.away = True
    method, target, body = ASKED[what]
    told = here.ask(method, target, token, body)
    assert (told.status, b"database is unavailable" in told.body) == (503, True)
    here.looks.away = False
    assert here.ask(method, target, token, body).status in (200, 400, 404)


def test_one_of_a_batch_is_refused_and_the_others_claim(here: Process, elsewhere: Ledger, token: str) -> None:
    other = made(elsewhere, "other")
    assert here.ask("GET", "/v1/fleet", other).status == 200
    elsewhere.revoke_token("other")
    texts = {token: "7a5c0000-0000-4000-8000-0000000000b2", other: "7a5c0000-0000-4000-8000-0000000000b3"}
    told = here.inside.request_at_once([("PUT", f"/allocations/{job}", text, claim()) for text, job in texts.items()])
    assert [each.status for each in told] == [204, 401]
    assert used(elsewhere) == 1


def test_a_reply_names_the_request_that_it_is_to(here: Process, elsewhere: Ledger, token: str) -> None:
    """The second beginning of a request is the same request: its record has the id that the client was told."""
    elsewhere.revoke_token("ci")
    told = here.ask("GET", "/v1/fleet", token)
    (record,) = [each for each in elsewhere.audit(most=None) if each.outcome == "401"]
    assert json.loads(told.body)["request_id"] == record.request
