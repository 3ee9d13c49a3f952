"""HTTPS, and client certificates that stand for roles: a real server, real handshakes."""

from __future__ import annotations

import ssl
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from berth.api.http.tls_proxy import common_name
from berth.app import UnusableSettings
from berth.serve import check
from berth.settings import Settings, Tls
from tests.support.servers import configured_server

MTLS = """
auth = ["mtls", "token"]
[tls]
cert = "server.pem"
key = "server.key"
client_ca = "ca.pem"
[mtls]
project = "cloud"
roles = {ci = ["service"], watcher = ["reader"]}
"""


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def prepare(folder: Path, authority: trustme.CA) -> None:
    made = authority.issue_cert("127.0.0.1", "localhost")
    made.private_key_pem.write_to_path(folder / "server.key")
    for each in made.cert_chain_pems:
        each.write_to_path(folder / "server.pem", append=True)
    authority.cert_pem.write_to_path(folder / "ca.pem")


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("mtls")
    prepare(folder, authority)
    with configured_server(folder, MTLS) as port:
        yield port


def client(authority: trustme.CA, name: str | None, by: trustme.CA | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    if name is not None:
        (by or authority).issue_cert(f"{name}.example.com", common_name=name).configure_cert(context)
    return context


def get(port: int, context: ssl.SSLContext, path: str = "/v1/me", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for _ in range(600):
        try:
            return httpx.get(f"https://127.0.0.1:{port}{path}", verify=context, headers=named, timeout=30)
        except httpx.TransportError:  # the front is there, and what stands behind it not yet
            time.sleep(0.1)
    raise AssertionError("the server never came")


def test_a_certificate_stands_for_roles(mutual: int, authority: trustme.CA) -> None:
    told = get(mutual, client(authority, "ci")).json()
    assert {name: told[name] for name in ("user", "project", "roles", "via")} == {
        "user": "ci", "project": "cloud", "roles": ["service"], "via": "mtls",
    }  # fmt: skip
    assert get(mutual, client(authority, "ci"), "/resource_providers").status_code == 200
    assert get(mutual, client(authority, "watcher"), "/resource_providers").status_code == 403


def test_a_certificate_of_somebody_without_roles(mutual: int, authority: trustme.CA) -> None:
    reply = get(mutual, client(authority, "stranger"))
    assert (reply.status_code, reply.json()["detail"]) == (401, "The certificate's subject has no roles here.")


def test_no_certificate_and_nothing_else(mutual: int, authority: trustme.CA) -> None:
    assert get(mutual, client(authority, None)).status_code == 401
    for forged in ({"x_roles": "admin"}, {"x_auth_token": "ci"}, {"x_ssl_client_cn": "ci"}, {"x_forwarded_for": "::1"}):
        assert get(mutual, client(authority, None), **forged).status_code == 401


def test_a_certificate_of_another_authority(mutual: int, authority: trustme.CA) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"https://127.0.0.1:{mutual}/v1/me", verify=client(authority, "ci", by=trustme.CA()), timeout=30)


def test_one_connection_has_nothing_of_another(mutual: int, authority: trustme.CA) -> None:
    for _ in range(20):
        assert get(mutual, client(authority, "ci")).status_code == 200
        assert get(mutual, client(authority, None)).status_code == 401


def test_where_something_new_is_has_the_right_scheme(mutual: int, authority: trustme.CA) -> None:
    context = client(authority, "ci")
    made = httpx.put(
        f"https://127.0.0.1:{mutual}/traits/CUSTOM_TLS",
        verify=context,
        headers={"openstack-api-version": "placement 1.39"},
        timeout=30,
    )
    assert made.headers["location"].startswith("https://")


def test_https_by_itself(tmp_path: Path, authority: trustme.CA) -> None:
    prepare(tmp_path, authority)
    with configured_server(tmp_path, '[tls]\ncert = "server.pem"\nkey = "server.key"\n') as port:
        told = get(port, client(authority, None), x_auth_token="admin")
        assert (told.status_code, told.json()["via"]) == (200, "dev")
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/", timeout=10)
        _refuses_old(port, authority)


def test_old_tls_is_refused_by_the_front(mutual: int, authority: trustme.CA) -> None:
    _refuses_old(mutual, authority)


def _refuses_old(port: int, authority: trustme.CA) -> None:
    old = client(authority, None)
    old.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(httpx.TransportError):
        httpx.get(f"https://127.0.0.1:{port}/", verify=old, timeout=10)


@pytest.mark.parametrize(
    ("tls", "why"),
    [
        (Tls(key="k"), "need tls.cert as well"),
        (Tls(client_ca="k"), "need tls.cert as well"),
        (Tls(cert="/nowhere/cert.pem"), "cannot be used"),
    ],
)
def test_tls_that_cannot_be(tls: Tls, why: str) -> None:
    with pytest.raises(UnusableSettings, match=why):
        check(Settings(tls=tls))


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ({}, ""),
        (None, ""),
        ({"subject": ((("organizationName", "x"),), (("commonName", "ci"),))}, "ci"),
        ({"subject": ((("commonName", "ci\nadmin"),),)}, ""),
    ],
)
def test_common_names(subject: Any, name: str) -> None:
    assert common_name(subject) == name
