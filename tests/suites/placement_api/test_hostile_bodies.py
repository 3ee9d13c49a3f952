"""Bodies that no sane client sends: each is refused with a reason, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest

from tests.suites.placement_api.conftest import ON_ONE_DATABASE, Guard
from tests.suites.placement_api.documents import documented
from tests.support.cases.placement_bodies import BODIES, Leaf, good, renamed, spoilt, values
from tests.support.cases.placement_calls import Line
from tests.support.cases.placement_world import NEWEST
from tests.support.raw_http import LIMIT_S, RawConnection, RawReply

EACH = pytest.mark.parametrize("line", BODIES, ids=[line.operation for line in BODIES])
MIB = 1024 * 1024

WRONG = ("null", "true", "7", "-7", "1.5", '"text"', '""', "[]", "{}", "[[]]", '{"a": 1}')

NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1.5", "-1", "1e999999999999", "0x10", "+1", "1_0", "01"),
    *("１", "٣", str(2**31), str(2**63), str(2**64), "1" + "0" * 400, "1" + "0" * 5000, "1e300", "-0.5"),
)

TAKEN = {
    ("POST /resource_providers/{uuid}/inventories", "resource_provider_generation"),
    ("PUT /resource_providers/{uuid}/inventories", "allocation_ratio"),
}
"""Numbers of which some here are right: a ratio, and a generation that is not looked at."""

TEXTS = (
    (r'"a\u0000b"', "NUL"),
    (r'"\ud800"', "surrogate"),
    (r'"a\udfff\ud800b"', "surrogate"),
    ('"\ud800"', "utf-8"),
    ('"a\x00b"', "Malformed JSON"),
    ('"a\nb"', "Malformed JSON"),
    (r'"\x41"', "Malformed JSON"),
    (r'"\u00"', "Malformed JSON"),
    ('"open', "Malformed JSON"),
)


def _put(guard: Guard, line: Line, body: bytes) -> RawReply:
    headers = [
        ("x-auth-token", "admin"),
        ("openstack-api-version", f"placement 1.{NEWEST}"),
        ("content-type", "application/json"),
    ]
    return guard.live.wire.ask(line.operation.partition(" ")[0], guard.world.named(line.path), headers, body)


def _is_valid(line: Line, body: bytes) -> bool:
    """Whether the document allows a body."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return False
    content = documented(NEWEST).operations[line.operation]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(value)


def _spoil(guard: Guard, line: Line, made: Callable[[Any, Leaf], list[tuple[bytes, str]]]) -> None:
    body = good(line, guard.world)
    faults = []
    for leaf in values(body):
        for data, words in made(body, leaf):
            about = f"{leaf.place}: {data[:200]!r}"
            faults.append(guard.check(_put(guard, line, data), about, words=words))
    assert faults, "nothing was sent"
    assert "\n".join(filter(None, faults)) == ""


@ON_ONE_DATABASE
@EACH
def test_values_of_the_wrong_type(line: Line, guard: Guard) -> None:
    def made(body: Any, leaf: Leaf) -> list[tuple[bytes, str]]:
        sent = [spoilt(body, leaf.place, literal) for literal in WRONG]
        return [(data, leaf.name) for data in sent if not _is_valid(line, data)]

    _spoil(guard, line, made)


@EACH
def test_numbers_that_are_none_or_too_large(line: Line, guard: Guard) -> None:
    def made(body: Any, leaf: Leaf) -> list[tuple[bytes, str]]:
        if isinstance(leaf.value, bool) or not isinstance(leaf.value, int | float | None):
            return []
        sent = [spoilt(body, leaf.place, literal) for literal in NUMBERS]
        if (line.operation, leaf.name) in TAKEN:
            sent = [data for data in sent if not _is_valid(line, data)]
        return [(data, "") for data in sent]

    if any(isinstance(leaf.value, int) for leaf in values(good(line, guard.world))):
        _spoil(guard, line, made)


