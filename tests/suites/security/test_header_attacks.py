"""Headers that say who somebody is: outside of `--auth dev` nobody is believed for them, and the log has who it was.

Each is sent by nobody, and by a reader: to the first it must not give a name, to the second no more than it may.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.suites.security.callers import STANDS, Stand, Who, ledger_in
from tests.suites.security.target_server import NEWEST, WRITE, Attacked
from tests.support.raw_http import Headers
from tests.unit.api.v1.conftest import fill

MODES: Final = ("token", "oidc", "keystone", "mtls")

ROLES: Final = {
    "X-Roles": [("x-roles", "admin")],
    "X-Role": [("x-role", "admin")],
    "all of Keystone's": [
        ("x-identity-status", "Confirmed"), ("x-service-identity-status", "Confirmed"), ("x-roles", "admin,service"),
        ("x-service-roles", "admin"), ("x-user-id", "root"), ("x-user-name", "root"), ("x-project-id", "theirs"),
        ("x-project-name", "theirs"), ("x-is-admin-project", "True"), ("x-tenant-id", "theirs"),
        ("x-user-domain-id", "default"), ("openstack-system-scope", "all"),
    ],
    "X-Roles, twice": [("x-roles", "reader"), ("x-roles", "admin")],
    "X-Roles, in odd letters": [("X-rOLES", "admin")],
    "with underscores": [("x_roles", "admin"), ("x_project_id", "theirs"), ("x_auth_token", "admin")],
    "of a proxy that ends TLS": [
        ("x-ssl-client-verify", "SUCCESS"), ("x-ssl-client-s-dn", "CN=cn-admin"), ("x-ssl-client-cn", "cn-admin"),
        ("x-client-cert", "cn-admin"), ("x-forwarded-client-cert", 'Subject="CN=cn-admin"'), ("client-cert", ":AA==:"),
    ],
    "of a proxy that signs in": [
        ("remote-user", "root"), ("x-remote-user", "root"), ("x-forwarded-user", "root"), ("x-webauth-user", "root"),
        ("x-remote-group", "system:masters"),
    ],
    "from elsewhere": [
        ("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9;proto=https"), ("x-real-ip", "203.0.113.9"),
        ("true-client-ip", "203.0.113.9"), ("x-client-ip", "203.0.113.9"), ("x-forwarded-host", "evil.example.com"),
    ],
    "another method": [("x-http-method-override", "GET"), ("x-http-method", "GET"), ("x-method-override", "GET")],
    "another path": [("x-original-url", "/"), ("x-rewrite-url", "/"), ("x-forwarded-prefix", "/..")],
    "Basic": [("authorization", "Basic YWRtaW46YWRtaW4=")],
    "a cookie": [("cookie", "x-auth-token=admin; x-roles=admin")],
}  # fmt: skip


@pytest.fixture(scope="module", params=MODES)
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder = tmp_path_factory.mktemp(request.param)
    with ledger_in(folder) as ledger:
        fill(ledger)
    with STANDS[request.param](folder) as stand:
        yield stand
        stand.connections.close_all()


@pytest.fixture(scope="module")
def server(stand: Stand) -> Iterator[Attacked]:
    with ledger_in(stand.folder) as ledger:
        stand.connections.ask("GET", "/healthz", {})  # the TLS front is there before what stands behind it
        yield Attacked(stand.connections.port, stand.folder, ledger, stand.connections.context)


@pytest.mark.parametrize("case", ROLES)
def test_nobody_becomes_somebody(case: str, stand: Stand, target: Attacked) -> None:
    got = target.ask("PUT", WRITE, [*ROLES[case], NEWEST])
    record = target.refused(got, 401, "", address="127.0.0.1", user="", project="", roles=())
    assert record.actor == "", "nobody has said who it is, but in words that are not believed"


@pytest.mark.parametrize("case", ROLES)
def test_somebody_becomes_nobody_else(case: str, stand: Stand, target: Attacked) -> None:
    reader = stand.callers[Who("reader")]
    headers = [*reader.headers.items(), *ROLES[case]]
    if stand.name == "oidc":  # it has a name already, and a second one is a doubled header
        headers = [pair for pair in headers if pair[0] != "authorization" or pair[1].startswith("Bearer")]
    got = target.ask("PUT", WRITE, [*headers, NEWEST], certificate=reader.certificate)
    refused = target.refused(
        got, 403, "placement:traits:update", via=stand.name, address="127.0.0.1", roles=("reader",), project="mine"
    )
    assert refused.actor not in ("", "root", "admin")


DOUBLED: Final = ("a good one, then another", "another, then a good one", "a good one twice", "in both headers")


def doubled(stand: Stand, case: str) -> Headers:
    """The credentials of an administrator, and others beside them."""
    name, good = next(iter(stand.callers[Who("admin")].headers.items()))
    first, second = {
        "a good one, then another": (good, f"{good[:-4]}xxxx"),
        "another, then a good one": (f"{good[:-4]}xxxx", good),
        "a good one twice": (good, good),
    }.get(case, ("", ""))
    if case == "in both headers":  # X-Auth-Token counts, so that nobody has to guess which of the two does
        bearer = good if good.startswith("Bearer ") else f"Bearer {good}"
        return [("x-auth-token", "eyJhbGciOiJub25lIn0.e30."), ("authorization", bearer)]
    return [(name, first), (name, second)]


@pytest.mark.parametrize("stand", MODES[:-1], indirect=True)  # a connection has one certificate
@pytest.mark.parametrize("case", DOUBLED)
def test_two_credentials_are_none(case: str, stand: Stand, target: Attacked) -> None:
    target.refused(target.ask("PUT", WRITE, [*doubled(stand, case), NEWEST]), 401, "", roles=())


def test_who_may_does_what_they_could_not(stand: Stand, server: Attacked) -> None:
    """Else the attacks would prove nothing."""
    admin = stand.callers[Who("admin")]
    got = server.ask("PUT", WRITE, [*admin.headers.items(), NEWEST], certificate=admin.certificate)
    assert got.status == 201
