"""What looks like a secret is taken out of text, what does not is left alone."""

from __future__ import annotations

import pytest

from berth.logs.redaction import redaction, secrets_in, url_without_secrets, without_secrets

MARK = "open-sesame-7f3a"

TOLD = [
    f"postgresql://berth:{MARK}@db.example.com/berth",
    f"postgresql+psycopg://berth:{MARK}@x/y@db/berth?sslmode=require",
    f"mysql://:{MARK}@db/berth",
    f"connection to postgresql://berth@db/berth?password={MARK}&x=1 failed",
    f"password={MARK}",
    f"PASSWORD = '{MARK}'",
    f'{{"password": "{MARK}"}}',
    f"{{'passwd': '{MARK}'}}",
    f"db_password: {MARK}",
    f"X-Auth-Token: {MARK}",
    f"'x-auth-token': '{MARK}'",
    f"x-subject-token={MARK}",
    f"Authorization: Bearer {MARK}",
    f"authorization: Basic {MARK}",
    f"Bearer {MARK}",
    f"bearer   {MARK}",
    f"Cookie: session={MARK}",
    f"api_key={MARK}",
    f"apikey={MARK}",
    f"client_secret={MARK}",
    f"GET /x?access_token={MARK}&y=1",
    "berth_abcdefghij_" + MARK.replace("-", "") + "0a1b2c3d",
    f"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.{MARK}",
    f"eyJhbGciOiJub25lIn0.{MARK}",
    f"gAAAAABl{MARK}{'A' * 40}",
    f"-----BEGIN PRIVATE KEY-----\n{MARK}\n-----END PRIVATE KEY-----",
    f"-----BEGIN RSA PRIVATE KEY-----\n{MARK}",
]

HARMLESS = [
    "the token is not known",
    "req-1: answered with 503, for the database at postgresql://berth@db/berth is away",
    "/resource_providers/6e2a9a5f-3a7b-4c50-9b1e-2f5b9d2f1c11/inventories",
    "set BERTH_TOKEN, or --token-file FILE, or --token - and the token on standard input",
    "keystone.password_file cannot be read: No such file or directory: '/etc/berth/password'",
    "https://login.example.com:8443/keys",
    "postgresql://berth@db.example.com:5432/berth",
    "berth: serving sqlite:////var/lib/berth/berth.db on http://127.0.0.1:8778",
    "VCPU:4,MEMORY_MB:512",
    "10 passed",
    "basic",
]


@pytest.mark.parametrize("text", TOLD)
def test_what_looks_like_a_secret(text: str) -> None:
    told = without_secrets(text)
    assert MARK not in told
    assert MARK.replace("-", "") not in told
    assert "***" in told
    assert redaction()(text) == told, "it has no mark by which it is known"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize("told", ["pa ss/w@rd+1", "pa%20ss%2Fw%40rd%2B1", "pa%20ss/w%40rd%2B1", "pa+ss%2Fw%40rd%2B1"])
def test_what_is_known_to_be_one_in_every_spelling(told: str) -> None:
    assert redaction(["pa ss/w@rd+1"])(f"it is {told}!") == "it is ***!"


def test_a_short_one_would_be_everywhere() -> None:
    assert redaction(["a", "", "123"])("a banana, 123 times") == "a banana, 123 times"


@pytest.mark.parametrize(
    ("url", "secrets", "shown"),
    [
        ("sqlite:////var/lib/berth.db", [], "sqlite:////var/lib/berth.db"),
        ("postgresql://db/berth", [], "postgresql://db/berth"),
        ("postgresql://u@db:5432/berth", [], "postgresql://u@db:5432/berth"),
        ("postgresql://u:p%40x@db/berth", ["p@x"], "postgresql://u:***@db/berth"),
        ("postgresql://u:p@x/y@db/berth", ["p@x/y"], "postgresql://u:***@db/berth"),
        ("postgresql://u@db/b?password=p%20x&z=1", ["p x"], "postgresql://u@db/b?password=***&z=1"),
        ("postgresql://u@db/b?sslkey=f&sslpassword=q", ["q"], "postgresql://u@db/b?sslkey=f&sslpassword=***"),
        ("mysql://u@db/b?passwd=q", ["q"], "mysql://u@db/b?passwd=***"),
        ("http://u:p@collector:4318", ["p"], "http://u:***@collector:4318"),
    ],
)
def test_urls(url: str, secrets: list[str], shown: str) -> None:
    assert secrets_in(url) == secrets
    assert url_without_secrets(url) == shown
