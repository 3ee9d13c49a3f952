"""Everything that a server can be asked for, from its own tables: a new route is in here by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from berth.api.auth.policy import OF_A_PROJECT
from berth.api.placement import versions
from berth.api.placement.routes import OPERATIONS
from berth.api.v1.routes import ROUTES
from tests.support.cases.v1_calls import CALLS

NOBODY: Final = "7a5c0000-0000-4000-8000-0000000000ff"
PLACES: Final = {"name": "CUSTOM_SECURITY", "resource_class": "VCPU"}
"""What stands in a path's places, if not the uuid of nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. operation: as the policy knows it, "" for what is everybody's; project: the query's word for it."""

    face: str
    name: str
    method: str
    path: str
    operation: str
    body: Any = None
    version: str = ""
    project: str = ""

    @property
    def shown(self) -> str:
        return f"{self.method} {self.path}"

    def target(self, project: str | None) -> str:
        """Path and query. project: that the request is about; None for one that names none."""
        if project is None or not self.project:
            return self.path
        return f"{self.path}{'&' if '?' in self.path else '?'}{self.project}={project}"


def _filled(path: str) -> str:
    return re.sub(r"{(\w+)}", lambda place: PLACES.get(place[1], NOBODY), path)


def placement() -> Iterator[Asked]:
    """The Placement API: every operation in the newest version that has it."""
    for each in OPERATIONS:
        minor = versions.closed(each.name) - 1
        query = {"candidates.list": "?resources=VCPU:1"}.get(each.name, "")
        yield Asked(
            "placement",
            each.name,
            each.method,
            _filled(each.path) + query,
            "" if each.public else each.name,
            # No body that any route takes: a caller who is let in is told so, and nothing changes.
            [] if each.takes_json else None,
            f"placement 1.{minor}",
            "project_id" if each.name in OF_A_PROJECT else "",
        )


def v1() -> Iterator[Asked]:
    """Berth's own API."""
    for each in ROUTES:
        path = _filled(each.path)
        if each.method == "GET" and each.name in CALLS and each.operation not in OF_A_PROJECT:
            path = CALLS[each.name][0]
        yield Asked(
            "v1",
            each.name,
            each.method,
            path,
            "" if each.public else each.operation,
            None if each.body is None else [],
            project="project" if each.operation in OF_A_PROJECT and "{" not in each.path else "",
        )


OTHERS: Final = (
    Asked("metrics", "metrics", "GET", "/metrics", "metrics.show"),
    Asked("healthz", "healthz", "GET", "/healthz", ""),
    Asked("readyz", "readyz", "GET", "/readyz", ""),
)
"""The faces of one path each, by the first part of their paths. One that is not here fails a test."""

EVERYTHING: Final = (*placement(), *v1(), *OTHERS)
