"""Who may do what: every operation, every role, every policy, asked of the API itself."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from berth.api import auth
from berth.api.auth.gate import Gate
from berth.api.auth.policy import POLICIES
from berth.api.http.messages import Request
from berth.api.placement.app import PlacementApp
from berth.api.placement.operation import Operation
from berth.api.placement.routes import OPERATIONS
from berth.api.placement.versions import closed
from berth.ledger import Ledger, open_ledger
from berth.model.caller import Caller
from tests.support.empty_ledgers import EmptyLedgers

ROLES: dict[str, dict[str, str]] = {
    "admin": {"x-auth-token": "admin"},
    "admin by role": {"x-auth-token": "someone", "x-roles": "member, ADMIN"},
    "service": {"x-auth-token": "nova", "x-roles": "service"},
    "reader of its own": {"x-auth-token": "someone:mine", "x-roles": "reader"},
    "reader of another": {"x-auth-token": "someone:theirs", "x-roles": "reader"},
    "member": {"x-auth-token": "someone:mine", "x-roles": "member"},
    "nobody": {"x-auth-token": "someone:mine"},
    "admin without roles": {"x-auth-token": "admin", "x-roles": ""},
    "admin of the system": {"x-auth-token": "admin", "openstack-system-scope": "all"},
    "service of the system": {"x-auth-token": "nova", "x-roles": "service", "openstack-system-scope": "all"},
}

ADMINS = {"admin", "admin by role", "service"}
KNOWN = set(ROLES) - {"admin of the system", "service of the system"}

EXCEPTIONS: dict[tuple[str, str], set[str]] = {
    ("default", "project_usages.show"): ADMINS | {"reader of its own"},
    ("legacy-rbac", "project_usages.show"): ADMINS | {"reader of its own"},
    ("secure-rbac", "project_usages.show"): ADMINS | {"reader of its own"},
    ("secure-rbac", "reshape"): {"service"},
}
"""Who may do what not all the others may, by policy and operation."""


def expected(policy: str, operation: Operation) -> set[str]:
    if operation.public:
        return set(ROLES)
    if policy == "open-policy":
        return KNOWN
    return EXCEPTIONS.get((policy, operation.name), ADMINS)


@pytest.fixture(scope="module")
def ledger(ledgers: EmptyLedgers) -> Iterator[Ledger]:
    with open_ledger(ledgers.new()) as opened:
        yield opened


def asked(operation: Operation, headers: dict[str, str]) -> Request:
    """The operation, about something that does not exist, in the last version that has it."""
    path = operation.path.replace("{", "").replace("}", "")
    version = {"openstack-api-version": f"placement 1.{closed(operation.name) - 1}"}
    query = "project_id=mine" if operation.name == "project_usages.show" else ""
    return Request(operation.method, path, query, {**headers, **version, "content-type": "application/json"}, b"no")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])
def test_who_may(policy: str, operation: Operation, ledger: Ledger) -> None:
    api = PlacementApp(Gate(ledger, (auth.dev,), POLICIES[policy]))
    statuses = {role: api.answer(asked(operation, headers)).status for role, headers in ROLES.items()}
    assert {role for role, status in statuses.items() if status != 403} == expected(policy, operation)
    assert not {401, 500} & set(statuses.values())


def test_every_policy_is_named_after_itself() -> None:
    assert {name: policy.name for name, policy in POLICIES.items()} == {name: name for name in POLICIES}


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])
def test_without_a_token_only_what_is_public(operation: Operation, ledger: Ledger) -> None:
    api = PlacementApp(Gate(ledger, (auth.dev,), POLICIES["open-policy"]))
    assert (api.answer(asked(operation, {})).status == 401) != operation.public


CALLERS: tuple[tuple[dict[str, str], auth.Caller | None], ...] = (
    ({}, None),
    ({"x-auth-token": ""}, auth.Caller("", "", frozenset())),
    ({"x-auth-token": "admin"}, auth.Caller("admin", "admin", frozenset({"admin"}))),
    ({"x-auth-token": "admin:ops"}, auth.Caller("admin", "ops", frozenset({"admin"}))),
    ({"x-auth-token": "a:b:c"}, auth.Caller("a", "b:c", frozenset())),
    ({"x-auth-token": "a:"}, auth.Caller("a", "a", frozenset())),
    ({"x-auth-token": "a:b", "x-project-id": "c"}, auth.Caller("a", "c", frozenset())),
    ({"x-auth-token": "a:b", "x-project-id": ""}, auth.Caller("a", "b", frozenset())),
    ({"x-auth-token": "admin", "x-roles": ""}, auth.Caller("admin", "admin", frozenset())),
    ({"x-auth-token": "a", "x-roles": " Reader , ,MEMBER"}, auth.Caller("a", "a", frozenset({"reader", "member"}))),
    ({"x-auth-token": "a", "openstack-system-scope": "all"}, auth.Caller("a", "a", frozenset(), system_scoped=True)),
    ({"x-auth-token": "a", "openstack-system-scope": ""}, auth.Caller("a", "a", frozenset())),
)


@pytest.mark.parametrize(("headers", "caller"), CALLERS)
def test_who_a_token_means(headers: dict[str, str], caller: auth.Caller | None) -> None:
    known = auth.dev(Request("GET", "/", "", headers, address="192.0.2.1"))
    assert known == (None if caller is None else msgspec.structs.replace(caller, via="dev", address="192.0.2.1"))


@pytest.mark.parametrize(
    ("roles", "operation", "said"),
    [
        ({"reader"}, "names.list", "ada (reader) may not use names.list: the policy allows it to no role."),
        ({"reader"}, "tokens.create", "ada (reader) may not use tokens.create: it needs the role admin."),
        ({"reader"}, "fleet.show", "ada (reader) may not use fleet.show: it needs the role admin or service or "),
        ({"member"}, "consumers.show", "ada (member) may use consumers.show for its own project only."),
        (set(), "fleet.show", "ada (no role) may not use fleet.show: it needs"),
    ],
    ids=str,
)
def test_a_refusal_says_who_and_which_roles_may(roles: set[str], operation: str, said: str) -> None:
    caller = Caller(name="ada", roles=frozenset(roles))
    assert POLICIES["default"].refusal(operation, caller).startswith(said)
