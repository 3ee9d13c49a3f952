"""Other spellings of a path or a method: what is carried out is what the policy was asked about.

A reader asks. Whatever a spelling means, it is not let in where it may not be; and where the same spelling leads an
administrator to something, the reader is refused by that operation's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.suites.security.callers import Who, minted
from tests.suites.security.target_server import NEWEST, TARGET, WRITE, Attacked, attacked
from tests.support.raw_http import RawReply
from tests.unit.api.v1.conftest import HOST

SPELLINGS: Final = (
    # Of a place below something that is for everybody.
    "/ui/..%2fresource_providers", "/ui/../resource_providers", "/ui/%2e%2e/resource_providers",
    "/ui/%2e%2e%2fresource_providers", "/ui/..;/resource_providers", "/ui/.%2e/resource_providers",
    "/healthz/../resource_providers", "/healthz/%2e%2e/resource_providers", "/healthz;/../resource_providers",
    "/healthz%2f..%2fresource_providers", "/v1/policy/../providers", "/v1/policy/%2e%2e/providers",
    "/v1/../metrics", "/openapi.json/../resource_providers", "/openapi.json;/../../resource_providers",
    "/.%2fresource_providers", "/%2e/resource_providers", "/..%5cresource_providers", "/ui\\..\\resource_providers",
    # Of slashes.
    "//resource_providers", "///resource_providers", "/%2fresource_providers", "/%2f%2fresource_providers",
    "/resource_providers/", "/resource_providers//", "/resource_providers%2f", "/v1//providers", "/v1%2fproviders",
    "/v1/providers/", "//evil.example.com/resource_providers", "/resource_providers/%2f", "/\\resource_providers",
    # Of parameters, dots and ends.
    "/resource_providers;", "/resource_providers;x=1", "/;x=1/resource_providers", "/resource_providers.",
    "/resource_providers..", "/resource_providers.json", "/resource_providers%00", "/resource_providers%00.css",
    "/resource_providers%20", "/resource_providers%09", "/resource_providers%0a", "/resource_providers%0d%0a",
    "/resource_providers%3f", "/resource_providers%23", "/resource_providers#/ui", "/resource_providers?/ui",
    "/resource_providers?x=/../ui", "/v1/providers%3flimit=1", "/metrics;.css", "/metrics/", "/metrics%2f",
    # Of letters.
    "/resource%5fproviders", "/%72%65source_providers", "/%2572esource_providers", "/%25%37%32esource_providers",
    "/Resource_Providers", "/RESOURCE_PROVIDERS", "/V1/providers", "/v1/Providers", "/METRICS", "/%6detrics",
    "/v1/%70roviders", "/%76%31/providers", "/r%C3%A9source_providers", "/resource_provider%C5%BF",
    "/%EF%BD%92esource_providers", "/resource_providers%E2%80%8B", "/%C0%AE%C0%AE/resource_providers",
    "/%u0072esource_providers", "/resource_providers%EF%BC%8F", "/%EF%BC%8E%EF%BC%8E/resource_providers",
    # Of the target as a whole.
    "http://elsewhere.test/resource_providers", "http://elsewhere.test//resource_providers",
    "http://127.0.0.1/ui/../resource_providers", "*", "resource_providers",
)  # fmt: skip

WRITES: Final = tuple(
    each.replace("/resource_providers", WRITE)
    for each in SPELLINGS
    if "/resource_providers" in each and "elsewhere" not in each
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("paths"), 'auth = ["token"]\n') as server:
        yield server


@pytest.fixture(scope="module")
def reader(server: Attacked) -> str:
    return minted(server.folder, Who("reader"))


@pytest.fixture(scope="module")
def admin(server: Attacked) -> str:
    return minted(server.folder, Who("admin"))


@pytest.fixture(autouse=True)
def after_the_tokens(server: Attacked, reader: str, admin: str) -> None:
    """They are made before an attack begins: they are in the audit log as well."""


def ask(server: Attacked, method: str, path: str, token: str | None, *headers: tuple[str, str]) -> RawReply:
    own = [] if token is None else [("x-auth-token", token)]
    return server.ask(method, path, [*own, NEWEST, *headers])


def is_recorded(server: Attacked, got: RawReply) -> bool:
    """Or Berth was never asked."""
    request = got.header("x-openstack-request-id")
    return request is None or server.record(request).outcome == str(got.status)


@pytest.mark.parametrize("path", SPELLINGS)
def test_another_spelling_is_no_way_round(path: str, target: Attacked, reader: str, admin: str) -> None:
    meant, got, nobody = (ask(target, "GET", path, token) for token in (admin, reader, None))
    assert nobody.status in (400, 401, 404), nobody.body[:200]
    assert got.status in (400, 403, 404), got.body[:200]
    if meant.status < 300:
        assert (got.status, nobody.status) == (403, 401), "it leads somewhere: there its policy counts"
    for each in (got, nobody):
        assert each.status not in (401, 403) or is_recorded(target, each)


@pytest.mark.parametrize("path", WRITES)
def test_another_spelling_writes_nothing(path: str, target: Attacked, reader: str) -> None:
    for token in (reader, None):
        got = ask(target, "PUT", path, token)
        assert got.status in (400, 401, 403, 404, 405), got.body[:200]
        assert got.status not in (401, 403) or is_recorded(target, got)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x-method-override", "x-original-method"])
def test_another_method_is_not_taken_from_a_header(method: str, name: str, target: Attacked, reader: str) -> None:
    """What a reader may ask is answered as that, whatever else it says; and what an administrator asks as well."""
    got = ask(target, "GET", "/usages?project_id=mine", reader, (name, method), ("x-original-url", WRITE))
    assert (got.status, "usages" in got.json()) == (200, True)
    assert ask(target, "GET", f"/usages?project_id=mine&_method={method}", reader).status == 400


@pytest.mark.parametrize("method", ["put", "Put", "PUTT", "GET\tPUT", "CONNECT", "TRACE", "TRACK", "DEBUG", "PURGE"])
def test_another_method_is_none(method: str, target: Attacked, reader: str, admin: str) -> None:
    for token in (reader, admin):
        got = ask(target, method, WRITE, token)
        assert got.status in (400, 404, 405), got.body[:200]
        assert TARGET.encode() not in got.body or got.status == 404


def test_places_are_not_taken_for_more(target: Attacked, admin: str) -> None:
    """One uuid's place holds one: what stands there in escapes is that place's, and not a way on."""
    for place in (
        f"{HOST}%2f..%2f{HOST}",
        f"..%2f{HOST}",
        f"{HOST}%00",
        f"{HOST};v=1",
        f"{HOST}%3fx",
        f"%2e%2e/{HOST}",
    ):
        assert ask(target, "DELETE", f"/resource_providers/{place}", admin).status in (400, 404, 405)
        assert ask(target, "GET", f"/v1/providers/{place}", admin).status in (400, 404)


def test_spelled_right_it_is_a_way_in(server: Attacked, admin: str) -> None:
    """Else the attacks would prove nothing."""
    assert ask(server, "GET", "/resource%5fproviders", admin).status == 200
    assert ask(server, "PUT", WRITE, admin).status == 201
