"""The authenticators that the settings ask for, and checks of those settings."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from berth.api.auth.authenticator import Authenticator
from berth.api.auth.dev import dev
from berth.api.auth.keystone import IdentityService
from berth.api.auth.mtls import ClientCertificates
from berth.api.auth.oidc import SYMMETRIC, Keys, OpenId
from berth.api.auth.tokens import Tokens
from berth.ledger import Ledger
from berth.ledger.credentials import key_for
from berth.model.caller import ROLES
from berth.model.errors import BerthError
from berth.settings import Settings

AUTHENTICATIONS: Final = ("dev", "token", "mtls", "oidc", "keystone")
"""In the order in which they are tried."""


class AuthUnusable(BerthError):
    """The settings of an authenticator cannot work."""


def check(settings: Settings) -> None:
    """Raise AuthUnusable or SecretUnusable, which say what to do instead, if these settings cannot work."""
    chosen = settings.auth
    unknown = [name for name in chosen if name not in AUTHENTICATIONS]
    if unknown or not chosen:
        named = repr(unknown[0]) if unknown else "at all"
        raise AuthUnusable(f"there is no authentication {named}: choose one of {', '.join(AUTHENTICATIONS)}")
    for name in chosen:
        _CHECKS[name](settings)


def authentications(settings: Settings, ledger: Ledger) -> Iterator[Authenticator]:
    """Yield the authenticators that these settings ask for, in the order in which they are tried."""
    if "dev" in settings.auth:
        yield dev
    if "token" in settings.auth:
        yield Tokens(ledger, key_for(settings.url, settings.secret_file))
    if "mtls" in settings.auth:
        yield ClientCertificates(settings.mtls)
    if "oidc" in settings.auth:
        yield OpenId(settings.oidc, Keys(settings.oidc, require_time=ledger.require_time))
    if "keystone" in settings.auth:
        yield IdentityService(settings.keystone, require_time=ledger.require_time)


def _check_dev(settings: Settings) -> None:
    if not _is_loopback(settings.host):
        raise AuthUnusable(f"--auth dev accepts every token, so it is for loopback addresses only, not {settings.host}")
    if len(settings.auth) > 1:
        raise AuthUnusable("--auth dev accepts every token: it cannot be combined with another authentication")


def _check_token(settings: Settings) -> None:
    key_for(settings.url, settings.secret_file)


def _check_mtls(settings: Settings) -> None:
    if not settings.tls.client_ca:
        raise AuthUnusable("--auth mtls needs tls.cert, tls.key and tls.client_ca")
    roles = {role for given in settings.mtls.roles.values() for role in given}
    _check_roles("mtls.roles", roles)


def _check_oidc(settings: Settings) -> None:
    oidc = settings.oidc
    if not oidc.issuer or not oidc.audience:
        raise AuthUnusable("--auth oidc needs oidc.issuer and oidc.audience")
    weak = [name for name in oidc.algorithms if name.upper().startswith(SYMMETRIC)]
    if weak or not oidc.algorithms:
        raise AuthUnusable(f"oidc.algorithms contains {weak or 'nothing'}: only public-key signatures are safe")
    _check_roles("oidc.role_map", set(oidc.role_map.values()))


def _check_keystone(settings: Settings) -> None:
    keystone = settings.keystone
    if not keystone.url or not keystone.password_file:
        raise AuthUnusable("--auth keystone needs keystone.url and keystone.password_file")
    try:
        Path(keystone.password_file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AuthUnusable(f"keystone.password_file cannot be read: {error}") from None


def _check_roles(name: str, roles: set[str]) -> None:
    strange = sorted(roles - set(ROLES))
    if strange:
        raise AuthUnusable(f"{name} names unknown roles: {', '.join(strange)}; choose from {', '.join(ROLES)}")


def _is_loopback(host: str) -> bool:
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in addresses)


_CHECKS: Final = {
    "dev": _check_dev,
    "token": _check_token,
    "mtls": _check_mtls,
    "oidc": _check_oidc,
    "keystone": _check_keystone,
}
