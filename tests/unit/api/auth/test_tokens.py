"""API tokens: who they let in, from where, for how long."""

from __future__ import annotations

import dataclasses
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from berth.api.auth.authenticator import AuthenticationFailed
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.auth.tokens import NOT_KNOWN, Tokens
from berth.api.http.limits import Limiter
from berth.api.http.messages import HttpError, Request
from berth.ledger import Ledger, credentials, open_ledger
from berth.ledger.credentials import HashKey, SecretUnusable, key_for
from berth.ledger.request_scope import NeedsTime
from berth.model.caller import Caller
from berth.model.commands import CreateToken
from berth.model.errors import Invalid, TokenExists, TokenNotFound
from berth.model.token import TokenRejection, TokenSpec
from berth.settings import Limits
from berth.store import tokens as stored
from berth.store.engine import Database
from tests.support.http_client import RETRY_AFTER

TREE = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with open_ledger(url) as ledger:
        yield ledger


@pytest.fixture
def key(url: str) -> HashKey:
    return key_for(url)


def make(ledger: Ledger, name: str = "ci", **more: object) -> str:
    words = {"name": name, "roles": ("service",), "project": "p", **more}
    return ledger.create_token(TokenSpec(**words)).text  # type: ignore[arg-type]


def make_ended(ledger: Ledger) -> str:
    """A token that was good until a moment ago."""
    command, text = ledger.creation(TokenSpec(name="ci", roles=("service",)))
    ledger.submit(CreateToken(token=replace(command.token, expires_at=1))).result()
    return text


def asking(token: str, address: str = "192.0.2.7") -> Request:
    return Request("GET", "/", "", {"x-auth-token": token}, address=address)


def refused(tokens: Tokens, token: str, address: str = "192.0.2.7") -> str:
    with pytest.raises(AuthenticationFailed) as refusal:
        tokens(asking(token, address))
    assert (refusal.value.status, refusal.value.detail) == (401, NOT_KNOWN), (
        "which tokens there were is nobody's business"
    )
    return refusal.value.why


def test_a_token_lets_in(ledger: Ledger, key: HashKey) -> None:
    token = make(ledger, user="u")
    known = Caller(user="u", project="p", roles=frozenset({"service"}), name="ci", via="token", address="192.0.2.7")
    tokens = Tokens(ledger, key)
    assert tokens(asking(token)) == known
    assert tokens(Request("GET", "/", "", {"authorization": f"bearer {token}"}, address="192.0.2.7")) == known


def test_what_is_no_token_of_berth_s_is_for_others_to_know(ledger: Ledger, key: HashKey) -> None:
    tokens = Tokens(ledger, key)
    for given in ("", "admin", "eyJhbGciOiJub25lIn0.e30.", "Berth_x"):
        assert tokens(asking(given)) is None
    assert tokens(Request("GET", "/", "", {})) is None
    assert tokens(Request("GET", "/", "", {"authorization": "Basic YTpi"})) is None


def test_a_token_that_is_not_quite_right(ledger: Ledger, key: HashKey) -> None:
    token, tokens = make(ledger), Tokens(ledger, key)
    number = token.split("_")[1]
    forged = credentials._text(number)  # a right checksum, a known id, and another secret
    wrong = (token[:-1], token + "x", token.upper().replace("BERTH", "berth"), forged, "berth_", "berth_é_x", "berth__")
    assert {refused(tokens, each) for each in wrong} == {"The token is unknown."}


def test_only_a_keyed_hash_is_stored(ledger: Ledger, key: HashKey, url: str, tmp_path: Path) -> None:
    token = make(ledger)
    ledger.close()
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("ledger.db*") if file.suffix != ".key")
    assert token.encode() not in stored
    assert token.split("_", 2)[2][:20].encode() not in stored
    assert HashKey(b"k" * 32).hash(token) != key.hash(token)


