"""What is weak in the settings of a server, on any machine."""

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from berth.api.auth.policy import DEFAULT, Policy
from berth.model.plural import plural
from berth.review.deployment.result import deployment_finding
from berth.review.model import ReviewFinding, Severity
from berth.settings import Settings

WIDEST_PROXIES: Final = {4: 24, 6: 64}
"""The shortest prefix of a network of trusted proxies, by version of IP."""

OF_TOKENS: Final = ("tokens.create", "tokens.rotate")
"""The operations whose result is a token: with its text the caller has its roles."""


def review_settings(settings: Settings) -> Iterator[ReviewFinding]:
    """Yield what is weak in the settings."""
    yield from _identification(settings)
    yield from _encryption(settings)
    yield from _proxies(settings)
    yield from _callers(settings)
    yield from _guesses(settings)


def _callers(settings: Settings) -> Iterator[ReviewFinding]:
    if "*" in settings.cors_origins:
        yield deployment_finding(
            "cors-any-origin",
            16,
            Severity.MEDIUM,
            "cors_origins",
            "Pages of every site may call this server with what a user's browser sends",
            "Name the origins of the pages that call it",
        )
    if settings.metrics_public and not is_loopback(settings.host):
        yield deployment_finding(
            "metrics-public",
            16,
            Severity.LOW,
            "metrics_public",
            "Everybody who reaches the server reads its metrics",
            "Set metrics_public to false, and give the collector a token",
        )


def _guesses(settings: Settings) -> Iterator[ReviewFinding]:
    if settings.limits.refusals_per_address == 0:
        yield deployment_finding(
            "refusals-unlimited",
            16,
            Severity.MEDIUM,
            "limits.refusals_per_address",
            "An address may guess tokens as often as it likes: the limit of refusals is 0",
            "Leave limits.refusals_per_address at its default",
        )


def _identification(settings: Settings) -> Iterator[ReviewFinding]:
    yield from _dev(settings)
    yield from _open_policy(settings)


def _dev(settings: Settings) -> Iterator[ReviewFinding]:
    if "dev" in settings.auth and not is_loopback(settings.host):
        yield deployment_finding(
            "auth-dev",
            250,
            Severity.CRITICAL,
            "auth",
            f"Everybody who reaches {settings.host} is an administrator: auth has dev, which believes every token",
            "Take dev out of auth, and create tokens with `berth token create`",
        )


def _open_policy(settings: Settings) -> Iterator[ReviewFinding]:
    if settings.policy == "open-policy" and not settings.policy_file:
        yield deployment_finding(
            "open-policy",
            250,
            Severity.HIGH,
            "policy",
            "Every caller with a token may change everything but tokens: the policy is open-policy",
            "Set policy to default",
        )


def _encryption(settings: Settings) -> Iterator[ReviewFinding]:
    if not settings.tls.cert and not is_loopback(settings.host) and not settings.trusted_proxies:
        yield deployment_finding(
            "no-tls",
            311,
            Severity.HIGH,
            "tls",
            f"Tokens travel in clear text to {settings.host}: there is neither TLS nor a trusted proxy that ends it",
            "Set tls.cert and tls.key, or listen on 127.0.0.1 behind a proxy with TLS",
        )
    yield from _services(settings)


def _services(settings: Settings) -> Iterator[ReviewFinding]:
    urls = {
        "oidc.issuer": settings.oidc.issuer,
        "oidc.jwks_url": settings.oidc.jwks_url,
        "keystone.url": settings.keystone.url,
        "otel.endpoint": settings.otel.endpoint,
    }
    for name, url in urls.items():
        parts = urlsplit(url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            yield deployment_finding(
                "clear-text-service",
                311,
                Severity.MEDIUM if name == "otel.endpoint" else Severity.HIGH,
                name,
                f"{name} is asked without TLS, at {parts.hostname}: who is in between answers in its place",
                "Use its https:// address",
            )


def _proxies(settings: Settings) -> Iterator[ReviewFinding]:
    for each in settings.trusted_proxies:
        try:
            network = ipaddress.ip_network(each, strict=False)
        except ValueError:
            continue  # the server refuses to start with it
        if network.prefixlen < WIDEST_PROXIES[network.version]:
            yield deployment_finding(
                "proxies-wide",
                16,
                Severity.MEDIUM,
                "trusted_proxies",
                f"{plural(network.num_addresses, 'address', 'addresses')} of {each} may name the client",
                "Name the proxies' own addresses",
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    if host in ("localhost", ""):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.startswith(("unix:", "/"))


def review_policy(policy: Policy) -> Iterator[ReviewFinding]:
    """Yield a finding for each operation on tokens that others than administrators may do: it makes them one."""
    for operation in OF_TOKENS:
        others = sorted(policy.rules.get(operation, frozenset()) - {"admin"})
        if others:
            yield deployment_finding(
                "policy-of-tokens",
                269,
                Severity.HIGH,
                f"policy {operation}",
                f"{', '.join(others)} may do {operation}, and so become an administrator",
                f"Leave {operation} to admin in the policy file",
            )


def policy_changes(policy: Policy) -> list[str]:
    """Return in words what a policy allows more than the default one, and what less."""
    changes = []
    for operation in sorted(DEFAULT.keys() | policy.rules.keys()):
        usual, here = DEFAULT.get(operation, frozenset()), policy.rules.get(operation, frozenset())
        if here - usual:
            changes.append(f"{operation} also for {', '.join(sorted(here - usual))}")
        if usual - here and "anyone" not in here:
            changes.append(f"{operation} not for {', '.join(sorted(usual - here))}")
    return changes
