"""Bearer tokens that an attacker would make: each is refused, is in the audit log, and changes nothing.

Which tokens are good and which are not is tried one by one in `tests/unit/api/auth/test_oidc.py`; this is all the way
through a server, with tokens that would let an administrator in if only they were right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.suites.security.target_server import NEWEST, WRITE, Attacked, attacked
from tests.support.identity import openid_provider as issuing
from tests.support.identity.openid_provider import Issuer

OWN_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing.running() as issuer:
        issuer.add_curve("curve")
        yield issuer


@pytest.fixture(scope="module")
def server(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    settings = f'auth = ["oidc"]\n[oidc]\nissuer = "{issuer.url}"\naudience = "berth"\nleeway_seconds = 5\n'
    with attacked(tmp_path_factory.mktemp("jwt"), settings) as server:
        yield server


def text(part: bytes | dict[str, Any]) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(issuer: Issuer, **more: Any) -> dict[str, Any]:
    return {"iss": issuer.url, "aud": "berth", "sub": "u-1", "exp": time.time() + 600, "roles": ["admin"], **more}


def bare(issuer: Issuer, signature: str = "", **header: Any) -> str:
    """A token of any header, with any signature."""
    return f"{text({'kid': 'first', 'typ': 'JWT', **header})}.{text(claims(issuer))}.{signature}"


def symmetric(issuer: Issuer, form: serialization.PublicFormat, algorithm: str = "HS256") -> str:
    """A token whose secret is the issuer's public key, which everybody knows."""
    public = issuer.keys["first"].public_key().public_bytes(serialization.Encoding.PEM, form)
    unsigned = bare(issuer, alg=algorithm).rstrip(".")
    hashed = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{unsigned}.{text(hmac.digest(public, unsigned.encode(), hashed))}"


def own(issuer: Issuer, **header: Any) -> str:
    """A token that is signed with a key of the attacker's, which the header tells of."""
    return jwt.encode(claims(issuer), OWN_KEY, algorithm="RS256", headers={"kid": "first", **header})


def critical(issuer: Issuer) -> str:
    """The issuer's own, with a header that must be understood (RFC 7515, 4.1.11), and is not."""
    return jwt.encode(
        claims(issuer), issuer.keys["first"], "RS256", {"kid": "first", "crit": ["scope-of"], "scope-of": "nothing"}
    )


def own_jwk() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(OWN_KEY.public_key()))
    return {**told, "kid": "first"}


def altered(issuer: Issuer) -> str:
    """The signature of a reader's token below the words of an administrator."""
    head, _, signature = issuer.token(kid="first", roles=["reader"]).split(".")
    return f"{head}.{text(claims(issuer))}.{signature}"


def far(seconds: float) -> float:
    return time.time() + seconds


def token(**more: Any) -> Callable[[Issuer], str]:
    """One that the issuer itself has signed, with these claims."""
    return lambda issuer: issuer.token(kid="first", **more)


METHOD = "signature algorithm is not accepted"
KEY = "signed with a key that is not the issuer's"
SIGNATURE = "signature does not match"
UNKNOWN = "Authentication is required"
NONE = "cannot be parsed"
SUBJECT = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1

DAY: Final = 86_400
"""Attacks are made up when tests are collected, and carried out up to hours later."""