def test_a_revoked_token_is_refused_in_every_process_from_the_next_request_on(
    ledger: Ledger, key: HashKey, url: str
) -> None:
    token = make(ledger)
    with open_ledger(url) as other:
        tokens = Tokens(other, key)
        assert tokens(asking(token)) is not None
        ledger.revoke_token("ci")
        assert refused(tokens, token) == TokenRejection.REVOKED
    with pytest.raises(TokenNotFound):
        ledger.revoke_token("ci")


def test_a_token_ends(ledger: Ledger, key: HashKey) -> None:
    token = make_ended(ledger)
    assert refused(Tokens(ledger, key), token) == TokenRejection.EXPIRED


@pytest.mark.parametrize(
    ("address", "inside"),
    [("192.0.2.255", True), ("192.0.3.0", False), ("2001:db8::1", True), ("::ffff:192.0.2.1", True), ("", False)],
)
def test_a_token_for_some_networks(ledger: Ledger, key: HashKey, address: str, inside: bool) -> None:
    token = make(ledger, networks=("192.0.2.0/24", "2001:db8::/32"))
    tokens = Tokens(ledger, key)
    if inside:
        assert tokens(asking(token, address)) is not None
    else:
        assert refused(tokens, token, address) == TokenRejection.ELSEWHERE


def test_a_refused_token_is_named_to_the_audit_log(ledger: Ledger, key: HashKey) -> None:
    token = make_ended(ledger)
    with pytest.raises(AuthenticationFailed) as refusal:
        Tokens(ledger, key)(asking(token))
    assert (refusal.value.caller.name, refusal.value.caller.address) == ("ci", "192.0.2.7")


def test_rotation(ledger: Ledger, key: HashKey) -> None:
    first, tokens = make(ledger), Tokens(ledger, key)
    second = ledger.rotate_token("ci", grace_seconds=3600).text
    assert tokens(asking(first)) == tokens(asking(second))
    third = ledger.rotate_token("ci").text
    assert tokens(asking(third)) is not None
    assert refused(tokens, second) == TokenRejection.REPLACED
    assert refused(tokens, first) == "The token is unknown."  # only the last one is remembered
    ledger.revoke_token("ci")
    assert refused(tokens, second) == refused(tokens, third) == TokenRejection.REVOKED
    with pytest.raises(TokenNotFound):
        ledger.rotate_token("other")


