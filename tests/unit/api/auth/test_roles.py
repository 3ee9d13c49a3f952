"""Each operation by role: what a viewer, a member and a reader may do, of what there is."""

from __future__ import annotations

from typing import Final

import pytest
from msgspec import structs

from berth.api.auth.policy import DEFAULT, POLICIES, placement_caller
from berth.api.placement.routes import OPERATIONS
from berth.api.v1.routes import ROUTES
from berth.model.caller import Caller

ANYONE: Final = {"me.show", "policy.show"}
OWN: Final = {"consumers.list", "consumers.show", "leases.list", "project_usages.show", "reports.show"}
"""What is allowed to the own project only."""

CLAIMING: Final = {
    "allocations.delete",
    "allocations.post",
    "consumers.edit",
    "allocations.release",
    "leases.end",
    "leases.grant",
    "leases.renew",
}
"""What the ledger allows for the own project only, when it decides."""
PROVIDERS: Final = {
    "aggregates.list",
    "aggregates.show",
    "candidates.list",
    "classes.list",
    "classes.show",
    "fleet.show",
    "inventories.list",
    "inventory.show",
    "provider_traits.show",
    "provider_usages.show",
    "providers.list",
    "providers.show",
    "traits.list",
    "traits.show",
}
OTHERS: Final = {
    "allocations.show",
    "audit.anomalies",
    "audit.history",
    "audit.list",
    "changes.list",
    "metrics.show",
    "projects.list",
    "provider_allocations.show",
    "providers.export",
    "tokens.list",
}
"""What else there is to read."""

MAY: Final = {
    "viewer": ANYONE | OWN | PROVIDERS | OTHERS,
    "member": ANYONE | OWN | PROVIDERS | CLAIMING,
    "reader": ANYONE | OWN,
}


@pytest.mark.parametrize("policy", ["default", "legacy-rbac", "secure-rbac"])
@pytest.mark.parametrize("role", MAY)
def test_what_a_role_may(role: str, policy: str) -> None:
    caller = Caller(user="ada", project="physics", roles=frozenset({role}))
    allowed = {each for each in DEFAULT if POLICIES[policy].allows(each, caller, "physics")}
    assert allowed == MAY[role]
    elsewhere = {each for each in DEFAULT if POLICIES[policy].allows(each, caller, "arts")}
    assert allowed - elsewhere == (set() if role == "viewer" else OWN)


def test_a_viewer_may_read_everything() -> None:
    """What is asked for with GET, the one read that is sent as a body, and nothing else."""
    read = {each.operation for each in ROUTES if each.method == "GET" and not each.public}
    read |= {each.name for each in OPERATIONS if each.method == "GET" and not each.public} | {"metrics.show"}
    assert MAY["viewer"] == read


def test_a_system_scoped_viewer_may_nothing() -> None:
    caller = Caller(roles=frozenset({"viewer"}), system_scoped=True)
    assert not any(POLICIES["default"].allows(each, caller) for each in DEFAULT)


def test_only_who_may_read_the_audit_log_may_where_all_else_is_open() -> None:
    allowed = {
        role: {each for each in DEFAULT if POLICIES["open-policy"].allows(each, Caller(roles=frozenset({role})))}
        for role in ("viewer", "member", "stranger")
    }
    assert allowed["viewer"] - allowed["stranger"] == {"audit.anomalies", "audit.list", "tokens.list"}
    assert allowed["member"] == allowed["stranger"]


def test_a_member_is_nobody_to_placement() -> None:
    ada = Caller(user="ada", project="physics", roles=frozenset({"member", "reader"}), own_project=True)
    assert placement_caller(ada) == structs.replace(ada, roles=frozenset({"reader"}), own_project=False)
    nova = Caller(user="nova", roles=frozenset({"service"}))
    assert placement_caller(nova) is nova
