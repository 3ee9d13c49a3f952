"""Policies: a table of operations with the roles that may do each.

An operation without a rule is refused to everyone; the server does not start while one of its operations has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import structs

from berth.model.caller import MEMBER, OWNER, ROLES, VIEWER, Caller

ANYONE: Final = "anyone"
"""In place of a role: every authenticated caller."""

PROJECT_ROLES: Final = frozenset({MEMBER, "reader"})
"""Roles for one project: what they may do to projects they may do to the caller's own only."""

_FLEET: Final = frozenset({"admin", "service"})
_READING: Final = _FLEET | {VIEWER}
_FINDING: Final = _READING | {MEMBER}
_PROVIDERS: Final = _READING | {MEMBER, OWNER}
_HOLDERS: Final = _READING | {OWNER}
_OWN_PROJECT: Final = _READING | PROJECT_ROLES
_OWN_CLAIMS: Final = _FLEET | {MEMBER}
_OWN_TREES: Final = _FLEET | {OWNER}
_ADMIN: Final = frozenset({"admin"})
_AUDITING: Final = _ADMIN | {VIEWER}
_ANYONE: Final = frozenset({ANYONE})

OF_A_PROJECT: Final = frozenset(
    {"consumers.list", "consumers.show", "leases.list", "project_usages.show", "reports.show"}
)
"""Operations that read a project: a reader and a member may do them to their own project only."""

Rules = Mapping[str, frozenset[str]]

DEFAULT: Final[Rules] = {
    # Reading the fleet
    "aggregates.list": _PROVIDERS,
    "aggregates.show": _PROVIDERS,
    "candidates.list": _FINDING,
    "changes.list": _READING,
    "classes.list": _PROVIDERS,
    "classes.show": _PROVIDERS,
    "fleet.show": _PROVIDERS,
    "inventories.list": _PROVIDERS,
    "inventory.show": _PROVIDERS,
    "provider_allocations.show": _HOLDERS,
    "provider_traits.show": _PROVIDERS,
    "provider_usages.show": _PROVIDERS,
    "providers.export": _READING,
    "providers.list": _PROVIDERS,
    "providers.show": _PROVIDERS,
    "traits.list": _PROVIDERS,
    "traits.show": _PROVIDERS,
    # Writing it
    "aggregates.edit": _OWN_TREES,
    "aggregates.set": _OWN_TREES,
    "aggregates.name": _FLEET,
    "classes.create": _FLEET,
    "classes.delete": _FLEET,
    "classes.ensure": _FLEET,
    "classes.rename": _FLEET,
    "inventories.clear": _OWN_TREES,
    "inventories.create": _OWN_TREES,
    "inventories.edit": _FLEET,
    "inventories.replace": _OWN_TREES,
    "inventory.delete": _OWN_TREES,
    "inventory.update": _OWN_TREES,
    "provider_traits.clear": _OWN_TREES,
    "provider_traits.edit": _OWN_TREES,
    "provider_traits.set": _OWN_TREES,
    "providers.create": _OWN_TREES,
    "providers.delete": _OWN_TREES,
    "providers.delete_tree": _OWN_TREES,
    "providers.rename_tree": _OWN_TREES,
    "providers.drain": _OWN_TREES,
    "providers.undrain": _OWN_TREES,
    "providers.import": _OWN_TREES,
    "providers.update": _OWN_TREES,
    "reshape": _FLEET,
    "traits.delete": _FLEET,
    "traits.ensure": _FLEET,
    # Allocations
    "allocations.delete": _OWN_CLAIMS,
    "allocations.post": _OWN_CLAIMS,
    "allocations.put": _FLEET,
    "allocations.release": _OWN_CLAIMS,
    "allocations.show": _READING,
    "changes.undo": _FLEET,
    "consumers.edit": _OWN_CLAIMS,
    "consumers.list": _OWN_PROJECT,
    "consumers.reconcile": _FLEET,
    "consumers.show": _OWN_PROJECT,
    "leases.end": _OWN_CLAIMS,
    "leases.grant": _OWN_CLAIMS,
    "leases.list": _OWN_PROJECT,
    "leases.renew": _OWN_CLAIMS,
    "project_usages.show": _OWN_PROJECT,
    "projects.list": _READING,
    "reports.show": _OWN_PROJECT,
    # Policy and audit
    "audit.anomalies": _AUDITING,
    "audit.history": _READING,
    "audit.list": _AUDITING,
    "me.show": _ANYONE,
    "metrics.show": _READING,
    "policy.show": _ANYONE,
    "tokens.list": _AUDITING,
    "tokens.create": _ADMIN,
    "tokens.revoke": _ADMIN,
    "tokens.rotate": _ADMIN,
}
"""The roles that may do each operation by default."""


class Policy:
    """Named rules. Operations without a rule are refused to everyone."""

    def __init__(self, name: str, rules: Rules) -> None:
        self.name, self.rules = name, dict(rules)

    def allows(self, operation: str, caller: Caller, project: str | None = None) -> bool:
        """Whether the caller may do this (to this project).

        System-scoped callers may do nothing: every operation belongs to a project. That an owner of trees writes only
        those, and a member only its project's claims, is checked by the ledger when the command is decided.
        """
        roles = self.rules.get(operation, frozenset())
        if caller.system_scoped:
            return False
        if ANYONE in roles:
            return True
        matching = roles & caller.roles
        if matching and matching <= PROJECT_ROLES and operation in OF_A_PROJECT:
            return project is not None and project == caller.project
        return bool(matching)

    def refusal(self, operation: str, caller: Caller) -> str:
        """Return why a caller may not do this: who it is, and which roles may."""
        roles, who = self.table().get(operation, []), caller.called or "An unknown caller"
        own = f"{who} ({', '.join(sorted(caller.roles)) or 'no role'})"
        if caller.roles.intersection(roles) and not caller.system_scoped:
            return f"{own} may use {operation} for its own project only."
        if not roles:
            return f"{own} may not use {operation}: the policy allows it to no role."
        return f"{own} may not use {operation}: it needs the role {' or '.join(roles)}."

    def lacks(self, operations: Iterable[str]) -> list[str]:
        """Return those of these operations for which there is no rule."""
        return sorted(set(operations) - self.rules.keys())

    def table(self) -> dict[str, list[str]]:
        """Return the roles that may do each operation, in the order of ROLES."""
        return {
            operation: [role for role in (*ROLES, ANYONE) if role in roles]
            for operation, roles in sorted(self.rules.items())
        }


def placement_caller(caller: Caller) -> Caller:
    """Return a caller as the Placement API knows it: without the role member, which counts for /v1 only.

    A member's restrictions have no counterpart there, and Placement gives the role of that name no rights.
    """
    if MEMBER not in caller.roles:
        return caller
    return structs.replace(caller, roles=caller.roles - {MEMBER}, own_project=False)


POLICIES: Final = {
    policy.name: policy
    for policy in (
        Policy("default", DEFAULT),
        Policy("legacy-rbac", DEFAULT),
        Policy("secure-rbac", {**DEFAULT, "reshape": frozenset({"service"})}),
        Policy("open-policy", {name: roles if roles <= _AUDITING else _ANYONE for name, roles in DEFAULT.items()}),
    )
}
"""The policies by name. default and legacy-rbac are the same, as they are in Placement."""