@EACH
def test_texts_that_are_none(line: Line, guard: Guard) -> None:
    def made(body: Any, leaf: Leaf) -> list[tuple[bytes, str]]:
        sent = []
        if isinstance(leaf.value, str):
            sent += [(spoilt(body, leaf.place, literal), words) for literal, words in TEXTS]
        if leaf.place and isinstance(leaf.place[-1], str):
            sent += [(renamed(body, leaf.place, literal), words) for literal, words in TEXTS]
        return sent

    _spoil(guard, line, made)


@ON_ONE_DATABASE
@EACH
def test_members_that_are_unknown_doubled_or_missing(line: Line, guard: Guard) -> None:
    def made(body: Any, leaf: Leaf) -> list[tuple[bytes, str]]:
        if not isinstance(leaf.value, dict):
            return []
        text = json.dumps(leaf.value)
        sent = [(spoilt(body, leaf.place, f'{text[:-1]}{", " if leaf.value else ""}"bogus": 1}}'), "bogus")]
        for name, value in leaf.value.items():
            doubled = f"{text[:-1]}, {json.dumps(name)}: {json.dumps(value)}}}"
            sent.append((spoilt(body, leaf.place, doubled), f"duplicate key '{name}'"))
            without = spoilt(body, leaf.place, json.dumps({key: leaf.value[key] for key in leaf.value if key != name}))
            if not _is_valid(line, without):
                sent.append((without, name if len(leaf.value) > 1 else ""))
        return sent

    _spoil(guard, line, made)


NO_JSON: tuple[tuple[str, bytes, str], ...] = (
    ("nothing", b"", "Malformed JSON"),
    ("blank", b" \n", "Malformed JSON"),
    ("half", b"{", "Malformed JSON"),
    ("python", b"{'name': None}", "Malformed JSON"),
    ("more after it", b"{}{}", "Malformed JSON"),
    ("comma", b'{"name": 1,}', "Malformed JSON"),
    ("comment", b"{} // no", "Malformed JSON"),
    ("NUL", b"{}\0", "Malformed JSON"),
    ("byte order mark", b"\xef\xbb\xbf{}", "Malformed JSON"),
    ("UTF-16", '{"name": "x"}'.encode("utf-16"), "Malformed JSON"),
    ("UTF-32", '{"name": "x"}'.encode("utf-32-le"), "Malformed JSON"),
    ("Latin-1", '{"name": "é"}'.encode("latin-1"), "Malformed JSON"),
    ("overlong", b'{"name": "\xc0\x80"}', "Malformed JSON"),
    ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0\xabV\xcaK\xccMU\xb2R\xaaP\xaa\x05\0\x0b\0\0\0", "Malformed JSON"),
    ("form", b"name=x", "Malformed JSON"),
    ("null", b"null", "does not validate"),
    ("number", b"7", "does not validate"),
    ("text", b'"x"', "does not validate"),
    ("array", b"[]", "does not validate"),
    ("deep", b"[" * 100 + b"]" * 100, "nested more than 64 deep"),
    ("deeper", b"[" * 500 + b"]" * 500, "nested more than 64 deep"),
    ("deeper still", b"[" * 900 + b"]" * 900, "nested more than 64 deep"),
    ("100,000 open brackets", b"[" * 100_000, "nested more than 64 deep"),
    ("100,000 brackets", b"[" * 100_000 + b"]" * 100_000, "nested more than 64 deep"),
    ("100,000 objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested more than 64 deep"),
    ("deep in a member", b'{"name": ' + b"[" * 600 + b"]" * 600 + b"}", ""),
    ("deep with an escape", b'{"name": "\\u0041", "x": ' + b"[" * 800 + b"]" * 800 + b"}", ""),
    ("100,000 members", b"{" + b",".join(b'"k%d":1' % n for n in range(100_000)) + b"}", ""),
    ("100,000 members, one twice", b"{" + b",".join(b'"k%d":1' % (n % 99_999) for n in range(100_000)) + b"}", "'k0'"),
    ("a large array", b"[" + b",".join(b'"%d"' % n for n in range(500_000)) + b"]", ""),
    ("a large text", b'"' + b"x" * 8 * MIB + b'"', ""),
    ("many faults", json.dumps({"inventories": {f"c{n}": "x" for n in range(50_000)}}).encode(), ""),
)


