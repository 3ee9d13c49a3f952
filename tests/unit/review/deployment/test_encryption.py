"""How a connection to a database is encrypted, asked for, and judged; and users of MariaDB from everywhere."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from berth.review.deployment.encryption import encryption_fact, review_encryption
from berth.review.deployment.public_rights import review_user

TLS = ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
NONE = ("", "")
CASES = [
    ("postgresql://u@127.0.0.1/d", NONE, []),
    ("postgresql://u@/d", NONE, []),
    ("postgresql://u@db/d", NONE, ["database-clear-text"]),
    ("postgresql://u@db/d", TLS, ["database-unverified"]),
    ("postgresql://u@db/d?sslmode=require", TLS, ["database-unverified"]),
    ("postgresql://u@db/d?sslmode=verify-full", TLS, []),
    ("postgresql://u@db/d?sslmode=verify-full", ("TLSv1.1", "AES"), ["database-tls-version"]),
    ("mariadb://u@db/d", NONE, ["database-clear-text"]),
    ("mariadb://u@db/d?ssl=true", TLS, ["database-unverified"]),
    ("mariadb://u@db/d?ssl_ca=/etc/ca.pem", TLS, []),
    ("mariadb://u@localhost/d", NONE, []),
]


@pytest.mark.parametrize(("url", "encryption", "rules"), CASES)
def test_connections(url: str, encryption: tuple[str, str], rules: list[str]) -> None:
    assert [each.rule for each in review_encryption(make_url(url), *encryption)] == rules


def test_it_is_said_in_words() -> None:
    assert (encryption_fact(*NONE), encryption_fact("TLSv1.3", "AES")) == ("not encrypted", "TLSv1.3 with AES")


@pytest.mark.parametrize(
    ("user", "found"), [("b@%", True), ("b@", True), ("b@10.0.0.%", False), ("b@localhost", False)]
)
def test_users_from_everywhere(user: str, found: bool) -> None:
    assert [each.rule for each in review_user(user)] == ["user-from-everywhere"] * found
