"""Ways of knowing callers that would let in whom they should not: Berth does not start with them."""

from __future__ import annotations

from typing import Any

import pytest

from berth.api.auth.configured import AuthUnusable
from berth.serve import check
from berth.settings import Keystone, Oidc, Settings

WHOM: dict[str, Any] = {"issuer": "https://login.example.com", "audience": "berth"}

UNUSABLE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"auth": ("dev",), "host": "0.0.0.0"}, "for loopback addresses only, not 0.0.0.0"),
    ({"auth": ("dev",), "host": "::"}, "for loopback addresses only"),
    ({"auth": ("dev",), "host": "192.0.2.1"}, "for loopback addresses only"),
    ({"auth": ("dev", "token")}, "it cannot be combined with another authentication"),
    ({"auth": ("mtls",)}, "needs tls.cert, tls.key and tls.client_ca"),
    ({"auth": ("oidc",)}, "needs oidc.issuer and oidc.audience"),
    ({"auth": ("oidc",), "oidc": Oidc(**WHOM, algorithms=("HS256",))}, "only public-key signatures are safe"),
    ({"auth": ("oidc",), "oidc": Oidc(**WHOM, algorithms=("none",))}, "only public-key signatures are safe"),
    ({"auth": ("oidc",), "oidc": Oidc(**WHOM, algorithms=())}, "only public-key signatures are safe"),
    ({"auth": ("oidc",), "oidc": Oidc(**WHOM, role_map={"boss": "root"})}, "names unknown roles: root"),
    ({"auth": ("keystone",)}, "needs keystone.url and keystone.password_file"),
    ({"auth": ("keystone",), "keystone": Keystone(url="http://x", password_file="/nowhere")}, "cannot be read"),
    ({"auth": ("nonsense",)}, "nonsense"),
)


@pytest.mark.parametrize(("settings", "why"), UNUSABLE, ids=[why for _, why in UNUSABLE])
def test_what_would_let_in_too_many_does_not_start(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(AuthUnusable, match=why):
        check(Settings(**settings))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_whoever_is_on_this_machine_may_be_believed(host: str) -> None:
    check(Settings(auth=("dev",), host=host))