@ON_ONE_DATABASE
@pytest.mark.parametrize(("body", "words"), [row[1:] for row in NO_JSON], ids=[row[0] for row in NO_JSON])
def test_what_is_no_json_or_none_that_could_be_meant(body: bytes, words: str, guard: Guard) -> None:
    lines = BODIES if len(body) < 200_000 else BODIES[:2]
    faults = [guard.check(_put(guard, line, body), line.operation, words=words) for line in lines]
    assert "\n".join(filter(None, faults)) == ""


@ON_ONE_DATABASE
@EACH
def test_a_body_over_the_limit(line: Line, guard: Guard) -> None:
    got = _put(guard, line, b" " * (16 * MIB + 1))
    assert (guard.check(got, line.operation, words="larger than 16777216 bytes"), got.status) == ("", 413)


@ON_ONE_DATABASE
@pytest.mark.parametrize("last", [True, False], ids=["ended", "cut off"])
def test_a_body_over_the_limit_that_does_not_say_so(last: bool, guard: Guard) -> None:
    head = (
        b"PUT /resource_providers/x HTTP/1.1\r\nhost: x\r\nx-auth-token: admin\r\ncontent-type: application/json\r\n"
        b"transfer-encoding: chunked\r\n\r\n"
    )
    piece = b"100000\r\n" + b" " * MIB + b"\r\n"
    with RawConnection(guard.live.port) as wire:
        got = wire.send(head + piece * 17 + (b"0\r\n\r\n" if last else b""), "PUT")
    assert guard.check(got, "chunked", words="larger than 16777216 bytes") == ""


