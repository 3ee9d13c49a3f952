"""Who may do what: one table of rules, and the named policies that choose among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from berth.api.auth import Caller

Rule = Callable[[Caller, str | None], bool]
"""Whether a caller may do something to a project (None: to no project in particular)."""


def admin_or_service(caller: Caller, _project: str | None) -> bool:
    """Administrators and other services."""
    return not caller.roles.isdisjoint(("admin", "service"))


def service(caller: Caller, _project: str | None) -> bool:
    """Other services only."""
    return "service" in caller.roles


def own_project(caller: Caller, project: str | None) -> bool:
    """Administrators and services, and readers of the project that they ask about."""
    return admin_or_service(caller, project) or ("reader" in caller.roles and project == caller.project)


def anybody(_caller: Caller, _project: str | None) -> bool:
    """Everybody who is known."""
    return True


class Policy:
    """A rule for each operation. exceptions: by operation name; all others have the same rule."""

    def __init__(self, name: str, rule: Rule, exceptions: Mapping[str, Rule]) -> None:
        self.name, self._rule, self._exceptions = name, rule, dict(exceptions)

    def allows(self, operation: str, caller: Caller, project: str | None = None) -> bool:
        """Whether the caller may do this. Nobody may while system-scoped: every operation is a project's."""
        return not caller.system_scoped and self._exceptions.get(operation, self._rule)(caller, project)


_READERS: Final = {"project_usages.show": own_project}

POLICIES: Final = {
    policy.name: policy
    for policy in (
        Policy("default", admin_or_service, _READERS),
        Policy("legacy-rbac", admin_or_service, _READERS),
        Policy("secure-rbac", admin_or_service, {**_READERS, "reshape": service}),
        Policy("open-policy", anybody, {}),
    )
}
"""The policies by name. default and legacy-rbac are the same, as they are in Placement."""