def test_behind_a_network_a_thread_that_may_not_wait_looks_into_the_cache_only(
    ledger: Ledger, key: HashKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, tokens = make(ledger), Tokens(ledger, key)
    remote = dataclasses.replace(ledger._writer.database.capabilities, embedded=False)
    monkeypatch.setattr(Database, "capabilities", remote)
    assert tokens(asking(token)) is not None
    with ledger.request("req-1", brief=True):
        assert tokens(asking(token)) is not None
        with pytest.raises(NeedsTime):
            tokens(asking(credentials._text("abcdefghij")))
    ledger._writer._tokens.invalidate()
    with ledger.request("req-2", brief=True), pytest.raises(NeedsTime):
        tokens(asking(token))


def test_the_audit_log_knows_what_the_client_is_not_told(ledger: Ledger, key: HashKey) -> None:
    token = make(ledger)
    ledger.revoke_token("ci")
    limiter = Limiter(Limits(refusals_per_address=1, burst=2), clock=lambda: 0.0)
    gate = Gate(ledger, (Tokens(ledger, key),), POLICIES["default"], limiter.guessed)
    told = []
    for _ in range(3):  # also when it is too often: whose token it was would be lost otherwise
        with pytest.raises(HttpError) as refusal:
            gate.authenticate(asking(token))
        gate.record_refusal(asking(token), refusal.value, None, "me.show")
        told.append((refusal.value.status, refusal.value.detail))
    ledger.work()
    assert told[:2] == [(401, NOT_KNOWN)] * 2
    assert told[2] in [(429, f"Too many requests: try again in {seconds} s.") for seconds in RETRY_AFTER]
    records = ledger.audit(actor="ci", most=3)
    assert [(each.outcome, each.why) for each in records] == [
        ("429", TokenRejection.REVOKED), ("401", TokenRejection.REVOKED), ("401", TokenRejection.REVOKED),
    ]  # fmt: skip


def test_a_name_is_not_used_twice(ledger: Ledger, key: HashKey) -> None:
    make(ledger)
    ledger.revoke_token("ci")
    with pytest.raises(TokenExists):
        make(ledger)


def test_last_use_is_noted_once_in_a_while(ledger: Ledger, key: HashKey) -> None:
    token, tokens = make(ledger), Tokens(ledger, key)
    for _ in range(3):
        tokens(asking(token))
    assert ledger.waiting
    ledger.work()
    tokens(asking(token))
    assert not ledger.waiting
    assert ledger.tokens()[0].last_used_at is not None


def test_every_process_knows_the_last_use(url: str, ledger: Ledger, key: HashKey) -> None:
    token = make(ledger)
    with open_ledger(url) as other:
        assert other.tokens()[0].last_used_at is None
        Tokens(ledger, key)(asking(token))
        ledger.work()
        assert other.tokens()[0].last_used_at == ledger.tokens()[0].last_used_at is not None


def test_the_last_use_never_goes_back(url: str, ledger: Ledger) -> None:
    make(ledger)
    (id_,) = ledger._writer.tokens()
    database = Database(url)
    for at in (20, 10):  # two processes, of which the earlier one commits last
        with database.writing() as connection:
            stored.touch(connection, {id_: at})
    database.close()
    assert ledger.tokens()[0].last_used_at == 20


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"name": ""}, "needs a name"),
        ({"name": "a\nb"}, "control characters"),
        ({"roles": ()}, "needs roles"),
        ({"roles": ("root",)}, "root given"),
        ({"roles": ("provider-owner",)}, "needs the trees"),
        ({"trees": (TREE,)}, "no other role can have trees"),
        ({"roles": ("provider-owner",), "trees": ("x",)}, "not a uuid"),
        ({"networks": ("192.0.2.1/24",)}, "not a network such as"),
        ({"project": ""}, "project is missing"),
        ({"lasts_seconds": 0}, "from 1 second to 100 years"),
        ({"lasts_seconds": 2**62}, "from 1 second to 100 years"),
    ],
)
def test_tokens_that_make_no_sense(ledger: Ledger, key: HashKey, more: dict[str, object], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        make(ledger, **more)
    assert ledger.tokens() == []


def test_the_secret_is_made_at_first_use_and_only_its_owner_reads_it(url: str, tmp_path: Path) -> None:
    token = "berth_x_y"
    assert key_for(url).hash(token) == key_for(url).hash(token)
    file = tmp_path / "ledger.db.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(SecretUnusable, match="other users can read or write"):
        key_for(url)


@pytest.mark.parametrize("links", [True, False])
def test_a_secret_that_two_processes_make_at_once_is_one(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    made, token_bytes = list[HashKey](), secrets.token_bytes

    def make_another_first(count: int) -> bytes:
        monkeypatch.setattr(secrets, "token_bytes", token_bytes)
        made.append(key_for(url))
        return token_bytes(count)

    def no_link(*_: object) -> None:
        raise OSError(errno.ENOTSUP, "not supported")

    if links:
        monkeypatch.setattr(secrets, "token_bytes", make_another_first)
    else:
        monkeypatch.setattr(os, "link", no_link)
    made += [key_for(url), key_for(url)]
    assert len({each.hash("berth_x_y") for each in made}) == 1
    assert [each.name for each in tmp_path.glob("*.key*")] == ["ledger.db.key"]


def test_a_secret_that_cannot_be_used(url: str, tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.touch(0o600)
    for file, why in ((short, "has 0 bytes"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(SecretUnusable, match=why):
            key_for(url, str(file))
    with pytest.raises(SecretUnusable, match="tokens need a secret that every server"):
        key_for("postgresql://localhost/berth")
    assert "secret" not in repr(HashKey(b"secret" * 6))
