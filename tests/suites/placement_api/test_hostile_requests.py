"""Request lines, queries and headers that no client library sends: each is refused, and changes nothing."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.suites.placement_api.conftest import ON_ONE_DATABASE, Guard
from tests.support.cases.placement_world import NEWEST
from tests.support.raw_http import Headers, RawConnection, request_bytes

ADMIN = (("x-auth-token", "admin"), ("openstack-api-version", f"placement 1.{NEWEST}"))
JSON = ("content-type", "application/json")
GOOD = json.dumps({"name": "made"}).encode()

PATHS: tuple[tuple[str, int, str], ...] = (
    ("//", 404, "not be found"),
    ("///resource_providers", 404, "not be found"),
    ("//resource_providers", 404, "not be found"),
    ("/./", 404, "not be found"),
    ("/./resource_providers", 404, "not be found"),
    ("/../resource_providers", 404, "not be found"),
    ("/resource_providers/", 404, "not be found"),
    ("/resource_providers//inventories", 404, "not be found"),
    ("/resource_providers/.", 404, "uuid ."),
    ("/resource_providers/..", 404, "uuid .."),
    ("/resource_providers/%2e%2e", 404, "uuid .."),
    ("/resource_providers/%2E%2E/%2e%2e/etc/passwd", 404, "not be found"),
    ("/resource_providers;a=b", 404, "not be found"),
    ("/resource_providers/{host};a=b", 404, "found"),
    ("/resource_providers/{host}/", 404, "not be found"),
    ("/resource_providers/{host}/inventories/", 404, "not be found"),
    ("/resource_providers/{host}/inventories/VCPU/", 404, "not be found"),
    ("/resource_providers/{host}/inventories/VCPU/more", 404, "not be found"),
    ("/resource_providers/{host}%2Finventories%2Fnone", 404, "No inventory of class none"),
    ("/resource_providers/%7Bhost%7D", 404, "uuid {host}"),
    ("/resource_providers/{host}%0A", 404, "uuid"),
    ("/resource_providers/{host}%20", 404, "uuid"),
    ("/Resource_Providers", 404, "not be found"),
    ("/resource_providers.json", 404, "not be found"),
    ("/resource_providers/%zz", 404, "uuid %zz"),
    ("/resource_providers/%", 404, "uuid %"),
    ("/resource_providers/%4", 404, "uuid %4"),
    ("/resource_providers/%ff", 404, "percent-escape"),
    ("/resource_providers/%c3", 404, "percent-escape"),
    ("/resource_providers/%c0%80", 404, "percent-escape"),
    ("/resource_providers/%ed%a0%80", 404, "percent-escape"),
    ("/resource_providers/%00", 404, "percent-escape"),
    ("/resource_providers/%u0041", 404, "uuid %u0041"),
    ("/allocations/%00", 404, "percent-escape"),
    ("/allocations/%ff", 404, "percent-escape"),
    ("/traits/%EF%BC%A1", 404, "No such trait"),
    ("/traits/HW_CPU_X86_AVX2%0A", 404, "No such trait"),
    ("/traits/HW_CPU_X86_AVX2%00", 404, "percent-escape"),
    ("/traits/hw_cpu_x86_avx2", 404, "No such trait"),
    ("/resource_classes/VCPU%0A", 404, "No such resource class"),
    ("/resource_classes/VCP%2555", 404, "No such resource class VCP%55"),
    ("/resource_classes/" + "A" * 60_000, 404, "No such resource class"),
    ("/" + "a/" * 30_000 + "a", 404, "not be found"),
    ("/resource_providers/" + "é", 404, "uuid é"),
    ("*", 404, "not be found"),
    ("resource_providers", 404, "not be found"),
    ("x:y", 404, "not be found"),
)


@pytest.mark.parametrize("row", PATHS, ids=[row[0][:60] for row in PATHS])
def test_paths(row: tuple[str, int, str], guard: Guard) -> None:
    path, status, words = row
    named = path if "%7B" in path else guard.world.named(path)
    got = guard.live.wire.ask("GET", named, ADMIN)
    said = guard.check(got, path[:80], words=words.encode("unicode_escape").decode().replace("\\xe9", "\\u00e9"))
    assert (said, got.status) == ("", status)


WRITES = ("PUT /traits/", "PUT /resource_classes/", "DELETE /traits/", "DELETE /resource_classes/")
NO_NAMES = (
    *(
        "CUSTOM_A%0A",
        "CUSTOM_%EF%BC%91",
        "CUSTOM_a",
        "CUSTOM_",
        "CUSTOM_A%20",
        "%20CUSTOM_A",
        "CUSTOM_A%00",
        "CUSTOM_%ff",
    ),
    *("CUSTOM_%zz", "CUSTOM_%", "CUSTOM_" + "A" * 249, "A" * 60_000, "HW_CPU_X86_AVX2", "VCPU", "CUSTOM_%2541"),
    *("%22", "%5C", "CUSTOM_A%22%2C%22x%22%3A%22", "..", "%2e%2e", "{}", "CUSTOM-A", "CUSTOM_A;b", "CUSTOM_%E2%80%A8"),
)


@pytest.mark.parametrize("name", NO_NAMES, ids=[name[:40] for name in NO_NAMES])
def test_names_in_paths(name: str, guard: Guard) -> None:
    """Custom names that are none, and standard ones, which nobody may make or delete."""
    faults = []
    for write in WRITES:
        method, _, start = write.partition(" ")
        if (method, start + name) == ("PUT", "/traits/HW_CPU_X86_AVX2"):
            continue  # a trait that is there is made sure of, whoever made it
        got = guard.live.wire.ask(method, start + name, ADMIN)
        faults.append(guard.check(got, f"{method} {start}{name[:60]}"))
    assert "\n".join(filter(None, faults)) == ""


C, P, U = "/allocation_candidates", "/resource_providers", "/usages"
QUERIES: tuple[tuple[str, str], ...] = (
    (f"{P}?name=%zz", "percent-escape is malformed"),
    (f"{P}?name=%", "percent-escape is malformed"),
    (f"{P}?name=%4", "percent-escape is malformed"),
    (f"{P}?%zz=a", "percent-escape is malformed"),
    (f"{P}?name=%ff", "percent-escape is not UTF-8"),
    (f"{P}?name=%c3", "percent-escape is not UTF-8"),
    (f"{P}?name=%ed%a0%80", "percent-escape is not UTF-8"),
    (f"{P}?name=%EF%BC%85zz%１２", "percent-escape is malformed"),
    (f"{P}?name=%00", "NUL"),
    (f"{P}?na%00me=a", "NUL"),
    (f"{P}?bogus=1", "'bogus' was unexpected"),
    (f"{P}?Name=a", "'Name' was unexpected"),
    (f"{P}?name%0A=a", "was unexpected"),
    (f"{P}?=a", "'' was unexpected"),
    (f"{P}?=", "'' was unexpected"),
    (f"{P}?uuid=", "is not a 'uuid'"),
    (f"{P}?uuid=x", "is not a 'uuid'"),
    (f"{P}?uuid=" + "1" * 60_000, "(on instance['uuid'])"),
    (f"{P}?in_tree={{host}}%0A", "is not a 'uuid'"),
    (f"{P}?member_of=", "valid UUID"),
    (f"{P}?member_of=in:", "valid UUID"),
    (f"{P}?member_of={{host}},{{disk}}", "must be prefixed"),
    (f"{P}?member_of=!!{{host}}", "valid UUID"),
    (f"{P}?required=", "empty trait"),
    (f"{P}?required=A,,B", "empty trait"),
    (f"{P}?required=in:", "empty trait"),
    (f"{P}?required=NO_SUCH_TRAIT", "NO_SUCH_TRAIT"),
    (f"{P}?required=HW_CPU_X86_AVX2%0A%00", "NUL"),
    (f"{P}?required=HW_CPU_X86_AVX２", "No such trait"),
    (f"{P}?resources=", "empty string"),
    (f"{P}?resources=VCPU", "Got: VCPU"),
    (f"{P}?resources=VCPU:", "expected positive integer"),
    (f"{P}?resources=:1", "No such resource class"),
    (f"{P}?resources=VCPU:1:1", "Got: VCPU:1:1"),
    (f"{P}?resources=VCPU:0", "requires amount >= 1"),
    (f"{P}?resources=VCPU:-1", "requires amount >= 1"),
    (f"{P}?resources=VCPU:%2B1", "expected positive integer"),
    (f"{P}?resources=VCPU:+1", "expected positive integer"),
    (f"{P}?resources=VCPU:%201", "expected positive integer"),
    (f"{P}?resources=VCPU:1_0", "expected positive integer"),
    (f"{P}?resources=VCPU:１", "expected positive integer"),
    (f"{P}?resources=VCPU:٣", "expected positive integer"),
    (f"{P}?resources=VCPU:²", "expected positive integer"),
    (f"{P}?resources=VCPU:1.5", "expected positive integer"),
    (f"{P}?resources=VCPU:1e3", "expected positive integer"),
    (f"{P}?resources=VCPU:0x1", "expected positive integer"),
    (f"{P}?resources=VCPU:{2**63}", "below 2^63"),
    (f"{P}?resources=VCPU:{2**64}", "below 2^63"),
    (f"{P}?resources=VCPU:" + "9" * 10_000, "below 2^63"),
    (f"{P}?resources=NO_SUCH_CLASS:1", "NO_SUCH_CLASS"),
    (f"{P}?" + "&".join(f"k{n}=1" for n in range(5_000)), "was unexpected"),
    (C, "at least one resources"),
    (f"{C}?limit=1", "at least one resources"),
    (f"{C}?resources=VCPU:1&limit=0", "limit"),
    (f"{C}?resources=VCPU:1&limit=-1", "limit"),
    (f"{C}?resources=VCPU:1&limit=", "limit"),
    (f"{C}?resources=VCPU:1&limit=1_0", "limit"),
    (f"{C}?resources=VCPU:1&limit=%2B1", "limit"),
    (f"{C}?resources=VCPU:1&limit=%201", "limit"),
    (f"{C}?resources=VCPU:1&limit=１", "limit"),
    (f"{C}?resources=VCPU:1&limit=1%0A", "1\\n"),
    (f"{C}?resources=VCPU:1&limit=1.0", "limit"),
    (f"{C}?resources=VCPU:1&limit=none", "limit"),
    (f"{C}?resources=VCPU:1&limit=0&limit=1", "limit"),
    (f"{C}?resources=VCPU:1&group_policy=", "group_policy"),
    (f"{C}?resources=VCPU:1&group_policy=none%0A", "group_policy"),
    (f"{C}?resources=VCPU:1&group_policy=ISOLATE", "group_policy"),
    (f"{C}?resources=VCPU:1&in_tree=x", "in_tree"),
    (f"{C}?resources=VCPU:1&resources_=VGPU:1&in_tree_=", "in_tree"),
    (f"{C}?resources=VCPU:1&root_required=A&root_required=B", "only once"),
    (f"{C}?resources=VCPU:1&root_required=HW_CPU_X86_AVX2,!HW_CPU_X86_AVX2", "onflicting"),
    (f"{C}?resources=VCPU:1&root_required=in:HW_CPU_X86_AVX2", ""),
    (f"{C}?resources=VCPU:1&required=HW_CPU_X86_AVX2,!HW_CPU_X86_AVX2", "onflicting"),
    (f"{C}?resources=VCPU:1&same_subtree=", "Empty string"),
    (f"{C}?resources=VCPU:1&same_subtree=_A", "_A"),
    (f"{C}?resources_A=VCPU:1&resources_B=VCPU:1", "group_policy"),
    (f"{C}?resources=VCPU:1&required_A=HW_CPU_X86_AVX2", "same_subtree"),
    (f"{C}?required=HW_CPU_X86_AVX2", "at least one resources"),
    (f"{C}?resources%0A=VCPU:1", "was unexpected"),
    (f"{C}?resources_é=VCPU:1", "regexes"),
    (f"{C}?resources" + "x" * 65 + "=VCPU:1", "regexes"),
    (f"{C}?resources[1]=VCPU:1", "regexes"),
    (f"{C}?resources=VCPU:1&bogus=1", "regexes"),
    (f"{C}?resources=VCPU:1&required=" + ",".join(f"CUSTOM_{n}" for n in range(4_000)), "limit is 256"),
    (f"{C}?" + "&".join(f"resources{n}=X{n}:1" for n in range(1, 3_000)), "group_policy"),
    ("/traits?name=", "Badly formatted name"),
    ("/traits?name=CUSTOM_A", "Badly formatted name"),
    ("/traits?associated=", "associated"),
    ("/traits?associated=1", "associated"),
    ("/traits?associated=true%0A", "associated"),
    ("/traits?bogus=1", "'bogus' was unexpected"),
    (U, "'project_id' is a required property"),
    (f"{U}?project_id=", "project_id"),
    (f"{U}?project_id=" + "p" * 256, "project_id"),
    (f"{U}?project_id=p&user_id=", "user_id"),
    (f"{U}?project_id=p&consumer_type=", "consumer_type"),
    (f"{U}?project_id=p&consumer_type=instance", "consumer_type"),
    (f"{U}?project_id=p&consumer_type=A%0A", ""),
    (f"{U}?project_id=p&consumer_type=all%0A", ""),
    (f"{U}?project_id=%ed%a0%80", "not UTF-8"),
)


@pytest.mark.parametrize(("target", "words"), QUERIES, ids=[row[0][:70] for row in QUERIES])
def test_queries(target: str, words: str, guard: Guard) -> None:
    got = guard.live.wire.ask("GET", guard.world.named(target), ADMIN)
    assert (guard.check(got, target[:100], words=words), got.status) == ("", 400)


@pytest.mark.parametrize(
    "query",
    [
        "group_policy=none&limit=1&" + "&".join(f"resources{n}=VCPU:1" for n in range(1, 3_000)),
        "group_policy=none&" + "&".join(f"resources{n}=VCPU:1" for n in range(1, 15)),
        "group_policy=isolate&" + "&".join(f"resources{n}=VCPU:1" for n in range(1, 3_000)),
        "group_policy=none&" + "&".join(f"resources{n}=DISK_GB:1" for n in range(1, 900)),
        "resources=VCPU:1&group_policy=none&" + "&".join(f"required_{n}=HW_CPU_X86_AVX2" for n in range(900))
        + "&same_subtree=" + ",".join(f"_{n}" for n in range(900)),
    ],
    ids=["none", "all", "isolated", "shared", "without resources"],
)  # fmt: skip
def test_many_groups(query: str, guard: Guard) -> None:
    """As many as a request line holds: whatever the answer is, it comes."""
    got = guard.live.wire.ask("GET", f"{C}?{query}", ADMIN)
    assert got.status in (200, 400)
    assert guard.live.state() == guard.before


VERSIONS: tuple[tuple[tuple[str, ...], int, str], ...] = (
    (("placement 1.39.0",), 400, "invalid version string: 1.39.0"),
    (("placement 1",), 400, "invalid version string"),
    (("placement 1.",), 400, "invalid version string"),
    (("placement .1",), 400, "invalid version string"),
    (("placement 1.1_0",), 400, "invalid version string"),
    (("placement 1_0.1",), 400, "invalid version string"),
    (("placement +1.3",), 400, "invalid version string"),
    (("placement 1.+3",), 400, "invalid version string"),
    (("placement 1. 3",), 400, "invalid version string"),
    (("placement 1.3 ;q=1",), 400, "invalid version string"),
    (("placement 1.x",), 400, "invalid version string"),
    (("placement latest-1",), 400, "invalid version string"),
    (("placement 1." + "9" * 10_000,), 400, "invalid version string"),
    (("placement 1.٣",), 400, "not ASCII"),
    (("placement 1.３",), 400, "not ASCII"),
    (("placement -1.3",), 406, "Unacceptable version header: -1.3"),
    (("placement 1.-3",), 406, "Unacceptable version header"),
    (("placement 1.40",), 406, "Unacceptable version header"),
    (("placement 2.0",), 406, "Unacceptable version header"),
    (("placement 0.9",), 406, "Unacceptable version header"),
    (("placement 1.999999999",), 406, "Unacceptable version header"),
    (("placement 1.3, placement nonsense",), 400, "nonsense"),
    (("placement 1.3", "placement 1.99"), 406, "1.99"),
    (("placement 1.99", "placement x"), 400, "x"),
)


@ON_ONE_DATABASE
@pytest.mark.parametrize(("versions", "status", "words"), VERSIONS)
def test_versions(versions: tuple[str, ...], status: int, words: str, guard: Guard) -> None:
    sent = [("x-auth-token", "admin"), *(("openstack-api-version", version) for version in versions), JSON]
    got = guard.live.wire.ask("POST", P, sent, GOOD)
    assert (guard.check(got, str(versions)[:80], words=words), got.status) == ("", status)


HEADERS: tuple[tuple[Headers, int, str], ...] = (
    ([JSON], 401, "X-Auth-Token"),
    ([("x-auth-token", ""), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "   "), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", ":"), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "Admin"), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "x" * 60_000), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "admin"), ("x-auth-token", "admin"), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "ädmin"), JSON], 400, "x-auth-token is not ASCII"),
    ([("x-auth-token", "admin"), ("x-roles", ""), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "admin"), ("x-roles", ",,"), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "admin"), ("x-roles", "ädmin"), JSON], 400, "x-roles is not ASCII"),
    ([("x-auth-token", "admin"), ("openstack-system-scope", "all"), JSON], 403, "Policy does not allow"),
    ([("x-auth-token", "admin"), ("openstack-system-scope", "ä"), JSON], 400, "openstack-system-scope is not ASCII"),
    ([("x-auth-token", "admin")], 400, "content-type header required"),
    ([("x-auth-token", "admin"), ("content-type", "")], 400, "content-type header required"),
    ([("x-auth-token", "admin"), ("content-type", "text/plain")], 415, "text/plain"),
    ([("x-auth-token", "admin"), ("content-type", "Application/JSON")], 415, "Application/JSON"),
    ([("x-auth-token", "admin"), ("content-type", "application/jsonx")], 415, "application/jsonx"),
    ([("x-auth-token", "admin"), ("content-type", "application/json, text/plain")], 415, "application/json"),
    ([("x-auth-token", "admin"), ("content-type", "application/x-www-form-urlencoded")], 415, "urlencoded"),
    ([("x-auth-token", "admin"), ("content-type", "multipart/form-data; boundary=x")], 415, "multipart/form-data"),
    ([("x-auth-token", "admin"), ("content-type", "application/jsön")], 400, "content-type is not ASCII"),
    ([("x-auth-token", "admin"), JSON, ("content-encoding", "gzip")], 415, "gzip"),
    ([("x-auth-token", "admin"), JSON, ("content-encoding", "identity, br")], 415, "br"),
)


@ON_ONE_DATABASE
@pytest.mark.parametrize(("headers", "status", "words"), HEADERS)
def test_headers(headers: Headers, status: int, words: str, guard: Guard) -> None:
    got = guard.live.wire.ask("POST", P, headers, GOOD)
    assert (guard.check(got, str(headers)[:80], words=words), got.status) == ("", status)


@ON_ONE_DATABASE
def test_compressed_bodies(guard: Guard) -> None:
    headers = [*ADMIN, JSON, ("content-encoding", "gzip")]
    got = guard.live.wire.ask("POST", P, headers, gzip.compress(GOOD))
    assert (guard.check(got, "gzip", words="send the body as it is"), got.status) == ("", 415)


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    "kind",
    [
        "application/json; charset=utf-8",
        "application/json;charset=latin-1",
        "application/json ; x=y",
        "application/json;",
    ],
)
def test_parameters_of_a_content_type_say_nothing(kind: str, guard: Guard) -> None:
    """JSON is UTF-8 (RFC 8259): what else a client calls it, it is read as that."""
    got = guard.live.wire.ask("POST", P, [*ADMIN, ("content-type", kind)], b'{"name": "\xe9"}')
    assert guard.check(got, kind, words="Malformed JSON: 'utf-8' codec") == ""


METHODS = (
    *("HEAD", "TRACE", "CONNECT", "OPTIONS", "PATCH", "BREW", "get", "Get", "GETS", "PROPFIND", "M-SEARCH", "$"),
    "X" * 1_000,
)


@ON_ONE_DATABASE
@pytest.mark.parametrize("method", METHODS, ids=[method[:12] for method in METHODS])
@pytest.mark.parametrize("path", ["/", P, "/resource_providers/{host}/inventories", "/reshaper", "/openapi.json"])
def test_methods(method: str, path: str, guard: Guard) -> None:
    with RawConnection(guard.live.port) as wire:
        got = wire.ask(method, guard.world.named(path), ADMIN)
    assert got.status == 405
    assert got.header("allow")
    assert (got.body == b"") == (method == "HEAD")
    assert guard.live.state() == guard.before


@ON_ONE_DATABASE
@pytest.mark.parametrize("minor", [0, 4])
def test_a_method_that_comes_later(minor: int, guard: Guard) -> None:
    got = guard.world.ask("DELETE", "/resource_providers/{host}/inventories", minor=minor)
    assert (got.status, got.header("allow")) == (405, "GET, POST, PUT")


BROKEN: tuple[tuple[str, bytes], ...] = (
    ("not HTTP", b"hello\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)),
    ("no version", b"GET /resource_providers\r\n\r\n"),
    ("another version", b"GET / HTTP/9.9\r\n\r\n"),
    ("HTTP/2 in HTTP/1's clothes", b"GET / HTTP/2.0\r\nhost: x\r\n\r\n"),
    ("blank in the path", b"GET /resource_providers /x HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("raw bytes in the path", b"GET /resource_providers/\xff HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("raw bytes in the query", b"GET /resource_providers?name=\xff HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("NUL in the path", b"GET /resource_providers/\0 HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("NUL in a header", b"GET /resource_providers HTTP/1.1\r\nhost: x\r\nx-auth-token: ad\0min\r\n\r\n"),
    ("a name with a blank", b"GET / HTTP/1.1\r\nbad name: x\r\n\r\n"),
    ("a line without a colon", b"GET / HTTP/1.1\r\nnothing\r\n\r\n"),
    ("folded header", b"GET /resource_providers HTTP/1.1\r\nhost: x\r\nx-auth-token: ad\r\n min\r\n\r\n"),
    ("no length", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: hi mom\r\n\r\n"),
    ("negative length", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"),
    ("signed length", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: +2\r\n\r\n{}"),
    ("endless length", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: " + b"9" * 40 + b"\r\n\r\n"),
    ("two lengths", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} "),
    ("bad chunk", b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    ("unknown coding", b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: rot13\r\n\r\n"),
    ("long line", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("longer line", b"GET /?" + b"a" * 1_000_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n"),
    ("long header", b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 1_000_000 + b"\r\n\r\n"),
    ("many headers", b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 10_000 + b"\r\n"),
)


@ON_ONE_DATABASE
@pytest.mark.parametrize("data", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_no_http(data: bytes, guard: Guard) -> None:
    """The server refuses it before Berth sees it: a status of its own, or the end of the connection."""
    with RawConnection(guard.live.port) as wire:
        got = wire.send(data)
    assert got is None or 400 <= got.status < 500, (got.status, got.body[:200])
    assert guard.live.state() == guard.before


FINE: tuple[tuple[str, bytes], ...] = (
    (
        "absolute form",
        b"GET http://elsewhere.test/resource_providers HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\n\r\n",
    ),
    ("a fragment", b"GET /resource_providers#more HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\n\r\n"),
    ("escaped letters", b"GET /resource%5Fproviders HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\n\r\n"),
    ("a blank after a query", request_bytes("GET", f"{P}?resources=VCPU:1%0A", ADMIN)),
    ("an empty query", b"GET /resource_providers? HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\n\r\n"),
    ("ampersands", b"GET /resource_providers?&&& HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\n\r\n"),
    ("HTTP/1.0", b"GET /resource_providers HTTP/1.0\r\nx-auth-token: admin\r\n\r\n"),
    ("odd case", b"GET /resource_providers HTTP/1.1\r\nHOST: x\r\nX-AUTH-TOKEN:   admin  \r\n\r\n"),
    ("others' bytes", b"GET /resource_providers HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\nx-odd: \xff\xfe\r\n\r\n"),
    ("another service", request_bytes("GET", P, [*ADMIN[:1], ("openstack-api-version", "compute 2.99")])),
    ("no service", request_bytes("GET", P, [*ADMIN[:1], ("openstack-api-version", "  ,, placement, ")])),
    ("an odd accept", request_bytes("GET", P, [*ADMIN, ("accept", ";;q=,/,,*")])),
    ("a bodiless GET that says so", request_bytes("GET", P, [*ADMIN, ("content-length", "0")])),
)


@pytest.mark.parametrize("data", [row[1] for row in FINE], ids=[row[0] for row in FINE])
def test_what_looks_odd_and_is_fine(data: bytes, guard: Guard) -> None:
    with RawConnection(guard.live.port) as wire:
        got = wire.send(data)
    assert got is not None
    assert (got.status, "resource_providers" in got.json()) == (200, True)


def test_several_requests_at_once(guard: Guard) -> None:
    """Pipelining: the answers come in order, the hostile one in its place."""
    with RawConnection(guard.live.port) as wire:
        wire.begin(
            request_bytes("GET", "/", ADMIN) + request_bytes("GET", "/%ff", ADMIN) + request_bytes("GET", P, ADMIN)
        )
        text = b""
        while text.count(b"HTTP/1.1 ") < 3 or b"resource_providers" not in text:
            text += wire.receive()
    assert [part.split()[0] for part in text.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