@ON_ONE_DATABASE
def test_a_body_that_is_shorter_than_it_says(guard: Guard) -> None:
    """The server waits for the rest; the client goes away; nothing is left of it."""
    with RawConnection(guard.live.port) as wire:
        wire.begin(b"POST /resource_providers HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
    assert guard.live.state() == guard.before


NAMES = (
    ("CUSTOM_A\n", "newline"),
    ("CUSTOM_１", "full-width digit"),
    ("CUSTOM_A ", "blank"),
    ("CUSTOM_a", "lower case"),
    ("CUSTOM_", "nothing after it"),
    ("CUSTOM_É", "accent"),
    ("CUSTOM_A\u2028", "line separator"),
    ("CUSTOM_" + "A" * 249, "too long"),
    ("A" * 100_000, "much too long"),
    ("", "nothing"),
    ("VCPU;DROP TABLE", "another language"),
)


@pytest.mark.parametrize("name", [row[0] for row in NAMES], ids=[row[1] for row in NAMES])
def test_names_that_are_none(name: str, guard: Guard) -> None:
    """Of classes, traits and consumer types, wherever a body may have one."""
    world, big = guard.world, len(name) > 255
    one = {"total": 1}
    claim = world.claim({"host": {"VCPU": 1}})
    sent = [
        ("POST", "/resource_classes", {"name": name}),
        ("POST", "/resource_providers/{spare}/inventories", {"resource_class": name, **one}),
        ("PUT", "/resource_providers/{spare}/inventories", _guarded(guard, inventories={name: one})),
        ("PUT", "/resource_providers/{spare}/traits", _guarded(guard, traits=[name])),
        ("PUT", "/allocations/{fresh}", world.claim({"host": {name: 1}})),
    ]
    if not name.startswith("CUSTOM_") or name.strip() != name or not name.isascii() or big or name == "CUSTOM_a":
        sent.append(("PUT", "/allocations/{fresh}", {**claim, "consumer_type": name}))
    faults = [guard.check(world.ask(*call), f"{call[0]} {call[1]}") for call in sent]
    assert "\n".join(filter(None, faults)) == ""


def _guarded(guard: Guard, **fields: Any) -> dict[str, Any]:
    return {"resource_provider_generation": guard.world.generation("spare"), **fields}


UUIDS = (
    "no uuid",
    "",
    "11111111-1111-1111-1111-11111111111",
    "11111111-1111-1111-1111-111111111111\n",
    " 11111111-1111-1111-1111-111111111111",
    "１1111111-1111-1111-1111-111111111111",
    "+1111111-1111-1111-1111-111111111111",
    "0x111111-1111-1111-1111-111111111111",
    "1_111111-1111-1111-1111-111111111111",
    "g1111111-1111-1111-1111-111111111111",
    "1" * 100_000,
)


@pytest.mark.parametrize("uuid", UUIDS, ids=[repr(uuid[:40]) for uuid in UUIDS])
def test_uuids_that_are_none(uuid: str, guard: Guard) -> None:
    world = guard.world
    claim = world.claim({"host": {"VCPU": 1}})
    held = {uuid: {"resources": {"VCPU": 1}}}
    sent = [
        ("POST", "/resource_providers", {"name": "x", "uuid": uuid}),
        ("POST", "/resource_providers", {"name": "x", "parent_provider_uuid": uuid}),
        ("PUT", "/resource_providers/{spare}", {"name": "x", "parent_provider_uuid": uuid}),
        ("PUT", "/resource_providers/{spare}/aggregates", _guarded(guard, aggregates=[uuid])),
        ("PUT", "/allocations/{fresh}", {**claim, "allocations": held}),
        ("PUT", "/allocations/{fresh}", {**claim, "mappings": {"": [uuid]}}),
        ("POST", "/allocations", {uuid: claim}),
        ("POST", "/reshaper", {"inventories": {uuid: _guarded(guard, inventories={})}, "allocations": {}}),
    ]
    faults = [guard.check(world.ask(*call), f"{call[0]} {call[1]}") for call in sent]
    assert "\n".join(filter(None, faults)) == ""


LONG = (
    ("POST", "/resource_providers", "name", 201),
    ("PUT", "/resource_providers/{spare}", "name", 201),
    ("PUT", "/allocations/{fresh}", "project_id", 256),
    ("PUT", "/allocations/{fresh}", "user_id", 256),
    ("PUT", "/allocations/{fresh}", "consumer_type", 256),
    ("POST", "/resource_providers", "name", 1_000_000),
)


@pytest.mark.parametrize(("method", "path", "field", "length"), LONG)
def test_texts_that_are_too_long(method: str, path: str, field: str, length: int, guard: Guard) -> None:
    body = guard.world.claim({"host": {"VCPU": 1}}) if path.startswith("/allocations") else {"name": "x"}
    got = guard.world.ask(method, path, {**body, field: "A" * length})
    assert (guard.check(got, field, words=field), got.status) == ("", 400)


def test_the_same_thing_twice_in_two_spellings(guard: Guard) -> None:
    world = guard.world
    host = world.uuid("host")
    claim = world.claim({"host": {"VCPU": 1}})
    twice = {spelling: {"resources": {"VCPU": 1}} for spelling in (host, host.upper())}
    inventories = {spelling: _guarded(guard, inventories={}) for spelling in (host, host.upper())}
    consumers = dict.fromkeys((world.uuid("fresh"), world.uuid("fresh").upper()), claim)
    sent = [
        ("PUT", "/allocations/{fresh}", {**claim, "allocations": twice}),
        ("POST", "/allocations", consumers),
        ("POST", "/reshaper", {"inventories": inventories, "allocations": {}}),
        ("POST", "/reshaper", {"inventories": {host: _guarded(guard, inventories={})}, "allocations": consumers}),
    ]
    faults = [guard.check(world.ask(*call), f"{call[0]} {call[1]}", words="twice") for call in sent]
    assert "\n".join(filter(None, faults)) == ""


def test_nothing_took_long() -> None:
    """Every answer above had to come within this: a limit of the wire, said here so that nobody takes it out."""
    assert LIMIT_S <= 20
