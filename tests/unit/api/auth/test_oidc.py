"""Bearer tokens of an OpenID provider: which are believed, and what is said of all others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from berth.api.auth.authenticator import AuthenticationFailed
from berth.api.auth.oidc import FRESH_S, SELDOM_S, STALE_S, Keys, OpenId
from berth.api.http.messages import HttpError, Request
from berth.ledger.request_scope import NeedsTime
from berth.model.caller import Caller
from berth.model.token import TokenRejection
from berth.settings import Oidc
from tests.support.identity.openid_provider import Issuer, running
from tests.support.threads import no_thread


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def served() -> Iterator[Issuer]:
    with running() as issuer:
        yield issuer


@pytest.fixture
def issuer(served: Issuer) -> Issuer:
    served.rotate("first")
    served.away, served.asked = False, 0
    return served


@pytest.fixture
def clock() -> Clock:
    return Clock()


def provider(issuer: Issuer, clock: Clock | None = None, **more: Any) -> OpenId:
    settings = Oidc(issuer=issuer.url, audience="berth", **more)
    return OpenId(settings, Keys(settings, clock=clock or Clock()))


def asking(token: str) -> Request:
    return Request("GET", "/", "", {"authorization": f"Bearer {token}"}, address="192.0.2.7")


def refused(known: OpenId, token: str) -> str:
    with pytest.raises(AuthenticationFailed) as refusal:
        known(asking(token))
    assert (refusal.value.status, refusal.value.caller.via) == (401, "oidc")
    return refusal.value.detail


def test_a_token_is_believed(issuer: Issuer) -> None:
    assert provider(issuer)(asking(issuer.token(preferred_username="ada"))) == Caller(
        user="u-1", project="lab", roles=frozenset({"admin"}), name="ada", via="oidc", address="192.0.2.7"
    )


def test_claims_are_mapped(issuer: Issuer) -> None:
    known = provider(
        issuer, roles_claim="realm.roles", project_claim="https://x.example/team", role_map={"boss": "admin"}
    )
    claims = {"realm": {"roles": ["boss", "READER", 7]}, "https://x.example/team": "t"}
    caller = known(asking(issuer.token(**claims)))
    assert caller is not None
    assert (caller.roles, caller.project) == (frozenset({"admin", "reader"}), "t")
    caller = provider(issuer, roles_claim="scope")(asking(issuer.token(scope="admin other")))
    assert caller is not None
    assert caller.roles == {"admin", "other"}
    caller = provider(issuer, roles_claim="none.at.all")(asking(issuer.token()))
    assert caller is not None
    assert caller.roles == frozenset()


def test_a_curve_s_signature(issuer: Issuer) -> None:
    issuer.add_curve("curve")
    assert provider(issuer)(asking(issuer.token(kid="curve", algorithm="ES256"))) is not None


def test_what_is_no_such_token_is_for_others_to_know(issuer: Issuer) -> None:
    known = provider(issuer)
    for other in ("admin", "berth_x_y", "a.b", "gAAAAAB.x.y"):
        assert known(asking(other)) is None
    assert known(Request("GET", "/", "", {})) is None


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": time.time() - 3600}, "The token has expired."),
    "not yet": ({"nbf": time.time() + 86_400}, "The token is not valid yet."),
    "issued later": ({"iat": time.time() + 86_400}, "The token is not valid yet."),
    "another audience": ({"aud": "nova"}, "The token is for another audience."),
    "another issuer": ({"iss": "https://evil.example"}, "The token is from another issuer."),
    "an issuer that begins so": ({"iss": "http://127.0.0.1"}, "The token is from another issuer."),
    "no end": ({"exp": None}, "The token lacks a required claim."),
    "no subject": ({"sub": None}, "The token lacks a required claim."),
    "no audience": ({"aud": None}, "The token lacks a required claim."),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_claims_that_are_refused(issuer: Issuer, case: str) -> None:
    claims, why = CLAIMS[case]
    assert refused(provider(issuer), issuer.token(**claims)) == why


def test_whose_token_has_expired_is_known_to_the_audit_log(issuer: Issuer) -> None:
    past = time.time() - 3600
    with pytest.raises(AuthenticationFailed) as refusal:
        provider(issuer)(asking(issuer.token(exp=past, preferred_username="ada")))
    assert (refusal.value.why, refusal.value.caller.called) == (TokenRejection.EXPIRED, "ada")
    with pytest.raises(AuthenticationFailed) as refusal:  # nobody's here, whenever it ended
        provider(issuer)(asking(issuer.token(exp=past, aud="nova", preferred_username="ada")))
    assert refusal.value.caller.called == ""


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_no_signature(issuer: Issuer, algorithm: str) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    token = unsigned({"alg": algorithm, "kid": "first"}, claims)
    assert refused(provider(issuer), token) == "The token's signature algorithm is not accepted."


def test_the_public_key_as_a_secret(issuer: Issuer) -> None:
    """Key confusion: signed with HMAC, with the key that everybody can read."""
    public = (
        issuer.keys["first"]
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    body = unsigned({"alg": "HS256", "kid": "first"}, claims).rpartition(".")[0]
    signature = base64.urlsafe_b64encode(hmac.digest(public, body.encode(), hashlib.sha256)).rstrip(b"=").decode()
    assert refused(provider(issuer), f"{body}.{signature}") == "The token's signature algorithm is not accepted."


def test_another_s_signature(issuer: Issuer) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert refused(provider(issuer), issuer.token(key=other)) == "The token's signature does not match."
    header, body, signature = issuer.token().split(".")
    forged = (
        base64.urlsafe_b64encode(
            json.dumps(jwt.decode(issuer.token(), options={"verify_signature": False}) | {"sub": "root"}).encode()
        )
        .decode()
        .rstrip("=")
    )
    assert refused(provider(issuer), f"{header}.{forged}.{signature}") == "The token's signature does not match."
    assert body


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "secret", "nonsense", "\x00", "x" * 10_000])
def test_key_ids_that_are_made_up(issuer: Issuer, kid: str) -> None:
    token = issuer.token(kid=kid, key=issuer.keys["first"])
    assert refused(provider(issuer), token) == "The token is signed with a key that is not the issuer's."


def test_headers_that_would_bring_their_own_key(issuer: Issuer) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    for header in ({"jku": "http://127.0.0.1:1/"}, {"jwk": {"kty": "RSA"}}, {"x5u": "http://127.0.0.1:1/"}):
        token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "first", **header})
        assert refused(provider(issuer), token) == "The token's signature does not match."


NO_TOKENS = ("eyJ..", "eyJhbGciOiJSUzI1NiJ9.e30.x", "eyJ\u00e9.a.b", "eyJ" + "A" * 50_000 + ".a.b")


@pytest.mark.parametrize("token", NO_TOKENS)
def test_tokens_that_are_none(issuer: Issuer, token: str) -> None:
    assert refused(provider(issuer), token) == "The token cannot be parsed."


def test_keys_change(issuer: Issuer, clock: Clock) -> None:
    known = provider(issuer, clock)
    old = issuer.token()
    assert known(asking(old)) is not None
    issuer.rotate("second")
    clock.now += SELDOM_S + 1
    assert known(asking(issuer.token())) is not None
    assert refused(known, old) == "The token is signed with a key that is not the issuer's."
    assert issuer.asked == 2


def test_made_up_key_ids_do_not_make_berth_ask_again_and_again(issuer: Issuer, clock: Clock) -> None:
    known = provider(issuer, clock)
    assert known(asking(issuer.token())) is not None
    for number in range(50):
        refused(known, issuer.token(kid=f"made-up-{number}", key=issuer.keys["first"]))
    assert issuer.asked == 1


def test_the_provider_is_away(issuer: Issuer, clock: Clock) -> None:
    known = provider(issuer, clock)
    assert known(asking(issuer.token())) is not None
    issuer.away = True
    clock.now += FRESH_S + 1
    assert known(asking(issuer.token())) is not None  # what is known stays good for a while
    clock.now += STALE_S
    with pytest.raises(HttpError) as away:
        known(asking(issuer.token()))
    ((name, seconds),) = away.value.headers
    assert (away.value.status, name, int(seconds) in range(5, 8)) == (503, "retry-after", True)


def test_a_provider_that_was_never_there(issuer: Issuer) -> None:
    issuer.away = True
    with pytest.raises(HttpError) as away:
        provider(issuer)(asking(issuer.token()))
    assert away.value.status == 503


class HangingProvider:
    """Loads keys; once it hangs, not before it is released."""

    def __init__(self) -> None:
        self.hangs, self.released, self.loads = False, threading.Event(), 0

    def __call__(self, url: str) -> Any:
        assert url == "https://login.example/keys"
        self.loads += 1
        if self.hangs:
            self.released.wait(30)
            raise httpx.ReadTimeout("hangs")
        return {"keys": [{"kid": "k", "kty": "OKP", "crv": "Ed25519", "x": "A" * 43}]}


@pytest.fixture
def hanging() -> Iterator[HangingProvider]:
    provider = HangingProvider()
    yield provider
    provider.released.set()


def keys_of(hanging: HangingProvider, clock: Clock, require_time: Callable[[], None] = lambda: None) -> Keys:
    settings = Oidc(issuer="https://login.example", audience="berth", jwks_url="https://login.example/keys")
    return Keys(settings, hanging, clock, require_time)


def test_a_provider_that_hangs_stops_nobody_whose_key_is_known(hanging: HangingProvider, clock: Clock) -> None:
    keys = keys_of(hanging, clock)
    assert keys.get("k") is not None
    hanging.hangs = True
    for _ in range(3):
        clock.now += FRESH_S + 1
        with ThreadPoolExecutor(8) as threads:
            began = time.monotonic()
            assert all(key is not None for key in threads.map(keys.get, ["k"] * 80))
        assert time.monotonic() - began < 10, "it hangs for thirty seconds"
    assert hanging.loads == 2, "one fetch at a time"


def test_a_thread_that_may_not_wait_is_not_made_to(hanging: HangingProvider, clock: Clock) -> None:
    def require_time() -> None:
        raise NeedsTime

    keys = keys_of(hanging, clock, require_time)
    with pytest.raises(NeedsTime):
        keys.get("k")
    assert hanging.loads == 0
    patient = keys_of(hanging, clock)
    assert patient.get("k") is not None
    patient._require_time = require_time
    hanging.hangs = True
    assert patient.get("k") is not None
    clock.now += FRESH_S + 1
    assert patient.get("k") is not None


def test_a_fetch_that_finds_no_thread_is_tried_again(
    hanging: HangingProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = keys_of(hanging, clock)
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(HttpError) as unreachable:
            keys.get("k")
        assert unreachable.value.status == 503
    clock.now += SELDOM_S + 1
    assert keys.get("k") is not None


def test_those_who_wait_for_the_same_fetch_share_it(hanging: HangingProvider, clock: Clock) -> None:
    keys = keys_of(hanging, clock)
    hanging.hangs = True
    with ThreadPoolExecutor(8) as threads:
        answers = [threads.submit(keys.get, f"unknown-{number}") for number in range(8)]
        time.sleep(0.1)
        hanging.released.set()
        for each in answers:
            assert isinstance(each.exception(), HttpError)
    assert hanging.loads == 1


def test_a_signature_is_verified_once(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    known, token = provider(issuer), issuer.token()
    assert known(asking(token)) is not None
    monkeypatch.setattr(jwt, "decode", lambda *_, **__: pytest.fail("verified again"))
    caller = known(Request("GET", "/", "", {"authorization": f"Bearer {token}"}, address="192.0.2.8"))
    assert caller is not None
    assert (caller.user, caller.address) == ("u-1", "192.0.2.8")


def test_what_was_verified_ends_with_the_token(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    known, token = provider(issuer, leeway_seconds=0), issuer.token(exp=time.time() + 60)
    assert known(asking(token)) is not None
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert known._verified.get(token, time.time()) is None
