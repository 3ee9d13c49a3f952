"""Each weak setting is a finding, and the strong twin of each is none."""

from __future__ import annotations

import pytest

from berth.api.auth.policy import DEFAULT, POLICIES, Policy
from berth.review.deployment.configuration import is_loopback, policy_changes, review_policy, review_settings
from berth.settings import Limits, Settings
from berth.settings.values import Keystone, Oidc, Otel, Tls

OPEN = {"host": "0.0.0.0", "auth": ("token",), "tls": Tls(cert="c", key="k")}
CASES = [
    ({"auth": ("dev",)}, ["auth-dev"]),
    ({"auth": ("token", "dev")}, ["auth-dev"]),
    ({"auth": ("dev",), "host": "127.0.0.1"}, []),
    ({"auth": ("dev",), "host": "::1"}, []),
    ({"tls": Tls()}, ["no-tls"]),
    ({"tls": Tls(), "host": "localhost"}, []),
    ({"tls": Tls(), "trusted_proxies": ("10.0.0.1",)}, []),
    ({"trusted_proxies": ("10.0.0.0/8",)}, ["proxies-wide"]),
    ({"trusted_proxies": ("10.0.0.0/24", "fd00::/64")}, []),
    ({"trusted_proxies": ("fd00::/48",)}, ["proxies-wide"]),
    ({"cors_origins": ("*",)}, ["cors-any-origin"]),
    ({"cors_origins": ("https://example.org",)}, []),
    ({"metrics_public": True}, ["metrics-public"]),
    ({"metrics_public": True, "host": "127.0.0.1"}, []),
    ({"policy": "open-policy"}, ["open-policy"]),
    ({"policy": "secure-rbac"}, []),
    ({"oidc": Oidc(issuer="http://id.example.org")}, ["clear-text-service"]),
    ({"oidc": Oidc(issuer="https://id.example.org", jwks_url="http://id.example.org/k")}, ["clear-text-service"]),
    ({"keystone": Keystone(url="http://keystone:5000")}, ["clear-text-service"]),
    ({"keystone": Keystone(url="http://127.0.0.1:5000")}, []),
    ({"otel": Otel(endpoint="http://collector:4318")}, ["clear-text-service"]),
    ({"limits": Limits(refusals_per_address=0)}, ["refusals-unlimited"]),
    ({}, []),
]


@pytest.mark.parametrize(("settings", "rules"), CASES, ids=str)
def test_settings(settings: dict[str, object], rules: list[str]) -> None:
    assert [each.rule for each in review_settings(Settings(**{**OPEN, **settings}))] == rules


def test_the_defaults_are_for_this_machine_only() -> None:
    assert list(review_settings(Settings())) == []


@pytest.mark.parametrize(("host", "local"), [("127.0.0.9", True), ("[::1]", True), ("10.0.0.1", False), ("db", False)])
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_a_policy_is_compared_in_words() -> None:
    assert policy_changes(POLICIES["default"]) == []
    assert policy_changes(POLICIES["secure-rbac"]) == ["reshape not for admin"]
    changed = Policy("mine", {**DEFAULT, "tokens.create": frozenset({"admin", "service"})})
    assert policy_changes(changed) == ["tokens.create also for service"]


@pytest.mark.parametrize(
    ("operation", "roles", "found"),
    [
        ("tokens.create", {"admin", "service"}, True),
        ("tokens.rotate", {"anyone"}, True),
        ("tokens.create", {"admin"}, False),
        ("tokens.list", {"service"}, False),
    ],
)
def test_who_makes_tokens_is_an_administrator(operation: str, roles: set[str], found: bool) -> None:
    rules = [each.rule for each in review_policy(Policy("mine", {**DEFAULT, operation: frozenset(roles)}))]
    assert rules == ["policy-of-tokens"] * found
    assert [each for policy in POLICIES.values() for each in review_policy(policy)] == []
