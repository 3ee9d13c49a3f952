"""Policies: a table of operations with the roles that may do each.

An operation without a rule is refused to everyone; the server does not start while one of its operations has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from berth.model.caller import OWNER, ROLES, Caller

ANYONE: Final = "anyone"
"""In place of a role: every authenticated caller."""

_FLEET: Final = frozenset({"admin", "service"})
_OWN_PROJECT: Final = _FLEET | {"reader"}
_OWN_TREES: Final = _FLEET | {OWNER}
_ADMIN: Final = frozenset({"admin"})
_ANYONE: Final = frozenset({ANYONE})

OF_A_PROJECT: Final = frozenset({"consumers.list", "consumers.show", "project_usages.show", "reports.show"})
"""Operations on a project: a reader may do them to its own project only."""

Rules = Mapping[str, frozenset[str]]

DEFAULT: Final[Rules] = {
    # Reading the fleet
    "aggregates.list": _OWN_TREES,
    "aggregates.show": _OWN_TREES,
    "candidates.list": _FLEET,
    "changes.list": _FLEET,
    "classes.list": _OWN_TREES,
    "classes.show": _OWN_TREES,
    "fleet.show": _OWN_TREES,
    "inventories.list": _OWN_TREES,
    "inventory.show": _OWN_TREES,
    "provider_allocations.show": _OWN_TREES,
    "provider_traits.show": _OWN_TREES,
    "provider_usages.show": _OWN_TREES,
    "providers.export": _FLEET,
    "providers.list": _OWN_TREES,
    "providers.show": _OWN_TREES,
    "traits.list": _OWN_TREES,
    "traits.show": _OWN_TREES,
    # Writing it
    "aggregates.edit": _OWN_TREES,
    "aggregates.set": _OWN_TREES,
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
    "providers.import": _OWN_TREES,
    "providers.update": _OWN_TREES,
    "reshape": _FLEET,
    "traits.delete": _FLEET,
    "traits.ensure": _FLEET,
    # Allocations
    "allocations.delete": _FLEET,
    "allocations.post": _FLEET,
    "allocations.put": _FLEET,
    "allocations.release": _FLEET,
    "allocations.show": _FLEET,
    "changes.undo": _FLEET,
    "consumers.list": _OWN_PROJECT,
    "consumers.reconcile": _FLEET,
    "consumers.show": _OWN_PROJECT,
    "project_usages.show": _OWN_PROJECT,
    "projects.list": _FLEET,
    "reports.show": _OWN_PROJECT,
    # Policy and audit
    "audit.anomalies": _ADMIN,
    "audit.history": _FLEET,
    "audit.list": _ADMIN,
    "me.show": _ANYONE,
    "metrics.show": _FLEET,
    "policy.show": _ANYONE,
    "tokens.list": _ADMIN,
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
        those is checked by the ledger, when the command is decided.
        """
        roles = self.rules.get(operation, frozenset())
        if caller.system_scoped:
            return False
        if ANYONE in roles:
            return True
        matching = roles & caller.roles
        if matching == {"reader"} and operation in OF_A_PROJECT:
            return project is not None and project == caller.project
        return bool(matching)

    def lacks(self, operations: Iterable[str]) -> list[str]:
        """Return those of these operations for which there is no rule."""
        return sorted(set(operations) - self.rules.keys())

    def table(self) -> dict[str, list[str]]:
        """Return the roles that may do each operation, in the order of ROLES."""
        return {
            operation: [role for role in (*ROLES, ANYONE) if role in roles]
            for operation, roles in sorted(self.rules.items())
        }


POLICIES: Final = {
    policy.name: policy
    for policy in (
        Policy("default", DEFAULT),
        Policy("legacy-rbac", DEFAULT),
        Policy("secure-rbac", {**DEFAULT, "reshape": frozenset({"service"})}),
        Policy("open-policy", {name: _ADMIN if roles == _ADMIN else _ANYONE for name, roles in DEFAULT.items()}),
    )
}
"""The policies by name. default and legacy-rbac are the same, as they are in Placement."""
