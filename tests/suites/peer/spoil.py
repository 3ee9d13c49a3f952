"""Ways to spoil a good request: its method, path, headers or query.  Bodies are spoilt in spoil_body.py.

A spoiler takes the world and a request and gives another request; what it makes may still be valid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

from tests.suites.peer.wire import Request
from tests.suites.peer.world import World

Spoiler = Callable[[World, Request], Request]

METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "BREW")
VERSIONS = (
    "placement latest", "placement 1.40", "placement 2.0", "placement 0.9", "placement 1", "placement", "1.10",
    "latest", "placement abc", "placement 1.x", "placement 1.5.1", "compute 2.1", "compute 2.1, placement 1.17",
    "PLACEMENT 1.30", "placement 1.10, compute latest", "placement 1.3, placement 1.20", "placement  1.20",
    "placement -1.0", "", "placement 1.", "placement 1.039", "placement LATEST",
)  # fmt: skip
ACCEPTS = (
    "*/*", "application/*", "application/json;q=0.1", "text/plain", "text/html", "application/xml", "image/png",
    "text/*", "text/html, application/json;q=0.9", "application/xml, */*;q=0.1", "application/json;q=0", "nonsense",
    "", "application/json; charset=utf-8", "text/html;q=0.9,text/plain", "text/xml, application/xhtml+xml",
)  # fmt: skip
CONTENT_TYPES = (
    "application/json; charset=utf-8", "text/plain", "application/x-www-form-urlencoded", "APPLICATION/JSON", "",
    "json", "application/json;", "application/xml", "application/vnd.api+json", "application/json, text/plain",
)  # fmt: skip
PARAMETERS = (
    "name", "uuid", "member_of", "resources", "in_tree", "required", "limit", "group_policy", "root_required",
    "same_subtree", "resources1", "required1", "member_of1", "in_tree1", "resources_A", "resources01", "resources1@",
    "resources0", "resources" + "x" * 65, "project_id", "user_id", "consumer_type", "associated", "bogus", "Limit",
    "same_subtree1", "",
)  # fmt: skip
VALUES = (
    "", "1", "0", "-1", "abc", "VCPU:1", "VCPU:0", "VCPU:-2", "VCPU", "VCPU:1:1", "VCPU:x", "VCPU:1.5",
    "VCPU:1,,DISK_GB:1", "VCPU:1,", ":1", "VCPU:", "VCPU:1,VCPU:2", "vcpu:1", "HW_CPU_X86_AVX2", "!HW_CPU_X86_AVX2",
    "!!HW_CPU_X86_AVX2", "!", "HW_CPU_X86_AVX2,", ",HW_CPU_X86_AVX2", "HW_CPU_X86_AVX2, STORAGE_DISK_SSD",
    "HW_CPU_X86_AVX2,!HW_CPU_X86_AVX2", "in:HW_CPU_X86_AVX2,STORAGE_DISK_SSD", "in:", "in:!HW_CPU_X86_AVX2",
    "!in:HW_CPU_X86_AVX2", "in:,HW_CPU_X86_AVX2", "none", "isolate", "bogus", "1,2", "_A,_B", ",", "1,,2", "true",
    "in_abc", "in:a,b", "foo:bar", "instance", "INSTANCE", "@provider", "@aggregate", "in:@aggregate", "!@aggregate",
    "!in:@aggregate,@provider", "in:@aggregate,", "in:@aggregate,zz", "@provider,@provider", "@aggregate,@aggregate",
    "startswith:CUSTOM%5F", "x" * 256, "%ff", "%zz", "%", "a%00b", "%C3%BC", "1%0A", "2147483648",
    "9223372036854775807", "01", "1000000", "+", "%2B1", "a+b", "a%20b", "VCPU:1%20", "%20VCPU:1",
)  # fmt: skip
PATHS = (
    "/nowhere", "/resource_providers/", "/resource_provider", "/Resource_Providers",
    "/traits/", "/resource_providers/@provider/", "/resource_providers/@provider/bogus",
    "/resource_providers/@provider/inventories/", "/resource_providers/@provider/inventories/VCPU/x",
    "/resource_providers/@provider/traits/HW_CPU_X86_AVX2", "/usages/x",
    "/resource_providers/@provider/inventories/vcpu", "/resource_providers//inventories", "/allocations",
    "/allocations/", "/allocations/@provider/x", "/allocations/nobody", "/resource_providers/nobody",
    "/resource_providers/nobody/inventories", "/resource_providers/nobody/aggregates",
    "/resource_providers/nobody/usages", "/resource_providers/nobody/traits", "/resource_providers/nobody/allocations",
    "/reshaper/", "/resource_classes/VCPU", "/resource_classes/vcpu", "/", "", "/resource_classes/CUSTOM_",
    "/resource_classes/CUSTOM_a", "/resource_classes/FOO", "/resource_classes/CUSTOM_A%20B",
    "/resource_classes/CUSTOM_" + "A" * 249, "/traits/CUSTOM_", "/traits/CUSTOM_a", "/traits/FOO",
    "/traits/CUSTOM_A%20B", "/traits/CUSTOM_" + "A" * 249, "/traits/HW_CPU_X86_AVX2", "/traits/%C3%BC",
    "/traits/CUSTOM%5FA", "/resource%5Fproviders", "/resource_providers/@provider%2Finventories",
    "/resource_providers/%ff", "/traits/%zz", "/./traits", "/traits/../traits", "/resource_providers/@provider;x",
    "/resource_classes/CUSTOM_%C3%9C",
)  # fmt: skip
TOKENS: tuple[tuple[tuple[str, str], ...], ...] = (
    (),
    (("x-auth-token", ""),),
    (("x-auth-token", "user"),),
    (("x-auth-token", "user:project"),),
    (("x-auth-token", "admin:project"),),
    (("x-auth-token", "admin"), ("x-roles", "")),
    (("x-auth-token", "admin"), ("x-roles", "reader")),
    (("x-auth-token", "admin"), ("x-roles", "Reader,member")),
    (("x-auth-token", "user"), ("x-roles", "service")),
    (("x-auth-token", "user"), ("x-roles", "member,ADMIN")),
    (("x-auth-token", "admin"), ("openstack-system-scope", "all")),
    (("x-auth-token", "user"), ("x-roles", "reader"), ("x-project-id", "p")),
    (("x-auth-token", "user:p"), ("x-roles", "reader")),
)


def method(world: World, request: Request) -> Request:
    return replace(request, method=world.pick(METHODS))


def version_header(world: World, request: Request) -> Request:
    if world.chance(0.1):
        return request.with_header("openstack-api-version")
    return request.with_header("openstack-api-version", world.pick(VERSIONS))


def other_version(world: World, request: Request) -> Request:
    """The same request at a version for which it was not made."""
    return request.with_header("openstack-api-version", f"placement 1.{world.dice.randint(0, world.newest)}")


def accept(world: World, request: Request) -> Request:
    return request.with_header("accept", world.pick(ACCEPTS))


def content_type(world: World, request: Request) -> Request:
    if world.chance(0.3):
        return request.with_header("content-type")
    return request.with_header("content-type", world.pick(CONTENT_TYPES))


def token(world: World, request: Request) -> Request:
    bare = request.with_header("x-auth-token")
    return replace(bare, headers=world.pick(TOKENS) + bare.headers)


def path(world: World, request: Request) -> Request:
    query = f"?{request.query}" if request.query and world.chance(0.5) else ""
    return replace(request, target=(named(world, world.pick(PATHS)) or "/") + query)


def parameter(world: World, request: Request) -> Request:
    """Add a parameter, or give an existing one another value."""
    pairs = request.query.split("&") if request.query else []
    if pairs and world.chance(0.6):
        place = world.dice.randrange(len(pairs))
        name = pairs[place].partition("=")[0]
        pairs[place] = f"{name}={_value(world)}"
    else:
        pairs.append(f"{world.pick(PARAMETERS)}={_value(world)}")
    return _with_query(request, pairs)


def repeat_parameter(world: World, request: Request) -> Request:
    """Give a parameter twice, or leave one out."""
    pairs = request.query.split("&") if request.query else []
    if not pairs:
        return parameter(world, request)
    chosen = world.pick(pairs)
    if world.chance(0.4):
        pairs.remove(chosen)
    elif world.chance(0.5):
        pairs.append(chosen)
    else:
        pairs.append(f"{chosen.partition('=')[0]}={_value(world)}")
    return _with_query(request, pairs)


def _value(world: World) -> str:
    """A value that can stand in a query; what is percent-encoded already stays."""
    return quote(named(world, world.pick(VALUES)), safe="%:,!+")


def _with_query(request: Request, pairs: list[str]) -> Request:
    return replace(request, target=request.path + (f"?{'&'.join(pairs)}" if pairs else ""))


def needless_body(world: World, request: Request) -> Request:
    """A body where none belongs, with or without a content type."""
    if request.body is not None:
        return replace(request, body=world.pick(["", None, "{}"]))
    plain = replace(request, body=world.pick(["{}", "x", ""]))
    return plain.with_header("content-type", "application/json") if world.chance(0.5) else plain


def named(world: World, text: str) -> str:
    """Put uuids of the episode in the place of their marks."""
    while "@provider" in text:
        text = text.replace("@provider", world.provider(), 1)
    while "@aggregate" in text:
        text = text.replace("@aggregate", world.aggregate(), 1)
    return text


# (weight, spoiler): of any request
SPOILERS: tuple[tuple[int, Spoiler], ...] = (
    (4, method),
    (3, version_header),
    (10, other_version),
    (4, accept),
    (3, content_type),
    (3, token),
    (4, path),
    (8, parameter),
    (4, repeat_parameter),
    (3, needless_body),
)
