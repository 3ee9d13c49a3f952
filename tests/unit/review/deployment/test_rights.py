"""Rights held, compared with rights needed, both ways; and how MariaDB's grants are read."""

from __future__ import annotations

import pytest

from berth.model.token import Token
from berth.review.deployment.credentials import DAY, review_tokens
from berth.review.deployment.rights import NEEDED, compare

NOW = 1_000 * DAY


def test_what_serving_needs_is_no_finding() -> None:
    assert list(compare(dict(NEEDED))) == []


CASES = [
    ("audit", {"DELETE"}, set(), "right-too-many", "high"),
    ("changes", {"UPDATE"}, set(), "right-too-many", "high"),
    ("providers", {"TRUNCATE"}, set(), "right-too-many", "medium"),
    ("audit", set(), {"INSERT"}, "right-too-few", "low"),
]


@pytest.mark.parametrize(("table", "more", "less", "rule", "severity"), CASES)
def test_one_right_too_many_or_too_few(table: str, more: set[str], less: set[str], rule: str, severity: str) -> None:
    table = table if table in NEEDED else next(name for name in NEEDED if name not in ("audit", "changes"))
    (finding,) = compare({**NEEDED, table: (NEEDED[table] | more) - less})
    assert (finding.rule, finding.severity, finding.place.path) == (rule, severity, f"table {table}")


def token(name: str = "t", roles: tuple[str, ...] = ("reader",), **fields: object) -> Token:
    usual = {"expires_at": NOW + DAY, "created_at": NOW - DAY, "networks": ("10.0.0.0/8",)}
    return Token(id=name, name=name, hash="", user=name, project="", roles=roles, **{**usual, **fields})  # type: ignore[arg-type]


TOKENS = [
    ([token()], []),
    ([token(expires_at=None)], ["token-endless"]),
    ([token(expires_at=None, revoked_at=NOW)], []),
    ([token(expires_at=NOW - 1, networks=())], []),
    ([token(roles=("admin",), networks=())], ["token-everywhere"]),
    ([token(created_at=NOW - 91 * DAY)], ["token-unused"]),
    ([token(created_at=0, last_used_at=NOW - DAY)], []),
    ([token(str(number), ("admin",)) for number in range(4)], ["many-administrators"]),
    ([token(str(number), ("admin",)) for number in range(3)], []),
]


@pytest.mark.parametrize(("tokens", "rules"), TOKENS)
def test_tokens(tokens: list[Token], rules: list[str]) -> None:
    assert [each.rule for each in review_tokens(tokens, NOW)] == rules