ATTACKS: dict[str, tuple[Callable[[Issuer], str], str]] = {
    **{f"alg {each!r}": (lambda issuer, alg=each: bare(issuer, alg=alg), METHOD)  # type: ignore[misc]
       for each in ("none", "None", "NONE", "nOnE", "", " none", "RS256 ", "rs256")},
    "alg none with a signature": (lambda issuer: bare(issuer, "c2lnbmVk", alg="none"), METHOD),
    "alg that is a list": (lambda issuer: bare(issuer, "c2lnbmVk", alg=["RS256"]), METHOD),
    "no alg": (lambda issuer: bare(issuer, "c2lnbmVk"), NONE),
    "RS256 without a signature": (lambda issuer: bare(issuer, alg="RS256"), SIGNATURE),
    "HS256 of the public key": (lambda issuer: symmetric(issuer, SUBJECT), METHOD),
    "HS256 of the public key, PKCS 1": (lambda issuer: symmetric(issuer, PKCS1), METHOD),
    "HS512 of the public key": (lambda issuer: symmetric(issuer, SUBJECT, "HS512"), METHOD),
    "another algorithm for the key": (lambda issuer: bare(issuer, "c2lnbmVk", alg="ES256"), KEY),
    "a curve's key id for RSA": (lambda issuer: issuer.token(kid="curve", key=OWN_KEY), KEY),
    "own key": (own, SIGNATURE),
    "own key, of another id": (lambda issuer: own(issuer, kid="second"), KEY),
    "own key, brought along as jwk": (lambda issuer: own(issuer, jwk=own_jwk()), SIGNATURE),
    "own key, to be fetched by jku": (lambda issuer: own(issuer, jku="http://127.0.0.1:9/keys"), SIGNATURE),
    "own key, to be fetched by x5u": (lambda issuer: own(issuer, x5u="http://127.0.0.1:9/keys"), SIGNATURE),
    "own key, in a chain of its own": (lambda issuer: own(issuer, x5c=["MIIB"]), SIGNATURE),
    "key id of a secret": (lambda issuer: bare(issuer, "c2lnbmVk", alg="RS256", kid="secret"), KEY),
    "key id that is a path": (lambda issuer: bare(issuer, "c2lnbmVk", alg="RS256", kid="../../dev/null"), KEY),
    "key id that is SQL": (lambda issuer: bare(issuer, "c2lnbmVk", alg="RS256", kid="' OR '1'='1"), KEY),
    "key id that is no text": (lambda issuer: bare(issuer, "c2lnbmVk", alg="RS256", kid=["first"]), NONE),
    "critical, and not known": (critical, NONE),
    "another's words": (altered, SIGNATURE),
    "a signature that is cut": (lambda issuer: issuer.token(kid="first")[:-22], SIGNATURE),
    "one more part": (lambda issuer: issuer.token(kid="first") + ".e30", UNKNOWN),
    "blanks before the header": (lambda issuer: text(b'  {"alg":"none"}') + f".{text(claims(issuer))}.", UNKNOWN),
    "expired": (token(exp=far(-3600)), "expired"),
    "expired beyond the leeway": (token(exp=far(-60)), "expired"),
    "never ends": (token(exp=None), "lacks a required claim"),
    "an end that is no number": (token(exp="never"), SIGNATURE),
    "not yet": (token(nbf=far(DAY)), "not valid yet"),
    "made in the future": (token(iat=far(DAY)), "not valid yet"),
    "for somebody else": (token(aud="nova"), "for another audience"),
    "for nobody": (token(aud=None), "lacks a required claim"),
    "of another issuer": (token(iss="https://evil.example.com"), "from another issuer"),
    "of an issuer that begins alike": (lambda issuer: issuer.token(kid="first", iss=issuer.url + ".evil.example"),
                                       "from another issuer"),
    "of nobody": (token(sub=None), "lacks a required claim"),
    "ten kilobytes of id": (lambda issuer: bare(issuer, "c2lnbmVk", alg="RS256", kid="k" * 10_000), KEY),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_token(attack: str, target: Attacked, issuer: Issuer) -> None:
    made, words = ATTACKS[attack]
    got = target.ask("PUT", WRITE, [("authorization", f"Bearer {made(issuer)}"), NEWEST])
    record = target.refused(got, 401, words, target=f"PUT {WRITE}", address="127.0.0.1")
    assert words in record.why
    assert got.header("www-authenticate") == "Bearer"


def test_a_token_that_is_too_large(target: Attacked, issuer: Issuer) -> None:
    made = issuer.token(kid="first", padding="x" * 60_000)
    got = target.ask("PUT", WRITE, [("authorization", f"Bearer {made}"), NEWEST])
    target.refused(got, 431, "larger than 65536 bytes", target=f"PUT {WRITE}", actor="")


def test_whose_token_has_expired_is_in_the_audit_log(target: Attacked, issuer: Issuer) -> None:
    """Of others it is not: whatever they say of themselves, nobody has signed."""
    ended = issuer.token(kid="first", exp=far(-3600), preferred_username="ada")
    got = target.ask("PUT", WRITE, [("x-auth-token", ended), NEWEST])
    target.refused(got, 401, "expired", actor="ada", via="oidc")
    forged = target.ask("PUT", WRITE, [("x-auth-token", altered(issuer)), NEWEST])
    target.refused(forged, 401, SIGNATURE, actor="", user="", via="oidc")


def test_the_right_token_does_what_they_could_not(server: Attacked, issuer: Issuer) -> None:
    """Else the attacks would prove nothing."""
    made = issuer.token(kid="first", exp=far(600))
    assert server.ask("PUT", WRITE, [("x-auth-token", made), NEWEST]).status == 201
